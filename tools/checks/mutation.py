"""Plant faults one at a time and see whether the book notices. Hours; not a part of `make test`.

    python -m tools.checks.mutation                 # all, into _build/mutation.json
    python -m tools.checks.mutation --kind region   # one kind

The kinds, their shares and the seed are fixed here, before any run. A fault in a chapter is put
into the chapter and, so that not just the difference of the two is noticed, into its record's code;
the outputs stay what they were. A run goes on where an interrupted one stopped. Libraries for
mutation tests (mutmut, cosmic-ray) alter functions of a package; regions, figures, records and
verdicts are not theirs, so the faults are made here.
"""

from __future__ import annotations

import argparse
import ast
import copy
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import Queue

import numpy as np

from tools.run import HOME, steady_environment
from tools.validate.chapters import chapters, code_cells, read_chapter, read_notebook, record_path

SEED = 20251125
SHARES = {
    "package": 60,
    "formula": 40,
    "argument": 24,
    "region": 24,
    "figure": 30,
    "explorer": 14,
    "read-out": 14,
    "record": 14,
    "table": 14,
    "verdict": 14,
}
#: Faults that change nothing a reader can see or compute, each with its reason; by name.
EQUIVALENT: dict[str, str] = {
    "package: w2s/theory/ridge.py, no. 41": "both branches are the same number, and either keeps "
    "all but two of its bits",
    "package: w2s/theory/marchenko_pastur.py, no. 34": "what is added keeps a 0 out of a "
    "denominator whose quotient is not used",
    "package: w2s/theory/covariance.py, no. 109": "more places than dips are polished, and the "
    "least of all is taken",
    "package: w2s/theory/covariance.py, no. 99": "the same penalties in larger parts",
    "package: w2s/experiments/samplers.py, no. 150": "the other form of the same trial needs more, "
    "and the larger of the two counts",
    "formula: tools, cell 28, no. 5": "an entry that nothing looked up; it is gone",
    "table: tools, cell 26, no. 4": "5 % of an error bar of which one digit is printed",
    "package: w2s/prediction/__init__.py, no. 85": "the columns that multiply the labels sum to 0, "
    "so their mean drops out",
}
REPORT = HOME / "_build" / "mutation.json"
SECONDS = 600
#: Arguments whose change is another experiment or another look, not a fault.
FREE = {"rng", "seed", "trials", "size", "figsize", "linewidth", "markersize", "alpha", "ncols"}
FREE |= {"rtol", "atol", "xtol", "fontsize", "capsize", "zorder", "points", "dpi", "maxsteps"}
PAIRS = (("lam_t", "lam_s"), ("gamma_t", "gamma_s"), ("n_t", "n_s"), ("xlabel", "ylabel"))
NUMBERS = {"sigma2", "zeta", "gamma_t", "gamma_s", "lam_t", "lam_s"}
OPERATORS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}
COMPARISONS = {ast.Lt: ast.GtE, ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.GtE: ast.Lt}
PROOFS = {"positive", "negative", "nonnegative", "nonpositive"}
CONCLUSIONS = {"verdict", "erratum", "completion"}


Alteration = Callable[[], None]
Faults = Callable[[ast.AST], Iterator[Alteration]]


@dataclass(frozen=True)
class Fault:
    """One thing wrong: the file, its text with the fault, and what ought to notice."""

    kind: str
    name: str
    files: tuple[tuple[str, str], ...]
    checks: tuple[tuple[str, ...], ...]


# -- what can be done to a tree of Python -------------------------------------------------------


