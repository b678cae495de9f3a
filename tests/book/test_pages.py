"""The pages around the chapters: pictures, glossary, index, notation, citing, troubleshooting."""

import ast
import inspect
import json
import os
import re
import subprocess
from base64 import b64encode
from importlib import import_module
from importlib.metadata import version
from io import BytesIO

import nbformat
import pytest
import yaml
from docutils import nodes
from PIL import Image

from tools.pages.content import (
    chapters_in_order,
    erratum_label,
    executions,
    figure,
    figures,
    head,
    parts,
    picture,
    reading_minutes,
    versions,
)
from tools.pages.site_meta import CARD, by_number, plain, social_card
from tools.pages.ways import drawn_map, label, needed, paths
from tools.print.print_edition import _without_galleries
from tools.run import HOME
from tools.validate.chapters import (
    chapters,
    code_cells,
    conclusions,
    read_chapter,
    read_notebook,
    record_path,
)
from w2s.statements import symbolic

CHAPTERS = chapters(HOME)
each_chapter = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)


def page(name):
    return (HOME / name).read_text("utf-8")


# --- the head of a chapter ------------------------------------------------------------------------


def test_the_gallery_knows_every_chapter():
    assert sorted(chapters_in_order(HOME)) == CHAPTERS
    assert all(part.caption for part in parts(HOME))


@each_chapter
def test_a_chapter_shows_one_of_its_own_figures_at_its_top(chapter):
    opening = head(chapter)
    assert opening.title
    assert opening.question.endswith("?")
    named = [
        cell.metadata.get("mystnb", {}).get("figure", {}).get("name")
        for cell in code_cells(read_chapter(chapter))
    ]
    assert opening.picture in named
    assert chapter.read_text("utf-8").count("{picture}") == 1


@each_chapter
def test_what_a_chapter_promises_and_asks_for_are_paragraphs_of_their_own(chapter):
    opening = chapter.read_text("utf-8").partition("{code-cell}")[0]
    for promise in ("**You will** ", "**You need** "):
        assert f"\n\n{promise}" in opening


def test_the_reading_time_counts_words_formulas_and_what_is_shown(tmp_path):
    page = tmp_path / "one.md"
    cell, hidden = (
        "```{code-cell} ipython3\n1\n```\n",
        "```{code-cell}\n:tags: [remove-input]\n1\n```\n",
    )
    page.write_text("---\nwords " * 9 + "\n---\n\n" + "word $x+y$ " * 350)
    assert reading_minutes(page) == 5  # seven
    page.write_text(page.read_text() + f"\n{cell}{hidden}$$x$$\n" * 14)
    assert reading_minutes(page) == 20
    page.write_text(page.read_text() + "\n## Exercises\n" + "word " * 2000)
    assert reading_minutes(page) == 20
    page.write_text(
        page.read_text().replace("\n## Ex", "\n### Side road: on\n" + "word " * 1000 + "\n## Ex")
    )
    assert reading_minutes(page) == 30
    assert reading_minutes(page, side_roads=False) == 20
    page.write_text("# No more than a title")
    assert reading_minutes(page) == 5


# --- pictures -------------------------------------------------------------------------------------


@pytest.fixture
def drawn(tmp_path):
    """A book with one validated chapter that has drawn a figure."""
    options = {"figure": {"name": "fig-one"}, "image": {"alt": "A\nblue  field."}}
    Image.new("RGB", (400, 300), (0, 0, 128)).save(png := BytesIO(), "png")
    data = {"image/svg+xml": "<svg/>", "image/png": b64encode(png.getvalue()).decode()}
    output = nbformat.v4.new_output("display_data", data)
    cell = nbformat.v4.new_code_cell("1", outputs=[output], metadata={"mystnb": options})
    plain = nbformat.v4.new_code_cell("2", outputs=[output])
    notebook = nbformat.v4.new_notebook(cells=[cell, plain])
    notebook.metadata["execution_seconds"] = 1.5
    (tmp_path / "_build" / "validated").mkdir(parents=True)
    nbformat.write(notebook, tmp_path / "_build" / "validated" / "one.ipynb")
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "one.md").write_text("---\njupytext:\n---\n\n# One\n", "utf-8")
    (tmp_path / "_toc.yml").write_text("root: index\nchapters:\n- file: book/one\n", "utf-8")
    return tmp_path


