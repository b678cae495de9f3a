"""Everything that the paper numbers, in the order of the ledger."""

from __future__ import annotations

NUMBERED_ITEMS = (
    *(f"Equation ({number})" for number in range(1, 9)),
    "Assumption 1",
    "Definition 2",
    "Proposition 3",
    "Theorem 4",
    "Theorem 5",
    "Remark 6",
    "Assumption 7",
    "Theorem 8",
    *(f"Equation ({number})" for number in (9, 10)),
    "Assumption 9",
    "Proposition 10",
    "Theorem 11",
    "Lemma 12",
    "Theorem 13",
    "Lemma 14",
    "Lemma 15",
    "Theorem 16",
    *(f"Equation ({number})" for number in range(11, 20)),
    *(f"Figure {number}" for number in range(1, 10)),
    *(f"Appendix {letter}" for letter in "ABCDEFGH"),
)