def _parts(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but those of assertions, seeds, imports and docstrings."""
    for child in ast.iter_child_nodes(tree):
        skipped = isinstance(child, ast.Assert | ast.Import | ast.ImportFrom | ast.JoinedStr)
        skipped |= isinstance(child, ast.keyword) and child.arg in FREE
        skipped |= isinstance(child, ast.Call) and _called(child) in ("default_rng", "spawn")
        if not skipped:
            yield child
            yield from _parts(child)


def _called(call: ast.Call) -> str:
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def formulas(tree: ast.AST) -> Iterator[Alteration]:
    for node in _parts(tree):
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            yield partial(setattr, node, "op", OPERATORS[type(node.op)]())
        if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARISONS:
            yield partial(node.ops.__setitem__, 0, COMPARISONS[type(node.ops[0])]())
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            yield partial(setattr, node, "right", ast.BinOp(node.right, ast.Add(), ast.Constant(1)))


def arguments(tree: ast.AST) -> Iterator[Alteration]:
    def swap(one: ast.keyword, two: ast.keyword) -> None:
        one.value, two.value = two.value, one.value

    def scale(keyword: ast.keyword) -> None:
        keyword.value = ast.BinOp(ast.Constant(1.1), ast.Mult(), keyword.value)

    for node in _parts(tree):
        if isinstance(node, ast.Call):
            named = {keyword.arg: keyword for keyword in node.keywords}
            for one, two in PAIRS:
                if one in named and two in named:
                    yield partial(swap, named[one], named[two])
            for name in [name for name in named if name in NUMBERS]:
                yield partial(scale, named[name])


def regions(tree: ast.AST) -> Iterator[Alteration]:
    def narrow(ends: ast.Tuple, side: int) -> None:
        low, high = (ast.unparse(end) for end in ends.elts)
        inner = f"({low}) + 1" if high.endswith("oo") else f"(({low}) + 2*({high})) / sp.Integer(3)"
        ends.elts[side] = ast.parse(inner, mode="eval").body

    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            for ends in node.values:
                if isinstance(ends, ast.Tuple) and len(ends.elts) == 2:
                    for side in (0, 1):
                        yield partial(narrow, ends, side)


def figures(tree: ast.AST) -> Iterator[Alteration]:
    def scale(call: ast.Call, position: int, factor: float) -> None:
        value = ast.parse(f"{factor} * np.asarray({ast.unparse(call.args[position])})")
        call.args[position] = value.body[0].value  # type: ignore[attr-defined]

    def drop(statement: ast.Expr) -> None:
        statement.value = ast.Constant(None)

    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            if _called(node.value) in ("plot", "errorbar", "fill_between", "axhline", "legend"):
                yield partial(drop, node)
            if _called(node.value) in ("plot", "errorbar") and len(node.value.args) > 1:
                yield partial(scale, node.value, 1, 1.01)
                yield partial(scale, node.value, 1, 2.0)
            if _called(node.value) == "errorbar" and len(node.value.args) > 2:
                yield partial(scale, node.value, 2, 10.0)
        if isinstance(node, ast.keyword) and node.arg in ("xscale", "yscale"):
            yield partial(setattr, node, "value", ast.Constant("linear"))
        if isinstance(node, ast.keyword) and node.arg in ("xlabel", "ylabel", "label"):
            yield partial(setattr, node, "value", ast.Constant("another label"))
        if isinstance(node, ast.Constant) and node.value in ("teacher", "student"):
            other = "student" if node.value == "teacher" else "teacher"
            yield partial(setattr, node, "value", other)


def tables(tree: ast.AST) -> Iterator[Alteration]:
    def scale(node: ast.FormattedValue) -> None:
        node.value = ast.BinOp(ast.Constant(1.05), ast.Mult(), node.value)

    def rotate(node: ast.Dict) -> None:
        node.values = [*node.values[1:], node.values[0]]

    for node in ast.walk(tree):
        if isinstance(node, ast.FormattedValue) and re.search(
            r"\.[1-9]", ast.unparse(node.format_spec or ast.Constant(""))
        ):
            yield partial(scale, node)
        if isinstance(node, ast.Call) and _called(node) == "table":
            for columns in node.args:
                if isinstance(columns, ast.Dict) and len(columns.keys) > 1:
                    yield partial(rotate, columns)


def conclusions(tree: ast.AST) -> Iterator[Alteration]:
    other = {"holds": "fails", "fails": "holds", "holds, corrected": "holds", "stated": "holds"}

    def alter(node: ast.Constant, text: str) -> None:
        swapped = re.sub("teacher|student", "other", text, count=1)
        numbers = re.sub(r"\d", lambda digit: str((int(digit[0]) + 1) % 10), swapped, count=1)
        node.value = other.get(text, numbers if numbers != text else text[1:])

    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and _called(call) in CONCLUSIONS:
            for node in ast.walk(call):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
                    yield partial(alter, node, node.value)


def altered(source: str, faults: Faults) -> list[str]:
    """The source with one fault each; empty where it is no plain Python."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return []
    found = []
    for index, _ in enumerate(faults(tree)):
        mutated = copy.deepcopy(tree)
        list(faults(mutated))[index]()
        text = ast.unparse(ast.fix_missing_locations(mutated))
        if text != ast.unparse(tree):
            found.append(text)
    return found


# -- where faults are planted -------------------------------------------------------------------

IN_CELLS: dict[str, tuple[Callable[[str], bool], Faults]] = {
    "formula": (lambda cell: "plt." not in cell and "table(" not in cell, formulas),
    "argument": (lambda cell: True, arguments),
    "region": (lambda cell: any(f"proof.{name}" in cell for name in PROOFS), regions),
    "figure": (lambda cell: "plt.show()" in cell, figures),
    "table": (lambda cell: "table(" in cell or "print(" in cell, tables),
    "verdict": (lambda cell: any(f"{name}(" in cell for name in CONCLUSIONS), conclusions),
}


def in_cells(kind: str) -> Iterator[Fault]:
    suited, faults = IN_CELLS[kind]
    for chapter in chapters(HOME):
        text, record = chapter.read_text("utf-8"), read_notebook(record_path(chapter))
        for number, cell in enumerate(code_cells(read_chapter(chapter))):
            if not suited(cell.source) or text.count(cell.source) != 1:
                continue
            for index, source in enumerate(altered(cell.source, faults)):
                with_fault = copy.deepcopy(record)
                code_cells(with_fault)[number].source = source
                yield Fault(
                    kind,
                    f"{kind}: {chapter.stem}, cell {number}, no. {index}",
                    (
                        (f"book/{chapter.name}", text.replace(cell.source, source)),
                        (f"tests/records/{chapter.stem}.ipynb", json.dumps(with_fault)),
                    ),
                    (("-p", "tools.validate.nbval_chapters", f"book/{chapter.name}"),),
                )


def in_records() -> Iterator[Fault]:
    for chapter in chapters(HOME):
        text = record_path(chapter).read_text("utf-8")
        outputs = text.index('"outputs"')
        for match in re.finditer(r"(?<=[\w= ~])\d+\.\d+", text[outputs:]):
            start, end = (outputs + at for at in match.span())
            at = next((k for k in range(start, end) if text[k] in "123456789"), None)
            if at is not None and '"source"' not in text[text.rfind('"outputs"', 0, start) : start]:
                wrong = text[:at] + str(int(text[at]) % 9 + 1) + text[at + 1 :]
                yield Fault(
                    "record",
                    f"record: {chapter.stem}, at {start}",
                    ((f"tests/records/{chapter.stem}.ipynb", wrong),),
                    (("-p", "tools.validate.nbval_chapters", f"book/{chapter.name}"),),
                )


def in_package() -> Iterator[Fault]:
    for path in sorted((HOME / "w2s").rglob("*.py")):
        place = path.relative_to(HOME)
        if place.parts[1] in ("page", "__init__.py"):
            continue
        named = [f"tests/package/{test.name}" for test in _tests_of(path)]
        compiled = "tests/book/test_explorers.py"  # which proves the forms that are compiled
        rest = ("-m", "not browser", "--doctest-modules", "tests/package", "w2s", compiled)
        chapters_too = ("-p", "tools.validate.nbval_chapters", "book")
        for index, text in enumerate(altered(path.read_text("utf-8"), formulas)):
            checks = (tuple(named), rest, chapters_too) if named else (rest, chapters_too)
            yield Fault("package", f"package: {place}, no. {index}", ((str(place), text),), checks)


def _tests_of(path: Path) -> list[Path]:
    """The package's tests that speak of this module, those named after it first."""
    tests = sorted((HOME / "tests" / "package").glob("test_*.py"))
    speaking = [test for test in tests if re.search(rf"\b{path.stem}\b", test.read_text("utf-8"))]
    return sorted(speaking, key=lambda test: path.stem not in test.stem)


def in_explorers(kind: str) -> Iterator[Fault]:
    """Formulas and curves (explorer), and the words and numbers beside them (read-out)."""
    swaps = {" + ": " - ", " - ": " + ", " * ": " / ", " / ": " * ", " < ": " >= ", " > ": " <= "}
    words = {"teacher": "student", "student": "teacher", "wins": "loses", "toFixed(": "toFixed(1+"}
    folder = HOME / "tools" / "explorers"
    checks = (("tests/book/test_explorers.py",),)
    for path in sorted({*folder.glob("explorers.py"), *folder.rglob("*.js")}):
        text, place = path.read_text("utf-8"), str(path.relative_to(HOME))
        for old, new in (swaps if kind == "explorer" else words).items():
            for match in re.finditer(re.escape(old), text):
                line = text[text.rfind("\n", 0, match.start()) + 1 :].split("\n", 1)[0].strip()
                if not line.startswith(("//", "#", "*", "/*", "import", "from", '"""')):
                    wrong = text[: match.start()] + new + text[match.end() :]
                    name = f"{kind}: {place}, {old.strip()} at {match.start()}"
                    yield Fault(kind, name, ((place, wrong),), checks)


def chosen(kind: str) -> list[Fault]:
    if kind == "package":
        found = list(in_package())
    elif kind == "record":
        found = list(in_records())
    elif kind in ("explorer", "read-out"):
        found = list(in_explorers(kind))
    else:
        found = list(in_cells(kind))
    rng = np.random.default_rng([SEED, list(SHARES).index(kind)])
    return [found[i] for i in rng.permutation(len(found))[: SHARES[kind]]]


# -- the run ------------------------------------------------------------------------------------


def outcome(fault: Fault, place: Path) -> str:
    """What noticed the fault: the first failing test, or an empty text."""
    before = {name: (place / name).read_text("utf-8") for name, _ in fault.files}
    try:
        for name, text in fault.files:
            (place / name).write_text(text, "utf-8")
        for check in fault.checks:
            command = [sys.executable, "-m", "pytest", "-x", "-q", "-n0", "--tb=no", *check]
            environment = {**os.environ, **steady_environment(), "PYTHONPATH": str(place)}
            try:
                done = subprocess.run(
                    command, cwd=place, env=environment, capture_output=True, text=True,
                    check=False, timeout=SECONDS,
                )  # fmt: skip
            except subprocess.TimeoutExpired:
                return f"no end within {SECONDS} s"
            if done.returncode:
                failed = re.findall(r"^(?:FAILED|ERROR) (\S+(?:::\S+ ?\S*)?)", done.stdout, re.M)
                return failed[0] if failed else (done.stdout + done.stderr)[-200:]
        return ""
    finally:
        for name, text in before.items():
            (place / name).write_text(text, "utf-8")


def run(kinds: list[str], workers: int) -> dict[str, dict[str, str]]:
    found = json.loads(REPORT.read_text("utf-8")) if REPORT.exists() else {}
    ignored = shutil.ignore_patterns(".git", ".venv", "_build", "__pycache__")
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(workers) as pool:
        places: Queue[Path] = Queue()
        for number in range(workers):
            shutil.copytree(HOME, Path(folder, str(number)), ignore=ignored)
            places.put(Path(folder, str(number)))

        def judge(fault: Fault) -> None:
            place = places.get()
            try:
                caught = outcome(fault, place)
            finally:
                places.put(place)
            found[fault.name] = {"kind": fault.kind, "caught by": caught}
            REPORT.write_text(json.dumps(found, indent=1), "utf-8")
            print(f"{fault.name}: {caught or 'NOT CAUGHT'}", flush=True)

        due = [fault for kind in kinds for fault in chosen(kind) if fault.name not in found]
        sound = {check: Fault("", "", (), (check,)) for fault in due for check in fault.checks[-2:]}
        for check, nothing in sound.items():
            if noticed := outcome(nothing, Path(folder, "0")):
                sys.exit(f"without a fault, {' '.join(check)} fails: {noticed}")
        list(pool.map(judge, due))
    return found


def summary(found: dict[str, dict[str, str]]) -> str:
    lines = ["| kind | faults | caught | equivalent | missed |", "|---|---|---|---|---|"]
    for kind in SHARES:
        names = [name for name, one in found.items() if one["kind"] == kind]
        counts = Counter(
            "caught" if found[n]["caught by"] else "equivalent" if n in EQUIVALENT else "missed"
            for n in names
        )
        numbers = [len(names), *(counts[word] for word in ("caught", "equivalent", "missed"))]
        lines.append(f"| {kind} | {' | '.join(map(str, numbers))} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description="Plant faults and see what notices them.")
    parser.add_argument("--kind", action="append", choices=list(SHARES))
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    REPORT.parent.mkdir(exist_ok=True)
    found = run(arguments.kind or list(SHARES), arguments.workers)
    print(summary(found))
    return int(any(not one["caught by"] and n not in EQUIVALENT for n, one in found.items()))


if __name__ == "__main__":
    sys.exit(main())
