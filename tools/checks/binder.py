"""The Binder path on one machine: `make binder`. Takes minutes and downloads packages.

    python -m tools.checks.binder          # opens the chapter `teacher`
    python -m tools.checks.binder winning  # another one

As repo2docker does it: a fresh clone of what is committed, a fresh environment from `binder/`
alone, `postBuild`, a real JupyterLab. Then as a reader does it: a chapter is opened at the address
of its rocket, it must come up as a notebook, and *Run All Cells* must reach its end without error.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.checks.browser import CHROMIUM, MISSING, browser
from tools.run import HOME

if TYPE_CHECKING:
    from playwright.sync_api import Page

#: What the site's rocket asks Binder for (a test compares).
URLPATH = "lab/tree/book/{}.md"
MINUTES = 10

_CELLS = """() => {
  const notebook = window.jupyterapp.shell.currentWidget?.content?.model;
  if (!notebook?.cells) return [];
  return [...notebook.cells].filter(cell => cell.type === 'code').map(cell => ({
    count: cell.executionCount,
    state: cell.executionState ?? 'idle',
    errors: cell.outputs.toJSON().filter(o => o.output_type === 'error').map(o => o.evalue),
    warnings: cell.outputs.toJSON().filter(o => o.name === 'stderr').map(o => o.text),
  }));
}"""


#: Directives that no Jupyter knows, in the text as the notebook opens it.
_UNKNOWN = r"""() => [...window.jupyterapp.shell.currentWidget.content.model.cells]
  .filter(cell => cell.type === 'markdown')
  .flatMap(cell => cell.sharedModel.getSource().match(/\{(explorer|ledger|errata)\}/g) ?? [])"""


def install(place: Path) -> dict[str, str]:
    """The clone in `place/book` and its environment; returns the variables to run it with."""
    command = ["git", "clone", "--quiet", "--no-hardlinks", str(HOME), str(place / "book")]
    subprocess.run(command, check=True)
    subprocess.run([sys.executable, "-m", "venv", str(place / "venv")], check=True)
    home = place / "home"
    home.mkdir()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")},
        "PATH": os.pathsep.join([str(place / "venv" / "bin"), os.environ["PATH"]]),
        "HOME": str(home),
        "REPO_DIR": str(place / "book"),  # as repo2docker sets it
    }
    for name in ("PYTHONPATH", "VIRTUAL_ENV", "XDG_CONFIG_HOME", "IPYTHONDIR"):
        environment.pop(name, None)
    pip = ["python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for command in ([*pip, "-r", "binder/requirements.txt"], ["bash", "binder/postBuild"]):
        subprocess.run(command, cwd=place / "book", env=environment, check=True)
    return environment


@contextmanager
def lab(book: Path, environment: dict[str, str]) -> Iterator[str]:
    """The address of a JupyterLab on this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        *("jupyter", "lab", "--no-browser", "--ip=127.0.0.1", f"--port={port}", "--allow-root"),
        *("--IdentityProvider.token=", "--expose-app-in-browser"),
    ]
    log = (book.parent / "lab.log").open("w")
    server = subprocess.Popen(command, cwd=book, env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(120):
            try:
                urllib.request.urlopen(f"{address}/api", timeout=5)
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.5)
        yield address
    finally:
        server.terminate()
        server.wait()
        log.close()


def run_all(page: Page, address: str) -> list[dict[str, Any]]:
    """Open the chapter and run it as a person would; returns what became of its code cells."""
    page.goto(address)
    page.wait_for_selector(".jp-NotebookPanel:not(.lm-mod-hidden)", timeout=120_000)
    page.wait_for_function(f"() => ({_CELLS})().length > 0", timeout=120_000)
    page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status"
        " === 'idle'",
        timeout=120_000,
    )
    unknown = page.evaluate(_UNKNOWN)
    if unknown:
        raise ValueError(f"JupyterLab does not know {', '.join(unknown)}")
    page.locator(".lm-MenuBar-itemLabel", has_text="Run").first.click()
    page.locator(".lm-Menu-itemLabel", has_text="Run All Cells").first.click()
    ended = f"""() => {{
      const cells = ({_CELLS})();
      return cells.some(cell => cell.errors.length) || cells.every(cell => cell.count !== null);
    }}"""
    page.wait_for_function(ended, timeout=MINUTES * 60_000)
    page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status"
        " === 'idle'"
    )
    return list(page.evaluate(_CELLS))


def try_binder(chapter: str, keep: Path | None = None) -> int:
    if CHROMIUM is None:
        return _fail(MISSING)
    if not (HOME / "book" / f"{chapter}.md").exists():
        return _fail(f"there is no chapter book/{chapter}.md")
    begin = time.perf_counter()
    place = keep or Path(tempfile.mkdtemp(prefix="binder-"))
    try:
        environment = install(place)
        installed = time.perf_counter()
        with lab(place / "book", environment) as address, browser() as chromium:
            page = chromium.new_page(viewport={"width": 1280, "height": 1600})
            cells = run_all(page, f"{address}/{URLPATH.format(chapter)}")
            if keep:
                page.screenshot(path=str(place / "lab.png"))
    except ValueError as unknown:
        return _fail(str(unknown))
    except subprocess.CalledProcessError as error:
        return _fail(f"{' '.join(map(str, error.cmd))} ended with {error.returncode}")
    finally:
        if keep is None:
            shutil.rmtree(place, ignore_errors=True)
    wrong = [
        f"cell {number}: {text}"
        for number, cell in enumerate(cells)
        for text in (*cell["errors"], *cell["warnings"])
        if text.strip()  # a progress bar leaves nothing behind
    ]
    if wrong:
        return _fail("\n".join(wrong))
    print(
        f"{chapter}: {len(cells)} code cells ran in JupyterLab without error "
        f"in {time.perf_counter() - installed:.0f} s (environment: {installed - begin:.0f} s)"
    )
    return 0


def _fail(reason: str) -> int:
    print(f"the Binder path failed: {reason}", file=sys.stderr)
    return 1


def main() -> int:
    parser = argparse.ArgumentParser(description="Try Binder.")
    parser.add_argument("chapter", nargs="?", default="teacher")
    parser.add_argument("--keep", type=Path, help="an empty folder to leave everything in")
    arguments = parser.parse_args()
    return try_binder(arguments.chapter, arguments.keep and arguments.keep.resolve())


if __name__ == "__main__":
    sys.exit(main())
