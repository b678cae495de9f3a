"""Each check of the site refuses a page that is wrong in just the way it looks for."""

import pytest

from tools.checks import site_checks
from tools.checks.browser import browser, served, watch

PAGE = """<!doctype html><html lang="en" data-theme="light"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>A page</title>{head}</head>
<body><main><h1 id="top">A page</h1><p>Words that cost nothing: <code>$HOME</code>.</p>{body}</main>
</body></html>"""
LONG = "x" * 400


@pytest.fixture
def write(tmp_path):
    def written(body, head="", name="index.html"):
        (tmp_path / name).write_text(PAGE.format(body=body, head=head), encoding="utf-8")
        site_checks._parsed.cache_clear()
        return tmp_path

    return written


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ('<a href="#top">here</a> <a href="index.html#top">here</a>', None),
        ('<a href="https://example.org">elsewhere</a>', None),
        ('<a href="gone.html">there</a>', "no such file"),
        ('<a href="#nowhere">there</a>', "no such place"),
        ('<a href="index.html#nowhere">there</a>', "no such place"),
        ('<img src="gone.png" alt="">', "no such file"),
        ('<img src="https://example.org/a.png" alt="">', "loads https"),
        ('<script src="//example.org/a.js"></script>', "loads //example.org"),
    ],
)
def test_dead_links(write, body, complaint):
    found = list(site_checks.dead_links(write(body), "index.html"))
    assert len(found) == (complaint is not None)
    assert complaint is None or complaint in found[0]


def test_pages_are_found_first_page_first(write):
    site = write("", name="a.html")
    write("")
    (site / "_static").mkdir()
    (site / "_static" / "part.html").touch()
    assert site_checks.pages(site) == ["index.html", "a.html"]


@pytest.fixture(scope="module")
def chromium():
    with browser() as found:
        yield found


def looked_at(chromium, site, check, width=1280):
    page = chromium.new_page(viewport={"width": width, "height": 900})
    complaints = watch(page)
    with served(site) as address:
        page.goto(f"{address}/index.html")
        site_checks.ready(page)
        complaints += check(page)
    page.close()
    return [complaint for complaint in complaints if "favicon" not in complaint]


def require(found, complaint):
    """That it was complained of; `None` for a page in order."""
    assert found == [] if complaint is None else any(complaint in text for text in found), found


@pytest.mark.browser
@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("", None),
        ("<p>Let $x$ be.</p>", "Let $x$"),
        (r"<p>Let \(x\) be.</p>", r"\(x\)"),
        ("<p>See {ref}`ch-teacher`.</p>", "{ref}"),
        ('<p class="math">x</p>', "not typeset"),
        ("<mjx-container><mjx-merror>Undefined</mjx-merror></mjx-container>", "error: Undefined"),
        ("<script>console.error('alas')</script>", "console: alas"),
        ("<script>nothing.there()</script>", "script error"),
        ('<img src="http://192.0.2.1/a.png" alt="">', "asks for"),
        ('<img src="gone.png" alt="">', "404"),
    ],
)
def test_quiet_and_typeset(chromium, write, body, complaint):
    found = looked_at(chromium, write(body), site_checks.maths)
    require(found, complaint)


@pytest.mark.browser
@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (f'<pre tabindex="0" style="overflow-x: auto">{LONG}</pre>', None),
        (f'<pre style="overflow-x: auto">{LONG}</pre>', "not by keyboard"),
        (f"<p>{LONG}</p>", "the page is"),
        ('<div style="width: 700px; height: 2px">wide</div>', "360 px, dark"),
        (
            '<style>[data-theme=dark] p { width: 2000px }</style><p style="height: 2px">y</p>',
            "1280 px, dark",
        ),
    ],
)
def test_widths(chromium, write, body, complaint):
    found = looked_at(chromium, write(body), site_checks.overflow)
    require(found, complaint)


@pytest.mark.browser
@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ('<label>Speed <input type="range"></label><img src="data:," alt="A curve.">', None),
        ('<input type="range">', "label"),
        ('<img src="data:,">', "image-alt"),
        ('<p style="color: #ccc; background: #fff">pale</p>', "light: color-contrast"),
        (
            "<style>[data-theme=dark] p { color: #333; background: #000 }</style><p>dim</p>",
            "dark: color-contrast",
        ),
        ("<button></button>", "button-name"),
    ],
)
def test_accessibility(chromium, write, body, complaint):
    found = looked_at(chromium, write(body), site_checks.accessibility)
    require(found, complaint)


_CELL = '<div class="cell_input" style="height: 300px">code</div>'
_PROSE = '<p style="height: 1000px">prose</p>'


@pytest.mark.browser
@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (_CELL + _PROSE, None),
        (_CELL + _CELL + _PROSE, "more than a quarter"),
        (_CELL + f"<details><summary>fold</summary>{_CELL}</details>" + _PROSE, None),
        (_CELL + f"<details open><summary>fold</summary>{_CELL}</details>" + _PROSE, "of the page"),
        (_CELL + '<div class="explorer" style="height: 2000px">curves</div>', "of the page"),
    ],
)
def test_code(chromium, write, body, complaint):
    require(looked_at(chromium, write(body), site_checks.code), complaint)
