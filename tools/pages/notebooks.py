"""Each chapter as a notebook that runs outside the book: the `.ipynb` of a page's download button.

The theme offers the notebook as MyST-NB executed it, which only a Jupyter with MyST can show. Here
the text comes from Sphinx's resolved page instead: numbers, titles and citations are in it, links
lead to the online edition, boxes are quotations, macros are spelled out. The code and its outputs
are the validated ones. The first cell installs `w2s` where it is missing.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import nbformat
from docutils import nodes
from nbformat import NotebookNode
from sphinx.application import Sphinx
from sphinx.util import logging

from tools.print.print_edition import online
from tools.run import HOME
from tools.validate.chapters import code_cells, is_chapter, read_notebook, validated_path

INSTALL = """\
try:
    import w2s
except ImportError:
    %pip install --quiet "w2s[book] @ git+{repository}{commit}"
"""
logger = logging.getLogger(__name__)

#: What Markdown would read as its own.
_SPECIAL = re.compile(r"([\\`*_$<])")

#: What only the book's own tools read: roles, directives, labels, its macros.
_FOREIGN = re.compile(
    r"\{[a-z:-]+\}`|^\s*(?:>\s*)*(?:`{3,}|:{3,})\s*\{|^\(\S+\)=|^\+\+\+", re.MULTILINE
)

Pieces = Iterator[str | NotebookNode]


def commit() -> str:
    """`@` and what the book is built from: a later `w2s` may not run this notebook."""
    command = ["git", "rev-parse", "HEAD"]
    run = subprocess.run(command, cwd=HOME, capture_output=True, text=True, check=False)
    return f"@{run.stdout.strip()}" if run.returncode == 0 else ""


class Notebook:
    """Writes one resolved page as cells."""

    def __init__(self, app: Sphinx, docname: str, executed: NotebookNode) -> None:
        self.app, self.docname = app, docname
        self.code = code_cells(executed)
        self.numbers = app.env.toc_fignumbers.get(docname, {})
        self.sections = app.env.toc_secnumbers.get(docname, {})
        self.depth = 0

    # --- inline ---------------------------------------------------------------------------------

    def inline(self, node: nodes.Node) -> str:
        """The text of a paragraph, a title or a part of one."""
        return "".join(self._phrase(child) for child in node.children)

    def _phrase(self, node: nodes.Node) -> str:
        if isinstance(node, nodes.Text):
            return _SPECIAL.sub(r"\\\1", node.astext())
        if isinstance(node, nodes.math):
            return f"${self.formula(node)}$"
        if isinstance(node, nodes.literal):
            return f"`{node.astext()}`"
        if isinstance(node, nodes.reference):
            return f"[{self.inline(node)}]({self.address(node)})"
        for kind, mark in ((nodes.strong, "**"), (nodes.emphasis, "*")):
            if isinstance(node, kind):
                return mark + self.inline(node) + mark
        if isinstance(node, nodes.inline) and "bibtex-citation" in node["classes"]:
            return self.inline(node).replace(" [[", " ([", 1).removesuffix("]") + ")"
        if isinstance(node, nodes.Invisible | nodes.image | nodes.raw):
            return ""
        return self.inline(node)

    def formula(self, node: nodes.Node) -> str:
        text = self.spelled_out(" ".join(node.astext().split()))
        if any(isinstance(parent, nodes.entry) for parent in _parents(node)):
            text = text.replace(r"\|", r"\Vert ").replace("|", r"\vert ")
        return text

    def spelled_out(self, text: str) -> str:
        """Without the book's macros, which no other MathJax knows."""
        macros = (self.app.config.mathjax3_config or {}).get("tex", {}).get("macros", {})
        for name, meaning in macros.items():
            parts = re.split(rf"\\{name}(?![A-Za-z])", text)
            text = f"{{{meaning}}}".join(parts)
        return text

    def address(self, link: nodes.Element) -> str:
        here = online(self.app, self.docname)
        return urljoin(here, link["refuri"] if "refuri" in link else "#" + link["refid"])

    # --- blocks ---------------------------------------------------------------------------------

    def blocks(self, node: nodes.Node) -> Pieces:
        """Markdown blocks and code cells, in the page's order."""
        for child in node.children:
            yield from self._block(child)

    def _block(self, node: nodes.Node) -> Pieces:
        name = type(node).__name__  # of sphinx-proof and sphinx-exercise, admonitions all
        if name == "proof_node":
            yield from self.blocks(node)
            return
        if name.endswith("_node"):
            yield from self._numbered_box(node)
            return
        for kinds, write in self._WRITERS:
            if isinstance(node, kinds):
                yield from write(self, node)
                return
        if isinstance(node, nodes.Element) and not isinstance(node, nodes.Invisible):
            yield from self.blocks(node)

    def _section(self, node: nodes.section) -> Pieces:
        self.depth += 1
        yield from self.blocks(node)
        self.depth -= 1

    def _title(self, node: nodes.title) -> Pieces:
        number = self.sections.get("#" + node.parent["ids"][0]) if node.parent["ids"] else None
        number = self.sections.get("") if self.depth == 1 else number
        label = ".".join(map(str, number)) + ". " if number else ""
        yield f"{'#' * self.depth} {label}{self.inline(node)}"

    def _paragraph(self, node: nodes.Node) -> Pieces:
        yield self.inline(node)

    def _math(self, node: nodes.math_block) -> Pieces:
        number = self._number(node, "displaymath")
        tag = rf" \tag{{{number}}}" if number else ""
        text = self.formula(node)
        if r"\\" in text and r"\begin{" not in text:
            text = rf"\begin{{aligned}} {text} \end{{aligned}}"
        yield f"$${text}{tag}$$"

    def _code(self, node: nodes.literal_block) -> Pieces:
        yield f"```{node.get('language', '')}\n{node.astext()}\n```"

    def _list(self, node: nodes.Element) -> Pieces:
        ordered = isinstance(node, nodes.enumerated_list)
        items = []
        for number, item in enumerate(node.children, start=int(node.get("start", 1))):
            mark = f"{number}. " if ordered else "- "
            text = "\n\n".join(str(piece) for piece in self.blocks(item))
            items.append(mark + text.replace("\n", "\n" + " " * len(mark)))
        yield "\n".join(items)

    def _definitions(self, node: nodes.definition_list) -> Pieces:
        for item in node.children:
            term, meaning = item.children[0], item.children[-1]
            text = " ".join(str(piece) for piece in self.blocks(meaning))
            yield f"**{self.inline(term)}**: {text}"

    def _table(self, node: nodes.table) -> Pieces:
        for title in node.findall(nodes.title):
            yield f"**{self.inline(title)}**"
        lines = []
        for row in node.findall(nodes.row):
            cells = [" ".join(str(p) for p in self.blocks(entry)) for entry in row.children]
            lines.append(f"| {' | '.join(cells)} |")
            if len(lines) == 1:
                lines.append("|" + "---|" * len(cells))
        yield "\n".join(lines)

    def _quotation(self, node: nodes.Node) -> Pieces:
        yield from self._quoted(self.blocks(node))

    def _box(self, node: nodes.Element) -> Pieces:
        def inside() -> Pieces:
            for child in node.children:
                if isinstance(child, nodes.title):
                    yield f"**{self.inline(child)}**"
                else:
                    yield from self._block(child)

        yield from self._quoted(inside())

    def _numbered_box(self, node: nodes.Element) -> Pieces:
        """Theorems and their kin, exercises, solutions; a solution may hold code cells."""
        kind = type(node).__name__
        counter = node.get("countertype", "exercise")
        number = self._number(node, counter)
        title = node.next_node(nodes.title)
        if kind == "solution_node":
            head = self.inline(title).replace("[ ", " [")
        else:
            name = node.get("realtype", "exercise").capitalize()
            remark = self.inline(title).strip() if kind == "theorem_node" and title else ""
            head = " ".join(part for part in (name, number, remark) if part)

        def inside() -> Pieces:
            yield f"**{head}**"
            for child in node.children:
                if not isinstance(child, nodes.title):
                    yield from self._block(child)

        yield from self._quoted(inside())

    def _quoted(self, pieces: Pieces) -> Pieces:
        """As a quotation, as far as it is text."""
        text: list[str] = []
        for piece in pieces:
            if isinstance(piece, str):
                text.append(piece)
                continue
            if text:
                yield _quote(text)
                text = []
            yield piece
        if text:
            yield _quote(text)

    def _container(self, node: nodes.container) -> Pieces:
        if node.get("nb_element") != "cell_code":
            yield from self.blocks(node)
            return
        cell = self.code[int(node["exec_count"]) - 1]
        hidden = "remove-input" in cell.metadata.get("tags", [])
        outputs = [self._output(output) for output in cell.outputs]
        yield nbformat.v4.new_code_cell(
            source=cell.source,
            outputs=outputs,
            execution_count=cell.execution_count,
            metadata={"jupyter": {"source_hidden": True}} if hidden else {},
        )
        for figure in node.findall(nodes.figure):
            caption = figure.next_node(nodes.caption)
            if caption is not None:
                number = self._number(figure, "figure")
                yield f"*Fig. {number}.* {self.inline(caption)}"

    def _output(self, output: NotebookNode) -> NotebookNode:
        kept = NotebookNode(output)
        kept.pop("metadata", None)
        if "data" in kept:
            kept.metadata = {}
            kept.data = {
                kind: self.spelled_out(data) if kind in ("text/latex", "text/markdown") else data
                for kind, data in kept.data.items()
                if kind != "image/png" or "image/svg+xml" not in kept.data  # once is enough
            }
        return kept

    def _raw(self, node: nodes.raw) -> Pieces:
        if "explorer" in node["classes"]:
            address = online(self.app, self.docname, node["anchor"])
            yield f"> **[This picture moves in the online edition]({address})**"

    def _number(self, node: nodes.Element, counter: str) -> str:
        for name in node.get("ids", []):
            if number := self.numbers.get(counter, {}).get(name):
                return ".".join(map(str, number))
        return ""

    _WRITERS: tuple[tuple[Any, Callable[..., Pieces]], ...] = (
        (nodes.section, _section),
        (nodes.title, _title),
        (nodes.math_block, _math),
        (nodes.literal_block, _code),
        ((nodes.bullet_list, nodes.enumerated_list), _list),
        (nodes.definition_list, _definitions),
        (nodes.table, _table),
        (nodes.Admonition, _box),
        (nodes.block_quote, _quotation),
        (nodes.container, _container),
        (nodes.raw, _raw),
        ((nodes.paragraph, nodes.rubric), _paragraph),
    )

    # --- the whole --------------------------------------------------------------------------------

    def write(self, doctree: nodes.document) -> NotebookNode:
        base = self.app.config.html_baseurl
        repository = self.app.config.html_theme_options["repository_url"]
        install = INSTALL.format(repository=repository, commit=commit())
        here = online(self.app, self.docname)
        note = (
            f"*A chapter of [{self.app.config.html_title}]({base}), as a notebook. [Read it online]"
            f"({here}), where the links below lead. Text and figures: CC BY 4.0; "
            "code: BSD 3-Clause.*"
        )
        cells: list[NotebookNode] = [
            nbformat.v4.new_markdown_cell(note),
            nbformat.v4.new_code_cell(install.rstrip()),
        ]
        text: list[str] = []
        for piece in self.blocks(doctree):
            if isinstance(piece, str):
                if piece.strip():
                    text.append(piece)
                continue
            if text:
                cells.append(nbformat.v4.new_markdown_cell("\n\n".join(text)))
                text = []
            cells.append(piece)
        if text:
            cells.append(nbformat.v4.new_markdown_cell("\n\n".join(text)))
        for number, cell in enumerate(cells):
            cell.id = f"cell-{number}"  # the same in every build
        notebook = nbformat.v4.new_notebook(cells=cells)
        notebook.metadata.kernelspec = {
            "display_name": "Python 3",
            "language": "python",
            "name": "python3",
        }
        return notebook


