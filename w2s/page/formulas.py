"""SymPy's expressions as LaTeX in the book's notation."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.printing.latex import LatexPrinter

__all__ = ["latex"]

class _BookPrinter(LatexPrinter):
    """Terms in the order in which a person writes them."""


def latex(expression: Any) -> str:
    return str(_BookPrinter({"order": "none"}).doprint(expression))
