"""Tables that are compared and read: Markdown in the chapter, the same lines in its record."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

__all__ = ["Table", "table"]


@dataclass(frozen=True, repr=False)
class Table:
    """Columns beside one another, as `table` makes them.

    Attributes
    ----------
    heads : tuple of str
        What stands above the columns.
    rows : tuple of tuple of str
        The cells, row by row.
    """

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __repr__(self) -> str:
        return markdown_table(self.heads, self.rows)

    _repr_markdown_ = __repr__


def table(columns: Mapping[str, Sequence[Any]]) -> Table:
    r"""Show columns of words and numbers as a table.

    Parameters
    ----------
    columns : mapping of str to sequence of str or int
        The cells of each column under its head, all columns of one length; Markdown, with
        mathematics between dollar signs. A float is refused: it is written with as many digits as
        are to be compared, `f"{x:.2f}"`.

    Returns
    -------
    Table
        What the page shows.

    Examples
    --------
    >>> table({"$d$": [10, 100], "error": ["0.52", "0.48"]})
    | $d$ | error |
    |---|---|
    | 10 | 0.52 |
    | 100 | 0.48 |
    """
    if not isinstance(columns, Mapping):
        raise TypeError(f"columns must be a mapping head -> cells, got {type(columns).__name__}")
    for head, cells in columns.items():
        if not isinstance(head, str):
            raise TypeError(f"columns must have texts as heads, got {head!r}")
        if isinstance(cells, str) or not isinstance(cells, Iterable):
            raise TypeError(f"columns[{head!r}] must be a list of cells, got {cells!r}")
        for cell in cells:
            if not isinstance(cell, str | Integral) or isinstance(cell, bool):
                raise TypeError(
                    f"columns[{head!r}] must hold texts and whole numbers, got {cell!r}"
                )
    lengths = {head: len(cells) for head, cells in columns.items()}
    if len(set(lengths.values())) != 1 or not all(lengths.values()):
        raise ValueError(f"columns must have cells, as many in each, got {lengths}")
    return Table(
        tuple(columns),
        tuple(tuple(map(str, row)) for row in zip(*columns.values(), strict=True)),
    )


def markdown_table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """The lines of a table; a bar in a cell would end it."""
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *rows]
    cells = [[_without_bars(cell) for cell in line] for line in lines]
    return "\n".join(
        "|" + "|".join(line) + "|" if number == 1 else f"| {' | '.join(line)} |"
        for number, line in enumerate(cells)
    )


def _without_bars(cell: str) -> str:
    def typeset(formula: re.Match[str]) -> str:
        return formula[0].replace(r"\|", r"\Vert ").replace("|", r"\vert ")

    return re.sub(r"(?<!\\)\|", r"\|", re.sub(r"\$[^$]*\$", typeset, cell))
