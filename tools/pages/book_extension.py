"""What the book needs of Sphinx beyond Jupyter Book: directives, a link and two repairs.

`{ledger}`, `{errata}` and `{completions}` show what the chapters concluded, read from the
validated outputs in `_build/validated/`; `{execution}` and `{versions}` show how long that took
and with what. An erratum in a chapter links to its entry among the errata. `{picture} FIGURE` shows
one of a chapter's figures small, `{gallery}` shows the whole contents with these pictures.
`{explorer} NAME` shows an explorer of `tools.explorers`, each at one place of the book, and has its
scripts loaded on that page alone. The repairs: sphinx-thebe
cannot be switched off and breaks every page's console; sphinx-proof has no handlers for the
single-page builder.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import sphinx_codeautolink.extension.block
from docutils import nodes
from docutils.statemachine import StringList
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util.docutils import SphinxDirective

from tools.checks.second_kernel import ENGINES, certificates, not_confirmed
from tools.explorers.explorers import render
from tools.pages.assets import EXPLORER_SCRIPTS
from tools.pages.content import (
    Head,
    concluded,
    erratum_label,
    executions,
    figure,
    head,
    parts,
    picture,
    versions,
)
from tools.pages.numbered_items import NUMBERED_ITEMS
from tools.run import DRAFT, HOME
from tools.validate.chapters import conclusions, read_notebook, validated_path
from w2s.page.verdicts import VERDICTS, WORDS


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
    """Errata (or completions) in the order of the book: those that change a conclusion, then the
    others, folded."""

    kind = "erratum"

    def run(self) -> list[nodes.Node]:
        found = list(enumerate(concluded(Path(self.env.srcdir), self.kind), start=1))
        weighty = [entry for entry in found if entry[1]["consequential"]]
        others = [entry for entry in found if not entry[1]["consequential"]]
        lines = self._listed(weighty)
        if weighty and others:
            title = f"{len(others)} that change no conclusion"
            lines += [f"::::{{dropdown}} {title}", *self._listed(others), "::::"]
        else:
            lines += self._listed(others)
        return _parsed(self, "errata", lines or ["None yet."])

    def _listed(self, entries: list[tuple[int, dict[str, Any]]]) -> list[str]:
        lines: list[str] = []
        chapter = ""
        printed, holds, told = WORDS[self.kind]
        for number, erratum in entries:
            if erratum["chapter"] != chapter:
                chapter = erratum["chapter"]
                lines += [f"```{{rubric}} Found in: {chapter}", "```", ""]
            link = f"{{ref}}`{erratum['chapter']} <{erratum['anchor']}>`"
            check = f"{erratum['check']} (see {link})."
            lines += [
                f"({erratum_label(erratum['where'], self.kind)})=",
                f"> **{number}. {_capitalised(erratum['where'])}**",
                *_quoted(printed, erratum["printed"]),
                *_quoted(holds, erratum["holds"]),
                *_quoted(told, check),
                "",
            ]
        return lines


class Completions(Errata):
    kind = "completion"


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def _quoted(name: str, text: str) -> list[str]:
    return [">", f"> *{name}:* {' '.join(text.split())}"]


class Execution(SphinxDirective):
    """How long each chapter's validation took."""

    def run(self) -> list[nodes.Node]:
        root = Path(self.env.srcdir)
        ran = list(executions(root))
        rows = [
            [f"{{doc}}`/{chapter.relative_to(root).with_suffix('')}`", str(cells), f"{seconds:.0f}"]
            for chapter, cells, seconds in ran
        ]
        total = ["together", str(sum(row[1] for row in ran)), f"{sum(row[2] for row in ran):.0f}"]
        return _table(self, "execution", ["chapter", "cells", "seconds"], [*rows, total])


class Settled(SphinxDirective):
    """How many statements the book proves, after the second kernel has confirmed each of them now.

    They are written to `_build/certificates.json`, for the page to offer.
    """

    def run(self) -> list[nodes.Node]:
        root = Path(self.env.srcdir)
        try:
            proved = certificates(root)
        except FileNotFoundError as absent:
            raise self.error(str(absent)) from None
        if complaints := not_confirmed(proved):
            raise self.error("\n".join(complaints))
        text = json.dumps(proved, ensure_ascii=False, separators=(",", ":"))
        (root / "_build" / "certificates.json").write_text(text, encoding="utf-8")
        engines = " and ".join(f"{name} {number}" for name, number in ENGINES.items())
        count = sum(map(len, proved.values()))
        told = f"**{count} statements, each settled twice**: with SymPy, and again with {engines}."
        return _parsed(self, "settled", [told])


