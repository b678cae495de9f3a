"""The numbers behind each picture: folded below it, and as a CSV file to take along.

They are those that the validation found in the figure (`tools.validate.figures`), in the metadata
of its output. The print edition leaves them out.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

from tools.validate.chapters import code_cells, read_notebook, validated_path
from tools.validate.figures import NUMBERS

SUMMARY = "The numbers behind this picture"
HEAD = ("axes", "artist", "label", "x", "y", "value")


def as_csv(figure: list[dict[str, Any]]) -> str:
    """A line for each point of each artist; before them the titles and labels of its axes."""
    text = io.StringIO()
    write = csv.writer(text, lineterminator="\n").writerows
    write([HEAD])
    for number, axes in enumerate(figure, start=1):
        named = (("title", axes["title"]), ("x label", axes["x"]), ("y label", axes["y"]))
        write((number, *name, "", "", "") for name in named if name[1])
        met = Counter[str]()
        for artist in axes["artists"]:
            met[artist["kind"]] += 1
            name = f"{artist['kind']} {met[artist['kind']]}"
            points = zip_longest(*_three(artist["columns"]), fillvalue="")
            write((number, name, artist["label"], *point) for point in points)
    return text.getvalue()


def _three(columns: dict[str, list[float | None]]) -> Iterator[list[float | None]]:
    yield from (columns.get(name, []) for name in "xy")
    yield columns.get("value", columns.get("level", []))


def rows(axes: dict[str, Any]) -> Iterator[list[str]]:
    """A line for each artist, or those that look alike: its name, points, and what they span."""
    alike: dict[str, list[Any]] = {}
    for artist in axes["artists"]:
        role = f" ({artist['style']})" if artist["style"].isalpha() else ""
        name = f"{artist['label']} ({artist['kind']})" if artist["label"] else artist["kind"] + role
        alike.setdefault(name, []).append(list(_three(artist["columns"])))
    for name, group in alike.items():
        columns = [
            [value for one in column for value in one] for column in zip(*group, strict=True)
        ]
        times = f" × {len(group)}" if len(group) > 1 else ""
        yield [name + times, str(max(map(len, columns))), *map(_span, columns)]


def _span(values: list[float | None]) -> str:
    known = sorted({value for value in values if value is not None})
    if len(known) > 3:
        return f"{known[0]:.4g} to {known[-1]:.4g}"
    return ", ".join(f"{value:.4g}" for value in known)


class FigureNumbers(SphinxTransform):
    default_priority = 800

    def apply(self, **_: Any) -> None:
        outcome = validated_path(Path(self.env.doc2path(self.env.docname)))
        cells = [
            node
            for node in self.document.findall(nodes.container)
            if node.get("nb_element") == "cell_code"
        ]
        code = code_cells(read_notebook(outcome)) if cells and outcome.exists() else []
        for cell in cells if code else []:
            outputs = code[int(cell["exec_count"]) - 1].outputs
            told = [o.metadata[NUMBERS] for o in outputs if NUMBERS in o.get("metadata", {})]
            for shown, numbers in zip(list(cell.findall(nodes.figure)), told, strict=False):
                place = shown.parent.index(shown) + 1
                shown.parent.insert(place, self._folded(shown["names"][0], numbers))

    def _folded(self, name: str, figure: list[dict[str, Any]]) -> nodes.Node:
        file = Path(self.env.srcdir) / "_build" / "numbers" / f"{name}.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(as_csv(figure), encoding="utf-8")
        opening = f'<details class="numbers"><summary>{SUMMARY}</summary>'
        fold = addnodes.only(expr="builder_html")
        fold += nodes.raw("", opening, format="html")
        for axes in figure:
            if axes["artists"]:
                fold += nodes.paragraph("", "", nodes.strong("", "", *_typeset(axes["title"])))
                fold += _table(axes)
        link = addnodes.download_reference(
            "", "", nodes.literal("", file.name), reftarget=f"/_build/numbers/{file.name}"
        )
        told = "To six digits, bars by corners, areas by outlines, a fine mesh thinned: "
        fold += nodes.paragraph("", told, link)
        fold += nodes.raw("", "</details>", format="html")
        return fold


def _table(axes: dict[str, Any]) -> nodes.table:
    lines = [["", "points", axes["x"] or "x", axes["y"] or "y", "value"], *rows(axes)]
    width = 5 if any(line[4] for line in lines[1:]) else 4
    group = nodes.tgroup("", *(nodes.colspec(colwidth=1) for _ in range(width)), cols=width)
    head, *body = [
        nodes.row("", *(nodes.entry("", nodes.paragraph("", "", *_typeset(text))) for text in line))
        for line in (line[:width] for line in lines)
    ]
    group += [nodes.thead("", head), nodes.tbody("", *body)]
    return nodes.table("", group)


def _typeset(text: str) -> Iterator[nodes.Node]:
    """Matplotlib's text, whose formulas are TeX."""
    for number, part in enumerate(text.split("$")):
        if part:
            yield nodes.math("", part) if number % 2 else nodes.Text(part)


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_transform(FigureNumbers)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
