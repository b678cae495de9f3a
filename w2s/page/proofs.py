"""What a chapter has proved, as mathematics: claim, region, how it was settled, evidence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp

from w2s import _input
from w2s.page.formulas import latex
from w2s.page.tables import markdown_table
from w2s.proof import Certificate

__all__ = ["Shown", "show"]

_SHORT = 12  # a definition of more characters is read in the evidence
_SIGNS = {">=": r"\ge", "<=": r"\le"}


@dataclass(frozen=True, repr=False)
class Shown:
    """Certificates as a page shows them; `show` makes it.

    Attributes
    ----------
    rows : tuple of (str, Certificate)
        What was proved, each with its label or an empty text.
    unfold : bool
        Whether the evidence stands open.
    """

    rows: tuple[tuple[str, Certificate], ...]
    unfold: bool = False

    def __repr__(self) -> str:
        return "\n".join(f"✓ {label}{': ' * bool(label)}{proof}" for label, proof in self.rows)

    def _repr_markdown_(self) -> str:
        opened = " open" * self.unfold
        fold = f'<details class="evidence"{opened}>\n<summary>Evidence</summary>'
        evidence = "\n\n".join(map("\n\n".join, map(_evidence, self.rows)))
        parts = ['<div class="proof">', self._claims(), fold, evidence, "</details>", "</div>"]
        return "\n\n".join(parts)

    def _claims(self) -> str:
        if len(self.rows) == 1:
            ((label, proof),) = self.rows
            said = f"{label}: " if label else ""
            conditions = f" for {where}" if (where := _where(proof)) else ""
            return f"✓ {said}{_claim(proof)}{conditions} *({proof.method})*"
        labels = [label for label, _ in self.rows]
        columns = {
            " ": ["✓"] * len(labels),
            "": [label * (label not in labels[:row]) for row, label in enumerate(labels)],
            "claim": [_claim(proof) for _, proof in self.rows],
            "where": [_where(proof) for _, proof in self.rows],
            "settled by": [proof.method for _, proof in self.rows],
        }
        shown = {head: cells for head, cells in columns.items() if any(cells)}
        return markdown_table(shown, zip(*shown.values(), strict=True))


def show(*proved: Certificate | Mapping[str, Any], unfold: bool = False) -> Shown:
    """Show what was proved: the claim, its region and exceptions, how it was settled.

    Parameters
    ----------
    *proved : Certificate or mapping of str to Certificate or list of Certificate
        What was proved; a mapping gives labels, in a few words of Markdown.
    unfold : bool, optional
        Leave the evidence open, for a reader who is to check it by hand.

    Returns
    -------
    Shown
        What the page shows.

    Examples
    --------
    >>> from w2s import proof, symbolic
    >>> a = symbolic.a
    >>> show({"below 1": proof.positive(1 - a, {a: (0, 1)})})
    ✓ below 1: 1 - a > 0 for 0 < a < 1
    """
    _input.instance("unfold", unfold, bool)
    rows = tuple(row for given in proved for row in _rows(given))
    if not rows:
        raise ValueError("proved must hold at least one certificate, got none")
    return Shown(rows, unfold)


def _rows(given: Any) -> Iterator[tuple[str, Certificate]]:
    for label, proofs in given.items() if isinstance(given, Mapping) else [("", given)]:
        if not isinstance(label, str):
            raise TypeError(f"proved must have texts as labels, got {label!r}")
        for proof in proofs if isinstance(proofs, list | tuple) else [proofs]:
            if not isinstance(proof, Certificate):
                raise TypeError(f"proved must be certificates of w2s.proof, got {proof!r}")
            yield label, proof


def _claim(proof: Certificate) -> str:
    sign = _SIGNS.get(proof.relation, proof.relation)
    claim = f"{latex(proof.lhs)} {sign} {latex(proof.rhs)}"
    return rf"$\displaystyle {claim}$" if r"\frac" in claim else f"${claim}$"


def _where(proof: Certificate) -> str:
    """The region, what is given, and what is excepted; long definitions stand in the evidence."""
    conditions = [
        f"{latex(symbol)} = {latex(value)}"
        for symbol, value in proof.where
        if symbol != proof.lhs and (value.is_number or len(latex(value)) <= _SHORT)
    ]
    conditions += [
        f"{latex(symbol)} > {latex(low)}"
        if high == sp.oo
        else f"{latex(low)} < {latex(symbol)} < {latex(high)}"
        for symbol, low, high in proof.region
    ]
    if proof.modulo:
        conditions.append(f"{latex(proof.modulo[1])} = 0")
    conditions += [rf"{latex(part)} \ne 0" for part in proof.exceptions]
    return ", ".join(f"${condition}$" for condition in conditions)


def _evidence(row: tuple[str, Certificate]) -> Iterable[str]:
    label, proof = row
    yield f"{label}{': ' * bool(label)}{_claim(proof)}"
    yield "\n".join(
        [f"- with ${latex(symbol)} = {latex(value)}$" for symbol, value in proof.where]
        + [f"- {name}: ${latex(value)}$" for name, value in proof.evidence]
    )
