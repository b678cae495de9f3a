"""Ways through the book: what needs what as a picture, each chapter's paths, formulas by name.

`{map}` draws the chapters with an arrow from each to those whose *You need* names it. The tables of
`book/paths.md` say which chapters a path leads through; a chapter repeats it under its reading
time. `` {formula}`teacher_error` `` prints a formula of `w2s.statements.symbolic`, the one that the
chapters prove.
"""

from __future__ import annotations

import html
import re
import textwrap
from pathlib import Path
from typing import Any

import sympy as sp
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util.docutils import SphinxDirective, SphinxRole

from tools.pages.content import chapters_in_order, head, parts, reading_minutes
from w2s.page.formulas import latex
from w2s.page.plotting import COLOURS
from w2s.statements import symbolic

_LABEL = re.compile(r"^\((ch-[\w-]+)\)=\n# ", re.MULTILINE)
_NEEDS = re.compile(r"^\*\*You need\*\*.*$", re.MULTILINE)
_LINKED = re.compile(r"\{ref\}`(?:[^`<]*<)?(ch-[\w-]+)>?`")


def label(page: Path) -> str:
    found = _LABEL.search(page.read_text("utf-8"))
    return found.group(1) if found else ""


# --- what needs what ------------------------------------------------------------------------------


def needed(root: Path) -> dict[Path, set[Path]]:
    """For each chapter the earlier ones that it asks for, without what these ask for themselves."""
    order = chapters_in_order(root)
    names = {label(page): page for page in order}
    found: dict[Path, set[Path]] = {}
    for number, page in enumerate(order):
        asked = _NEEDS.search(page.read_text("utf-8"))
        linked = _LINKED.findall(asked.group()) if asked else []
        found[page] = {names[name] for name in linked if names.get(name) in order[:number]}

    def all_before(page: Path) -> set[Path]:
        return found[page].union(*map(all_before, found[page]))

    return {page: before - set().union(*map(all_before, before)) for page, before in found.items()}


_WIDTH, _BOX, _STEP = 720, (168, 50), 92
_PARTS = [COLOURS[name] for name in ("student", "wins", "highlight", "muted", "loses")]


def drawn_map(root: Path, *, links: bool) -> str:
    """The map as SVG: a row holds what needs something of the row above it."""
    before = needed(root)
    row: dict[Path, int] = {}
    for page, asked in before.items():
        row[page] = max((row[one] + 1 for one in asked), default=0)
    drawn = [part for part in parts(root) if set(part.pages) & set(before)]
    tint = {page: _PARTS[k % len(_PARTS)] for k, part in enumerate(drawn) for page in part.pages}
    at: dict[Path, tuple[float, float]] = {}
    for number in range(max(row.values(), default=0) + 1):
        pages = [page for page in before if row[page] == number]
        above = {page: [at[one][0] for one in before[page]] or [_WIDTH / 2] for page in pages}
        pages.sort(key=lambda page: sum(above[page]) / len(above[page]) if number else 0)
        for place, page in enumerate(pages):
            at[page] = (_WIDTH * (place + 0.5) / len(pages), 8 + _STEP * number)
    width, height = _BOX
    lines = []
    for page, asked in before.items():
        for one in sorted(asked):
            (x0, y0), (x1, y1) = at[one], at[page]
            y0, middle = y0 + height, (y0 + height + y1) / 2
            lines.append(
                f'<path d="M{x0:.0f},{y0:.0f}C{x0:.0f},{middle:.0f} {x1:.0f},{middle:.0f} '
                f'{x1:.0f},{y1 - 2:.0f}" marker-end="url(#map-arrow)"/>'
            )
    for page, (x, y) in at.items():
        title = [html.escape(line) for line in textwrap.wrap(head(page).title, 21)]
        told = "".join(
            f'<tspan x="{x:.0f}" y="{y + 29 + 17 * (k - (len(title) - 1) / 2):.1f}">{line}</tspan>'
            for k, line in enumerate(title)
        )
        box = (
            f'<rect x="{x - width / 2:.0f}" y="{y:.0f}" width="{width}" height="{height}" rx="6" '
            f'style="fill:{tint[page]}"/><text>{told}</text>'
        )
        lines.append(f'<a href="{page.stem}.html">{box}</a>' if links else box)
    total = 8 + _STEP * (max(row.values(), default=0) + 1) - (_STEP - height) + 8
    return (
        f'<div class="chapter-map"><svg viewBox="0 0 {_WIDTH} {total}" role="group" '
        'aria-label="A map of the chapters: an arrow leads from each to those that need it">'
        '<defs><marker id="map-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0,0L8,4L0,8z"/></marker></defs>'
        f"{''.join(lines)}</svg></div>\n"
    )


