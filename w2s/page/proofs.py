"""What a chapter has proved, as mathematics: claim, region, how, and the evidence folded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from w2s.page.formulas import latex
from w2s.proof import Certificate

__all__ = ["Shown", "show"]

_SIGNS = {">=": r"\ge", "<=": r"\le"}


@dataclass(frozen=True)
class Shown:
    """A table of certificates, as `show` makes it.

    Attributes
    ----------
    rows : tuple of (str, Certificate)
        A label, or an empty text, and what it stands for.
    """

    rows: tuple[tuple[str, Certificate], ...]

    def __str__(self) -> str:
        return "\n".join(f"proved: {label}{': ' * bool(label)}{c}" for label, c in self.rows)

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        lines = ["| | claim | where | how |", "|---|---|---|---|"]
        for label, proved in self.rows:
            claim = f"${latex(proved.lhs)} {_SIGNS.get(proved.relation, proved.relation)} {latex(proved.rhs)}$"
            region = ", ".join(f"${latex(low)} < {latex(x)} < {latex(high)}$" for x, low, high in proved.region)
            if proved.modulo:
                region = f"${latex(proved.modulo[1])} = 0$"
            lines.append(f"| ✓ {label} | {claim} | {region} | {proved.method} |")
        return "\n".join(lines)


def show(*certificates: Certificate | dict[str, Any]) -> Shown:
    """Show what was proved."""
    rows: list[tuple[str, Certificate]] = []
    for given in certificates:
        labelled = given.items() if isinstance(given, dict) else [("", given)]
        for label, proofs in labelled:
            listed = proofs if isinstance(proofs, (list, tuple)) else [proofs]
            rows += [(label, proof) for proof in listed]
    return Shown(tuple(rows))
