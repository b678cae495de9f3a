"""The built site as its readers meet it: `make look`, after `make book`."""

import re
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree

import pytest
import yaml
from bs4 import BeautifulSoup

from tools.checks import site_checks
from tools.checks.browser import browser, served, watch
from tools.run import HOME
from tools.validate.chapters import chapters
from w2s import ridge

SITE = HOME / "_build" / "html"
PAGES = site_checks.pages(SITE)
MEGABYTE = 2**20


@pytest.fixture(scope="session")
def chromium():
    with browser() as found:
        yield found


@pytest.fixture(scope="session")
def address():
    with served(SITE) as found:
        yield found


@pytest.fixture
def page(chromium):
    found = chromium.new_page(viewport={"width": 1280, "height": 900})
    yield found
    found.close()


def test_every_chapter_has_its_page():
    assert {f"book/{chapter.stem}.html" for chapter in chapters(HOME)} <= set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_no_link_is_dead_and_nothing_comes_from_outside(name):
    assert list(site_checks.dead_links(SITE, name)) == []


def test_the_site_is_small():
    """MathJax is copied out of its package, and a reader's browser loads a part of it once.

    The figures are vectors, on the pages and in the notebooks that are downloaded.
    """
    sizes = [
        path.stat().st_size
        for path in SITE.rglob("*")
        if path.is_file() and "mathjax" not in path.parts
    ]
    assert sum(sizes) < 33 * MEGABYTE


@pytest.mark.browser
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_quiet_typeset_fits_and_is_accessible(page, address, name):
    complaints = watch(page)
    page.goto(f"{address}/{name}")
    site_checks.ready(page)
    complaints += site_checks.maths(page) + site_checks.overflow(page)
    complaints += site_checks.formulas(page) + site_checks.printed(page)
    assert complaints == []
    # The last: it empties the formulas, and axe asks for style sheets by addresses of its own.
    assert site_checks.accessibility(page) == []


@pytest.mark.browser
def test_the_first_page_is_light(page, address):
    """3 MB before compression, MathJax aside."""
    page.goto(f"{address}/index.html")
    site_checks.ready(page)
    loaded = page.evaluate(
        "() => performance.getEntries().filter(e => e.decodedBodySize)"
        ".map(e => [e.name, e.decodedBodySize])"
    )
    assert any("bokeh" in name for name, _ in loaded)
    assert sum(size for name, size in loaded if "mathjax" not in name) < 3 * MEGABYTE


@pytest.mark.browser
@pytest.mark.parametrize(
    ("words", "page_found"),
    [("Theorem 5", "winning"), ("deterministic equivalent", "covariance"), ("resolvent", "tools")],
)
def test_the_search_finds_a_theorem(page, address, words, page_found):
    page.goto(f"{address}/index.html")
    page.locator(".search-button-field:visible, .search-button__button:visible").first.click()
    page.keyboard.type(words)
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=*")
    hit = page.locator(f"#search-results a[href*='book/{page_found}.html']").first
    hit.click(timeout=20_000)
    page.wait_for_url(f"**/book/{page_found}.html**")
    assert words.lower() in page.inner_text("main").lower()


@pytest.mark.browser
@pytest.mark.parametrize("name", [f"book/{chapter.stem}.html" for chapter in chapters(HOME)])
def test_a_chapter_is_ideas_before_code_and_its_solutions_fold(page, address, name):
    """By mouse and by keyboard; every chapter has exercises, and their solutions start folded."""
    from playwright.sync_api import expect

    page.goto(f"{address}/{name}")
    site_checks.ready(page)
    assert site_checks.code(page) == []
    solutions = page.locator(".admonition.solution")
    assert solutions.count() >= 3
    for number, solution in enumerate(solutions.all()):
        inside = solution.locator("section, .admonition-content").first
        button = solution.locator("button.toggle-button").first
        expect(inside).to_be_hidden()
        if number == 0:
            button.click()
            expect(inside).to_be_visible()
            button.click()
            expect(inside).to_be_hidden()
        for change in (expect(inside).to_be_visible, expect(inside).to_be_hidden):
            button.focus()
            page.keyboard.press("Enter")
            change()


def shown(page, name):
    """The number behind a read-out of an explorer."""
    return float(page.locator(f"#{name}").get_attribute("data-value"))