class Versions(SphinxDirective):
    """The packages of the environment that built the book."""

    def run(self) -> list[nodes.Node]:
        groups = versions(HOME / "requirements.in")
        rows = [
            [heading or "the language", ", ".join(f"{name} {number}" for name, number in found)]
            for heading, found in groups.items()
        ]
        return _table(self, "versions", ["for", "version"], rows)


class Picture(SphinxDirective):
    """The figure that tells the chapter, small, with a link to where it stands in full."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        image = _image(self, Path(self.env.doc2path(self.env.docname)), name)
        shown = nodes.container(classes=["picture"])
        shown += nodes.reference("", "", image, refid=nodes.make_id(name), internal=True)
        told = [f"The chapter in one picture: {{numref}}`{name}`."]
        shown += _parsed(self, "told", told)
        return [shown]


def _image(directive: SphinxDirective, chapter: Path, name: str) -> nodes.image:
    root = Path(directive.env.srcdir)
    try:
        drawn = figure(root, chapter, name)
    except ValueError as unknown:
        raise directive.error(str(unknown)) from None
    where = picture(root, name, drawn.svg)
    return nodes.image("", uri=where, alt=drawn.alt, classes=["dark-light"])


class Gallery(SphinxDirective):
    """The contents: a card with its picture and its question for each chapter."""

    def run(self) -> list[nodes.Node]:
        root, lines = Path(self.env.srcdir), []
        for part in parts(root):
            openings = {page: head(page) for page in part.pages}
            pictured = any(opening.question for opening in openings.values())
            lines += [f"**{part.caption}**", ""] if part.caption else []
            lines += [":::::{grid} 1 2 2 3", ":gutter: 3", ""] if pictured else []
            for page, opening in openings.items():
                name = f"/{page.relative_to(root).with_suffix('')}"
                lines += self._card(page, name, opening) if pictured else [f"- {{doc}}`{name}`"]
            lines += [":::::" if pictured else "", ""]
        return _parsed(self, "gallery", lines)

    def _card(self, page: Path, name: str, opening: Head) -> list[str]:
        lines = [f"::::{{grid-item-card}} {opening.title}", f":link: {name}", ":link-type: doc"]
        lines += [f":link-alt: {json.dumps(opening.title)}"]
        if opening.picture:
            image = _image(self, page, opening.picture)
            lines += [f":img-top: {image['uri']}", ":class-img-top: dark-light"]
            lines += [f":img-alt: {json.dumps(image['alt'], ensure_ascii=False)}"]
        return [*lines, "", opening.question, "::::"]


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
    anchors = [node["anchor"] for node in shown if "explorer" in node["classes"]]
    pictures = [f"pictures/{anchor.removeprefix('explorer-')}.js" for anchor in anchors]
    for script in (*EXPLORER_SCRIPTS, *pictures) if pictures else ():
        app.add_js_file(script, loading_method="defer")


def _plain_citations(app: Sphinx, page: str, template: str, context: Any, doctree: Any) -> None:
    """docutils calls the bibliography a list whose entries are none: no role says it better."""
    if "body" in context:
        context["body"] = context["body"].replace('<div role="list" class="cit', '<div class="cit')


def _pictures_when_seen(app: Sphinx, page: str, template: str, context: Any, doctree: Any) -> None:
    """The gallery's pictures are loaded when a reader comes near them."""
    if "body" in context:
        context["body"] = re.sub(
            r"<img (?=[^>]*\bsd-card-img)", '<img loading="lazy" ', context["body"]
        )


#: What the link of a correction to its list says.
_LISTED = {"erratum": "Listed among the errata.", "completion": "Listed among the completions."}
_DRAFT = "A draft: the site that <code>make book</code> builds is the one to read and to publish."
_SHOWS_OTHERS = re.compile(
    r"^```\{(ledger|errata|completions|execution|settled|versions|gallery|map)\}", re.M
)
_NOT_YET = {"anchor": "", "status": "open", "check": "", "summary": "not yet"}


def _ledger_row(item: str, verdict: dict[str, Any]) -> list[str]:
    link = f"{{ref}}`{item} <{verdict['anchor']}>`" if verdict["anchor"] else item
    status = f'<span class="verdict-{_shade(verdict["status"])}">{verdict["status"]}</span>'
    return [link, status, verdict["check"], verdict["summary"]]


def _shade(status: str) -> str:
    return status.replace("holds, ", "").split()[0]


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


