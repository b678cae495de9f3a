"""The book's structure: what each chapter has, what each record says, what no file contains."""

import ast
import graphlib
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tools.pages.numbered_items import NUMBERED_ITEMS
from tools.run import HOME
from tools.validate.chapters import (
    chapters,
    code_cells,
    conclusions,
    dead_anchors,
    is_chapter,
    orphan_records,
    read_chapter,
    read_notebook,
    record_path,
)
from tools.validate.contradictions import contradictions, lies_in
from w2s.page.verdicts import STATUSES

CHAPTERS = chapters(HOME)
each_chapter = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)


def text_of(chapter):
    return chapter.read_text("utf-8")


def recorded(kind):
    """(chapter, verdict or erratum) for everything that the records conclude."""
    return [
        (chapter.stem, conclusion)
        for chapter in CHAPTERS
        if record_path(chapter).exists()
        for conclusion in conclusions(read_notebook(record_path(chapter)), kind)
    ]


# --- the table of contents ------------------------------------------------------------------------


def test_the_contents_list_each_page_once_and_no_other():
    contents = re.findall(r"(?:root|file): (\S+)", (HOME / "_toc.yml").read_text("utf-8"))
    pages = ["index", "genindex", *(f"book/{path.stem}" for path in (HOME / "book").glob("*.md"))]
    assert sorted(contents) == sorted(pages)


def test_each_chapter_has_a_record_and_each_record_a_chapter():
    assert [chapter.stem for chapter in CHAPTERS if not record_path(chapter).exists()] == []
    assert orphan_records(HOME) == []


def test_there_is_code_in_chapters_only():
    for page in [HOME / "index.md", *(HOME / "book").glob("*.md")]:
        assert ("{code-cell}" in text_of(page)) == is_chapter(page), page.name


# --- a chapter ----------------------------------------------------------------------------------


@each_chapter
def test_a_chapter_opens_with_its_label_its_question_and_what_it_asks_for(chapter):
    text = text_of(chapter)
    body = text.partition("\n---\n")[2].strip()
    label = chapter.stem.replace("_", "-")
    assert re.match(rf"\(ch-{label}\)=\n# \S.*\n\n```{{admonition}} The question\n", body)
    head = body.partition("{code-cell}")[0]
    for promise in ("**You will**", "**You need**"):
        assert promise in head


@each_chapter
def test_a_chapter_ends_with_its_verdict_and_its_exercises(chapter):
    sections = re.findall(r"^## (.+)$", text_of(chapter), re.MULTILINE)
    source = "\n".join(cell.source for cell in code_cells(read_chapter(chapter)))
    audited = re.search(r"\b(?:verdict|erratum|completion)\(", source)
    last = ["Verdict", "Exercises", *["For readers of the paper"] * bool(audited)]
    assert sections[-len(last) :] == last


@each_chapter
def test_code_that_a_page_shows_is_short(chapter):
    """Imports, plots and measurements are folded, not derivations; the import opens no chapter."""
    cells = code_cells(read_chapter(chapter))
    shown = [cell.source for cell in cells if not cell.metadata.get("tags")]
    long = [source.splitlines()[0] for source in shown if len(source.splitlines()) > 20]
    assert not long
    assert not [source for source in shown if source.startswith(("import ", "from "))]
    assert not [source for source in shown if "plt.show()" in source]


@each_chapter
def test_a_chapter_has_a_few_exercises_with_folded_executed_solutions(chapter):
    text = text_of(chapter)
    exercises = re.findall(r"^`{3,}{exercise-start} ★+[^\n]*\n:label: (\S+)\n", text, re.MULTILINE)
    assert 3 <= len(exercises) <= 5
    assert len(exercises) == text.count("{exercise-start}") == text.count("{exercise-end}")
    solutions = re.findall(
        r"^`{3,}{solution-start} (\S+)\n(.*?){solution-end}", text, re.MULTILINE | re.DOTALL
    )
    assert [label for label, _ in solutions] == exercises
    for label, solution in solutions:
        assert solution.startswith(":class: dropdown\n"), label
        assert "{code-cell}" in solution, label


