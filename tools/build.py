"""Build the book: validate every chapter, keep those outputs, render exactly them.

    python -m tools.build html            # what `make book` runs
    python -m tools.build html --root DIR # a book kept somewhere else (the tests do this)

Each chapter is executed once, by the validation. A failure at any step ends the build with a
non-zero exit code and leaves no new site.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn

from tools.assets import gather_assets
from tools.chapters import chapters, validated_path
from tools.run import jupyter_book, pytest_on_chapters


def build(root: Path, builder: str) -> int:
    begin = time.perf_counter()
    sources = chapters(root)
    for name in ("validated", "cache", "html" if builder == "html" else builder):
        shutil.rmtree(root / "_build" / name, ignore_errors=True)
    if pytest_on_chapters(root, sources) != 0:
        return _fail("a chapter was not validated (see above); nothing was published")
    validated = time.perf_counter()
    fill_cache(root, sources)
    gather_assets(root)
    code, log = jupyter_book(root, builder)
    if code != 0:
        shutil.rmtree(root / "_build" / "html", ignore_errors=True)
        return _fail("Jupyter Book reported an error or a warning (see above)")
    if "Executing notebook" in log:
        shutil.rmtree(root / "_build" / "html", ignore_errors=True)
        return _fail("a chapter was executed outside the validation, so its page is not validated")
    if not (root / "_build" / builder / "index.html").exists():
        return _fail(f"Jupyter Book said nothing and left no _build/{builder}/index.html")
    done = time.perf_counter()
    print(
        f"{len(sources)} chapters validated in {validated - begin:.0f} s, "
        f"site built in {done - validated:.0f} s: {root / '_build' / builder / 'index.html'}"
    )
    return 0


def fill_cache(root: Path, sources: list[Path]) -> None:
    """Hand the validated outputs to Jupyter Book, which then has nothing left to execute."""
    cache = get_cache(str(root / "_build" / "cache"))
    for chapter in sources:
        notebook = nbformat.read(validated_path(chapter), as_version=4)
        data = {"execution_seconds": notebook.metadata["execution_seconds"]}
        bundle = CacheBundleIn(nb=notebook, uri=str(chapter), data=data)
        cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def _fail(reason: str) -> int:
    print(f"build failed: {reason}", file=sys.stderr)
    return 1


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.build", description="Build the book.")
    parser.add_argument("builder", choices=["html", "singlehtml"])
    parser.add_argument("--root", type=Path, default=Path.cwd())
    arguments = parser.parse_args()
    return build(arguments.root.resolve(), arguments.builder)


if __name__ == "__main__":
    sys.exit(main())
