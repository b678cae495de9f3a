"""A chapter and its record: where they live, how they are read, when they match.

A chapter is `book/NAME.md`, a jupytext (MyST) notebook and the only source. Its record is
`tests/records/NAME.ipynb`: the same code cells with the outputs that nbval compares with, no
prose and no images.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbformat import NotebookNode

from tools.run import HOME
from tools.validate.figures import NUMBERS

#: The key of `w2s.verdicts` in an output's metadata (a test compares; importing it takes SymPy).
CONCLUSIONS = "w2s"
IMAGE_TYPES = frozenset({"image/png", "image/jpeg", "image/svg+xml", "application/pdf"})
#: What an output may consist of: text, which nbval compares, and the picture that it describes.
PICTURES = frozenset({"image/png", "image/svg+xml"})
SHOWN_TYPES = PICTURES | {"text/plain", "text/markdown", "text/latex", "text/html"}
#: How the words for a figure begin (`tools/validate/figures.py`)
DRAWN = "<Figure size "
#: All that a cell may ask for: its code hidden or folded, and how its picture is presented.
OPTIONS = frozenset(
    {
        *("tags: remove-input", "tags: hide-input"),
        *("mystnb: figure: caption", "mystnb: figure: name", "mystnb: image: alt"),
    }
)
#: What a link may point to: `(label)=`, `:label: LABEL`, and `name: LABEL` of a figure
_LABEL = re.compile(r"^\((\S+)\)=\s*$|^\s*:?(?:label|name):\s*(\S+)\s*$", re.MULTILINE)


class RecordMismatch(Exception):
    """Chapter and record do not belong together; the message says why and what mends it."""


def is_chapter(path: Path) -> bool:
    """Whether `path` is a MyST notebook (its front matter names jupytext) and not a plain page."""
    if path.suffix != ".md":
        return False
    lines = path.read_text(encoding="utf-8").splitlines()
    if not lines or lines[0].strip() != "---":
        return False
    front_matter = lines[1 : lines.index("---", 1)] if "---" in lines[1:] else []
    return any(line.startswith("jupytext:") for line in front_matter)


def chapters(root: Path) -> list[Path]:
    """Every chapter of the book below `root`, by name."""
    return sorted(path for path in (root / "book").glob("*.md") if is_chapter(path))


def record_path(chapter: Path) -> Path:
    return chapter.parent.parent / "tests" / "records" / f"{chapter.stem}.ipynb"


def orphan_records(root: Path) -> list[Path]:
    """Records whose chapter does not exist (any more)."""
    expected = {record_path(chapter) for chapter in chapters(root)}
    return sorted(set((root / "tests" / "records").glob("*.ipynb")) - expected)


def validated_path(chapter: Path) -> Path:
    return chapter.parent.parent / "_build" / "validated" / f"{chapter.stem}.ipynb"


def certificates_path(chapter: Path) -> Path:
    """Where the validation leaves what the chapter proves; see `tools.validate.certificates`."""
    return validated_path(chapter).with_suffix(".certificates.json")


def sources_of(chapter: Path) -> str:
    """A digest of all that a chapter's validated outputs depend on, its prose left out."""
    root = chapter.parent.parent
    digest = hashlib.sha256(sys.version.encode())
    for cell in code_cells(read_chapter(chapter)):
        digest.update(json.dumps([cell.source, cell.metadata], sort_keys=True).encode())
    tools = sorted((HOME / "tools" / "validate").glob("*.py"))
    files = [record_path(chapter), HOME / "requirements.txt", HOME / "tools" / "run.py", *tools]
    files += sorted((root / "book").glob("*.py")) + sorted((HOME / "w2s").rglob("*.py"))
    for path in files:
        digest.update(path.read_bytes() if path.exists() else b"")
    return digest.hexdigest()


def is_validated(chapter: Path) -> bool:
    """Whether `_build/validated/` holds the outputs of the chapter as it is now."""
    try:
        outcome = read_notebook(validated_path(chapter))
    except Exception:  # none, or one that another version wrote
        return False
    known = certificates_path(chapter).exists()
    return known and bool(outcome.metadata.get("sources") == sources_of(chapter))


def mend_command(chapter: Path) -> str:
    return f"make record CHAPTER={chapter.stem}"


def read_chapter(chapter: Path) -> NotebookNode:
    notebook = jupytext.read(chapter, fmt="md:myst")
    if not code_cells(notebook):
        raise RecordMismatch(
            f"{chapter.name} has the front matter of a chapter and no code cell, so there is "
            f"nothing to validate. Add one and run: {mend_command(chapter)}; or make it a plain "
            "page by removing its front matter"
        )
    if doors := list(_doors(notebook)):
        raise RecordMismatch("\n".join(f"{chapter.name}{door}" for door in doors))
    return notebook


def _doors(notebook: NotebookNode) -> Iterator[str]:
    """What would execute, show or hide otherwise than the validation sees it, and where it stands.

    Front matter and options by which MyST-NB, Jupytext and nbval skip a cell or its outputs, and
    whatever IPython, not Python, reads: `%%capture`, `!ls`, `name?`.
    """
    for key in sorted(set(notebook.metadata) - {"jupytext", "kernelspec"}):
        yield f": its front matter may name jupytext and kernelspec only, not {key!r}. Remove it"
    number = -1
    for cell in notebook.cells:
        if cell.cell_type != "code":
            if cell.cell_type != "markdown" or cell.metadata:
                options = f" with {json.dumps(cell.metadata)}" if cell.metadata else ""
                yield f", after cell {number}: text is plain MyST, not a {cell.cell_type} cell" + (
                    f"{options}. Remove the line with +++ or the directive"
                )
            continue
        number += 1
        for option in sorted(_options(cell.metadata) - OPTIONS):
            yield (
                f", cell {number}: {option!r} is no option of a chapter's cell, whose code is "
                "executed and whose outputs are compared and shown. Remove it; there are: "
                + ", ".join(sorted(OPTIONS))
            )
        try:
            ast.parse(cell.source)
        except SyntaxError as error:
            yield (
                f", cell {number}, line {error.lineno}: this is not plain Python ({error.msg}), "
                f"and magics may hide outputs:\n{_indent((error.text or '').rstrip())}"
            )


