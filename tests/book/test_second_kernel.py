"""Proofs are decided a second time: what is written down, who decides it, what is refused."""

import ast
import copy
import json
import re
import runpy
import subprocess
import sys

import pytest
import sympy as sp
from sympy.external import gmpy

from tools.checks import cross_examination, second_kernel
from tools.run import HOME, pytest_on_chapters
from tools.validate.certificates import as_json, unshown
from tools.validate.chapters import certificates_path, chapters, code_cells, read_chapter
from tools.validate.record import record
from w2s import proof

CHECKER = HOME / "assets" / "check_certificates.py"
CHECK = runpy.run_path(str(CHECKER))["check"]
x, y, z, m = sp.symbols("x y z m")
UNIT = {x: (0, 1)}

#: One of each kind: relations, ends of intervals, ways to show a sign, abbreviations, a relation.
PROVED = {
    "identity": proof.identity((x**2 - 1) / (x - 1), x + 1),
    "modulo": proof.identity(1 / m, m - 1, relation=m**2 - m - 1, of=m),
    "modulo a fraction": proof.identity(
        y / m, (m - 1) * y, relation=z - x, of=m, where={z: m**2 * x - m * x}
    ),
    "abbreviation": proof.identity(z - x, 1 / x, where={z: y + 1 / x, y: x}),
    "positive": proof.positive(x - x * y, {x: (0, 1), y: (0, 1)}),
    "negative": proof.negative(x / y - 1, {y: (0, sp.oo), x: (-y, y)}),
    "end": proof.positive(1 - x * y, {y: (1, sp.oo), x: (0, 1 / y)}),
    "square": proof.nonnegative((2 * x - 1) ** 2 / (1 + x), UNIT),
    "zero": proof.nonpositive(z - x, UNIT, where={z: x}),
    "(1 + Σt)^k": proof.positive(x**2 - x * y + y**2 + 1, {x: (0, sp.oo), y: (0, sp.oo)}),
    "(Σt)^k": proof.positive(x**2 - x * y + y**2, {x: (0, sp.oo), y: (0, sp.oo)}),
    "Sturm": proof.positive(100 * x**2 - 199 * x + 100, {x: (0, sp.oo)}),
    "denominator": proof.positive(1 / (1 - y) - 1 / (1 + x), {x: (0, 1), y: (0, 1)}),
}
NOTES = {name: as_json(certificate) for name, certificate in PROVED.items()}
each = pytest.mark.parametrize("note", NOTES.values(), ids=NOTES)


def outcome(note):
    return second_kernel.decide(note).outcome


def altered(name, **changes):
    return {**copy.deepcopy(NOTES[name]), **changes}


# --- the engines ----------------------------------------------------------------------------------


@each
def test_a_proof_is_confirmed_by_the_second_kernel_and_by_its_evidence(note):
    assert second_kernel.decide(note) == second_kernel.Decision("confirmed")
    CHECK(note)


@each
def test_what_is_written_down_survives_a_file(note):
    assert json.loads(json.dumps(note)) == note


MINUS_X = ["*", "-1", "x"]
NOTHING = ["+", "x", MINUS_X]
REFUTED = {
    "a wrong sign": altered("identity", rhs=["+", "-1", "x"]),
    "a wrong number": altered("identity", rhs=["+", "2", "x"]),
    "a wrong relation": altered(
        "modulo", modulo=["m", ["+", "1", ["^", "m", 2], ["*", "-1", "m"]]]
    ),
    "a denominator that is 0": altered("identity", lhs=["^", NOTHING, -1], rhs=["^", NOTHING, -1]),
    "a denominator that is 0 where the relation holds": altered(
        "modulo",
        lhs=["^", NOTES["modulo"]["modulo"][1], -1],
        rhs=["^", NOTES["modulo"]["modulo"][1], -1],
    ),
    "an exception that is not told": altered("identity", exceptions=[]),
    "an exception that excepts all": altered("identity", exceptions=[NOTHING]),
    "an abbreviation for something else": altered(
        "abbreviation", where=[["z", ["+", "y", "x"]], ["y", "x"]]
    ),
    "the other side": altered("positive", relation="<"),
    "strict where it may vanish": altered("square", relation=">"),
    "strict where it is 0": altered("zero", relation="<"),
    "a wider region": altered("positive", region=[["x", "0", "oo"], ["y", "0", "2"]]),
    "an end moved out": altered(
        "end", region=[["y", "1", "oo"], ["x", "0", ["*", "2", ["^", "y", -1]]]]
    ),
    "an empty region": altered("positive", region=[["x", "1", "1"], ["y", "0", "1"]]),
    "a pole in the region": altered("denominator", region=[["x", "-2", "1"], ["y", "0", "1"]]),
    "a pole that cancels": altered(
        "positive", lhs=["*", ["+", "x", "-1/2"], ["^", ["+", "x", "-1/2"], -1]]
    ),
    "a pole in the region's end": altered(
        "positive", region=[["x", "0", ["^", NOTHING, -1]], ["y", "0", "1"]]
    ),
    "a name of which the region says nothing": altered("positive", region=[["x", "0", "1"]]),
}