class Conclusions(SphinxTransform):
    """What a chapter concluded is linked: errata and completions to their entries in the lists,
    verdicts to the place of their check and from the index."""

    default_priority = 800  # before the domains collect labels and index entries, at 850

    def apply(self, **_: Any) -> None:
        chapter = Path(self.env.doc2path(self.env.docname))
        if not validated_path(chapter).exists():
            return
        notebook = read_notebook(validated_path(chapter))
        anchors = {one["item"]: one["anchor"] for one in conclusions(notebook, "verdict")}
        for quotation in list(self.document.findall(nodes.block_quote)):
            strong = next(iter(quotation.findall(nodes.strong)), nodes.strong())
            item, _, place = strong.astext().partition(":")
            if item.lower() in _LISTED:
                label = erratum_label(place, item.lower())
                link = self._link(label, _LISTED[item.lower()])
                strong.parent += [nodes.Text(" "), link]
            elif item in anchors:
                quotation.parent.insert(
                    quotation.parent.index(quotation), self._indexed(item, anchors[item])
                )
        for table in list(self.document.findall(nodes.table)):
            heads, *rows = table.findall(nodes.row)
            kind = heads[0].astext()
            if kind not in (VERDICTS[0], *_LISTED):
                continue
            table["classes"] += ["corrections" if kind in _LISTED else "ledger", "stacked"]
            for row in rows:
                first = next(iter(row[0].findall(nodes.strong)))
                said = first.astext()
                if kind in _LISTED:
                    first.replace_self(self._link(erratum_label(said, kind), said))
                    continue
                link = self._link(anchors[said], said)
                first.replace_self([self._indexed(said, anchors[said]), link])
                row[1]["classes"].append(f"verdict-{_shade(row[1].astext())}")

    def _indexed(self, item: str, anchor: str) -> addnodes.index:
        """A bare number is the paper's, here too: a search for it leads to its check first."""
        names = [item, *re.findall(r"^Equation (.+)", item)]
        place = nodes.make_id(anchor)
        return addnodes.index(entries=[("single", name, place, "main", None) for name in names])

    def _link(self, label: str, text: str) -> addnodes.pending_xref:
        return addnodes.pending_xref(
            "",
            nodes.inline("", text),
            reftype="ref",
            refdomain="std",
            reftarget=label,
            refexplicit=True,
            refwarn=True,
            refdoc=self.env.docname,
        )


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


def _announce_a_draft(app: Sphinx, config: Any) -> None:
    if os.environ.get(DRAFT):
        config.html_theme_options["announcement"] = _DRAFT


def _reread(app: Sphinx, page: str, source: list[str]) -> None:
    """Pages that show what chapters concluded or drew depend on more than their own text."""
    chapter = Path(app.env.doc2path(page))
    if validated_path(chapter).exists():
        app.env.note_dependency(str(validated_path(chapter)))
    if _SHOWS_OTHERS.search(source[0]):
        app.env.note_reread()


def _before_reading(app: Sphinx) -> None:
    """All extensions are set up by now, so their listeners and handlers are there to be mended."""
    _silence_thebe(app)
    _single_page_handlers(app)


def _links_in_code() -> None:
    """sphinx-codeautolink counts titles; the sections of exercises and theorems have none."""
    analyser = sphinx_codeautolink.extension.block.CodeBlockAnalyser
    analyser.depart_section = lambda self, _: self.title_stack and self.title_stack.pop()


def _bars(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """|x| in a docstring is a length, not one of docutils' substitutions."""
    lines[:] = [line if ">>>" in line else line.replace("|", r"\|") for line in lines]


def setup(app: Sphinx) -> dict[str, Any]:
    _links_in_code()
    app.connect("autodoc-process-docstring", _bars)
    app.add_directive("ledger", Ledger)
    app.add_directive("errata", Errata)
    app.add_directive("completions", Completions)
    app.add_directive("execution", Execution)
    app.add_directive("settled", Settled)
    app.add_directive("versions", Versions)
    app.add_directive("picture", Picture)
    app.add_directive("gallery", Gallery)
    app.add_directive("explorer", Explorer)
    app.add_transform(Conclusions)
    app.connect("html-page-context", _load_scripts)
    app.connect("html-page-context", _plain_citations)
    app.connect("html-page-context", _pictures_when_seen)
    app.connect("builder-inited", _before_reading)
    app.connect("config-inited", _announce_a_draft)
    app.connect("source-read", _reread)
    app.setup_extension("tools.print.print_edition")
    app.setup_extension("notebooks")
    app.setup_extension("ways")
    app.setup_extension("figure_numbers")
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