@each_chapter
def test_each_figure_has_a_caption_a_description_and_a_sentence_that_reads_it(chapter):
    record = code_cells(read_notebook(record_path(chapter)))
    for number, cell in enumerate(code_cells(read_chapter(chapter))):
        outputs = record[number].outputs if number < len(record) else []
        drawn = any("<Figure size" in o.get("data", {}).get("text/plain", "") for o in outputs)
        if not drawn and "plt.show()" not in cell.source:
            continue
        options = cell.metadata.get("mystnb", {})
        figure, image = options.get("figure", {}), options.get("image", {})
        assert figure.get("caption"), f"cell {number} has no caption"
        assert len(image.get("alt", "")) > 40, f"cell {number} says too little of what is seen"
        assert f"{{numref}}`{figure['name']}`" in text_of(chapter), f"no sentence reads {figure}"
        assert "plt.show()" in cell.source, f"cell {number} does not end its figure"


@each_chapter
def test_a_conclusion_points_at_a_label_of_its_chapter(chapter):
    assert dead_anchors(chapter, read_notebook(record_path(chapter))) == []


# --- records ------------------------------------------------------------------------------------


@each_chapter
def test_a_record_is_code_and_text_outputs_only(chapter):
    record = read_notebook(record_path(chapter))
    assert {cell.cell_type for cell in record.cells} == {"code"}
    for number, cell in enumerate(record.cells):
        assert cell.execution_count == number + 1
        for output in cell.outputs:
            assert output.output_type != "error", f"cell {number}"
            assert output.get("name") != "stderr", f"cell {number}"
            assert not any(kind.startswith("image/") for kind in output.get("data", {}))


@each_chapter
def test_a_record_holds_nothing_that_another_machine_would_print_differently(chapter):
    for number, cell in enumerate(read_notebook(record_path(chapter)).cells):
        for output in cell.outputs:
            text = output.get("text", "") or str(output.get("data", {}))
            assert not re.search(r"\b0x[0-9a-f]{6,}\b", text), f"an address in cell {number}"
            assert "Traceback" not in text, f"cell {number}"
            # More decimals than an experiment has, or than survive another BLAS.
            digits = re.findall(r"\b\d+\.\d{10,}", output.get("text", ""))
            assert digits == [], f"cell {number}"


def test_at_least_half_of_the_exercises_ask_to_prove_or_to_break():
    text = "".join(path.read_text("utf-8") for path in CHAPTERS)
    marks = re.findall(r"{exercise-start} (★+)$", text, re.MULTILINE)
    assert set(marks) == {"★", "★★"}
    assert 2 * marks.count("★★") >= len(marks)


# --- conclusions --------------------------------------------------------------------------------


def test_verdicts_are_on_items_that_the_paper_numbers():
    assert {verdict["item"] for _, verdict in recorded("verdict")} <= set(NUMBERED_ITEMS)
    assert {verdict["status"] for _, verdict in recorded("verdict")} <= set(STATUSES)


@pytest.mark.parametrize("item", NUMBERED_ITEMS)
def test_each_numbered_item_has_a_verdict(item):
    assert item in {verdict["item"] for _, verdict in recorded("verdict")}


def test_no_verdict_contradicts_its_errata():
    records = {path.name: read_notebook(record_path(path)) for path in chapters(HOME)}
    assert list(contradictions(records)) == []


def test_each_place_of_an_erratum_is_in_an_item_or_in_none():
    places = {erratum["where"] for _, erratum in recorded("erratum")}
    inside = {place for place in places for item in NUMBERED_ITEMS if lies_in(place, item)}
    assert places - inside == {
        "the expansion before (16)",
        "the explicit formula for $H_1$, below (11)",
        "section 2.1, the lower end of the window",
    }  # which stand in no numbered item


