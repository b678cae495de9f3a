"""SymPy expressions compiled to JavaScript functions of numbers.

The module knows nothing of the book's subject. A function is a list of steps, each an expression in
the arguments and the steps before it; within a step SymPy shares common subexpressions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sympy as sp
from sympy.printing.jscode import JavascriptCodePrinter

#: What JavaScript keeps for itself and a formula might want to use.
_RESERVED = frozenset({"case", "class", "const", "default", "delete", "do", "enum", "in", "let"})


class _Printer(JavascriptCodePrinter):
    """SymPy's printer, and the one value that it has no word for."""

    def _print_NaN(self, expr: Any) -> str:
        return "Number.NaN"


def function(
    name: str,
    arguments: Sequence[sp.Symbol],
    result: Any | Mapping[str, Any],
    steps: Mapping[sp.Symbol, Any] | None = None,
) -> str:
    """A JavaScript function of named numbers, f({u, v}), that evaluates `result` after `steps`.

    Parameters
    ----------
    name : the function's name in JavaScript.
    arguments : the symbols that it takes, by name.
    result : an expression, or {key: expression} for a function that returns an object.
    steps : {symbol: expression}, computed in this order before the result.

    Raises
    ------
    ValueError : a symbol is used before it has a value, or a name is none in JavaScript.

    Examples
    --------
    >>> u, v = sp.symbols("u v")
    >>> print(function("f", [u], sp.sqrt(v) + 1, {v: u + 2}))
    function f({u}) {
      const v = u + 2;
      return Math.sqrt(v) + 1;
    }
    """
    numbered = sp.numbered_symbols("_")
    known = set(arguments)
    lines = []

    def evaluated(expression: Any) -> str:
        expression = sp.sympify(expression)
        unknown = expression.free_symbols - known
        if unknown:
            names = ", ".join(sorted(map(str, unknown)))
            raise ValueError(f"{name}: {names} is used before it has a value in {expression}")
        shared, (last,) = sp.cse([expression], symbols=numbered, order="none")
        for symbol, part in shared:
            lines.append(f"const {symbol} = {_code(part)};")
        return _code(last)

    for symbol, expression in (steps or {}).items():
        lines.append(f"const {identifier(symbol)} = {evaluated(expression)};")
        known.add(symbol)
    if isinstance(result, Mapping):
        parts = [f"{key}: {evaluated(expression)}" for key, expression in result.items()]
        lines.append("return {" + ", ".join(parts) + "};")
    else:
        lines.append(f"return {evaluated(result)};")
    head = f"function {name}({{{', '.join(map(identifier, arguments))}}}) {{"
    return "\n".join([head, *("  " + line for line in lines), "}"])


def identifier(symbol: sp.Symbol) -> str:
    """The symbol's name in JavaScript, the package's own name for the same thing.

    Examples
    --------
    >>> identifier(sp.Symbol("lambda_t")), identifier(sp.Symbol("sigma^2"))
    ('lam_t', 'sigma2')
    """
    name = str(symbol).replace("lambda", "lam").replace("^", "")
    if not name.isidentifier() or name in _RESERVED:
        raise ValueError(f"{symbol} has no name in JavaScript")
    return name


def _code(expression: Any) -> str:
    named = {s: sp.Symbol(identifier(s)) for s in expression.free_symbols}
    text = _Printer({"precision": 17}).doprint(expression.xreplace(named))
    return " ".join(text.split())
