"""The built site as its readers meet it: `make look`, after `make book`."""

import pytest

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
    """MathJax is copied out of its package, and a reader's browser loads a part of it once."""
    sizes = [
        path.stat().st_size
        for path in SITE.rglob("*")
        if path.is_file() and "mathjax" not in path.parts
    ]
    assert sum(sizes) < 25 * MEGABYTE


@pytest.mark.browser
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_quiet_typeset_and_fits(page, address, name):
    complaints = watch(page)
    page.goto(f"{address}/{name}")
    site_checks.ready(page)
    complaints += site_checks.maths(page) + site_checks.overflow(page)
    assert complaints == []


@pytest.mark.browser
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible(page, address, name):
    page.goto(f"{address}/{name}")
    site_checks.ready(page)
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
def test_solutions_fold_and_unfold(page, address, name):
    """By mouse and by keyboard; every chapter has exercises, and their solutions start folded."""
    from playwright.sync_api import expect

    page.goto(f"{address}/{name}")
    site_checks.ready(page)
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
            seen = {tuple(explorer.locator("output").all_inner_texts())}
            for slider in explorer.locator("input[type=range]").all():
                slider.focus()
                for key in ("Home", "PageUp", "PageUp", "PageUp", "End"):
                    page.keyboard.press(key)
                    seen.add(tuple(explorer.locator("output").all_inner_texts()))
            assert len(seen) > 3, (name, seen)
            moved.append(name)
    assert len(moved) >= 6