@pytest.mark.browser
@pytest.mark.parametrize(("width", "height"), [(1366, 768), (390, 844)])
def test_verdict_and_picture_are_on_the_first_screen(chromium, address, width, height):
    page = chromium.new_page(viewport={"width": width, "height": height})
    page.goto(f"{address}/index.html")
    site_checks.ready(page)
    for part in ("#calculator-verdict", ".explorer-figures", ".explorer-presets button"):
        box = page.locator(part).first.bounding_box()
        assert box["y"] + box["height"] <= height, part
    page.close()


@pytest.mark.browser
def test_the_calculator_on_the_first_page_agrees_with_the_package(page, address):
    page.goto(f"{address}/index.html")
    site_checks.ready(page)

    def says_what_the_package_says():
        of = {
            name: float(page.locator(f"#calculator-{name}-number").input_value())
            for name in ("n_t", "n_s", "d", "sigma", "lam_t", "lam_s", "zeta")
        }
        gamma_t, gamma_s = of["d"] / of["n_t"], of["d"] / of["n_s"]
        L_t = ridge.teacher_error(of["lam_t"], gamma_t, of["sigma"] ** 2)
        L_s = ridge.student_error(
            lam_t=of["lam_t"],
            lam_s=of["lam_s"],
            gamma_t=gamma_t,
            gamma_s=gamma_s,
            sigma2=of["sigma"] ** 2,
            zeta=of["zeta"],
        )
        assert shown(page, "calculator-L_t") == pytest.approx(L_t, rel=1e-9)
        assert shown(page, "calculator-L_s") == pytest.approx(L_s, rel=1e-9)
        return L_s < L_t

    page.locator(".explorer-more summary").click()
    outcomes = [says_what_the_package_says()]
    box = page.locator("#calculator-lam_s").bounding_box()
    page.mouse.click(box["x"] + 0.8 * box["width"], box["y"] + box["height"] / 2)
    outcomes.append(says_what_the_package_says())
    page.locator("#calculator-sigma").focus()
    page.keyboard.press("End")
    outcomes.append(says_what_the_package_says())
    page.locator("#calculator-lam_s").focus()
    for _ in range(8):
        page.keyboard.press("PageDown")
    outcomes.append(says_what_the_package_says())
    assert set(outcomes) == {True, False}


@pytest.mark.browser
def test_every_explorer_moves_on_its_page(page, address):
    """By keyboard; that what moves is right, `tests/test_explorers.py` shows."""
    moved = []
    for name in PAGES:
        if 'class="explorer' not in (SITE / name).read_text("utf-8"):
            continue
        page.goto(f"{address}/{name}")
        site_checks.ready(page)
        for explorer in page.locator("section.explorer").all():
            for more in explorer.locator(".explorer-more summary").all():
                more.click()
            seen = {tuple(explorer.locator("output").all_inner_texts())}
            for slider in explorer.locator("input[type=range]").all():
                slider.focus()
                for key in ("Home", "PageUp", "PageUp", "PageUp", "End"):
                    page.keyboard.press(key)
                    seen.add(tuple(explorer.locator("output").all_inner_texts()))
            assert len(seen) > 3, (name, seen)
            moved.append(name)
    assert len(moved) >= 6


# --- found by others ------------------------------------------------------------------------------

CONFIGURATION = yaml.safe_load((HOME / "_config.yml").read_text("utf-8"))
BASE = CONFIGURATION["html"]["baseurl"]
#: Pages with a source; the theme makes the index and the search.
WRITTEN = [name for name in PAGES if (HOME / name).with_suffix(".md").exists()]


def parsed(name):
    return BeautifulSoup((SITE / name).read_text("utf-8"), "html.parser")


def tags(name):
    """What a page tells machines, by the name of the tag."""
    found = parsed(name).select("meta[content]")
    return {tag.get("property") or tag.get("name"): tag["content"] for tag in found}


@pytest.mark.parametrize("name", [name for name in WRITTEN if name != "genindex.html"])
def test_a_page_says_what_it_is_about_with_a_picture(name):
    told, title = tags(name), parsed(name).title.text
    assert title.count(CONFIGURATION["title"]) == 1
    for tag in ("description", "og:description"):
        assert len(told[tag]) > 20
        assert not re.search(r"[$\\{}]", told[tag])
    assert told["og:url"] == BASE + name
    assert told["og:image:alt"]
    picture = SITE / told["og:image"].removeprefix(BASE)
    assert 5_000 < picture.stat().st_size < 300_000


def test_no_two_pages_have_the_same_title():
    titles = [parsed(name).title.text for name in PAGES]
    assert len(set(titles)) == len(titles)