def test_a_picture_is_the_validated_one_with_its_description(drawn):
    found = figure(drawn, drawn / "book" / "one.md", "fig-one")
    assert found.alt == "A blue field."
    where = picture(drawn, "fig-one", found.svg)
    assert (drawn / where.lstrip("/")).read_text("utf-8") == "<svg/>"


def test_a_picture_that_is_not_there_is_refused_by_name(drawn):
    with pytest.raises(ValueError, match=r"one\.md has no validated figure 'fig-two'.*: fig-one"):
        figure(drawn, drawn / "book" / "one.md", "fig-two")
    with pytest.raises(ValueError, match="there are: none"):
        figure(drawn, drawn / "book" / "two.md", "fig-one")


def test_only_figures_with_a_name_count(drawn):
    notebook = read_notebook(drawn / "_build" / "validated" / "one.ipynb")
    assert list(figures(notebook)) == ["fig-one"]


# --- execution ------------------------------------------------------------------------------------


def test_the_seconds_are_those_of_the_validation(drawn):
    assert [row[1:] for row in executions(drawn)] == [(2, 1.5)]


def test_the_versions_are_the_installed_ones_and_name_no_machine():
    shown = dict(pair for pairs in versions(HOME / "requirements.in").values() for pair in pairs)
    assert shown["numpy"] == version("numpy")
    assert shown["jupyter-book"].startswith("1.")
    assert re.fullmatch(r"3\.\d+\.\d+\S*", shown.pop("Python"))
    assert all(re.fullmatch(r"[\w.+!-]+", number) for number in shown.values())


# --- errata ---------------------------------------------------------------------------------------

ERRATA, COMPLETIONS = (
    {
        found["where"]: chapter.stem
        for chapter in CHAPTERS
        if record_path(chapter).exists()
        for found in conclusions(read_notebook(record_path(chapter)), kind)
    }
    for kind in ("erratum", "completion")
)


def test_each_erratum_has_a_label_of_its_own():
    labels = [erratum_label(where) for where in ERRATA]
    assert len(set(labels)) == len(labels)
    assert erratum_label(r"Appendix C, the analysis of $\tau_2$") == (
        "erratum-appendix-c-the-analysis-of-tau-2"
    )


@each_chapter
def test_a_link_to_an_erratum_names_one(chapter):
    linked = set(re.findall(r"<((?:erratum|completion)-[\w-]+)>", chapter.read_text("utf-8")))
    named = {erratum_label(where) for where in ERRATA}
    assert linked <= named | {erratum_label(where, "completion") for where in COMPLETIONS}


def test_a_place_is_false_or_incomplete_not_both():
    assert not set(ERRATA) & set(COMPLETIONS)


# --- the book's own corrections -------------------------------------------------------------------


def test_each_correction_says_where_what_was_said_and_what_holds():
    table = page("book/corrections.md").partition(":::{list-table}")[2].partition("\n:::")[0]
    rows = [row.split("\n  - ") for row in table.split("\n* - ")[1:]]
    assert len(rows) > 20
    assert [row for row in rows if len(row) != 3 or not all(map(str.strip, row))] == []
    assert all("{ref}" in row[0] or row[0].startswith("the ") for row in rows[1:])


def test_the_corrections_name_versions_that_there_were():
    told = re.findall(r"^## Mended in version (\S+)$", page("book/corrections.md"), re.MULTILINE)
    released = re.findall(r"^## (\d+\.\d+\.\d+)", page("CHANGELOG.md"), re.MULTILINE)
    assert told
    assert [version for version in released if version in told] == told


@pytest.mark.parametrize("where", ["index.md", "book/errata.md", "book/cite.md"])
def test_the_corrections_are_linked(where):
    assert "<ch-corrections>" in page(where)


def test_the_front_page_leads_newcomers_from_large_models_to_their_page():
    assert "{ref}`ch-large-models`" in page("index.md")
    assert "{cite:t}`burns2024weak`" in page("book/large_models.md")


# --- glossary and index ---------------------------------------------------------------------------


