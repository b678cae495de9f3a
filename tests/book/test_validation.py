"""Nothing unvalidated is published: each way to go wrong, provoked in a copy of a small book."""

import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import nbformat
import pytest

import tools.build
from tools.build import build
from tools.pages.content import figures
from tools.run import HOME, pytest_on_chapters
from tools.validate.chapters import (
    CONCLUSIONS,
    certificates_path,
    chapters,
    orphan_records,
    read_chapter,
    read_notebook,
    record_path,
    sources_of,
    validated_path,
    write_notebook,
)
from tools.validate.record import record
from w2s.page.verdicts import KEY

pytestmark = pytest.mark.slow
SMALL = HOME / "tests" / "small_book"
FRONT_MATTER = (SMALL / "book" / "small.md").read_text("utf-8").split("(ch-small)=")[0]


def lay_out(root):
    """The small book, with the real book's configuration and looks."""
    shutil.copytree(SMALL, root, dirs_exist_ok=True)
    configuration = (HOME / "_config.yml").read_text("utf-8")
    assert "tools/pages" in configuration
    (root / "_config.yml").write_text(
        configuration.replace("tools/pages", str(HOME / "tools" / "pages")), "utf-8"
    )
    (root / "assets").symlink_to(HOME / "assets")
    return root


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """The small book with its record, and what recording left in _build."""
    root = lay_out(tmp_path_factory.mktemp("recorded") / "book")
    assert record(root, ["small"]) == 0
    (root / "book" / "runs.log").unlink()
    return root


@pytest.fixture
def book(recorded, tmp_path):
    """A copy of it that a test may break."""
    return Path(shutil.copytree(recorded, tmp_path / "book", symlinks=True))


def list_all(root):
    """Have the table of contents name every page, as a book must."""
    pages = "".join(f"  - file: book/{path.stem}\n" for path in (root / "book").glob("*.md"))
    (root / "_toc.yml").write_text(f"format: jb-book\nroot: index\nchapters:\n{pages}", "utf-8")


@pytest.fixture
def validated(book, monkeypatch):
    """The book, with a validation that has just succeeded; what follows is about its pages."""
    chapter = book / "book" / "small.md"
    outcome = read_notebook(validated_path(chapter))

    def validate(root, sources):
        outcome.metadata["sources"] = sources_of(chapter)
        write_notebook(outcome, validated_path(chapter))
        certificates_path(chapter).write_text("[]", "utf-8")
        return 0

    monkeypatch.setattr("tools.build.pytest_on_chapters", validate)
    return book


