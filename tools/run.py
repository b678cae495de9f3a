"""What the build's steps run: pytest on chapters, and Jupyter Book; and where they run it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
#: Set where the pages are to say that they are a draft.
DRAFT = "W2S_DRAFT"


def pytest_on_chapters(root: Path, chapters: list[Path], *options: str) -> int:
    """nbval on `chapters`, in parallel, a kernel a chapter."""
    workers = min(_workers(), len(chapters))
    command = [
        *(sys.executable, "-m", "pytest", "-q", "--rootdir", str(root)),
        *("-p", "tools.validate.nbval_chapters", "-c", str(HOME / "pyproject.toml")),
        *("-n", str(workers if workers > 1 else 0), "--dist", "loadscope"),
        *options,
        *map(str, chapters),
    ]
    return subprocess.run(command, cwd=root, env=_environment(), check=False).returncode


def jupyter_book(
    root: Path, builder: str, *options: str, strict: bool = True, draft: bool = False
) -> tuple[int, str]:
    """Build the book; returns the exit code and the log, which is also printed as it grows."""
    command = [
        *(str(Path(sys.executable).with_name("jupyter-book")), "build", str(root)),
        *("--builder", builder, "--keep-going"),
        *(("-n", "-W") if strict else ()),
        *options,
    ]
    process = subprocess.Popen(
        command,
        cwd=root,
        env={**_environment(), **({DRAFT: "1"} if draft else {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    log = []
    for line in process.stdout:
        log.append(line)
        sys.stdout.write(line)
    return process.wait(), "".join(log)


def steady_environment() -> dict[str, str]:
    """What makes a kernel's outputs independent of the person and the machine it runs for.

    Its configuration and caches live in this Python environment, not in a home that may be full of
    settings, read-only or missing; one thread a kernel; no progress bars. SymPy calculates with
    Python's own numbers; else it would take FLINT, which decides its statements a second time.
    """
    var = Path(sys.prefix) / "var"
    return {
        "IPYTHONDIR": str(var / "ipython"),
        "JUPYTER_CONFIG_DIR": str(var / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(var / "jupyter" / "runtime"),
        "MPLCONFIGDIR": str(var / "matplotlib"),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "SYMPY_GROUND_TYPES": "python",
        "TQDM_DISABLE": "1",
    }


def prepare_steady_environment() -> None:
    """Make its folders, and let matplotlib look for fonts now: a chapter would report it."""
    environment = steady_environment()
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "MPLCONFIGDIR"):
        Path(environment[name]).mkdir(parents=True, exist_ok=True)
    if not list(Path(environment["MPLCONFIGDIR"]).glob("fontlist-*.json")):
        command = [sys.executable, "-c", "import matplotlib.font_manager"]
        environment = {**os.environ, **environment}
        subprocess.run(command, env=environment, check=False, stderr=subprocess.DEVNULL)


def _workers() -> int:
    asked = os.environ.get("WORKERS", "2")
    if not asked.isdecimal():
        sys.exit(f"WORKERS must be a whole number, got {asked!r}")
    return int(asked)


def _environment() -> dict[str, str]:
    """This project's `tools` and `w2s` are importable, also for a book kept somewhere else."""
    path = os.pathsep.join(p for p in (str(HOME), os.environ.get("PYTHONPATH", "")) if p)
    return {**os.environ, "PYTHONPATH": path}