def foreign(notebook: NotebookNode) -> Iterator[str]:
    """The lines that a Jupyter without MyST would show as they are."""
    for cell in notebook.cells:
        texts = [cell.source] if cell.cell_type == "markdown" else []
        for output in cell.get("outputs", []):
            texts.append(output.get("data", {}).get("text/markdown", ""))
        for text in texts:
            for hit in _FOREIGN.finditer(text):
                yield text[hit.start() :].strip().splitlines()[0]


def _parents(node: nodes.Node) -> Iterator[nodes.Node]:
    while node is not None:
        yield node
        node = node.parent


def _quote(text: list[str]) -> str:
    return "\n".join(f"> {line}".rstrip() for line in "\n\n".join(text).splitlines())


def _keep(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    source = Path(app.srcdir) / f"{docname}.md"
    if app.builder.name == "html" and source.exists() and is_chapter(source):
        executed = read_notebook(validated_path(source))
        notebook = Notebook(app, docname, executed).write(doctree)
        for line in foreign(notebook):
            logger.warning("MyST is left in the notebook to download: %s", line, location=docname)
        _written[docname] = notebook


def _replace_downloads(app: Sphinx, exception: Exception | None) -> None:
    """After the theme has put MyST-NB's notebooks there."""
    for docname, notebook in _written.items():
        path = Path(app.outdir) / "_sources" / f"{docname}.ipynb"
        if exception is None and path.exists():
            nbformat.write(notebook, path)
    _written.clear()


_written: dict[str, NotebookNode] = {}


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("doctree-resolved", _keep, priority=900)
    app.connect("build-finished", _replace_downloads)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": False}
