"""The print edition: the builder `singlehtml`, made fit for paper.

Sphinx puts the pages into one as they are. Here every identifier is made unique first (else a link
to a reference lands on the first `id2` of the book), the pages come after the introduction instead
of inside it, each part is a heading above its chapters, and the template is `print.html`, with
nothing of the site's furniture. `tools/print/pdf.py` prints it.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import matplotlib
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.builders.singlehtml import SingleFileHTMLBuilder
from sphinx.environment.adapters.toctree import global_toctree_for_doc

from tools.pages.assets import EXPLORER_SCRIPTS

#: Of the book's own, for the same pages everywhere: they come with matplotlib.
FONTS = {
    "STIXGeneral": ("Text", "normal", "normal"),
    "STIXGeneralBol": ("Text", "bold", "normal"),
    "STIXGeneralItalic": ("Text", "normal", "italic"),
    "STIXGeneralBolIta": ("Text", "bold", "italic"),
    "DejaVuSansMono": ("Code", "normal", "normal"),
    "DejaVuSansMono-Bold": ("Code", "bold", "normal"),
    "DejaVuSansMono-Oblique": ("Code", "normal", "italic"),
}
_FILE = "#document-"  # how Sphinx marks a page's place
_TOP = "top"  # how it is marked here: inside the chapter, which begins on a new sheet


def online(app: Sphinx, docname: str, anchor: str = "") -> str:
    """The address of a page in the online edition."""
    base = app.config.html_baseurl.rstrip("/")
    return f"{base}/{docname}.html" + (f"#{anchor}" if anchor else "")


def name_of(docname: str) -> str:
    return docname.rpartition("/")[2]


def unique(docname: str, identifier: str) -> str:
    return f"{name_of(docname)}--{identifier}"


class PrintEdition(SingleFileHTMLBuilder):
    add_permalinks = False

    def fix_refuris(self, tree: nodes.Node) -> None:
        for link in tree.findall(nodes.reference):
            address = link.get("refuri", "")
            if address.startswith(_FILE):
                docname, _, anchor = address.removeprefix(_FILE).partition("#")
                link["refuri"] = "#" + unique(docname, anchor or _TOP)

    def assemble_doctree(self) -> nodes.document:
        tree = super().assemble_doctree()
        self._rename(tree, self.config.root_doc)
        introduction = tree.next_node(nodes.section)
        introduction.next_node(nodes.title).children = [nodes.Text("To the reader")]
        introduction["classes"] += ["chapter", "page-introduction"]
        introduction["ids"].append(unique(self.config.root_doc, _TOP))
        _without_galleries(tree)
        files = {file["docname"]: file for file in tree.findall(addnodes.start_of_file)}
        for docname, file in files.items():
            file.parent.remove(file)
            chapter = file.next_node(nodes.section)
            chapter["ids"].append(unique(docname, _TOP))
            chapter["classes"] += ["chapter", "page-" + name_of(docname)]
            self._picture_explorers(file, docname)
        self._picture_explorers(tree, self.config.root_doc)
        for number, toctree in enumerate(self._toctrees()):
            chapters = [files.pop(name) for name in toctree["includefiles"] if name in files]
            if toctree.get("caption") and chapters:
                # Its heading stands on the first chapter's page, below that chapter's header.
                header = "page-" + name_of(chapters[0]["docname"])
                part = nodes.section(ids=[f"part-{number}"], classes=["part", header])
                part += nodes.title("", toctree["caption"])
                part.extend(chapters)
                tree += part
            else:
                tree.extend(chapters)
        self._print_once(tree)
        return tree

    def _toctrees(self) -> list[addnodes.toctree]:
        return list(self.env.get_doctree(self.config.root_doc).findall(addnodes.toctree))

    def _rename(self, node: nodes.Node, docname: str) -> None:
        if isinstance(node, addnodes.start_of_file):
            docname = node["docname"]
        if isinstance(node, nodes.Element):
            for key in ("ids", "backrefs"):
                node[key] = [unique(docname, name) for name in node.get(key, [])]
            if "refid" in node:
                node["refid"] = unique(docname, node["refid"])
            for child in node.children:
                self._rename(child, docname)

    def _picture_explorers(self, tree: nodes.Node, docname: str) -> None:
        """Under each explorer, where it moves; `tools/print/pdf.py` replaces it by its picture."""
        for explorer in list(tree.findall(nodes.raw)):
            if "explorer" not in explorer["classes"]:
                continue
            address = online(self.app, docname, explorer["anchor"])
            link = nodes.reference("", address, refuri=address, internal=False)
            where = nodes.paragraph(
                "", "This picture moves in the online edition: ", link, nodes.Text(".")
            )
            where["classes"].append("explorer-online")
            explorer.parent.insert(explorer.parent.index(explorer) + 1, where)

    def _print_once(self, tree: nodes.Node) -> None:
        """An explorer that moves on several pages is a picture on the last of them alone."""
        last: dict[str, nodes.raw] = {}
        for explorer in list(tree.findall(nodes.raw)):
            if "explorer" in explorer["classes"]:
                if (earlier := last.get(explorer["anchor"])) is not None:
                    earlier.parent.remove(earlier)
                last[explorer["anchor"]] = explorer

    def assemble_toc_secnumbers(self) -> dict[str, dict[str, tuple[int, ...]]]:
        return {
            self.config.root_doc: {
                f"{docname}/{anchor and '#' + unique(docname, anchor[1:])}": number
                for docname, numbers in self.env.toc_secnumbers.items()
                for anchor, number in numbers.items()
            }
        }

    def assemble_toc_fignumbers(self) -> dict[str, dict[str, dict[str, tuple[int, ...]]]]:
        return {
            self.config.root_doc: {
                f"{docname}/{kind}": {unique(docname, name): n for name, n in numbers.items()}
                for docname, kinds in self.env.toc_fignumbers.items()
                for kind, numbers in kinds.items()
            }
        }

    def get_doc_context(self, docname: str, body: str, metatags: str) -> dict[str, Any]:
        context = super().get_doc_context(docname, body, metatags)
        contents = global_toctree_for_doc(
            self.env, docname, self, collapse=False, maxdepth=2, includehidden=True
        )
        if contents is not None:
            self.fix_refuris(contents)
            context["toc"] = self.render_partial(contents)["fragment"]
        context["headers"] = self._running_headers(docname)
        context["fonts"] = FONTS
        context["title"] = self.config.html_title
        context["online"] = self.app.config.html_baseurl
        return context

    def _running_headers(self, root: str) -> list[tuple[str, str]]:
        """The class of each chapter, and what stands above its pages (as a string of CSS)."""
        headers = [("introduction", json.dumps("To the reader"))]
        for docname in sorted(self.env.all_docs):
            number = ".".join(map(str, self._number(root, docname)))
            title = self.env.titles[docname].astext()
            text = json.dumps(f"{number}. {title}" if number else title, ensure_ascii=False)
            headers.append((name_of(docname), text))
        return headers

    def _number(self, root: str, docname: str) -> tuple[int, ...]:
        return self.env.toc_secnumbers.get(root, {}).get(f"{docname}/", ())

    def copy_static_files(self) -> None:
        super().copy_static_files()
        source = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
        target = Path(self.outdir) / "_static" / "fonts"
        target.mkdir(exist_ok=True)
        for name in FONTS:
            shutil.copy2(source / f"{name}.ttf", target)


def _without_galleries(tree: nodes.document) -> None:
    """The contents, which paper has with page numbers, and the heading above where it is alone."""
    for gallery in list(tree.findall(nodes.container)):
        if "gallery" in gallery["classes"]:
            section = gallery.parent
            section.remove(gallery)
            if isinstance(section, nodes.section) and len(section.children) == 1:
                section.parent.remove(section)


def _page(app: Sphinx, page: str, template: str, context: Any, doctree: Any) -> str | None:
    if app.builder.name != "singlehtml" or doctree is None:
        return None
    wanted = (*EXPLORER_SCRIPTS, "tex-mml-chtml.js")
    context["script_files"] = [
        script
        for script in context["script_files"]
        if str(script.filename or "").endswith(wanted)
        or "pictures/" in str(script.filename or "")  # one of an explorer
        or "window.MathJax" in str(script.attributes.get("body", ""))
    ]
    return "print.html"


def _find_templates(app: Sphinx, config: Any) -> None:
    config.templates_path.append(str(Path(__file__).parent / "templates"))


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_builder(PrintEdition, override=True)
    app.connect("config-inited", _find_templates)
    app.connect("html-page-context", _page, priority=900)  # after those that add scripts
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