def glossary():
    body = page("book/glossary.md").partition(":sorted:")[2]
    return dict(re.findall(r"^(\S.*)\n  (\S.*)$", body, re.MULTILINE))


def test_a_term_is_defined_in_one_to_three_sentences():
    assert len(glossary()) > 40
    for term, definition in glossary().items():
        assert 1 <= len(re.findall(r"[.](?= |$)", definition)) <= 3, term
        assert definition.endswith("."), term


@each_chapter
def test_a_chapter_links_some_terms_once_each(chapter):
    roles = re.findall(r"\{term\}`(?:[^`<]*<)?([^`>]+)>?`", chapter.read_text("utf-8"))
    assert 1 <= len(roles) == len(set(roles)) <= 8
    assert set(roles) <= set(glossary())


@each_chapter
def test_a_chapter_has_its_entries_in_the_index(chapter):
    assert "{index}" in chapter.read_text("utf-8")


# --- notation -------------------------------------------------------------------------------------

#: modules whose arguments are the paper's quantities
SUBJECT = ("marchenko_pastur", "ridge", "chains", "covariance", "simulate", "hermite", "onestep")
#: arguments that are no quantity of the paper: how to run, how precisely, what to average
OTHER = {
    *("rng", "trials", "trial", "problem", "samples", "sizes", "size", "spread"),
    *("name", "order", "kinks", "tolerance", "variance", "matrix", "iterations"),
    *("estimates", "sqrt", "where"),
    *("label_noise", "students", "ceiling"),
}


def arguments(module):
    """Argument names of a module's public functions and of its problem."""
    names = set()
    public = import_module(f"w2s.{module}")
    for name in public.__all__:
        value = getattr(public, name)
        if inspect.isfunction(value) or name == "Problem":
            names |= set(inspect.signature(value).parameters)
    return names


def in_the_notation():
    """Every name that the notation page shows in its column of code."""
    return set(re.findall(r"`([A-Za-z_]\w*)`", page("book/notation.md")))


@pytest.mark.parametrize("module", SUBJECT)
def test_each_symbol_of_a_public_signature_is_in_the_notation(module):
    assert arguments(module) - OTHER - in_the_notation() == set()


def test_no_exception_is_left_over():
    assert set().union(*map(arguments, SUBJECT)) >= OTHER


@pytest.mark.parametrize("module", ["symbolic", "traces"])
def test_each_symbol_that_a_statement_uses_is_in_the_notation(module):
    statements = page(f"w2s/statements/{module}.py").partition("# --- the same for sixteen digits")[
        0
    ]
    made = {
        name.id
        for node in ast.parse(statements).body
        if isinstance(node, ast.Assign)
        and re.match(r"sp\.symbols?\(", ast.unparse(node.value), re.IGNORECASE)
        for target in node.targets
        for name in ast.walk(target)
        if isinstance(name, ast.Name)
    }
    assert made
    assert made - in_the_notation() == set()


# --- how to cite ----------------------------------------------------------------------------------


def entries(text):
    """BibTeX entries by key, their fields without braces."""
    found = {}
    for key, body in re.findall(r"^@\w+\{([^,]+),\n(.*?)^\}", text, re.MULTILINE | re.DOTALL):
        fields = re.findall(r"^\s*(\w+) = \{(.*)\},?$", body, re.MULTILINE)
        found[key] = {name: value.strip("{}") for name, value in fields}
    return found


def test_what_to_cite_agrees_with_the_citation_file():
    citation = yaml.safe_load(page("CITATION.cff"))
    (paper,) = citation["references"]
    cited = entries(page("book/cite.md"))
    ours, theirs = cited["w2s2026book"], cited["moniri2025mechanisms"]
    assert ours["title"] == citation["title"]
    assert ours["author"] == citation["authors"][0]["name"]
    assert ours["version"] == citation["version"] == version("w2s")
    assert ours["year"] == str(citation["date-released"])[:4]
    assert ours["url"] == citation["repository-code"]
    assert theirs["title"] == paper["title"]
    names = [f"{one['family-names']}, {one['given-names']}" for one in paper["authors"]]
    assert theirs["author"] == " and ".join(names)
    assert theirs["year"] == str(paper["year"])
    assert theirs["booktitle"] == paper["collection-title"]
    assert "arXiv:" + theirs["eprint"] == paper["identifiers"][0]["value"]
    assert theirs == entries(page("book/references.bib"))["moniri2025mechanisms"]


