"""Style of the chapters' code, as ruff sees it: part of `make lint`.

What a page shows is at most as wide as a page; the hidden cells keep to the project's own width.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat

from tools.run import HOME
from tools.validate.chapters import chapters, code_cells, read_chapter, write_notebook

PAGE = 79
RULES = {"all": ["--select=E4,E501,E9,F,NPY"], "shown": ["--select=E501", f"--line-length={PAGE}"]}


def main() -> int:
    with tempfile.TemporaryDirectory() as place:
        for chapter in chapters(HOME):
            cells = code_cells(read_chapter(chapter))
            shown = [c for c in cells if "remove-input" not in c.metadata.get("tags", [])]
            for name, kept in (("all", cells), ("shown", shown)):
                notebook = nbformat.v4.new_notebook(cells=kept)
                write_notebook(notebook, Path(place, name, f"{chapter.stem}.ipynb"))
        ruff = [str(Path(sys.executable).with_name("ruff")), "check", "--quiet", "--no-cache"]
        ruff += ["--config", str(HOME / "pyproject.toml"), "--output-format", "concise"]
        runs = [
            subprocess.run([*ruff, *rules, name], cwd=place, check=False)
            for name, rules in RULES.items()
        ]
    return max(run.returncode for run in runs)


if __name__ == "__main__":
    sys.exit(main())
