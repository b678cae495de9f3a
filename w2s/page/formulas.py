"""SymPy's expressions as LaTeX in the book's notation: 1 − γ_t b², where SymPy has −b²γ_t + 1."""

from __future__ import annotations

import sys
from typing import Any

import sympy as sp
from sympy.printing.latex import LatexPrinter

from w2s.proof import as_expression

__all__ = ["latex", "use_notation"]

#: What a symbol's name in code does not tell.
_NAMES = {
    "sigma^2": r"\sigma_\varepsilon^2",
    "b_star": r"b^\star",
    "c_star": r"c^\star",
    "left": "x",  # of what a network has to learn
    "Rhat": r"\hat R",
    "Rtilde": r"\tilde R",
    **{f"m_{who}{k}": f"m_{{{who},{k}}}" for who in "ts" for k in (1, 2)},
}
_GREEK = ("sigma", "zeta", "gamma", "lambda")  # in this order, and before Latin letters


class _Product(sp.Mul):
    """A product whose factors stay in the order in which they are given."""

    def could_extract_minus_sign(self) -> bool:
        return False


class _BookPrinter(LatexPrinter):
    def _print_Symbol(self, expr: Any, style: str = "plain") -> str:
        name = expr.name.rstrip("'")
        primes = expr.name[len(name) :]
        if "\\" in name or name in _NAMES:
            return _NAMES.get(name, name) + primes
        return str(super()._print_Symbol(sp.Symbol(name), style)) + primes

    def _print_Add(self, expr: Any, order: Any = None) -> str:
        terms = sorted(expr.args, key=_place_of_term)
        return str(super()._print_Add(sp.Add(*terms, evaluate=False), order="none"))

    def _print_Mul(self, expr: Any) -> str:
        if isinstance(expr, sp.Mul) and expr.as_coeff_Mul()[0].is_negative:
            return f"- {self.parenthesize(-expr, 0)}"
        if isinstance(expr, sp.Mul):
            factors = sorted(_with_one_root(expr.args), key=_place_of_factor)
            expr = _Product(*factors, evaluate=False)
        return str(super()._print_Mul(expr))

    def _print_Pow(self, expr: Any) -> str:
        if expr.base.is_Symbol and expr.exp.is_Integer and expr.exp > 0:
            base, _, raised = self.doprint(expr.base).partition("^")
            if raised == "2":
                return f"{base}^{{{2 * expr.exp}}}"
            if raised == r"\star":
                return rf"{base}^{{\star {expr.exp}}}"
        return str(super()._print_Pow(expr))


def _with_one_root(factors: Any) -> list[Any]:
    """√(2π) for √2·√π, into which SymPy takes it apart."""
    roots = [f for f in factors if f.is_number and f.as_base_exp()[1] == sp.Rational(1, 2)]
    if len(roots) < 2:
        return list(factors)
    base = sp.Mul(*(root.base for root in roots), evaluate=False)
    joined = sp.Pow(base, sp.Rational(1, 2), evaluate=False)
    return [joined, *(factor for factor in factors if factor not in roots)]


def _place_of_term(term: Any) -> Any:
    """Positive terms first, then by degree: 1 + a − 2γ_s a²."""
    coefficient, rest = term.as_coeff_Mul()
    degree = sum(_degree(factor) for factor in sp.Mul.make_args(rest))
    return bool(coefficient.is_negative), degree, _places(rest), abs(coefficient)


def _degree(factor: Any) -> Any:
    base, power = factor.as_base_exp()
    if base.is_Number or not power.is_Number:
        return 0
    return power if base.is_Symbol else 0 if base.is_Add else 1


def _places(product: Any) -> Any:
    return sorted(_place_of_factor(factor) for factor in sp.Mul.make_args(product))


def _place_of_factor(factor: Any) -> Any:
    """Numbers, Greek letters, Latin ones, brackets; what does not commute keeps its place."""
    if not factor.is_commutative:
        return 5, 0, "", 0
    base, power = factor.as_base_exp()
    exponent = float(power) if power.is_number else 0.0
    if factor.is_number:
        return 0, int(not factor.is_Number), sp.sstr(base), exponent
    if base.is_Symbol:
        name = base.name.lstrip("\\")
        greek = next((i for i, letter in enumerate(_GREEK) if name.startswith(letter)), None)
        return (2, 0, name, exponent) if greek is None else (1, greek, name, exponent)
    return (4 if base.is_Add else 3), 0, sp.sstr(base), exponent


def latex(expression: Any) -> str:
    r"""Typeset an expression as the book writes it.

    Parameters
    ----------
    expression : sympy.Basic
        An expression, an equation or a matrix.

    Returns
    -------
    str
        LaTeX, without dollar signs.

    Examples
    --------
    >>> b, gamma_t, sigma2 = sp.symbols("b gamma_t sigma^2")
    >>> latex(1 - gamma_t * b**2)
    '1 - \\gamma_{t} b^{2}'
    >>> latex(sp.sqrt(2 * sp.pi) * sigma2)
    '\\sqrt{2 \\pi} \\sigma_\\varepsilon^2'
    """
    if not isinstance(expression, (sp.Basic, sp.MatrixBase)):
        expression = as_expression("expression", expression)
    return str(_BookPrinter({"order": "none"}).doprint(expression))


def use_notation() -> None:
    """Show SymPy's expressions in the book's notation in this notebook; elsewhere, do nothing.

    Examples
    --------
    >>> use_notation()
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is not None:
        formatter = shell.display_formatter.formatters["text/latex"]
        for kind in (sp.Basic, sp.MatrixBase):
            formatter.for_type(kind, lambda value: rf"$\displaystyle {latex(value)}$")