def test_each_erratum_is_told_once():
    places = [erratum["where"] for _, erratum in recorded("erratum")]
    assert len(places) == len(set(places))


def test_the_numbered_items_are_those_of_the_paper():
    assert len(NUMBERED_ITEMS) == len(set(NUMBERED_ITEMS)) == 19 + 16 + 9 + 8


# --- credit ---------------------------------------------------------------------------------------


def entries_of(text):
    """The fields of every entry of a bibliography, by key."""
    found = {}
    for body in re.split(r"^@", text, flags=re.MULTILINE)[1:]:
        key = re.match(r"\w+\{([^,]+),", body).group(1)
        assert key not in found, f"{key} stands twice in the bibliography"
        found[key] = dict(re.findall(r"^  (\w+) = \{(.*)\},?$", body, re.MULTILINE))
    return found


SOURCES = entries_of((HOME / "book" / "references.bib").read_text("utf-8"))
PAPER = "moniri2025mechanisms"


def cited(page):
    roles = re.findall(r"\{cite(?::\w+)?\}`([^`]+)`", text_of(page))
    return {key.strip() for keys in roles for key in keys.split(",")}


PAGES = [HOME / "index.md", *sorted((HOME / "book").glob("*.md"))]


def test_every_source_that_is_cited_is_in_the_bibliography():
    assert {
        page.name: cited(page) - set(SOURCES) for page in PAGES if cited(page) - set(SOURCES)
    } == {}


def test_every_source_in_the_bibliography_is_cited():
    assert set(SOURCES) - set().union(*map(cited, PAGES)) == set()


@each_chapter
def test_a_chapter_credits_more_than_the_paper(chapter):
    """Each chapter rests on classical results, and says whose they are."""
    assert cited(chapter) - {PAPER}, "who proved what this chapter uses?"


@pytest.mark.parametrize("key", sorted(SOURCES))
def test_a_source_can_be_found(key):
    fields = SOURCES[key]
    assert {"title", "author", "year"} <= set(fields)
    assert re.fullmatch(r"[a-z]+\d{4}[a-z0-9]+", key), "surname, year, first word"
    assert fields["year"] == re.search(r"\d{4}", key).group()
    places = {"doi", "eprint", "url"} & set(fields)
    assert places, "an entry needs a DOI, an arXiv number or an address"
    if "doi" in fields:
        assert re.fullmatch(r"10\.\d{4,}/\S+", fields["doi"])
    if "eprint" in fields:
        assert re.fullmatch(r"\d{4}\.\d{4,5}|[a-z-]+/\d{7}", fields["eprint"])
    if "url" in fields:
        assert fields["url"].startswith("https://")


# --- the package's house --------------------------------------------------------------------------

#: The rooms, in the order of the walk: none imports from a later one.
ROOMS = ("_exact", "_input", "theory", "experiments", "prediction", "proof", "statements", "page")
NUMERICS = ROOMS[: ROOMS.index("proof")]
MODULES = sorted(path.relative_to(HOME / "w2s") for path in (HOME / "w2s").rglob("*.py"))


def room(module):
    return module.parts[0].removesuffix(".py")