def test_the_sitemap_has_every_page_and_when_it_changed():
    entries = ElementTree.parse(SITE / "sitemap.xml").getroot()
    listed = {entry[0].text: [part.text for part in entry[1:]] for entry in entries}
    assert set(listed) == {BASE + name for name in WRITTEN if name != "genindex.html"}
    assert all(re.match(r"20\d\d-", listed[BASE + name][0]) for name in WRITTEN[:3])


@pytest.mark.parametrize("name", [name for name in WRITTEN if name != "genindex.html"])
def test_a_page_says_when_it_changed_and_where_to_edit_it(name):
    shown = parsed(name)
    assert re.search(r"Last updated on\s+\d\d? \w+ 20\d\d", shown.text)
    edit = f"{CONFIGURATION['repository']['url']}/edit/main/{name.removesuffix('.html')}.md"
    assert shown.select(f'a[href="{edit}"]')


def test_what_has_moved_leads_to_a_page():
    for old, new in CONFIGURATION["sphinx"]["config"]["redirects"].items():
        assert not (HOME / f"{old}.md").exists()
        assert (SITE / f"{old}.html").parent.joinpath(urlsplit(new).path).exists()


@pytest.mark.browser
def test_who_is_lost_finds_the_way_from_anywhere(page, tmp_path):
    """At the address that it has on the server, where it is shown for pages of every depth."""
    (tmp_path / urlsplit(BASE).path.strip("/")).symlink_to(SITE)
    with served(tmp_path) as server:
        complaints = watch(page)
        page.goto(server + urlsplit(BASE).path + "404.html")
        site_checks.ready(page)
        assert complaints + site_checks.overflow(page) == []
        inside = page.locator("main a[href^='/'], nav a[href^='/']").all()
        links = {link.get_attribute("href").partition("#")[0] for link in inside}
        assert len(links) > 20
        for link in links:
            assert page.request.get(urljoin(server, link)).ok, link
        assert site_checks.accessibility(page) == []


@pytest.mark.browser
def test_an_abbreviation_explains_itself(page, address):
    page.goto(f"{address}/book/best_student.html")
    short = page.locator("main abbr", has_text="PGR").first
    assert "performance gap recovered" in short.get_attribute("title")


# --- found exactly --------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.parametrize(
    ("words", "chapter"),
    [
        ("Theorem 5", "winning"),
        ("theorem 8", "aligned"),
        ("(12)", "winning"),
        ("Equation (12)", "winning"),
        ("Lemma 15", "hermite"),
    ],
)
def test_the_first_hit_is_the_place(page, address, words, chapter):
    page.goto(f"{address}/search.html?q={words}")
    page.wait_for_selector("#search-results li a")
    page.wait_for_function(
        "document.querySelector('#search-results p').innerText.includes('found')"
    )
    hit = page.locator("#search-results li a").first.get_attribute("href")
    assert re.search(rf"book/{chapter}\.html.*#(check|sec)-", hit), hit
    place = hit.partition("#")[2]
    assert parsed(f"book/{chapter}.html").select(f'[id="{place}"]')


def test_the_index_counts():
    """Equation (2) before equation (10), under their bare numbers and under their name."""
    entries = parsed("genindex.html").select("main table li")
    bare = [entry.a.text for entry in entries if entry.a and not entry.find_parent("li")]
    named = [entry.a.text for entry in entries if entry.a and entry.find_parent("li")]
    for texts in (bare, named):
        numbers = [int(n) for text in texts for n in re.findall(r"^\((\d+)\)$", text)]
        assert len(numbers) > 10
        assert numbers == sorted(numbers)


@pytest.mark.browser
def test_the_search_icon_leaves_the_text_free(page, address):
    page.goto(f"{address}/search.html?q=bulk")
    form = page.locator("form.bd-search:visible").first
    icon = form.locator("i, svg").first.bounding_box()
    box = form.locator("input")
    inset = box.evaluate("input => parseFloat(getComputedStyle(input).paddingLeft)")
    assert box.bounding_box()["x"] + inset > icon["x"] + icon["width"]


@pytest.mark.browser
def test_what_to_cite_is_read_whole(page, address):
    page.goto(f"{address}/book/cite.html")
    assert page.locator(".highlight-bibtex pre").evaluate_all(
        "boxes => boxes.length >= 2 && boxes.every(box => box.scrollWidth <= box.clientWidth)"
    )
