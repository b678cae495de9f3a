"""What a reader may expect of every page of a built site: each check returns its complaints.

`dead_links` reads files; the others look at a page that is open in a browser, which
`tools.checks.browser` drives. `make look` applies them to the book, and
`tests/book/test_site_checks.py` applies each to a page that it has to refuse.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urldefrag, urlsplit

from bs4 import BeautifulSoup

if TYPE_CHECKING:
    from playwright.sync_api import Page

THEMES = ("light", "dark")
#: A phone, a tablet, a laptop.
WIDTHS = (360, 768, 1280)
#: What axe calls a violation that keeps someone from reading.
SEVERE = ("serious", "critical")

_RAW_MATHS = r"""() => {
  const skipped = 'script, style, code, pre, mjx-container, textarea, noscript, .explorer';
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (node.parentElement.closest(skipped)) continue;
    const text = node.textContent;
    if (/\\\(|\\\[|\$|\{(ref|eq|numref|cite|term|prf:ref)[:}]/.test(text)) {
      found.push(text.trim().slice(0, 80));
    }
  }
  for (const part of document.querySelectorAll('mjx-merror')) {
    found.push('error: ' + part.textContent);
  }
  for (const part of document.querySelectorAll('.math')) {
    if (!part.querySelector('mjx-container')) found.push('not typeset: ' + part.textContent);
  }
  return found;
}"""

_TOO_WIDE = """() => {
  const width = document.documentElement.clientWidth;
  const found = [];
  if (document.documentElement.scrollWidth > width) {
    found.push('the page is ' + document.documentElement.scrollWidth + ' wide');
  }
  const boxed = (element) => {
    for (let up = element; up && up !== document.body; up = up.parentElement) {
      const style = getComputedStyle(up);
      if (style.position === 'fixed' || up.closest('dialog')) return true;
      if (up !== element && style.overflowX !== 'visible') return true;
    }
    return false;
  };
  const reachable = 'a[href], button, input, select, textarea, summary, [tabindex="0"]';
  for (const element of document.querySelectorAll('main *:not(mjx-container *)')) {
    const box = element.getBoundingClientRect();
    if (element.scrollWidth > element.clientWidth + 1 && box.height > 0
        && ['auto', 'scroll'].includes(getComputedStyle(element).overflowX)
        && !element.matches(reachable) && !element.querySelector(reachable)) {
      found.push(`<${element.tagName.toLowerCase()} class="${element.className}"> scrolls, `
        + 'but not by keyboard');
    }
    if (box.width === 0 || box.height === 0 || box.right <= width + 1) continue;
    if (getComputedStyle(element).visibility === 'hidden' || boxed(element)) continue;
    found.push(`<${element.tagName.toLowerCase()} class="${element.className}"> ends at `
      + Math.round(box.right));
  }
  return found.slice(0, 5);
}"""

#: How small a formula may become, in per cent of the letters around it (`assets/reachable.js`).
SMALLEST = 75

_FORMULAS = """() => [...document.querySelectorAll('main div.math')]
  .filter(box => box.getBoundingClientRect().height > 0)
  .map(box => {
    const shown = box.querySelector('mjx-container'), math = shown.querySelector('mjx-math');
    const number = box.querySelector(':scope > .eqno')?.getBoundingClientRect();
    const right = Math.min(math.getBoundingClientRect().right, shown.getBoundingClientRect().right);
    return {
      id: box.id || math.textContent.slice(0, 30),
      under: number ? right > number.left + 1 : false,
      scrolls: shown.scrollWidth > shown.clientWidth + 1 || box.scrollWidth > box.clientWidth + 1,
      size: parseFloat(math.style.fontSize || '100'),
    };
  })"""

_CUT_OFF = """() => [...document.querySelectorAll('main .cell_output pre')]
  .filter(box => box.scrollWidth > box.clientWidth + 1)
  .map(box => box.textContent.slice(0, 40))"""

_EMPTY_FORMULAS = """() => {
  for (const formula of document.querySelectorAll('mjx-container')) {
    formula.textContent = 'x';
    formula.style.overflow = 'visible';
  }
}"""


def pages(site: Path) -> list[str]:
    """The address of every page below `site`, the first page first.

    Without the one that is shown for every address that is none: its links begin at the server.
    """
    found = sorted(
        path.relative_to(site).as_posix()
        for path in site.rglob("*.html")
        if "_static" not in path.relative_to(site).parts and path.name != "404.html"
    )
    return sorted(found, key=lambda address: address != "index.html")


def dead_links(site: Path, address: str) -> Iterator[str]:
    """Links that lead nowhere in the site, and anything that is loaded from outside it."""
    page = site / address
    parts = _parsed(page)[0]
    for part, attribute in _links(parts):
        target = part[attribute]
        outside = bool(urlsplit(target).scheme or target.startswith("//"))
        if outside:
            if part.name not in ("a", "form") and not target.startswith("data:"):
                yield f"{address} loads {target}"
            continue
        path, anchor = urldefrag(target)
        path = unquote(urlsplit(path).path)
        file = (page.parent / path).resolve() if path else page
        if not file.exists():
            yield f"{address} links to {target}: no such file"
        elif anchor and file.suffix == ".html" and unquote(anchor) not in _parsed(file)[1]:
            yield f"{address} links to {target}: no such place on that page"


def _links(parts: BeautifulSoup) -> Iterator[tuple[Any, str]]:
    for attribute in ("href", "src"):
        for part in parts.select(f"[{attribute}]"):
            if part[attribute] and part.get("rel") not in (["canonical"], ["search"]):
                yield part, attribute


@cache
def _parsed(page: Path) -> tuple[BeautifulSoup, frozenset[str]]:
    parts = BeautifulSoup(page.read_text("utf-8"), "html.parser")
    names = {str(part["id"]) for part in parts.select("[id]")}
    names |= {str(part["name"]) for part in parts.select("a[name]")}
    return parts, frozenset(names)


def ready(page: Page) -> None:
    """Wait until the page has come to rest, its maths typeset."""
    page.wait_for_load_state("load")
    page.evaluate("async () => { await window.MathJax?.startup?.promise; }")
    # A colour that is still on its way from one theme to the other is nobody's to judge.
    page.add_style_tag(content="* { transition: none !important; animation: none !important; }")


def maths(page: Page) -> list[str]:
    """Formulas that were not typeset, and markup that shows."""
    return [f"maths or markup shows: {text}" for text in page.evaluate(_RAW_MATHS)]


def overflow(page: Page) -> list[str]:
    """What sticks out at a phone's, a tablet's or a laptop's width, in either theme."""
    complaints = []
    size = page.viewport_size or {"width": 1280, "height": 900}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for theme in THEMES:
            use_theme(page, theme)
            found = page.evaluate(_TOO_WIDE)
            complaints += [f"{width} px, {theme}: {text}" for text in found]
    page.set_viewport_size(size)
    return complaints


_CODE_IN_SIGHT = """() => {
  const main = document.querySelector("main");
  const height = element => element.getBoundingClientRect().height;
  const total = elements => [...elements].reduce((sum, one) => sum + height(one), 0);
  const cells = [...main.querySelectorAll(".cell_input")];
  const open = cells.filter(cell => !cell.closest("details:not([open])"));
  return total(open) / (height(main) - total(main.querySelectorAll(".explorer")));
}"""


def code(page: Page) -> list[str]:
    """Code that takes more than a quarter of a chapter's height, folds closed, explorers apart."""
    share = page.evaluate(_CODE_IN_SIGHT)
    complaint = f"code is {share:.0%} of the page, more than a quarter: fold what only measures"
    return [complaint] if share > 1 / 4 else []


def formulas(page: Page) -> list[str]:
    """Displayed formulas under their numbers, shrunk too much or scrolling for no need.

    On a laptop they fit whole; on a phone those that are not too wide by more than a third.
    """
    complaints = []
    size = page.viewport_size or {"width": 1280, "height": 900}
    for width in (1280, 400):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(300)
        for one in page.evaluate(_FORMULAS):
            if one["under"]:
                complaints.append(f"{width} px: a formula runs under its number: {one['id']}")
            if one["size"] < SMALLEST:
                complaints.append(f"{width} px: a formula is at {one['size']:.0f} %: {one['id']}")
            if one["scrolls"] and (width == 1280 or one["size"] > SMALLEST):
                complaints.append(f"{width} px: a formula scrolls: {one['id']}")
    page.set_viewport_size(size)
    return complaints


def printed(page: Page) -> list[str]:
    """What cells printed and a phone cuts off."""
    size = page.viewport_size or {"width": 1280, "height": 900}
    page.set_viewport_size({"width": 400, "height": 900})
    found = page.evaluate(_CUT_OFF)
    page.set_viewport_size(size)
    return [f"400 px: what a cell printed does not break: {text}" for text in found]


def accessibility(page: Page) -> list[str]:
    """The serious and critical findings of axe-core, in both themes; the last look at a page.

    Formulas are emptied first: MathJax makes each of them dozens of elements, which axe would weigh
    one by one, minutes on a long chapter.
    """
    from axe_playwright_python.sync_playwright import Axe

    page.evaluate(_EMPTY_FORMULAS)
    complaints = []
    for theme in THEMES:
        use_theme(page, theme)
        options: dict[str, Any] = {"resultTypes": ["violations"]}
        if theme != THEMES[0]:  # a theme is colours, nothing else
            options["runOnly"] = ["color-contrast"]
        found = Axe().run(page, options=options)
        for violation in found.response["violations"]:
            if violation["impact"] in SEVERE:
                places = [node["html"][:120] for node in violation["nodes"][:3]]
                complaints.append(
                    f"{theme}: {violation['id']}, {violation['help']} "
                    f"({len(violation['nodes'])} places): {' … '.join(places)}"
                )
    return complaints


def use_theme(page: Page, theme: str) -> None:
    page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