def imports(path):
    """Every module that a file imports, at any place, `if TYPE_CHECKING` included."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} has a relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return found


def own(found):
    """The rooms that are imported from."""
    return {name.split(".")[1] for name in found if name.startswith("w2s.")} & set(ROOMS)


def outside(found):
    return {name.split(".")[0] for name in found} - {"w2s"}


def test_each_module_stands_in_a_room():
    assert {room(module) for module in MODULES} == {"__init__", *ROOMS}


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_room_imports_from_no_later_one(module):
    found = imports(HOME / "w2s" / module)
    if room(module) != "__init__":  # which maps them all
        assert own(found) <= set(ROOMS[: ROOMS.index(room(module)) + 1])
    assert not outside(found) & {"tools", "benchmarks", "tests"}
    if room(module) in NUMERICS:
        assert not outside(found) & {"sympy", "matplotlib", "bokeh", "IPython"}


def test_no_two_modules_import_each_other():
    direct = {
        f"w2s.{'.'.join(m.with_suffix('').parts)}".removesuffix(".__init__"): imports(
            HOME / "w2s" / m
        )
        for m in MODULES
        if m.name != "__init__.py"
    }
    order = graphlib.TopologicalSorter({m: found & set(direct) for m, found in direct.items()})
    assert set(order.static_order()) == set(direct)


def test_the_prover_knows_nothing_of_the_subject():
    """It takes the checks of arguments and each thread's own precision, neither of them of it."""
    found = {name for name in imports(HOME / "w2s" / "proof.py") if name.startswith("w2s")}
    assert found <= {"w2s", "w2s._input", "w2s._exact", "w2s._exact.mp"}


def test_what_the_paper_prints_is_used_by_no_module():
    users = [m for m in MODULES if any("printed" in name for name in imports(HOME / "w2s" / m))]
    assert users == []


# --- the repository -------------------------------------------------------------------------------

MEGABYTE = 2**20
#: Written so that this file does not contain what it forbids.
MACHINE = re.compile("/" + r"(?:root|home/\w+|Users/\w+|work/(?:main|shared)|opt/wheels)\b")
REGISTRY = re.compile(
    r"(?:pypi|pythonhosted|anaconda|npmjs|jsdelivr|unpkg|cdnjs)\." + "(?:org|com|net)"
)