class Map(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        links = self.env.app.builder.name != "singlehtml"
        return [nodes.raw("", drawn_map(Path(self.env.srcdir), links=links), format="html")]


# --- paths ----------------------------------------------------------------------------------------


def paths(root: Path) -> dict[str, list[str]]:
    """The label of a chapter, and the paths that lead through it: `["an evening", "week 3"]`."""
    page = root / "book" / "paths.md"
    found: dict[str, list[str]] = {}
    text = page.read_text("utf-8") if page.exists() else ""
    for section in text.split("\n## ")[1:]:
        name, _, body = section.partition("\n")
        for line in body.splitlines():
            week = re.match(r"\| (\d+) \|", line)
            for chapter in _LINKED.findall(line) if line.startswith("|") else ():
                told = f"{name.lower()}, week {week.group(1)}" if week else name.lower()
                found.setdefault(chapter, []).append(told)
    return found


class Opening(SphinxTransform):
    """How long a chapter takes, and on which paths it is, stand under what it asks for."""

    default_priority = 800

    def apply(self, **_: Any) -> None:
        for paragraph in list(self.document.findall(nodes.paragraph)):
            if [child.astext() for child in paragraph.children[:1]] != ["You need"]:
                continue
            chapter = Path(self.env.doc2path(self.env.docname))
            whole, main = reading_minutes(chapter), reading_minutes(chapter, side_roads=False)
            told = nodes.paragraph("", "", nodes.strong("", "Time"))
            told += nodes.Text(f": {main} minutes")
            told += nodes.Text(f"; {whole} with the side roads." if whole != main else ".")
            on = paths(Path(self.env.srcdir)).get(label(chapter), [])
            if on:
                told += [nodes.Text(" "), nodes.strong("", "On the paths"), nodes.Text(": ")]
                told += addnodes.pending_xref(
                    "",
                    nodes.inline("", "; ".join(on)),
                    reftype="ref",
                    refdomain="std",
                    reftarget="ch-paths",
                    refexplicit=True,
                    refwarn=True,
                    refdoc=self.env.docname,
                )
                told += nodes.Text(".")
            paragraph.parent.insert(paragraph.parent.index(paragraph) + 1, told)


# --- formulas by name -----------------------------------------------------------------------------

#: What a longer formula is written with, where it does not stand for itself.
_SHORT = {
    symbolic.teacher_energy: "B",
    symbolic.student_share: "q",
}


class Formula(SphinxRole):
    """A formula of `w2s.statements.symbolic`, in the letters of the book."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        if self.text not in symbolic.__all__:
            problem = f"w2s.statements.symbolic has no formula called {self.text!r}"
            return [], [self.inliner.reporter.error(problem, line=self.lineno)]
        formula = getattr(symbolic, self.text)
        for value, letter in _SHORT.items():
            if value != formula:
                formula = formula.subs(value, sp.Symbol(letter))
        return [nodes.math("", latex(formula))], []


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("map", Map)
    app.add_role("formula", Formula())
    app.add_transform(Opening)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