def edit(path, old, new):
    text = path.read_text("utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
    path.write_text(text.replace(old, new), "utf-8")


def site(root):
    return root / "_build" / "html"


def told(captured):
    return captured.out + captured.err


# --- the way it should go -----------------------------------------------------------------------


def test_the_site_shows_the_validated_outputs_and_no_stale_ones(book, tmp_path):
    chapter, kept = book / "book" / "small.md", record_path(book / "book" / "small.md")
    before = kept.read_bytes()
    edit(chapter, "Some prose.", "Other prose, with no new record.")
    # From another folder, for a person without a home but with opinions on matplotlib.
    unlike_mine = {
        **os.environ,
        "PYTHONPATH": str(HOME),
        "HOME": "/proc/nobody",
        "MPLBACKEND": "agg",
        "MPLCONFIGDIR": "/proc/nobody",
    }
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "IPYTHONDIR", "JUPYTER_RUNTIME_DIR"):
        unlike_mine.pop(name, None)
    run = subprocess.run(
        [sys.executable, "-m", "tools.build", "html", "--root", "book"],
        cwd=tmp_path,
        env=unlike_mine,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "1 chapters validated" in run.stdout

    page = (site(book) / "book" / "small.html").read_text("utf-8")
    assert "Other prose, with no new record." in page
    assert "the number is 42" in page
    assert (book / "book" / "runs.log").read_text("utf-8") == "one execution\n"
    # No record holds a picture: the page took these outputs and no others.
    validated = read_notebook(validated_path(chapter))
    assert 'alt="A rising line."' in page
    (shown,) = (site(book) / "_images").glob("*.svg")
    assert shown.read_text("utf-8").strip() == figures(validated)["fig-small"].svg.strip()
    assert "It is a line." in (site(book) / "book" / "ledger.html").read_text("utf-8")
    assert "A curve." in (site(book) / "book" / "errata.html").read_text("utf-8")
    assert kept.read_bytes() == before

    # A changed helper leaves the chapter's code as it was; the old number must not survive.
    edit(book / "book" / "helper.py", "NUMBER = 41", "NUMBER = 42")
    assert build(book, "html") == 1
    assert not site(book).exists()


def test_a_record_holds_no_image_and_recording_again_changes_no_byte(book):
    path = record_path(book / "book" / "small.md")
    before = path.read_bytes()
    assert b"image/" not in before
    assert b"Some prose." not in before
    assert str(book).encode() not in before
    assert len(before) < 8000
    assert record(book, []) == 0
    assert path.read_bytes() == before


def test_a_draft_executes_and_reads_only_what_has_changed_and_says_what_it_is(book, capfd):
    chapter, log = book / "book" / "small.md", book / "book" / "runs.log"
    page = book / "_build" / "draft" / "_build" / "html" / "book" / "small.html"
    assert build(book, "draft") == 0
    assert log.read_text("utf-8") == "one execution\n"
    assert "A draft: " in page.read_text("utf-8")
    assert "the number is 42" in page.read_text("utf-8")
    assert not site(book).exists()
    # Prose: not executed, one page read, a dead reference told and not refused.
    edit(chapter, "Some prose.", "Other prose, see {ref}`nowhere`.")
    capfd.readouterr()
    assert build(book, "draft") == 0
    said = told(capfd.readouterr())
    assert "0 chapters validated" in said
    assert re.search(r"small\.md.*'nowhere'", said)
    assert "Other prose" in page.read_text("utf-8")
    assert len(log.read_text("utf-8").splitlines()) == 1
    # Code that another file holds: executed, and no draft, as its record says something else.
    edit(book / "book" / "helper.py", "NUMBER = 41", "NUMBER = 42")
    assert build(book, "draft") == 1
    assert len(log.read_text("utf-8").splitlines()) == 2


# --- a record that cannot judge its chapter: found before anything is executed --------------------


def never_run(book, chapter):
    path = record_path(chapter)
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1].execution_count = None
    nbformat.write(notebook, path)


def a_cell_more(book, chapter):
    chapter.write_text(chapter.read_text("utf-8") + "\n```{code-cell} ipython3\n1 + 1\n```\n")


def a_cell_less(book, chapter):
    text = chapter.read_text("utf-8")
    chapter.write_text(text[: text.rindex("```{code-cell}")])


MISMATCHES = {
    "changed": (
        lambda book, chapter: edit(chapter, "helper.NUMBER + 1)", "helper.NUMBER + 2)"),
        "changed.md, cell 1: its code is not the code in its record",
    ),
    "missing": (
        lambda book, chapter: record_path(chapter).unlink(),
        "missing.md has no record tests/records/missing.ipynb",
    ),
    "unreadable": (
        lambda book, chapter: record_path(chapter).write_text("{"),
        "unreadable.md: its record unreadable.ipynb cannot be read",
    ),
    "unrun": (never_run, "unrun.md, cell 1: its record was never run"),
    "longer": (
        a_cell_more,
        "longer.md has 7 code cells and its record has 6; cell 6 is not in the record",
    ),
    "shorter": (
        a_cell_less,
        "shorter.md has 5 code cells and its record has 6; cell 5 is not in the chapter",
    ),
    "wordy": (
        lambda book, chapter: chapter.write_text(FRONT_MATTER + "# Only words\n"),
        "wordy.md has the front matter of a chapter and no code cell",
    ),
}


