"""What a chapter proves, in a form that needs no SymPy: its certificates as plain JSON.

In the kernel of a chapter under validation `watch` notes each certificate that is made and each
that a cell shows, and writes them down after every cell. An expression is a tree: a name, a number
as a text ("2", "-1/3"), `["+", …]`, `["*", …]` or `["^", base, whole number]`.
"""

from __future__ import annotations

import functools
import importlib
import json
import re
import sys
from pathlib import Path
from typing import Any

#: The variable that tells a kernel where to write.
PATH = "W2S_CERTIFICATES"
#: What `tree` writes for a number, or for the end of an interval that has none.
NUMBER = re.compile(r"-?\d+(/\d+)?|oo")


def as_json(certificate: Any) -> dict[str, Any]:
    """A certificate of `w2s.proof`; ValueError where two different symbols share a name."""
    named: dict[str, Any] = {}
    tree = functools.partial(_tree, named=named)
    modulo = certificate.modulo and [tree(part) for part in certificate.modulo]
    statement = {
        "said": str(certificate),
        "lhs": tree(certificate.lhs),
        "relation": certificate.relation,
        "rhs": tree(certificate.rhs),
        "region": [[tree(part) for part in interval] for interval in certificate.region],
        "where": [[tree(symbol), tree(value)] for symbol, value in certificate.where],
        "modulo": modulo,
        "exceptions": [tree(part) for part in certificate.exceptions],
    }
    return {
        **statement,
        "assumed": {name: sign for name, symbol in named.items() if (sign := _assumed(symbol))},
        "method": certificate.method,
        "evidence": [[name, tree(value)] for name, value in certificate.evidence],
    }


#: What SymPy may assume of a symbol's sign, the strongest first.
_ASSUMED = {
    "is_positive": ">",
    "is_negative": "<",
    "is_nonzero": "!=",
    "is_nonnegative": ">=",
    "is_nonpositive": "<=",
}


def _assumed(symbol: Any) -> str | None:
    return next((sign for fact, sign in _ASSUMED.items() if getattr(symbol, fact)), None)


def _tree(value: Any, named: dict[str, Any]) -> Any:
    import sympy  # which a kernel need not have before it proves something

    expression = sympy.sympify(value)
    if expression.is_Add or expression.is_Mul:
        operands = [_tree(argument, named) for argument in expression.args]
        return ["+" if expression.is_Add else "*", *operands]
    if expression.is_Pow and expression.exp.is_Integer:
        return ["^", _tree(expression.base, named), int(expression.exp)]
    if expression.is_Relational:  # in the evidence: what stands for a symbol
        return ["=", *(_tree(side, named) for side in expression.args)]
    text = str(expression)
    if expression.is_Rational or text == "oo":
        return text
    if not expression.is_Symbol and not hasattr(expression, "parent"):  # an entry of a matrix
        raise ValueError(f"{text} is no name, no number and not made of them by +, *, ^")
    if NUMBER.fullmatch(text):
        raise ValueError(f"a symbol must not be called {text}, which is a number")
    if named.setdefault(text, expression) != expression:
        raise ValueError(f"two different symbols of a statement are both called {text}")
    return text


#: What two certificates of the same statement have in common.
STATEMENT = ("lhs", "relation", "rhs", "region", "where", "modulo")


def watch(shell: Any, path: str) -> None:
    """Write to `path`, after each cell that `shell` runs, what has been proved and shown so far.

    Each statement is written once, with the cell that made it and the cells that show it.
    """
    notes: dict[str, dict[str, Any]] = {}
    cell, watched = -1, False

    def noted(certificate: Any) -> dict[str, Any]:
        found = as_json(certificate)
        key = json.dumps([found[part] for part in STATEMENT])
        return notes.setdefault(key, {"cell": cell, "shown": [], **found})

    def watch_certificates() -> None:
        nonlocal watched
        made = importlib.import_module("w2s.proof").Certificate
        make = made.__init__

        @functools.wraps(make)
        def make_and_note(self: Any, *values: Any, **named: Any) -> None:
            make(self, *values, **named)
            noted(self)

        made.__init__ = make_and_note
        watched = True

    def before(info: Any) -> None:
        nonlocal cell
        cell += 1
        # Before anything is proved; a chapter that proves nothing need not wait for SymPy.
        if not watched and "w2s" in info.raw_cell:
            watch_certificates()

    def after(_: Any) -> None:
        if not watched and "w2s.proof" in sys.modules:
            raise RuntimeError("w2s.proof was imported where no cell says so: proofs went unseen")
        text = json.dumps(list(notes.values()), ensure_ascii=False)
        Path(path).write_text(text, encoding="utf-8")

    formatted = shell.display_formatter.format

    def note_and_format(value: Any, *options: Any, **named: Any) -> Any:
        proofs = sys.modules.get("w2s.page.proofs")
        if proofs and isinstance(value, proofs.Shown):
            for _, certificate in value.rows:
                noted(certificate)["shown"].append(cell)
        return formatted(value, *options, **named)

    shell.display_formatter.format = note_and_format
    shell.events.register("pre_run_cell", before)
    shell.events.register("post_run_cell", after)


def unshown(path: Path) -> list[str]:
    """What was proved and is shown by no cell, with the cell that proves it and what mends it."""
    return [
        f"cell {note['cell']}: proved and nowhere shown: {note['said']}. Show it with w2s.page.show"
        for note in json.loads(path.read_text("utf-8"))
        if not note["shown"]
    ]
