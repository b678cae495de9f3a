"""Execute chapters and write their records.

python -m tools.validate.record               # all of them: `make record`
python -m tools.validate.record teacher       # one: `make record CHAPTER=teacher`
python -m tools.validate.record explorers     # what moves on the pages, in seconds
python -m tools.validate.record --root DIR    # a book kept somewhere else (the tests do this)
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tools.run import pytest_on_chapters
from tools.validate.chapters import chapters

#: Recorded under this name: whatever moves on the book's pages.
EXPLORERS = "explorers"


def record(root: Path, names: list[str]) -> int:
    known = {path.stem: path for path in chapters(root)}
    unknown = [name for name in names if name not in (*known, EXPLORERS)]
    if unknown or not known:
        there_are = f"there are: {', '.join(known)}" if known else f"{root / 'book'} holds none"
        print(f"no chapter called {', '.join(unknown) or 'anything'}; {there_are}", file=sys.stderr)
        return 2
    chosen = [known[n] for n in dict.fromkeys(names or known) if n in known]
    code = pytest_on_chapters(root, chosen, "--record") if chosen else 0
    if code == 0 and (not names or EXPLORERS in names):
        from tools.explorers.validation import record as record_explorers  # seconds of imports

        code = record_explorers(root)
    return code


def main() -> int:
    parser = argparse.ArgumentParser(description="Write records.")
    parser.add_argument("names", nargs="*", metavar="CHAPTER")
    parser.add_argument("--root", type=Path, default=Path.cwd())
    arguments = parser.parse_args()
    return record(arguments.root.resolve(), arguments.names)


if __name__ == "__main__":
    sys.exit(main())