def spoiled(book, names):
    """One chapter for each mismatch, beside a chapter that is right."""
    small = book / "book" / "small.md"
    for name in names:
        chapter = Path(shutil.copy(small, small.with_stem(name)))
        shutil.copy(record_path(small), record_path(chapter))
        MISMATCHES[name][0](book, chapter)
    list_all(book)
    return book


@pytest.mark.parametrize("name", MISMATCHES)
def test_a_record_that_does_not_match_fails_the_build(book, capfd, name):
    assert build(spoiled(book, [name]), "html") == 1
    complaint = told(capfd.readouterr())
    assert complaint.startswith(f"build failed: {MISMATCHES[name][1]}")
    assert re.search(rf"run: make record CHAPTER={name}\b", complaint)
    assert not (book / "book" / "runs.log").exists()  # nothing was executed
    assert not site(book).exists()


def test_a_record_that_does_not_match_fails_the_tests(book, capfd):
    """`make test` collects the chapters without the build."""
    spoiled(book, MISMATCHES)
    pages = chapters(book)
    assert pytest_on_chapters(book, pages, "--collect-only") != 0
    report = told(capfd.readouterr())
    assert "ERROR book/small.md" not in report
    for name, (_, message) in MISMATCHES.items():
        assert f"ERROR book/{name}.md" in report
        assert message in report


def test_the_record_of_a_chapter_that_is_gone_fails_the_build(book, capsys):
    (book / "book" / "small.md").rename(book / "book" / "renamed.md")
    list_all(book)
    assert [path.name for path in orphan_records(book)] == ["small.ipynb"]
    assert build(book, "html") == 1
    assert "Run: git rm tests/records/small.ipynb" in capsys.readouterr().err
    assert not site(book).exists()


# --- outputs that are not those of the record -----------------------------------------------------

GOOD = ("x = 6\nprint('six is', x)", "x * 7")
IF = "import helper\nif helper.NUMBER {} 41:\n    {}"
RECORDED = {
    "good": GOOD,
    "differs": (
        *GOOD,
        "import helper\nhelper.NUMBER",
        IF.format("==", "print(1)"),
        IF.format("!=", "print(1)"),
        "import matplotlib.pyplot as plt\nplt.plot([1, helper.NUMBER])\nplt.show()",
    ),
    "raises": ("import helper\nassert helper.NUMBER == 41, 'not so'", *GOOD),
    "warns": (*GOOD, "import warnings\n" + IF.format("!=", "warnings.warn('beware')")),
}
#: what the build must say when the helper's number has become 43
FAILURES = [
    ("differs", 2, "Cell outputs differ", "-41\n  +43"),
    ("differs", 3, "Cell outputs differ", "Missing output fields"),
    ("differs", 4, "Cell outputs differ", "Unexpected output fields"),
    ("differs", 5, "Cell outputs differ", "axes 1, line: y value 2 41.0000 → 43.0000\n"),
    ("raises", 0, "Cell execution caused an exception", "AssertionError: not so"),
    ("warns", 2, "The cell wrote to stderr", "UserWarning: beware"),
]


def write_chapter(path, cells):
    body = "\n\n".join(f"```{{code-cell}} ipython3\n{cell}\n```" for cell in cells)
    path.write_text(f"{FRONT_MATTER}# {path.stem}\n\n{body}\n", "utf-8")
    return path


@pytest.fixture(scope="module")
def failures(tmp_path_factory):
    """Chapters that are recorded, then built with a helper that has changed."""
    root = lay_out(tmp_path_factory.mktemp("failures") / "book")
    (root / "book" / "small.md").unlink()
    paths = {
        name: write_chapter(root / "book" / f"{name}.md", cells) for name, cells in RECORDED.items()
    }
    list_all(root)
    assert record(root, []) == 0
    edit(root / "book" / "helper.py", "NUMBER = 41", "NUMBER = 43")
    command = [sys.executable, "-m", "tools.build", "html", "--root", str(root)]
    run = subprocess.run(command, cwd=HOME, capture_output=True, text=True, check=False)
    return root, paths, run.returncode, run.stdout + run.stderr


