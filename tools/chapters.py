"""A chapter and its record: where they live, how they are read, when they match.

A chapter is `book/NAME.md`, a jupytext (MyST) notebook and the only source. Its record is
`tests/records/NAME.ipynb`: the same code cells with the outputs that nbval compares with, no
prose and no images.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbformat import NotebookNode

IMAGE_TYPES = frozenset({"image/png", "image/jpeg", "image/svg+xml", "application/pdf"})


class RecordMismatch(Exception):
    """The record cannot judge the chapter; the message says why and what mends it."""


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


def validated_path(chapter: Path) -> Path:
    return chapter.parent.parent / "_build" / "validated" / f"{chapter.stem}.ipynb"


def mend_command(chapter: Path) -> str:
    return f"make record CHAPTER={chapter.stem}"


def read_chapter(chapter: Path) -> NotebookNode:
    return jupytext.read(chapter, fmt="md:myst")


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def with_expected_outputs(chapter: Path) -> NotebookNode:
    """The chapter as a notebook whose code cells carry the outputs of its record."""
    notebook = read_chapter(chapter)
    path = record_path(chapter)
    mend = f"If the chapter is right, run: {mend_command(chapter)}"
    if not path.exists():
        raise RecordMismatch(f"{chapter.name} has no record at {path.name}. {mend}")
    recorded = code_cells(nbformat.read(path, as_version=4))
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
        cell.outputs = record.outputs
        cell.execution_count = record.execution_count
    if len(cells) != len(recorded):
        raise RecordMismatch(
            f"{chapter.name} has {len(cells)} code cells and its record has {len(recorded)}. {mend}"
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
        yield kept


def write_notebook(notebook: NotebookNode, path: Path) -> None:
    """Write whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    nbformat.write(notebook, partial)
    partial.replace(path)


def conclusions(notebook: NotebookNode, key: str, kind: str) -> list[dict[str, Any]]:
    """What the outputs carry as metadata under `key` and `kind`, in the order of the cells."""
    return [
        output.metadata[key][kind]
        for cell in code_cells(notebook)
        for output in cell.outputs
        if kind in output.get("metadata", {}).get(key, {})
    ]


def _indent(text: str) -> str:
    return "\n".join("    " + line for line in text.splitlines())
