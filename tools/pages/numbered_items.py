"""Everything that the paper numbers, in the order of the ledger, and what is found on it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

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


def lies_in(where: str, item: str) -> bool:
    """Whether a place such as "appendices G and H, the split" is one in a numbered item.

    A place before, below or after an equation is none in it.
    """
    kind, label = item.split(" ")
    if kind == "Equation":
        outside = r"(?<!before )(?<!below )(?<!after )"
        return re.search(outside + re.escape(label), where) is not None
    if kind == "Appendix":
        return re.search(rf"(?i:appendi\w+) ([A-H] and )?{label}\b", where) is not None
    return re.search(rf"\b{item}\b", where, re.IGNORECASE) is not None


#: The corrections that a status excludes from its item, and those of which it needs one.
_ASKS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "holds": (("erratum",), ()),
    "fails": ((), ("erratum",)),
    "holds, corrected": ((), ("erratum", "completion")),
}


def contradictions(found: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    """A complaint for each verdict that the errata, completions or another verdict contradict.

    `found` holds the conclusions by their kind, each with its `chapter`.
    """
    for one, other in combinations(found["verdict"], 2):
        if one["item"] == other["item"] and one["status"] != other["status"]:
            yield (
                f"{one['item']} {one['status']!r} in {one['chapter']} and {other['status']!r} in "
                f"{other['chapter']}. Give it one status"
            )
    for verdict in found["verdict"]:
        item, status = verdict["item"], verdict["status"]
        excluded, needed = _ASKS.get(status, ((), ()))
        places = {
            kind: [
                f"{c['where']!r} in {c['chapter']}"
                for c in found[kind]
                if lies_in(c["where"], item)
            ]
            for kind in ("erratum", "completion")
        }
        for kind in excluded:
            for place in places[kind]:
                yield (
                    f"{verdict['chapter']}: {item} is said to be {status!r}, and there is an "
                    f"{kind} in it: {place}. Correct the status, or the place"
                )
        if needed and not any(places[kind] for kind in needed):
            yield (
                f"{verdict['chapter']}: {item} is said to be {status!r}, and no "
                f"{' or '.join(needed)} of the book is in it. Add one, or correct the status"
            )
