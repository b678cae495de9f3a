"""Labels in the bibliography that a person can read: `Bai and Silverstein (2010)`, as in the text.

The style is pybtex's "plain", sorted by author; only the labels are the book's own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from pybtex.plugin import register_plugin  # type: ignore[import-untyped]
from pybtex.richtext import Text  # type: ignore[import-untyped]
from pybtex.style.formatting.plain import Style as Plain  # type: ignore[import-untyped]
from pybtex.style.labels import BaseLabelStyle  # type: ignore[import-untyped]
from sphinx.application import Sphinx


class AuthorYear(BaseLabelStyle):
    """One author, two authors, or the first of several; then the year, told apart by letters."""

    def format_labels(self, sorted_entries: Iterable[Any]) -> Iterator[str]:
        labels = [(_authors(entry), entry.fields["year"]) for entry in sorted_entries]
        shared, met = Counter(labels), Counter[tuple[str, str]]()
        for label in labels:
            letter = chr(ord("a") + met[label]) if shared[label] > 1 else ""
            met[label] += 1
            yield f"{label[0]} ({label[1]}{letter})"


def _authors(entry: Any) -> str:
    names = [
        str(Text.from_latex(" ".join([*person.prelast_names, *person.last_names])))
        for person in entry.persons["author"]
    ]
    if len(names) > 2:
        return f"{names[0]} et al."
    return " and ".join(names)


class Style(Plain):
    default_label_style = AuthorYear


def setup(app: Sphinx) -> dict[str, Any]:
    register_plugin("pybtex.style.formatting", "book", Style)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