# --- troubleshooting ------------------------------------------------------------------------------


def test_the_commands_that_troubleshooting_names_exist():
    text = page("book/troubleshooting.md")
    targets = set(re.findall(r"^([a-z]+):", page("Makefile"), re.MULTILINE))
    asked = set(re.findall(r"(?<!# `)(?:^|(?<=`))make ([a-z]+)(?=[ `\n])", text, re.MULTILINE))
    assert {"setup", "book", "serve", "record", "clean"} <= asked <= targets


def test_the_messages_that_troubleshooting_quotes_are_the_ones_that_come():
    sources = "".join(
        path.read_text("utf-8")
        for path in (HOME / "Makefile", *(HOME / "tools").rglob("*.py"), HOME / "w2s" / "_input.py")
    )
    of_python = {"No module named 'w2s'", "Address already in use"}
    of_make = {".venv/bin/python: No such file or directory"}
    quoted = set(re.findall(r"^### `(.+)`$", page("book/troubleshooting.md"), re.MULTILINE))
    ours = quoted - of_python - of_make
    assert len(ours) >= 5
    assert [message for message in ours if message not in sources] == []


# --- ways -----------------------------------------------------------------------------------------


def test_the_map_leaves_out_what_is_asked_for_in_between(tmp_path):
    (tmp_path / "book").mkdir()
    for name, asked in {"one": (), "two": ("one", "three"), "three": ("one", "two")}.items():
        links = "".join(f" {{ref}}`ch-{one}`" for one in asked)
        text = f"---\njupytext:\n---\n\n(ch-{name})=\n# {name}\n\n**You need** this:{links}.\n"
        (tmp_path / "book" / f"{name}.md").write_text(text, "utf-8")
    contents = "".join(f"- file: book/{name}\n" for name in ("one", "two", "three"))
    (tmp_path / "_toc.yml").write_text(f"root: index\nchapters:\n{contents}", "utf-8")
    found = {page.stem: {one.stem for one in asked} for page, asked in needed(tmp_path).items()}
    assert found == {"one": set(), "two": {"one"}, "three": {"two"}}
    drawn = drawn_map(tmp_path, links=True)
    assert drawn.count("<rect") == 3
    assert drawn.count("marker-end") == 2
    assert 'href="three.html"' in drawn
    assert "href" not in drawn_map(tmp_path, links=False)


def test_each_chapter_is_on_a_path_and_the_sections_of_the_paths_exist():
    pages = {label(page): page for page in [*CHAPTERS, HOME / "book" / "large_models.md"]}
    assert set(paths(HOME)) >= {label(chapter) for chapter in CHAPTERS}
    for line in page("book/paths.md").splitlines():
        for name in re.findall(r"<?(ch-[\w-]+)>?`", line) if line.startswith("|") else ():
            for section in re.findall(r"\*([^*]+)\*", line):
                assert f"\n## {section}\n" in pages[name].read_text("utf-8"), (name, section)


def test_the_formula_sheet_prints_formulas_that_there_are():
    names = re.findall(r"\{formula\}`(\w+)`", page("book/formulas.md"))
    assert len(names) > 15
    assert set(names) <= set(symbolic.__all__)


def test_no_length_in_a_table_loses_a_bar():
    """A table takes a bar after a backslash for a single one."""
    for path in (HOME / "book").glob("*.md"):
        rows = re.findall(r"^\|.*\|$", path.read_text("utf-8"), re.MULTILINE)
        assert [row for row in rows if r"\|" in row] == [], path.name


# --- found by others ------------------------------------------------------------------------------