@pytest.mark.parametrize(("name", "cell", "message", "detail"), FAILURES)
def test_an_output_that_is_not_the_recorded_one_fails_the_build(
    failures, name, cell, message, detail
):
    root, paths, code, output = failures
    assert code == 1
    assert not site(root).exists()
    assert not validated_path(paths[name]).exists()
    assert f"FAILED book/{name}.md::cell {cell}" in output
    report = re.split(r"\n(?:____|====)", output.partition(f"{name}.md, cell {cell}\n")[2])[0]
    assert message in report
    assert detail in report
    assert report.rstrip().endswith(f"run: make record CHAPTER={name}")
    assert "\x1b[" not in report


def test_a_chapter_that_is_right_is_validated_beside_those_that_fail(failures):
    _, paths, _, output = failures
    assert "book/good.md" not in output
    assert validated_path(paths["good"]).exists()


def test_the_cells_after_a_raising_one_are_not_reported(failures):
    _, _, _, output = failures
    assert "FAILED book/raises.md::cell 1" not in output
    assert "2 skipped" in output


def test_a_chapter_that_fails_keeps_its_old_record(failures, capfd):
    root, paths, *_ = failures
    wrong = [paths["raises"], paths["warns"]]
    before = [record_path(chapter).read_bytes() for chapter in wrong]
    assert record(root, ["raises", "warns"]) != 0
    assert [record_path(chapter).read_bytes() for chapter in wrong] == before
    output = told(capfd.readouterr())
    assert "The cell wrote to stderr" in output
    assert "Mend the cell, then run: make record CHAPTER=raises" in output


def test_a_figure_that_has_no_words_is_not_recorded(book, capfd):
    edit(book / "book" / "small.md", "plt.plot([1, 2])", "plt.imshow([[1, 2]])")
    before = record_path(book / "book" / "small.md").read_bytes()
    assert record(book, []) != 0
    assert "has no words for a AxesImage" in told(capfd.readouterr())
    assert record_path(book / "book" / "small.md").read_bytes() == before


def test_without_its_hook_no_chapter_is_recorded(book, capfd):
    broken = "import tools.validate.nbval_chapters as plugin\nplugin.START = '1 / 0'\n"
    (book / "conftest.py").write_text(broken, "utf-8")
    before = record_path(book / "book" / "small.md").read_bytes()
    assert record(book, []) != 0
    complaint = "small.md: its kernel cannot be watched: division by zero"
    assert complaint in told(capfd.readouterr())
    assert record_path(book / "book" / "small.md").read_bytes() == before


# --- pages --------------------------------------------------------------------------------------


