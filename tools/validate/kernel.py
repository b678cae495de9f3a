"""What runs in a chapter's kernel while it is validated or recorded, before its first cell."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tools.validate import certificates

#: The cell that switches it on; `watch` stays out of the chapter's names.
START = "__import__('tools.validate.kernel').validate.kernel.watch(get_ipython())"


def watch(shell: Any) -> None:
    """Have every figure that is shown told in words, too, and every proof noted."""
    require_own_package(Path(os.environ["PYTHONPATH"]))
    certificates.watch(shell, os.environ[certificates.PATH])
    # Not in the formatter of text/plain: matplotlib's inline backend clears that when it starts.
    shell.display_formatter.mimebundle_formatter.for_type_by_name(
        "matplotlib.figure", "Figure", _told
    )


def require_own_package(home: Path) -> None:
    """Raise an ImportError unless `import w2s` finds the package of this tree."""
    found = find_spec("w2s")
    where = Path(found.origin).parent if found and found.origin else "none"
    if where != home / "w2s":
        raise ImportError(
            f"w2s would be imported from {where}, and not from this tree, {home}, whose chapters "
            "and tests it would not test. Use make, or call from this folder: python -m pytest"
        )


def _told(figure: Any) -> tuple[dict[str, str], dict[str, Any]]:
    from tools.validate.figures import NUMBERS, describe, numbers

    return {"text/plain": describe(figure)}, {NUMBERS: numbers(figure)}