def _options(metadata: Any, prefix: str = "") -> set[str]:
    """A cell's options as paths, such as `mystnb: figure: name` or `tags: hide-input`."""
    if isinstance(metadata, dict):
        return set().union(*(_options(value, f"{prefix}{k}: ") for k, value in metadata.items()))
    if isinstance(metadata, list):
        return {f"{prefix}{entry}" for entry in metadata}
    return {prefix.removesuffix(": ")}


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def with_expected_outputs(chapter: Path) -> NotebookNode:
    """The chapter as a notebook whose code cells carry the outputs of its record."""
    notebook = read_chapter(chapter)
    path = record_path(chapter)
    mend = f"If the chapter is right, run: {mend_command(chapter)}"
    if not path.exists():
        raise RecordMismatch(f"{chapter.name} has no record tests/records/{path.name}. {mend}")
    try:
        recorded = code_cells(read_notebook(path))
    except Exception as error:  # nbformat raises a different class for each way to be broken
        raise RecordMismatch(
            f"{chapter.name}: its record {path.name} cannot be read: {error}. {mend}"
        ) from None
    cells = code_cells(notebook)
    for number, (cell, record) in enumerate(zip(cells, recorded, strict=False)):
        if cell.source != record.source:
            raise RecordMismatch(
                f"{chapter.name}, cell {number}: its code is not the code in its record.\n"
                f"chapter:\n{_indent(cell.source)}\nrecord:\n{_indent(record.source)}\n{mend}"
            )
        if record.execution_count is None:
            raise RecordMismatch(
                f"{chapter.name}, cell {number}: its record was never run, so nothing would be "
                f"compared:\n{_indent(cell.source)}\n{mend}"
            )
        for output in record.outputs:
            if output.output_type == "error" or output.get("name") == "stderr":
                raise RecordMismatch(
                    f"{chapter.name}, cell {number}: its record holds an error or what was written "
                    f"to stderr, which no page shows. {mend}"
                )
        cell.outputs = record.outputs
        cell.execution_count = record.execution_count
    if len(cells) != len(recorded):
        first = min(len(cells), len(recorded))
        longer, which = (cells, "record") if len(cells) > first else (recorded, "chapter")
        raise RecordMismatch(
            f"{chapter.name} has {len(cells)} code cells and its record has {len(recorded)}; "
            f"cell {first} is not in the {which}:\n{_indent(longer[first].source)}\n{mend}"
        )
    return notebook


def strip_to_record(notebook: NotebookNode) -> NotebookNode:
    """What a record keeps of an executed chapter: code cells and their comparable outputs."""
    cells = [
        nbformat.v4.new_code_cell(
            source=cell.source,
            id=f"cell-{number}",
            execution_count=number + 1,
            outputs=list(_comparable(cell.outputs)),
        )
        for number, cell in enumerate(code_cells(notebook))
    ]
    return nbformat.v4.new_notebook(cells=cells)


def _comparable(outputs: list[NotebookNode]) -> Iterator[NotebookNode]:
    for output in outputs:
        kept = NotebookNode(output)
        if "data" in kept:
            kept.data = {k: v for k, v in kept.data.items() if k not in IMAGE_TYPES}
        if "execution_count" in kept:
            kept.execution_count = None
        if "metadata" in kept:
            kept.metadata = {k: v for k, v in kept.metadata.items() if k != NUMBERS}
        yield kept


def read_notebook(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def write_notebook(notebook: NotebookNode, path: Path) -> None:
    """Write whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    nbformat.write(notebook, partial)
    partial.replace(path)


def conclusions(notebook: NotebookNode, kind: str) -> list[dict[str, Any]]:
    """The verdicts (or errata) that the outputs carry as metadata, in the order of the cells."""
    return [
        conclusion
        for cell in code_cells(notebook)
        for output in cell.outputs
        for conclusion in output.get("metadata", {}).get(CONCLUSIONS, {}).get(kind, [])
    ]


def dead_anchors(chapter: Path, executed: NotebookNode) -> list[str]:
    """A complaint for each conclusion of the executed chapter that points at no label of it."""
    labels = {first or second for first, second in _LABEL.findall(chapter.read_text("utf-8"))}
    return [
        f"{chapter.name}, cell {number}: the {kind}'s anchor {conclusion['anchor']!r} is no label "
        f"of the chapter. Write ({conclusion['anchor']})= in front of the cell that decides it, "
        f"or correct the anchor and run: {mend_command(chapter)}"
        for number, cell in enumerate(code_cells(executed))
        for output in cell.outputs
        for kind, found in output.get("metadata", {}).get(CONCLUSIONS, {}).items()
        for conclusion in found
        if conclusion["anchor"] not in labels
    ]


def _indent(text: str) -> str:
    return "\n".join("    " + line for line in text.splitlines())
