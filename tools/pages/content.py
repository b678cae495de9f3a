"""What pages show of the chapters besides their text: pictures, errata, seconds, versions.

Everything is read from the chapters, from their validated outputs in `_build/validated/` and from
the installed packages, so nothing is written down twice. Sphinx comes in with
`tools/pages/book_extension.py`.
"""

from __future__ import annotations

import platform
import re
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import yaml
from nbformat import NotebookNode

from tools.validate.chapters import (
    code_cells,
    conclusions,
    is_chapter,
    read_notebook,
    validated_path,
)


@dataclass(frozen=True)
class Part:
    """A part of the book and the pages in it, in the order of `_toc.yml`."""

    caption: str
    pages: list[Path]


def parts(root: Path) -> list[Part]:
    contents = yaml.safe_load((root / "_toc.yml").read_text("utf-8"))
    groups = contents.get("parts", [contents])
    return [
        Part(group.get("caption", ""), [root / f"{page['file']}.md" for page in group["chapters"]])
        for group in groups
    ]


def chapters_in_order(root: Path) -> list[Path]:
    pages = [page for part in parts(root) for page in part.pages]
    return [page for page in pages if page.exists() and is_chapter(page)]


# --- conclusions ----------------------------------------------------------------------------------


def concluded(root: Path, kind: str) -> list[dict[str, Any]]:
    """Every verdict, erratum or completion of the validated chapters, with its chapter's title."""
    found = []
    for chapter in chapters_in_order(root):
        if validated_path(chapter).exists():
            title = head(chapter).title
            notebook = read_notebook(validated_path(chapter))
            found += [{**one, "chapter": title} for one in conclusions(notebook, kind)]
    return found


def erratum_label(where: str, kind: str = "erratum") -> str:
    """The label of an entry on the page of errata: `erratum-theorem-8-hypotheses`."""
    return f"{kind}-" + re.sub(r"[^a-z0-9]+", "-", where.lower()).strip("-")


# --- the head of a chapter ------------------------------------------------------------------------

_TITLE = re.compile(r"^# (.+)$", re.MULTILINE)
_QUESTION = re.compile(r"^```\{admonition\} The question\n:class: tip\n(.+?)\n```$", re.M | re.S)
_PICTURE = re.compile(r"^```\{picture\} (\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Head:
    """How a chapter opens. A plain page has a title only."""

    title: str
    question: str
    picture: str


def head(page: Path) -> Head:
    text = page.read_text("utf-8").partition("{code-cell}")[0]
    found = [pattern.search(text) for pattern in (_TITLE, _QUESTION, _PICTURE)]
    return Head(*(" ".join(match.group(1).split()) if match else "" for match in found))


_CODE_CELL = re.compile(r"^```\{code-cell\}.*?^```$", re.MULTILINE | re.DOTALL)
_DISPLAYED = re.compile(r"\$\$.*?\$\$", re.DOTALL)


#: What a reader may leave out: a section so headed, up to the next heading of its rank.
_SIDE_ROAD = re.compile(
    r"^## Side road: .*?(?=^## |\Z)|^### Side road: .*?(?=^#{2,3} |\Z)", re.MULTILINE | re.DOTALL
)


def reading_minutes(page: Path, *, side_roads: bool = True) -> int:
    """In steps of five: a hundred words a minute, a formula being a word.

    Half a minute for a code cell and for a displayed formula. Exercises, folded and hidden cells,
    and what follows the exercises are not counted.
    """
    text = page.read_text("utf-8").partition("\n---\n")[2].partition("\n## Exercises")[0]
    text = text if side_roads else _SIDE_ROAD.sub("", text)
    shown = [cell for cell in _CODE_CELL.findall(text) if "-input]" not in cell]
    prose = _CODE_CELL.sub("", text)
    displayed = _DISPLAYED.findall(prose)
    prose = re.sub(r"\$[^$]+\$|\{[\w:]+\}`[^`]*`", "word", _DISPLAYED.sub("", prose))
    words = len(re.findall(r"[^\W\d_]+", prose))
    return max(5, 5 * round((words / 100 + (len(shown) + len(displayed)) / 2) / 5))


# --- pictures -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Figure:
    svg: str
    png: bytes
    alt: str


def figures(notebook: NotebookNode) -> dict[str, Figure]:
    """The named figures of an executed chapter."""
    found = {}
    for cell in code_cells(notebook):
        options = cell.metadata.get("mystnb", {})
        name = options.get("figure", {}).get("name")
        outputs = [output.get("data", {}) for output in cell.outputs]
        images = [data for data in outputs if {"image/svg+xml", "image/png"} <= set(data)]
        if name and images:
            alt = " ".join(options.get("image", {}).get("alt", "").split())
            svg, png = images[-1]["image/svg+xml"], b64decode(images[-1]["image/png"])
            found[name] = Figure(svg, png, alt)
    return found


def figure(root: Path, chapter: Path, name: str) -> Figure:
    """One figure of a validated chapter; a ValueError says which there are."""
    path = validated_path(root / "book" / chapter.name)
    there_are = figures(read_notebook(path)) if path.exists() else {}
    if name not in there_are:
        known = ", ".join(there_are) or "none"
        raise ValueError(f"{chapter.name} has no validated figure {name!r}; there are: {known}")
    return there_are[name]


def picture(root: Path, name: str, svg: str) -> str:
    """Write a figure into `_build/pictures/`; returns where, as Sphinx names it."""
    target = root / "_build" / "pictures" / f"{name}.svg"
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists() or target.read_text("utf-8") != svg:
        target.write_text(svg, "utf-8")  # else every draft would read its page again
    return f"/_build/pictures/{target.name}"


# --- execution ------------------------------------------------------------------------------------


def executions(root: Path) -> Iterator[tuple[Path, int, float]]:
    """Chapter, number of code cells, and the seconds that its validation took."""
    for chapter in chapters_in_order(root):
        path = validated_path(chapter)
        if path.exists():
            notebook = read_notebook(path)
            cells = code_cells(notebook)
            yield chapter, len(cells), float(notebook.metadata["execution_seconds"])


def versions(requirements: Path) -> dict[str, list[tuple[str, str]]]:
    """The installed version of each package that `requirements.in` names, by its headings."""
    heading, found = "", {"": [("Python", platform.python_version())]}
    for line in requirements.read_text("utf-8").splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        elif line.strip():
            name = re.split(r"[><=\[ ]", line)[0]
            try:
                found.setdefault(heading, []).append((name, version(name)))
            except PackageNotFoundError:  # a reader's own environment may lack the test tools
                continue
    return found
