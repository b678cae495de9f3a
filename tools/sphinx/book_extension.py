"""What the book needs of Sphinx beyond Jupyter Book: three directives and two repairs.

`{ledger}` and `{errata}` show what the chapters concluded, read from the validated outputs in
`_build/validated/`. `{explorer} NAME` shows an explorer of `w2s.explorers`, each at one place of
the book, and has its scripts loaded on that page alone. The repairs: sphinx-thebe cannot be
switched off and breaks every page's console; sphinx-proof has no handlers for the single-page
builder.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from tools.assets import EXPLORER_SCRIPTS
from tools.chapters import conclusions, validated_path
from tools.numbered_items import NUMBERED_ITEMS
from w2s.explorers import render


def concluded(root: Path, kind: str) -> list[dict[str, Any]]:
    """Every verdict (or erratum) of the validated chapters, in the order of the book."""
    table_of_contents = (root / "_toc.yml").read_text(encoding="utf-8")
    names = re.findall(r"file:\s*book/(\S+)", table_of_contents)
    found = []
    for name in names:
        path = validated_path(root / "book" / f"{name}.md")
        if path.exists():
            found += conclusions(nbformat.read(path, as_version=4), kind)
    return found


class Ledger(SphinxDirective):
    """One row for every numbered item of the paper."""

    def run(self) -> list[nodes.Node]:
        verdicts: dict[str, list[dict[str, Any]]] = {}
        for verdict in concluded(Path(self.env.srcdir), "verdict"):
            verdicts.setdefault(verdict["item"], []).append(verdict)
        unknown = set(verdicts) - set(NUMBERED_ITEMS)
        if unknown:
            raise self.error(f"verdicts on items that the paper does not number: {sorted(unknown)}")
        rows = [
            _ledger_row(item, verdict)
            for item in NUMBERED_ITEMS
            for verdict in verdicts.get(item, [_NOT_YET])
        ]
        return _table(self, "ledger", ["item", "verdict", "checked by", "in one sentence"], rows)


class Errata(SphinxDirective):
    """Every correction, in the order of the chapters."""

    def run(self) -> list[nodes.Node]:
        lines = []
        for number, erratum in enumerate(concluded(Path(self.env.srcdir), "erratum"), start=1):
            check = f"{erratum['check']} ({{ref}}`see it <{erratum['anchor']}>`)."
            lines += [
                f"> **{number}. {erratum['where']}**",
                *_quoted("Printed", erratum["printed"]),
                *_quoted("What holds", erratum["holds"]),
                *_quoted("Told apart by", check),
                "",
            ]
        return _parsed(self, "errata", lines or ["None yet."])


def _quoted(name: str, text: str) -> list[str]:
    return [">", f"> *{name}:* {' '.join(text.split())}"]


class Explorer(SphinxDirective):
    """A picture that follows its sliders."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        try:
            shown = render(self.arguments[0])
        except ValueError as unknown:
            raise self.error(str(unknown)) from None
        anchor = f"explorer-{self.arguments[0]}"
        return [nodes.raw("", shown, format="html", classes=["explorer"], anchor=anchor)]


def _load_scripts(app: Sphinx, page: str, template: str, context: Any, doctree: Any) -> None:
    shown = doctree.findall(nodes.raw) if doctree is not None else ()
    if any("explorer" in node["classes"] for node in shown):
        for script in EXPLORER_SCRIPTS:
            app.add_js_file(script, loading_method="defer")


_NOT_YET = {"anchor": "", "status": "open", "check": "", "summary": "not yet"}


def _ledger_row(item: str, verdict: dict[str, Any]) -> list[str]:
    link = f"{{ref}}`{item} <{verdict['anchor']}>`" if verdict["anchor"] else item
    shade = verdict["status"].replace("holds, ", "").split()[0]
    status = f'<span class="verdict-{shade}">{verdict["status"]}</span>'
    return [link, status, verdict["check"], verdict["summary"]]


def _table(
    directive: SphinxDirective, name: str, head: list[str], rows: list[list[str]]
) -> list[nodes.Node]:
    lines = [":::{list-table}", f":class: {name}", ":header-rows: 1", ""]
    for row in [head, *rows]:
        first, *others = (" ".join(cell.split()) for cell in row)
        lines += [f"* - {first}", *(f"  - {cell}" for cell in others)]
    return _parsed(directive, name, [*lines, ":::"])


def _parsed(directive: SphinxDirective, name: str, lines: list[str]) -> list[nodes.Node]:
    container = nodes.container(classes=[name])
    source = directive.env.doc2path(directive.env.docname)
    directive.state.nested_parse(
        StringList(lines, source=source), directive.content_offset, container
    )
    return [container]


def _silence_thebe(app: Sphinx) -> None:
    for event in app.events.listeners.values():
        for listener in list(event):
            if getattr(listener.handler, "__name__", "") in (
                "init_thebe_core",
                "update_thebe_context",
            ):
                event.remove(listener)


def _single_page_handlers(app: Sphinx) -> None:
    handlers = app.registry.translation_handlers
    handlers["singlehtml"] = {**handlers.get("html", {}), **handlers.get("singlehtml", {})}


def _before_reading(app: Sphinx) -> None:
    """All extensions are set up by now, so their listeners and handlers are there to be mended."""
    _silence_thebe(app)
    _single_page_handlers(app)


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("ledger", Ledger)
    app.add_directive("errata", Errata)
    app.add_directive("explorer", Explorer)
    app.connect("html-page-context", _load_scripts)
    app.connect("builder-inited", _before_reading)
    app.setup_extension("print_edition")
    app.setup_extension("notebooks")
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
