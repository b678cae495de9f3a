"""Execute chapters and write their records: `make record`, or `make record CHAPTER=teacher`."""

from __future__ import annotations

import sys
from pathlib import Path

from tools.chapters import chapters
from tools.run import pytest_on_chapters


def main(names: list[str], root: Path | None = None) -> int:
    root = root or Path.cwd()
    known = {path.stem: path for path in chapters(root)}
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"no chapter called {', '.join(unknown)}; there are: {', '.join(known)}")
        return 2
    return pytest_on_chapters(
        root, [known[name] for name in names] or list(known.values()), "--record"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
