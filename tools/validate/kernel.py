"""What runs in a chapter's kernel while it is validated or recorded, before its first cell."""

from __future__ import annotations

import os
from typing import Any

from tools.validate import certificates

#: The cell that switches it on; `watch` stays out of the chapter's names.
START = "__import__('tools.validate.kernel').validate.kernel.watch(get_ipython())"


def watch(shell: Any) -> None:
    """Have every figure that is shown told in words, too, and every proof noted."""
    certificates.watch(shell, os.environ[certificates.PATH])
    # Not in the formatter of text/plain: matplotlib's inline backend clears that when it starts.
    shell.display_formatter.mimebundle_formatter.for_type_by_name(
        "matplotlib.figure", "Figure", _told
    )


def _told(figure: Any) -> tuple[dict[str, str], dict[str, Any]]:
    from tools.validate.figures import NUMBERS, describe, numbers

    return {"text/plain": describe(figure)}, {NUMBERS: numbers(figure)}
