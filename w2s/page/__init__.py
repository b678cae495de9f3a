"""What the book's chapters import for their looks: one style, and what a chapter concludes."""

from w2s.page.formulas import latex
from w2s.page.plotting import (
    COLOURS,
    EXPERIMENT,
    SEQUENCE,
    THEORY,
    plain_log_axis,
    use_style,
)
from w2s.page.proofs import show
from w2s.page.tables import table
from w2s.page.verdicts import completion, conclusions, erratum, verdict

__all__ = [
    "COLOURS",
    "EXPERIMENT",
    "SEQUENCE",
    "THEORY",
    "completion",
    "conclusions",
    "erratum",
    "latex",
    "plain_log_axis",
    "show",
    "table",
    "use_style",
    "verdict",
]