def test_the_archive_and_who_cites_are_told_the_same():
    citation, archive = yaml.safe_load(page("CITATION.cff")), json.loads(page(".zenodo.json"))
    preferred = citation["preferred-citation"]
    for ours in (preferred, archive):
        assert ours["title"] == citation["title"]
        assert ours["version"] == citation["version"]
    assert preferred["authors"] == archive["creators"] == citation["authors"]
    assert preferred["year"] == int(str(citation["date-released"])[:4])
    assert archive["keywords"] == citation["keywords"]
    assert citation["abstract"] in archive["description"]
    (paper,) = citation["references"]
    assert archive["related_identifiers"][0]["identifier"] == paper["identifiers"][0]["value"]


@each_chapter
def test_a_question_can_be_told_without_mathematics(chapter):
    told = plain(head(chapter).question)
    assert told.endswith("?")
    assert not re.search(r"[$\\{}`&]| [,.?)]", told)


def test_formulas_become_plain_signs():
    assert plain(r"with $\|\beta_\star\|=1$, $\lambda_t\to\infty$") == "with ‖β_⋆‖=1, λ_t → ∞"


def test_the_social_picture_has_the_chapters_beside_its_title(drawn):
    found = figure(drawn, drawn / "book" / "one.md", "fig-one")
    card = social_card("One", "the book", found.png)
    assert card.size == CARD
    assert card.getpixel((900, 300)) == (0, 0, 128)
    without = social_card("One", "the book", None)
    assert without.getpixel((900, 300)) == (255, 255, 255)
    assert without.crop((40, 60, 600, 180)).getcolors(maxcolors=999) != [(560 * 120, (255,) * 3)]


def test_an_index_counts():
    names = ["Equation (10)", "equation (2)", "Equation", "atom"]
    assert sorted(names, key=by_number) == ["atom", "Equation", "equation (2)", "Equation (10)"]


def test_every_abbreviation_is_one_that_the_book_has():
    table = yaml.safe_load(page("_config.yml"))["sphinx"]["config"]["abbreviations"]
    prose = page("index.md") + "".join(
        path.read_text("utf-8") for path in (HOME / "book").glob("*.md")
    )
    assert [short for short in table if not re.search(rf"\b{short}\b", prose)] == []


def test_paper_has_no_gallery():
    gallery = nodes.container("", nodes.paragraph("", "cards"), classes=["gallery"])
    alone = nodes.section("", nodes.title("", "The chapters"), gallery)
    told = nodes.section(
        "", nodes.title("", "Contents"), nodes.paragraph("", "Text"), gallery.deepcopy()
    )
    tree = nodes.document(None, None, alone, told)
    _without_galleries(tree)
    assert tree.astext().split() == ["Contents", "Text"]


def test_a_released_version_stands_beside_the_newest(tmp_path):
    """The step of the workflow, with a `gh` that knows two releases, one of them with a site."""
    steps = yaml.safe_load(page(".github/workflows/book.yml"))["jobs"]["build"]["steps"]
    (step,) = [step for step in steps if "released version" in step.get("name", "")]
    (tmp_path / "_build" / "html").mkdir(parents=True)
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "index.html").write_text("version 1.1", "utf-8")
    subprocess.run(["tar", "-czf", "site.tar.gz", "-C", "old", "."], cwd=tmp_path, check=True)
    gh = tmp_path / "bin" / "gh"
    gh.parent.mkdir()
    gh.write_text(
        '#!/bin/sh\ncase "$2 $3" in\n"list --json") printf "v1.1\\nv1.0\\n";;\n'
        f'"download v1.1") cat {tmp_path}/site.tar.gz;;\n*) exit 1;;\nesac\n',
        "utf-8",
    )
    gh.chmod(0o755)
    environment = {**os.environ, "PATH": f"{gh.parent}:{os.environ['PATH']}"}
    subprocess.run(["bash", "-e", "-c", step["run"]], cwd=tmp_path, env=environment, check=True)
    site = tmp_path / "_build" / "html"
    assert (site / "v1.1" / "index.html").read_text("utf-8") == "version 1.1"
    assert not (site / "v1.0").exists()


def test_a_release_keeps_the_file_that_the_book_asks_for():
    release = yaml.safe_load(page(".github/workflows/release.yml"))["jobs"]["site"]["steps"]
    assert sum("site.tar.gz" in step.get("run", "") for step in release) == 2
    assert "--pattern site.tar.gz" in page(".github/workflows/book.yml")
