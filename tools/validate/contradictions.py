"""Verdicts that the errata, the completions or other verdicts of the book contradict."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from nbformat import NotebookNode

from tools.validate.chapters import conclusions


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


def contradictions(notebooks: Mapping[str, NotebookNode]) -> Iterator[str]:
    """A complaint for each contradiction in the outputs of the chapters, by their names."""
    found: dict[str, list[dict[str, Any]]] = {
        kind: [
            {**conclusion, "chapter": name}
            for name, notebook in notebooks.items()
            for conclusion in conclusions(notebook, kind)
        ]
        for kind in ("verdict", "erratum", "completion")
    }
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