@pytest.mark.parametrize("note", REFUTED.values(), ids=REFUTED)
def test_what_is_false_is_refuted(note):
    assert outcome(note) == "refuted"


UNREADABLE = {
    "an unknown operation": altered("positive", lhs=["sin", "x"]),
    "no number": altered("positive", lhs=["+", 1.5, "x"]),
    "an unknown relation": altered("positive", relation="≈"),
    "a name with two meanings": altered("positive", where=[["x", "2"]]),
    "a relation that restricts nothing": altered("modulo", modulo=["m", ["+", "x", "1"]]),
    "no region": {key: part for key, part in NOTES["positive"].items() if key != "region"},
}


@pytest.mark.parametrize("note", UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_not_confirmed(note):
    (complaint,) = second_kernel.not_confirmed({"small": [{**note, "cell": 7}]})
    assert complaint.startswith("small.md, cell 7: refused, ")


def test_where_z3_gives_up_the_factors_decide(monkeypatch):
    def give_up(region, claim, why):
        raise second_kernel._NotConfirmed("undecided", "z3 gives up")

    monkeypatch.setattr(second_kernel._Region, "refuse", give_up)
    for name in ("positive", "negative", "square", "(1 + Σt)^k", "Sturm", "denominator"):
        assert outcome(NOTES[name]) == "confirmed"
    assert outcome(REFUTED["the other side"]) == "refuted"
    for name in ("strict where it may vanish", "a wider region", "a pole in the region"):
        assert outcome(REFUTED[name]) == "undecided"


def test_z3_gives_up_at_the_same_point_on_any_machine():
    assert {second_kernel.decide(NOTES["positive"], 50).outcome for _ in range(3)} == {"undecided"}


def test_the_second_kernel_has_nothing_of_the_first():
    code = "import sys, tools.checks.second_kernel; print(*sorted(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], cwd=HOME, capture_output=True, text=True)
    loaded = {name.split(".")[0] for name in run.stdout.split()}
    assert {"z3", "flint"} <= loaded
    assert not loaded & {"sympy", "w2s", "mpmath"}


# --- both kernels ---------------------------------------------------------------------------------


def test_a_statement_is_altered_in_each_of_the_ways():
    note = NOTES["positive"]  # x - x y
    kinds = list(cross_examination.altered(note))
    assert len(kinds) == len({json.dumps(kind) for kind in kinds})
    assert [kind["relation"] for kind in kinds].count("<") == 1
    regions = [kind["region"] for kind in kinds if kind["region"] != note["region"]]
    moved = {(name, str(low), high) for region in regions for name, low, high in region}
    for name in "xy":
        assert {(name, "0", "oo"), (name, "['+', '0', '-1']", "1"), (name, "1", "0")} <= moved
    assert [kind["rhs"] for kind in kinds].count(note["lhs"]) == 1
    sides = [str(kind["lhs"]) for kind in kinds if kind["lhs"] != note["lhs"]]
    assert "['+', 'x', ['*', '-1', ['*', '-1', 'x', 'y']]]" in sides  # a sign
    assert "['+', 'x', ['*', ['*', '2', '-1'], 'x', 'y']]" in sides  # a number


def test_altered_statements_are_spread_over_the_book_and_always_the_same():
    few = cross_examination.chosen(NOTES.values(), 20)
    assert few == cross_examination.chosen(NOTES.values(), 20)
    assert {note["said"] for note in few} == {note["said"] for note in NOTES.values()}
    assert len(few) == 20


def test_the_kernels_do_not_contradict_each_other():
    found = [
        cross_examination.examine(wrong)
        for name in ("identity", "modulo", "positive", "end", "square", "zero")
        for wrong in cross_examination.altered(NOTES[name])
    ]
    assert [words for _, words in found if words] == []
    outcomes = {outcome for outcome, _ in found}
    assert {"refused, refuted", "accepted, confirmed"} <= outcomes
    assert "accepted, refuted" not in outcomes


def believing(expression, region, where):
    """A broken first kernel: it proves whatever it is given."""
    bounds = tuple((symbol, *ends) for symbol, ends in region.items())
    return proof.Certificate(expression, ">", sp.S(0), bounds, "", (), None, tuple(where.items()))


def test_a_broken_kernel_is_seen_by_the_other(monkeypatch):
    wrong = altered("positive", rhs="1")
    assert cross_examination.examine(wrong) == ("refused, refuted", "")
    with monkeypatch.context() as broken:
        broken.setitem(cross_examination._PROVERS, ">", lambda *its, **own: believing(*its, **own))
        outcome, words = cross_examination.examine(wrong)
        assert outcome == "accepted, refuted"
        assert "it is false at a point of the region" in words
    monkeypatch.setattr(cross_examination, "decide", lambda *_: second_kernel.Decision("confirmed"))
    outcome, words = cross_examination.examine(wrong)
    assert outcome == "refused, confirmed"
    assert words == "-x*y + x - 1 <= 0 for 0 < x < 1, 0 < y < 1"
    assert "not an identity" in cross_examination.examine(REFUTED["a wrong number"])[1]


def test_what_fails_the_spot_check_is_a_contradiction(monkeypatch):
    def proves_what_is_false(*_, **__):
        raise AssertionError("false at x = 1")

    monkeypatch.setattr(proof, "identity", proves_what_is_false)
    assert cross_examination.examine(NOTES["identity"]) == ("accepted and false", "false at x = 1")


# --- the evidence, by Python alone ----------------------------------------------------------------

TAMPERED = {
    **{name: REFUTED[name] for name in REFUTED if "exception" not in name},
    **UNREADABLE,
    "another factor": altered(
        "positive", evidence=[*NOTES["positive"]["evidence"][:-1], ["", ["+", "2", "t_2"]]]
    ),
    "a factor less": altered("positive", evidence=NOTES["positive"]["evidence"][:-1]),
    "another map": altered(
        "Sturm", evidence=[["", ["=", "x", ["+", "1", "t_1"]]], *NOTES["Sturm"]["evidence"][1:]]
    ),
    "no map": altered("Sturm", evidence=NOTES["Sturm"]["evidence"][1:]),
    "a name for t": altered("Sturm", region=[["t_1", "0", "oo"]], lhs="t_1"),
}


@pytest.mark.parametrize("note", TAMPERED.values(), ids=TAMPERED)
def test_evidence_that_does_not_show_it_is_refused(note):
    with pytest.raises(
        (AssertionError, AttributeError, LookupError, TypeError, ValueError, StopIteration)
    ):
        CHECK(note)


def test_the_checker_is_short_and_imports_no_package():
    tree = ast.parse(CHECKER.read_text("utf-8"))
    assert {name.split(".")[0] for name in imported(tree)} <= sys.stdlib_module_names
    begin = tree.body[0].end_lineno
    lines = [line.strip() for line in CHECKER.read_text("utf-8").splitlines()[begin:]]
    assert len([line for line in lines if line and not line.startswith("#")]) < 100


def test_the_checker_runs_alone_and_names_what_it_refuses():
    def told(*notes):
        command = [sys.executable, "-I", "-S", str(CHECKER)]
        text = json.dumps({"small": [{**note, "cell": 7} for note in notes]})
        run = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        return run.returncode, run.stdout.splitlines(), run.stderr

    code, lines, _ = told(*NOTES.values())
    assert code == 0
    assert lines[0] == f"small, cell 7: {NOTES['identity']['said']}"
    assert lines[len(NOTES) :] == ["The evidence shows each of them."]
    code, lines, error = told(NOTES["identity"], TAMPERED["a factor less"])
    assert code == 1
    assert lines[-1] == f"small, cell 7: {NOTES['positive']['said']}"
    assert "AssertionError: a factor is missing" in error


# --- what is written down -------------------------------------------------------------------------


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


def certificate(lhs):
    return proof.Certificate(lhs, "=", sp.S(0), (), "", ())


@pytest.mark.parametrize(
    ("lhs", "complaint"),
    [
        (
            x + sp.Symbol("x", positive=True),
            "two different symbols of a statement are both called x",
        ),
        (sp.Symbol("2"), "a symbol must not be called 2, which is a number"),
        (sp.sqrt(x), "sqrt(x) is no name, no number"),
        (sp.Float(0.5), "is no name, no number"),
    ],
)
def test_a_statement_that_cannot_be_written_unmistakably_is_refused(lhs, complaint):
    with pytest.raises(ValueError, match=re.escape(complaint)):
        as_json(certificate(lhs))


def test_entries_of_a_matrix_and_assumptions_are_written_down():
    entry, positive = sp.MatrixSymbol("A", 2, 2)[0, 1], sp.Symbol("p", positive=True)
    note = as_json(proof.identity(entry / positive, positive ** (-1) * entry))
    assert note["lhs"] == ["*", ["^", "p", -1], "A[0, 1]"]
    assert note["assumed"] == {"p": ">"}
    assert note["exceptions"] == []
    assert outcome(note) == "confirmed"
    assert outcome({**note, "assumed": {}}) == "refuted"  # p may be 0, and no exception says so


FRONT_MATTER = (HOME / "tests" / "small_book" / "book" / "small.md").read_text("utf-8")
SHOWN = """
```{code-cell} ipython3
import sympy as sp
from sympy.external import gmpy

from w2s import proof
from w2s.page import show

x = sp.Symbol("x")
gmpy.GROUND_TYPES
```

```{code-cell} ipython3
seen = proof.positive(x, {x: (0, 1)})
unseen = proof.negative(x, {x: (-1, 0)})
```

```{code-cell} ipython3
show(seen)
```
"""


@pytest.mark.slow
def test_a_chapter_shows_what_it_proves_and_leaves_it_to_be_decided(tmp_path, capfd, monkeypatch):
    monkeypatch.setenv("SYMPY_GROUND_TYPES", "flint")  # of a person who prefers it
    chapter = tmp_path / "book" / "small.md"
    chapter.parent.mkdir()
    chapter.write_text(FRONT_MATTER.split("(ch-small)=")[0] + "# Small\n" + SHOWN, "utf-8")
    assert record(tmp_path, ["small"]) == 0
    assert pytest_on_chapters(tmp_path, [chapter]) == 1
    told = "small.md, cell 1: proved and nowhere shown: x < 0 for -1 < x < 0. Show it"
    assert told in capfd.readouterr().out
    assert not certificates_path(chapter).exists()
    # Shown, it is validated, and what it proves stands beside its outputs.
    chapter.write_text(chapter.read_text("utf-8").replace("show(seen)", "show(seen, unseen)"))
    assert record(tmp_path, ["small"]) == 0
    assert pytest_on_chapters(tmp_path, [chapter]) == 0, capfd.readouterr().out
    (first, second) = second_kernel.certificates(tmp_path)["small"]
    assert (first["cell"], first["shown"], first["lhs"]) == (1, [2], "x")
    assert (second["cell"], second["shown"], second["relation"]) == (1, [2], "<")
    assert outcome(first) == outcome(second) == "confirmed"
    assert sorted(path.name for path in certificates_path(chapter).parent.iterdir()) == [
        "small.certificates.json",
        "small.ipynb",
    ]
    # With Python's numbers and not with those of the second kernel.
    assert "'python'" in (tmp_path / "tests" / "records" / "small.ipynb").read_text("utf-8")


def test_a_proof_that_is_not_shown_is_told_with_its_cell(tmp_path):
    notes = [{"cell": 3, "shown": [4], "said": "x > 0"}, {"cell": 5, "shown": [], "said": "y > 0"}]
    (tmp_path / "notes").write_text(json.dumps(notes))
    (told,) = unshown(tmp_path / "notes")
    assert told == "cell 5: proved and nowhere shown: y > 0. Show it with w2s.page.show"


# --- the command ----------------------------------------------------------------------------------


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A book of one chapter, validated; the altered statements are examined elsewhere."""
    chapter = tmp_path / "book" / "small.md"
    chapter.parent.mkdir()
    chapter.write_text(FRONT_MATTER, "utf-8")
    certificates_path(chapter).parent.mkdir(parents=True)
    examined = [("refused, refuted", "")] * second_kernel.ALTERED
    monkeypatch.setattr(cross_examination, "cross_examine", lambda *_: examined)
    monkeypatch.setattr(sys, "argv", ["second_kernel", "--root", str(tmp_path)])

    def settle(*notes):
        text = json.dumps([{**note, "cell": 7, "shown": [7]} for note in notes])
        certificates_path(chapter).write_text(text, "utf-8")
        return second_kernel.main(), json.loads((tmp_path / "_build" / "kernel.json").read_text())

    return settle, examined


def test_the_command_reports_what_it_settled(book, capsys):
    settle, _ = book
    code, report = settle(*NOTES.values())
    assert code == 0
    counts = ("certificates", "confirmed", "evident", "mutants", "contradictions")
    n = len(NOTES)
    assert [report[key] for key in counts] == [n, n, n, second_kernel.ALTERED, 0]
    assert set(report["engines"]) == {"z3", "FLINT"}
    assert capsys.readouterr().err == ""


def test_the_command_fails_and_names_what_is_not_settled(book, capsys):
    settle, examined = book
    code, report = settle(NOTES["positive"], REFUTED["a wider region"])
    assert code == 1
    assert (report["certificates"], report["confirmed"], report["evident"]) == (2, 1, 1)
    said = NOTES["positive"]["said"]
    told = (
        "small.md, cell 7: refuted by the second kernel, z3: it is false at a point of the region"
    )
    assert f"{told}: {said}\n" in capsys.readouterr().err
    examined[0] = ("accepted, refuted", "x > 0: z3 says no")
    code, report = settle(NOTES["positive"])
    assert (code, report["contradictions"]) == (1, 1)
    assert capsys.readouterr().err == "accepted, refuted: x > 0: z3 says no\n"
    del examined[:2]
    assert settle(NOTES["positive"])[0] == 1
    assert "of the book's statements only 510 could be altered" in capsys.readouterr().err


def test_the_command_names_the_chapter_that_was_not_validated(book, capsys):
    assert second_kernel.main() == 1
    assert capsys.readouterr().err == (
        "there are no certificates of small: the validation leaves them. Run: make book\n"
    )


# --- the book -------------------------------------------------------------------------------------


def test_sympy_calculates_with_pythons_own_numbers():
    assert gmpy.GROUND_TYPES == "python"


@pytest.mark.parametrize(
    "path", [*chapters(HOME), *(HOME / "w2s").rglob("*.py")], ids=lambda p: p.stem
)
def test_no_chapter_and_no_module_imports_the_second_kernels_engines(path):
    text = path.read_text("utf-8")
    if path.suffix == ".md":
        text = "\n".join(cell.source for cell in code_cells(read_chapter(path)))
    assert not {name.split(".")[0] for name in imported(ast.parse(text))} & {"z3", "flint", "tools"}


def test_make_test_decides_again_what_the_chapters_proved():
    makefile = (HOME / "Makefile").read_text("utf-8")
    recipe = makefile.partition("\ntest:")[2].partition("\n\n")[0]
    assert recipe.strip().endswith("-m tools.checks.second_kernel)")