def test_pages_show_pictures_executions_and_errata_that_link_both_ways(validated, capfd):
    heading = "# A small chapter\n\n"
    question = "```{admonition} The question\n:class: tip\nIs it a *line*?\n```\n\n"
    picture = "```{picture} fig-small\n```\n\n"
    edit(validated / "book" / "small.md", heading, heading + question + picture)
    edit(validated / "index.md", "# A small book\n", "# A small book\n\n```{gallery}\n```\n")
    with (validated / "book" / "ledger.md").open("a") as ledger:
        ledger.write("\n```{execution}\n```\n\n```{versions}\n```\n")
    assert build(validated, "html") == 0, told(capfd.readouterr())
    index, chapter, ledger, errata = (
        (site(validated) / f"{name}.html").read_text("utf-8")
        for name in ("index", "book/small", "book/ledger", "book/errata")
    )
    # The card: its picture with its description, the question, the way to the chapter.
    (card,) = re.findall(r"<img [^>]*_images/fig-small\.svg[^>]*>", index)
    assert 'alt="A rising line."' in card
    assert "Is it a <em>line</em>?" in index
    assert (
        'class="sd-stretched-link sd-hide-link-text reference internal" href="book/small' in index
    )
    # The same picture at the chapter's top leads to the figure.
    assert re.search(r'<a [^>]*href="#fig-small"[^>]*><img[^>]*fig-small\.svg', chapter)
    assert chapter.count('id="fig-small"') == 1
    # What it took, and with what.
    seconds = nbformat.read(validated_path(validated / "book" / "small.md"), as_version=4)
    assert f"<p>{seconds.metadata['execution_seconds']:.0f}</p>" in ledger
    assert f"numpy {version('numpy')}" in ledger
    # The numbers behind the picture: folded below it, and to take along.
    below = chapter.partition("<figcaption>")[2].partition("</details>")[0]
    assert "<summary>The numbers behind this picture</summary>" in below
    (address,) = re.findall(r'href="\.\./(_downloads/\w+/fig-small\.csv)"', below)
    assert "1,line 1,,0.0,1.0," in (site(validated) / address).read_text("utf-8")
    # An erratum and its entry know each other; a verdict's item is in the index.
    assert 'href="errata.html#erratum-figure-1"' in chapter
    assert 'id="erratum-figure-1"' in errata
    assert 'href="small.html#check-small"' in errata
    # In a table as well; what changes a conclusion comes first, the rest is folded.
    assert 'href="#check-small"><span class="std std-ref">Theorem 4</span>' in chapter
    assert '<td class="verdict-fails"' in chapter
    assert 'href="errata.html#erratum-theorem-4-its-proof"' in chapter
    errata = errata.partition("<article")[2]  # above it is its description
    assert errata.index("erratum-theorem-4") < errata.index("2 that change no conclusion")
    assert errata.index("2 that change no conclusion") < errata.index("erratum-figure-1")
    general = (site(validated) / "genindex.html").read_text("utf-8")
    (anchor,) = re.findall(r'href="book/small.html#([\w-]+)">(?:<strong>)?Figure 1<', general)
    assert f'id="{anchor}"' in chapter


def test_a_dead_reference_and_a_picture_that_is_not_there_fail_the_build(validated, capfd):
    chapter = validated / "book" / "small.md"
    edit(chapter, "Some prose.", "See {ref}`nowhere`.\n\n```{picture} fig-large\n```")
    assert build(validated, "html") == 1
    output = told(capfd.readouterr())
    line = chapter.read_text("utf-8").splitlines().index("See {ref}`nowhere`.")
    assert re.search(rf"book/small\.md:{line + 1}: WARNING: .*'nowhere'", output)
    assert "small.md has no validated figure 'fig-large'; there are: fig-small" in output
    assert "Mend the page at the line that it names, then run: make book" in output
    assert not site(validated).exists()


def test_a_page_executed_outside_the_validation_fails_the_build(validated, capfd):
    write_chapter(validated / "stray.md", ["print('nobody compared this')"])
    edit(
        validated / "_toc.yml", "  - file: book/small\n", "  - file: book/small\n  - file: stray\n"
    )
    assert build(validated, "html") == 1
    output = told(capfd.readouterr())
    reason = output.partition("build failed: ")[2]
    assert "a page was executed outside the validation" in reason
    assert "stray.md" in reason
    assert "make record CHAPTER=" in reason
    assert not site(validated).exists()


@pytest.mark.parametrize(("cell", "kind"), [(3, "verdict"), (4, "erratum")])
def test_a_conclusion_that_points_nowhere_fails_the_build(validated, capsys, cell, kind):
    """The label in front of the deciding cell is gone; the outputs are as they were."""
    chapter = validated / "book" / "small.md"
    edit(chapter, "(check-small)=", "(check-other)=")
    assert build(validated, "html") == 1
    complaint = capsys.readouterr().err
    assert f"small.md, cell {cell}: the {kind}'s anchor 'check-small' is no label" in complaint
    assert "make record CHAPTER=small" in complaint
    assert not site(validated).exists()


