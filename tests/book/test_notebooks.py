"""The notebooks to download: what they say, and that they run where there is no book."""

import re
import shutil
import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient

from tools.build import build, fill_cache
from tools.checks.binder import URLPATH
from tools.pages.assets import gather_assets
from tools.run import HOME, jupyter_book, pytest_on_chapters
from tools.validate.chapters import chapters, code_cells, is_validated, validated_path
from tools.validate.record import record

pytestmark = pytest.mark.slow
CHAPTERS = ["teacher", "hermite"]  # quick ones of the real book, with all that a chapter has
#: MyST, as a reader without MyST would see it
MYST = re.compile(r"\{[a-z:]+\}`|^[> ]*(?:`{3,}|:{3,})\{|^\(\S+\)=|\\(?:dof|tr|E)\b", re.MULTILINE)


def lay_out(root):
    (root / "book").mkdir(parents=True)
    configuration = (HOME / "_config.yml").read_text("utf-8")
    (root / "_config.yml").write_text(
        configuration.replace("tools/pages", str(HOME / "tools" / "pages")), "utf-8"
    )
    (root / "assets").symlink_to(HOME / "assets")
    (root / "index.md").write_text("# When the student beats the teacher\n\nTwo chapters.\n")
    for name in (*(f"{name}.md" for name in CHAPTERS), "references.bib", "bibliography.md"):
        shutil.copy2(HOME / "book" / name, root / "book")
    pages = "".join(f"      - file: book/{name}\n" for name in (*CHAPTERS, "bibliography"))
    (root / "_toc.yml").write_text(
        f"format: jb-book\nroot: index\nparts:\n  - numbered: true\n    chapters:\n{pages}"
    )
    (root / "tests" / "records").mkdir(parents=True)
    for name in CHAPTERS:
        shutil.copy2(HOME / "tests" / "records" / f"{name}.ipynb", root / "tests" / "records")
    return root


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """Two real chapters; links to the others lead nowhere here."""
    root = lay_out(tmp_path_factory.mktemp("notebooks") / "book")
    if all(is_validated(HOME / "book" / f"{name}.md") for name in CHAPTERS):  # not twice in a run
        (root / "_build" / "validated").mkdir(parents=True)
        for chapter in chapters(root):
            shutil.copy2(validated_path(HOME / "book" / chapter.name), validated_path(chapter))
    else:
        assert pytest_on_chapters(root, chapters(root)) == 0
    fill_cache(root, chapters(root))
    gather_assets(root)
    assert jupyter_book(root, "html", strict=False)[0] == 0
    return root


def downloaded(book, name):
    path = book / "_build" / "html" / "_sources" / "book" / f"{name}.ipynb"
    return nbformat.read(path, as_version=4)


def text_of(notebook):
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


@pytest.mark.parametrize("name", CHAPTERS)
def test_it_is_the_chapter_with_its_validated_outputs(book, name):
    notebook = downloaded(book, name)
    nbformat.validate(notebook)
    executed = code_cells(nbformat.read(validated_path(book / "book" / f"{name}.md"), as_version=4))
    install, *cells = code_cells(notebook)
    assert [cell.source for cell in cells] == [cell.source for cell in executed]
    assert [len(cell.outputs) for cell in cells] == [len(cell.outputs) for cell in executed]
    data = [output.get("data", {}) for cell in cells for output in cell.outputs]
    assert any("image/svg+xml" in one for one in data)
    assert not any("image/png" in one for one in data if "image/svg+xml" in one)  # once is enough
    assert install.source.startswith("try:\n    import w2s\nexcept ImportError:\n    %pip install")


@pytest.mark.parametrize("name", CHAPTERS)
def test_any_jupyter_can_show_its_text(book, name):
    notebook = downloaded(book, name)
    text = text_of(notebook)
    assert MYST.search(text) is None
    assert "> **The question**" in text
    assert re.search(r"^> \*\*Exercise \d\.1\*\*$", text, re.MULTILINE)
    assert re.search(r"^\*Fig\. \d\.1\.\* \S", text, re.MULTILINE)
    assert re.search(r"\$\$.+\\tag\{\d\.\d\}\$\$", text)
    assert re.search(r"\w \(\[\d{4}\]\(https://\S+/bibliography\.html#\S+\)\)", text)
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    assert links
    assert [link for link in links if not link.startswith("https://")] == []


def test_a_moving_picture_becomes_a_link(book):
    address = "https://w2s-book.github.io/w2s-book/book/teacher.html#explorer-teacher"
    assert f"]({address})" in text_of(downloaded(book, "teacher"))


def test_it_runs_where_there_is_no_book(book, tmp_path):
    notebook = downloaded(book, "teacher")
    for cell in code_cells(notebook):
        cell.outputs = []
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert list(tmp_path.iterdir()) == []


def test_it_installs_the_package_only_where_there_is_none(book):
    install = code_cells(downloaded(book, "teacher"))[0].source
    script = (
        "import sys; from IPython.core.interactiveshell import InteractiveShell; "
        "shell = InteractiveShell(); asked = []; "
        "shell.register_magic_function(asked.append, magic_name='pip'); "
        f"sys.modules['w2s'] = None if sys.argv[1] == 'none' else sys; "
        f"shell.run_cell({install!r}); print(asked)"
    )
    for there, said in (("w2s", "[]"), ("none", "w2s[book] @ git+https://github.com/")):
        command = [sys.executable, "-c", script, there]
        run = subprocess.run(command, capture_output=True, text=True, check=True)
        assert said in run.stdout


def test_myst_that_is_left_fails_the_build(tmp_path, capfd):
    root = tmp_path / "book"
    shutil.copytree(HOME / "tests" / "small_book", root)
    shutil.copy2(lay_out(tmp_path / "other") / "_config.yml", root)
    (root / "assets").symlink_to(HOME / "assets")
    chapter = root / "book" / "small.md"
    text = chapter.read_text("utf-8")
    chapter.write_text(text.replace("It is a line.", "It is in {ref}`ch-small`."), "utf-8")
    assert record(root, ["small"]) == 0
    assert pytest_on_chapters(root, [chapter]) == 0
    assert build(root, "html", reuse=True) == 1
    assert "MyST is left in the notebook to download" in "".join(capfd.readouterr())


def test_the_rocket_opens_the_chapter_where_the_binder_check_does(book):
    page = (book / "_build" / "html" / "book" / "teacher.html").read_text("utf-8")
    rocket = re.search(r"https://mybinder\.org/v2/gh/[^\"]+", page).group()
    assert rocket.endswith("?urlpath=" + URLPATH.format("teacher"))
