"""A pytest plugin: nbval on the book's chapters, judged by their records.

nbval collects `.ipynb` files and finds code and expected outputs in one place. Here the code comes
from `book/NAME.md` and the expected outputs from `tests/records/NAME.ipynb`. A chapter all of whose
cells passed leaves its fresh outputs, images included, in `_build/validated/`: that is what the
site shows. With `--record` nothing is compared and the records are written anew.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Iterator
from difflib import unified_diff
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from nbformat import NotebookNode
from nbval.plugin import IPyNbCell, IPyNbFile, NbCellError, nocolors

from tools.run import prepare_steady_environment, steady_environment
from tools.validate.certificates import PATH, unshown
from tools.validate.chapters import (
    CONCLUSIONS,
    DRAWN,
    IMAGE_TYPES,
    PICTURES,
    SHOWN_TYPES,
    RecordMismatch,
    certificates_path,
    code_cells,
    is_chapter,
    mend_command,
    read_chapter,
    record_path,
    sources_of,
    strip_to_record,
    validated_path,
    with_expected_outputs,
    write_notebook,
)
from tools.validate.figures import NUMBERS, Words, differences
from tools.validate.kernel import START

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_DIFFER = "Cell outputs differ"  # nbval's words


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("chapters").addoption(
        "--record",
        action="store_true",
        help="execute the chapters and write their records instead of comparing",
    )


def pytest_configure(config: pytest.Config) -> None:
    # The kernel of this environment, whatever kernels the machine has registered.
    config.option.nbval_current_env = True
    if not hasattr(config, "workerinput"):
        prepare_steady_environment()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> ChapterFile | None:
    if file_path.parent == parent.config.rootpath / "book" and is_chapter(file_path):
        return ChapterFile.from_parent(parent, path=file_path)
    return None


class ChapterFile(IPyNbFile):
    """One chapter: its cells share a kernel that runs in the chapter's folder."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.skip_compare: tuple[str, ...] = (*IMAGE_TYPES, *self.skip_compare)
        self.recording = self.config.option.record
        self.cells_passed = 0
        self.unheard: list[str] = []
        self.broken_by: int | None = None
        self.seconds = 0.0

    def collect(self) -> Iterator[ChapterCell | ChapterProofs]:
        try:
            self.nb = (
                read_chapter(self.path) if self.recording else with_expected_outputs(self.path)
            )
        except RecordMismatch as mismatch:
            raise self.CollectError(str(mismatch)) from None
        for number, cell in enumerate(code_cells(self.nb)):
            options = {"check": not self.recording, "check_exception": False, "skip": False}
            yield ChapterCell.from_parent(
                self, name=f"cell {number}", cell_num=number, cell=cell, options=options
            )
        if not self.recording:
            yield ChapterProofs.from_parent(self, name="proofs")

    def get_kernel_message(self, timeout: Any = None, stream: str = "iopub") -> Any:
        message = super().get_kernel_message(timeout, stream)
        kind = message["msg_type"]
        if kind in ("clear_output", "update_display_data") or kind.startswith("comm"):
            self.unheard.append(kind)
        return message

    def setup(self) -> None:
        # Not while collecting, which a second run may do while a first one validates.
        for outcome in (validated_path(self.path), certificates_path(self.path)):
            outcome.unlink(missing_ok=True)
        self.proved = certificates_path(self.path).with_suffix(".partial")
        self.proved.parent.mkdir(parents=True, exist_ok=True)
        self.sources = sources_of(self.path)  # before they can change under the validation
        kernel = {**steady_environment(), PATH: str(self.proved)}
        with patch.dict(os.environ, kernel):  # which the kernel inherits
            super().setup()
        reply = self.kernel.kc.execute(START, silent=True, reply=True, timeout=60)["content"]
        if reply["status"] != "ok":
            raise RuntimeError(
                f"{self.path.name}: its kernel cannot be watched: {reply.get('evalue')}"
            )

    def unshown(self) -> list[str]:
        """What the chapter proves and shows nowhere, once all its cells have passed."""
        complete = self.cells_passed == len(code_cells(self.nb)) and not self.recording
        return unshown(self.proved) if complete else []

    def teardown(self) -> None:
        super().teardown()
        if self.cells_passed != len(code_cells(self.nb)) or self.unshown():
            self.proved.unlink(missing_ok=True)
            return
        self.nb.metadata["execution_seconds"] = round(self.seconds, 2)
        if not self.recording:
            self.nb.metadata["sources"] = self.sources
        write_notebook(self.nb, validated_path(self.path))
        self.proved.replace(certificates_path(self.path))
        if self.recording:
            write_notebook(strip_to_record(self.nb), record_path(self.path))