def test_a_verdict_that_its_erratum_contradicts_fails_the_build(validated, capsys):
    outcome = validated_path(validated / "book" / "small.md")
    text = outcome.read_text("utf-8")
    assert '"status": "reproduced"' in text
    sneaky = text.replace('"status": "reproduced"', '"status": "holds"')
    real = tools.build.pytest_on_chapters

    def validate(root, sources):
        code = real(root, sources)
        edited = read_notebook(outcome)
        changed = nbformat.reads(sneaky, as_version=4)
        edited.cells = changed.cells
        write_notebook(edited, outcome)
        return code

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tools.build.pytest_on_chapters", validate)
        assert build(validated, "html") == 1
    complaint = capsys.readouterr().err
    assert "Figure 1 is said to be 'holds', and there is an erratum in it" in complaint
    assert not site(validated).exists()


def test_the_contents_and_the_pages_are_the_same(book, capsys):
    edit(book / "_toc.yml", "  - file: book/errata\n", "  - file: book/gone\n")
    assert build(book, "html") == 1
    complaint = capsys.readouterr().err
    assert "book/errata.md stands in no table of contents. Add to _toc.yml" in complaint
    assert "_toc.yml names book/gone, and there is no book/gone.md" in complaint
    assert not (book / "book" / "runs.log").exists()


def test_what_changes_while_the_site_is_built_is_not_published(validated, monkeypatch, capsys):
    def jupyter_book(root, *_, **__):
        made = root / "_build" / "html.part" / "_build" / "html"
        made.mkdir(parents=True)
        (made / "index.html").write_text("a site", "utf-8")
        edit(root / "book" / "small.md", "helper.NUMBER > 0", "helper.NUMBER > 1")
        return 0, ""

    monkeypatch.setattr("tools.build.jupyter_book", jupyter_book)
    assert build(validated, "html") == 1
    assert "small.md: code, w2s or packages have changed since" in capsys.readouterr().err
    assert not site(validated).exists()
    assert not (validated / "_build" / "html.part").exists()


def test_a_build_that_is_killed_leaves_no_half_of_a_site(validated, monkeypatch):
    def killed(root, *_, **__):
        made = root / "_build" / "html.part" / "_build" / "html"
        made.mkdir(parents=True)
        (made / "index.html").write_text("half a site", "utf-8")
        raise KeyboardInterrupt

    monkeypatch.setattr("tools.build.jupyter_book", killed)
    with pytest.raises(KeyboardInterrupt):
        build(validated, "html")
    assert not site(validated).exists()


# --- the commands -------------------------------------------------------------------------------


def test_an_unknown_chapter_is_named_with_those_there_are(book, capsys):
    assert record(book, ["smal"]) == 2
    assert capsys.readouterr().err == "no chapter called smal; there are: small\n"


def test_a_folder_without_chapters_is_not_a_book(tmp_path, capsys):
    assert build(tmp_path, "html") == 1
    assert record(tmp_path, []) == 2
    error = capsys.readouterr().err
    assert f"there is no chapter in {tmp_path / 'book'}" in error
    assert f"{tmp_path / 'book'} holds none" in error


def test_workers_must_be_a_number(monkeypatch, book):
    monkeypatch.setenv("WORKERS", "many")
    with pytest.raises(SystemExit, match="WORKERS must be a whole number, got 'many'"):
        pytest_on_chapters(book, [book / "book" / "small.md"])


def test_the_build_looks_for_conclusions_where_they_are():
    assert CONCLUSIONS == KEY


def test_a_chapter_is_read_without_executing_it(book):
    notebook = read_chapter(book / "book" / "small.md")
    assert [cell.outputs for cell in notebook.cells if cell.cell_type == "code"] == [[]] * 6