def tracked():
    """What git knows or would take: everything that is not ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    run = subprocess.run(command, cwd=HOME, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        pytest.skip("not a git repository")
    return [HOME / name for name in run.stdout.splitlines() if (HOME / name).is_file()]


def test_no_file_is_large():
    assert [p.name for p in tracked() if p.stat().st_size > MEGABYTE] == []


def test_no_file_names_a_machine_or_a_registry():
    found = []
    for path in tracked():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        for pattern in (MACHINE, REGISTRY):
            found += [f"{path.relative_to(HOME)}: {hit.group()}" for hit in pattern.finditer(text)]
    assert found == []


def test_binder_opens_chapters_as_notebooks():
    binder = HOME / "binder"
    assert re.fullmatch(r"python-3\.\d+\s*", (binder / "runtime.txt").read_text("utf-8"))
    after = binder / "postBuild"
    assert "jupytext-config set-default-viewer markdown myst" in after.read_text("utf-8")
    assert after.stat().st_mode & 0o100


def test_the_lock_is_exact():
    lines = (HOME / "requirements.txt").read_text("utf-8").splitlines()
    pins = [line for line in lines if line and not line.lstrip().startswith("#")]
    assert pins
    assert [line for line in pins if not re.match(r"[A-Za-z0-9._-]+(\[\S+\])?==\S+", line)] == []
    names = {re.split(r"[\[=]", line)[0].lower().replace("_", "-") for line in pins}
    asked = (HOME / "requirements.in").read_text("utf-8").splitlines()
    wanted = {re.split(r"[><=\[ ]", a)[0].lower() for a in asked if a and not a.startswith("#")}
    assert wanted <= names


def test_the_citation_the_workflow_and_the_licences_can_be_read():
    citation = yaml.safe_load((HOME / "CITATION.cff").read_text("utf-8"))
    assert "2505.18346" in str(citation["references"])
    workflow = yaml.safe_load((HOME / ".github" / "workflows" / "book.yml").read_text("utf-8"))
    commands = [
        step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step
    ]
    assert {"make lint", "make test", "make book"} <= set(commands)
    assert "BSD 3-Clause" in (HOME / "LICENSE").read_text("utf-8")
    assert "CC BY 4.0" in (HOME / "LICENSE-text").read_text("utf-8")


def test_the_readme_opens_with_the_two_commands_and_a_picture():
    readme = (HOME / "README.md").read_text("utf-8")
    opening = readme[:900]
    assert opening.index("make book") < opening.index("make test") < opening.index("![")


def programs(text):
    """Each Python program of a page with the output that is shown under it."""
    return re.findall(r"^```python\n(.*?)^```\n\n```\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


README = (HOME / "README.md").read_text("utf-8")
CHANGELOG = (HOME / "CHANGELOG.md").read_text("utf-8")


def test_each_program_of_the_readme_shows_its_output():
    assert len(programs(README)) == README.count("```python") == 2


@pytest.mark.parametrize("program", programs(README), ids=["window", "prediction"])
def test_the_programs_of_the_readme_print_what_it_says(program, capsys):
    source, shown = program
    exec(compile(source, "README.md", "exec"), {})
    assert capsys.readouterr().out == shown


def test_the_readme_tells_nobody_to_install_what_is_not_published():
    installs = re.findall(r"pip install [^\n`]+", README)
    address = yaml.safe_load((HOME / "_config.yml").read_text("utf-8"))["repository"]["url"]
    here = ["pip install .", 'pip install ".[book]"']
    assert installs == [f'pip install "w2s @ git+{address}"', *here]
    for page in [HOME / "index.md", *(HOME / "book").glob("*.md")]:
        assert not re.search(r"pip install (-\S+ )*w2s\b", text_of(page)), page.name


def make(*arguments):
    run = subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=HOME,
        env={k: v for k, v in os.environ.items() if not k.startswith("MAKE")},  # we may be in one
        capture_output=True,
        text=True,
        check=False,
    )
    return run.stdout + run.stderr


def test_the_changelog_begins_with_the_version_that_is_cited():
    versions = re.findall(r"^## (\d+\.\d+\.\d+)", CHANGELOG, re.MULTILINE)
    citation = yaml.safe_load((HOME / "CITATION.cff").read_text("utf-8"))
    assert versions[0] == citation["version"]
    assert versions == sorted(versions, reverse=True)


def test_the_form_for_errors_has_the_field_that_each_page_fills_in():
    from tools.pages.reporting import FIELD, FORM, WORDS

    form = yaml.safe_load((HOME / ".github" / "ISSUE_TEMPLATE" / FORM).read_text("utf-8"))
    assert form["name"] == WORDS
    assert FIELD in [part.get("id") for part in form["body"]]
    kinds = {part["type"] for part in form["body"]}
    assert kinds <= {"markdown", "input", "textarea", "dropdown", "checkboxes"}


def test_an_error_is_reported_with_its_page():
    from tools.pages.reporting import report_address

    where = report_address("https://a.b/c", "https://d.e/f.html", "One & “two”")
    assert where.startswith("https://a.b/c/issues/new?template=error-in-the-book.yml&title=Error")
    assert where.endswith("&page=https%3A%2F%2Fd.e%2Ff.html")
    assert "One+%26+%E2%80%9Ctwo%E2%80%9D" in where


def test_make_help_lists_the_commands():
    listing = make("help")
    for target in ("book", "draft", "test", "record", "serve", "clean", "help", "lint", "lock"):
        assert re.search(rf"^  make {target} +\w", listing, re.MULTILINE), target
    assert "$(" not in listing


def test_make_clean_needs_no_environment():
    planned = make("--dry-run", "clean")
    assert planned.startswith("rm -rf _build .venv")
    assert "pip" not in planned


def test_ci_runs_what_a_person_runs():
    lines = [line.strip() for line in (HOME / ".ci" / "run").read_text("utf-8").splitlines()]
    wanted = ["make test", "make book", "make look", "make pdf"]
    assert [line for line in lines if line.startswith("make")] == wanted
    assert Path(HOME / ".ci" / "run").stat().st_mode & 0o100
