"""The print edition of a small book: what is in the PDF, and what prevents one."""

import re
import shutil
from pathlib import Path

import pytest
from pypdf import PdfReader

from tools.print.pdf import NAME, print_book
from tools.run import HOME, pytest_on_chapters
from tools.validate.chapters import is_validated, validated_path
from tools.validate.record import record

pytestmark = pytest.mark.browser

#: What a print edition must cope with, at the end of the small book's only chapter.
EXTRA = r"""
## Printing

An equation that is wider than the page:

$$
{wide} = \E\, x^\top y + \dof + \gammat\noise
$$ (eq-wide)

So is the inline $0 = {wide}$, and a table of it:

| sum | again |
|---|---|
| ${wide}$ | ${wide}$ |

It is {{eq}}`eq-wide`, in {{ref}}`ch-small`; the inline $\lambda_t$ and a source, {{cite:t}}`{key}`.

```{{prf:theorem}}
:label: thm-small
Two is even.
```

{{prf:ref}}`thm-small` is proved by looking.

```{{explorer}} teacher
```
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    root = tmp_path_factory.mktemp("print") / "book"
    shutil.copytree(HOME / "tests" / "small_book", root)
    configuration = (HOME / "_config.yml").read_text("utf-8")
    (root / "_config.yml").write_text(
        configuration.replace("tools/pages", str(HOME / "tools" / "pages")), "utf-8"
    )
    (root / "assets").symlink_to(HOME / "assets")
    shutil.copy2(HOME / "book" / "references.bib", root / "book")
    (root / "book" / "bibliography.md").write_text("# Bibliography\n\n```{bibliography}\n```\n")
    with (root / "_toc.yml").open("a") as contents:
        contents.write("  - file: book/bibliography\n")
    wide = " + ".join(f"x_{{{k}}}^2" for k in range(30))
    chapter = root / "book" / "small.md"
    with chapter.open("a") as page:
        page.write(EXTRA.format(wide=wide, key="moniri2025mechanisms"))
    assert record(root, ["small", "explorers"]) == 0
    (root / "book" / "runs.log").unlink()
    assert pytest_on_chapters(root, [chapter]) == 0
    return root


@pytest.fixture
def book(recorded, tmp_path):
    return Path(shutil.copytree(recorded, tmp_path / "book", symlinks=True))


@pytest.fixture(scope="module")
def printed(recorded, tmp_path_factory):
    root = Path(
        shutil.copytree(recorded, tmp_path_factory.mktemp("printed") / "book", symlinks=True)
    )
    assert print_book(root) == 0
    return PdfReader(root / "_build" / NAME)


def executions(root):
    log = root / "book" / "runs.log"
    return len(log.read_text("utf-8").splitlines()) if log.exists() else 0


def append(root, text):
    with (root / "book" / "small.md").open("a") as chapter:
        chapter.write(text)


# --- what is in it --------------------------------------------------------------------------------


def test_the_pages_hold_the_whole_book_and_no_markup(printed):
    text = "\n".join(page.extract_text() for page in printed.pages)
    for promised in ("A small chapter", "Theorem 1", "Two is even", "Moniri"):
        assert promised in text
    assert not re.search(r"\{(?:ref|eq|cite:t)\}|\$\\|\\\(|:::|```|input error", text)


def test_pages_are_numbered_and_say_which_chapter_they_belong_to(printed):
    texts = [page.extract_text() for page in printed.pages]
    chapter = next(number for number, text in enumerate(texts) if "Printing" in text)
    assert texts[chapter].count("A small chapter") >= 1
    assert re.search(rf"^\s*{chapter + 1}\s*$", texts[chapter], re.MULTILINE)


def test_the_contents_name_the_page_on_which_a_chapter_begins(printed):
    contents = printed.pages[1].extract_text()
    begin = int(re.search(r"A small chapter\s*(\d+)", contents).group(1))
    assert "A small chapter" in printed.pages[begin - 1].extract_text()
    assert "Some prose." in printed.pages[begin - 1].extract_text()


def test_links_lead_to_places_and_bookmarks_to_chapters(printed):
    places = printed.named_destinations
    inside = [
        annotation.get_object()["/Dest"]
        for page in printed.pages
        for annotation in page.get("/Annots", [])
        if "/Dest" in annotation.get_object()
    ]
    assert len(inside) >= 6
    assert {str(link) for link in inside} <= set(places)
    titles = [item.title for item in printed.outline if not isinstance(item, list)]
    assert titles[:3] == ["Contents", "To the reader", "A small chapter"]


def test_no_page_is_blank(printed):
    for number, page in enumerate(printed.pages, start=1):
        assert len(page.extract_text().split()) > 5, f"page {number}"


# --- what it takes --------------------------------------------------------------------------------


def test_validated_outputs_are_used_again_until_a_source_changes(book):
    chapter = book / "book" / "small.md"
    assert is_validated(chapter)
    before = executions(book)
    assert print_book(book) == 0
    assert executions(book) == before
    append(book, "\nMore prose.\n")
    assert is_validated(chapter)
    helper = book / "book" / "helper.py"
    helper.write_text(helper.read_text("utf-8") + "\n# another helper\n", "utf-8")
    assert not is_validated(chapter)


def test_outputs_that_nobody_compared_are_not_used(book):
    outcome = validated_path(book / "book" / "small.md")
    assert record(book, ["small"]) == 0
    assert outcome.exists()
    assert not is_validated(book / "book" / "small.md")


#: All of these at once, for the time that a build takes.
BROKEN = {
    "A formula: $\\frac{1}{$": r"a formula is not typeset: .*\(in small, printing\)",
    "Another: $\\undefinedmacro$": r"a formula is not typeset: ",
    '<img src="nowhere.png" alt="none">': r"no picture: .*nowhere\.png",
    '<img src="https://example.org/x.png" alt="x">': r"asks for https://example\.org/x\.png",
    '<a href="#nowhere">there</a>': r"the link “there” leads to 0 places, #nowhere",
    '<a href="notes.html">notes</a>': r"a link to a page that is not printed: notes\.html",
    "<script>console.error('broken script')</script>": r"console: broken script",
    '<pre style="width: 999px">wide</pre>': r"\d+ px too wide: pre wide",
}


def test_what_is_broken_is_named_and_nothing_is_printed(book, capfd):
    append(book, "".join(f"\n{wrong}\n" for wrong in BROKEN))
    (book / "_build" / NAME).write_bytes(b"an older edition")
    assert print_book(book) == 1
    complaints = capfd.readouterr().err
    for complaint in BROKEN.values():
        assert re.search(complaint, complaints), complaint
    assert complaints.count("a formula is not typeset") == 2
    assert not (book / "_build" / NAME).exists()


def test_without_a_browser_nothing_is_begun(book, capsys, monkeypatch):
    monkeypatch.setattr("tools.print.pdf.CHROMIUM", None)
    assert print_book(book) == 1
    assert capsys.readouterr().err.startswith("print failed: no Chromium: ")