class ChapterCell(IPyNbCell):
    """One code cell: fails on an output that differs, on an error and on anything in stderr."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.colors = nocolors

    def runtest(self) -> None:
        if self.parent.broken_by is not None:
            pytest.skip(f"cell {self.parent.broken_by} broke the chapter off")
        if self.parent.recording:
            self.cell.outputs = []
        begin = time.perf_counter()
        try:
            super().runtest()
        except Exception as error:
            if _DIFFER not in str(error):
                self.parent.broken_by = self.cell_num
            raise
        self._refuse_what_is_not_compared()
        self.parent.seconds += time.perf_counter() - begin
        self._refuse_stderr(self.test_outputs)
        self.cell.execution_count = self.cell_num + 1
        self.cell.outputs = [_storable(output, self.cell_num + 1) for output in self.test_outputs]
        self.parent.cells_passed += 1

    def compare_outputs(self, test: Any, ref: Any, skip_compare: Any = None) -> bool:
        self._refuse_stderr(test)
        if not super().compare_outputs(test, ref, skip_compare):
            return False
        told, recorded = [_conclusions(out) for out in test], [_conclusions(out) for out in ref]
        if told != recorded:
            self.format_output_compare("metadata", str(recorded), str(told))
        return told == recorded

    def _refuse_what_is_not_compared(self) -> None:
        """Outputs change after they were shown, or are of a kind that the record does not hold."""
        if self.parent.unheard:
            kinds = ", ".join(sorted(set(self.parent.unheard)))
            self.parent.unheard.clear()
            self.raise_cell_error(f"The cell changes or animates outputs ({kinds})")
        for output in self.test_outputs:
            data = output.get("data", {})
            if unknown := set(data) - SHOWN_TYPES:
                self.raise_cell_error(f"The cell shows {', '.join(unknown)}, which is not compared")
            if PICTURES & set(data) and not data.get("text/plain", "").startswith(DRAWN):
                self.raise_cell_error("The cell shows a picture that is no figure of Matplotlib")
            if unknown := set(output.get("metadata", {})) - {CONCLUSIONS, NUMBERS}:
                self.raise_cell_error(f"The output carries metadata {', '.join(unknown)}")

    def sanitize(self, s: Any) -> Any:
        """nbval compares what this returns."""
        return Words(s) if isinstance(s, str) and s.startswith(DRAWN) else s

    def format_output_compare(self, key: str, left: Any, right: Any) -> None:
        """Every line that differs; pytest would show the first few."""
        if isinstance(left, Words):
            told: Iterable[str] = differences(left, right)
        else:
            ends = ("recorded", "computed")
            told = unified_diff(str(left).splitlines(), str(right).splitlines(), *ends, lineterm="")
        self.comparison_traceback += [f"mismatch {key!r}", *(f"  {line}" for line in told)]

    def _refuse_stderr(self, outputs: list[NotebookNode]) -> None:
        for output in outputs:
            if output.output_type == "stream" and output.name == "stderr":
                self.raise_cell_error("The cell wrote to stderr", output.text)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> str:
        differs = isinstance(excinfo.value, NbCellError) and _DIFFER in str(excinfo.value)
        advice = "If the new output is right, run" if differs else "Mend the cell, then run"
        report = _COLOUR.sub("", super().repr_failure(excinfo))
        return (
            f"{self.path.name}, cell {self.cell_num}\n{report}\n{advice}: {mend_command(self.path)}"
        )


def _conclusions(output: NotebookNode) -> Any:
    return output.get("metadata", {}).get(CONCLUSIONS)


class ChapterProofs(pytest.Item):
    """Whatever the chapter proves is shown, so that the record holds the claim and its region."""

    parent: ChapterFile

    def runtest(self) -> None:
        if unseen := self.parent.unshown():
            pytest.fail("\n".join(f"{self.path.name}, {proof}" for proof in unseen), pytrace=False)

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, self.name


def _storable(output: NotebookNode, count: int) -> NotebookNode:
    """nbval's view of an output, completed to what the notebook format asks for."""
    if output.output_type == "execute_result":
        output.execution_count = count
    return output
