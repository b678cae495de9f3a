"""Print the book: `make pdf`.

    python -m tools.print.pdf            # _build/when-the-student-beats-the-teacher.pdf
    python -m tools.print.pdf --root DIR # a book kept somewhere else (the tests do this)

The print edition is the single page of `tools/print/print_edition.py`, printed by headless
Chromium. Chapters whose validated outputs belong to the present sources are not executed again.
A formula that is not typeset, a picture that is missing, a link that leads nowhere or a script that
complains ends the run with a non-zero exit code and leaves no PDF.
"""

from __future__ import annotations

import argparse
import base64
import io
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pikepdf import ObjectStreamMode, OutlineItem, Pdf

from tools.build import build
from tools.checks.browser import CHROMIUM, MISSING, browser, served, watch

if TYPE_CHECKING:
    from playwright.sync_api import Page

NAME = "when-the-student-beats-the-teacher.pdf"
SHEET = "formula-sheet.pdf"  #: the page `book/formulas.md` alone
#: What a page of A4 leaves between its margins (`print.css`), in the browser's pixels.
WIDTH = round((210 - 2 * 22) / 25.4 * 96)
SECONDS = 300_000  # milliseconds that the typesetting of the whole book may take

#: What is folded is shown, but for what `print.css` leaves online. The captions in the contents
#: are no headings of the book.
_OPEN = """() => {
  for (const details of document.querySelectorAll('details')) details.open = true;
  for (const caption of document.querySelectorAll('nav [role=heading]')) {
    caption.removeAttribute('role');
  }
}"""

_TYPESET = "MathJax.startup.promise.then(() => document.fonts.ready).then(() => true)"

#: An explorer's figures have been drawn when its read-outs have been computed.
_DRAWN = """() => [...document.querySelectorAll('section.explorer')].every(section =>
    [...section.querySelectorAll('output')].every(output => output.textContent.trim() !== '…'))"""

#: Its sliders become their values, and its figures the picture that was taken of them.
_FREEZE = """([name, pictures]) => {
  const section = document.getElementById(name);
  for (const folded of section.querySelectorAll('details')) folded.open = true;
  for (const control of section.querySelectorAll('.explorer-control')) {
    const value = document.createElement('output');
    value.textContent = control.querySelector('input[type=number]').value;
    control.append(value);
  }
  const figures = section.querySelector('.explorer-figures');
  const image = document.createElement('img');
  image.src = pictures;
  image.alt = figures.getAttribute('aria-label');
  figures.replaceChildren(image);
}"""

#: A table or a formula that is wider than the page shrinks to fit; its number is kept beside it.
_FIT = """() => {
  const width = node => node.getBoundingClientRect().width;
  for (const table of document.querySelectorAll('main table')) {
    const room = width(table.parentElement);
    if (width(table) > room) table.style.zoom = room / width(table);
  }
  for (const formula of document.querySelectorAll('main mjx-container')) {
    const math = formula.querySelector('mjx-math');
    if (math === null) continue;
    const number = formula.parentElement.querySelector(':scope > .eqno');
    const room = width(formula.closest('div, p, li, dd, td, th, figcaption, section'))
      - (number ? width(number) + 12 : 0);
    const needed = width(math);
    if (needed > room) {
      formula.style.setProperty('font-size', `${100 * room / needed}%`, 'important');
    }
  }
}"""

#: What MathJax measures with would be printed on a sheet of its own.
_TIDY = "document.querySelectorAll('body > div').forEach(left => left.remove())"

_COMPLAINTS = r"""() => {
  const found = [];
  const near = node => {
    const place = node.closest('section[id]');
    return place ? ` (in ${place.id.replace('--', ', ')})` : '';
  };
  for (const error of document.querySelectorAll('mjx-merror, merror, [data-mjx-error]')) {
    const why = error.getAttribute('data-mjx-error') ?? error.textContent;
    found.push(`a formula is not typeset: ${why}${near(error)}`);
  }
  for (const unknown of document.querySelectorAll('mjx-mtext[style*="color: red"]')) {
    found.push(`a formula is not typeset: ${unknown.textContent}${near(unknown)}`);
  }
  for (const math of document.querySelectorAll('.math')) {
    if (math.querySelector('mjx-container') === null) {
      found.push(`a formula is not typeset: ${math.textContent.slice(0, 60)}${near(math)}`);
    }
  }
  for (const image of document.images) {
    if (!image.complete || image.naturalWidth === 0) found.push(`no picture: ${image.src}`);
  }
  for (const link of document.querySelectorAll('a[href^="#"]')) {
    const target = decodeURIComponent(link.getAttribute('href').slice(1));
    const places = document.querySelectorAll(`[id="${CSS.escape(target)}"]`).length;
    if (places === 1) continue;
    found.push(`the link “${link.textContent}” leads to ${places} places, #${target}${near(link)}`);
  }
  for (const link of document.querySelectorAll('a[href]:not([href^="#"])')) {
    const address = link.getAttribute('href');
    if (/^(https?|mailto):/.test(address)) continue;
    found.push(`a link to a page that is not printed: ${address}${near(link)}`);
  }
  const edge = document.querySelector('main').getBoundingClientRect().right;
  for (const wide of document.querySelectorAll('main img, main table, main pre, mjx-math')) {
    const right = wide.getBoundingClientRect().right;
    if (right > edge + 1) {
      const what = `${wide.tagName.toLowerCase()} ${wide.textContent.slice(0, 40)}`;
      found.push(`${Math.round(right - edge)} px too wide: ${what}${near(wide)}`);
    }
  }
  return found;
}"""

_SHEET_ALONE = """() => {
  const sheet = document.querySelector('.page-formulas');
  if (sheet === null) return false;
  document.body.replaceChildren(sheet);
  sheet.style.zoom = 0.82;  // a page of A4
  for (const link of sheet.querySelectorAll('a[href^="#"]')) link.removeAttribute('href');
  return true;
}"""

_NUMBER = """pages => {
  for (const link of document.querySelectorAll('nav.contents li a')) {
    const page = document.createElement('span');
    page.className = 'page';
    page.textContent = pages[decodeURIComponent(link.getAttribute('href').slice(1))] ?? '';
    link.append(page);
  }
}"""


def prepare(page: Page, address: str) -> list[str]:
    """Open the print edition and make it ready; returns what is wrong with it."""
    complaints = watch(page)
    page.goto(address, wait_until="load")
    page.emulate_media(media="print")
    page.evaluate(_OPEN)
    page.evaluate(_TYPESET)
    page.wait_for_function(_DRAWN)
    for section in page.query_selector_all("section.explorer"):
        figures = section.query_selector(".explorer-figures")
        assert figures is not None
        picture = base64_of(figures.screenshot(animations="disabled"))
        page.evaluate(_FREEZE, [section.get_attribute("id"), picture])
    page.evaluate(_FIT)
    page.evaluate(_TIDY)
    return complaints + page.evaluate(_COMPLAINTS)


def base64_of(picture: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(picture).decode("ascii")


def printed(page: Page, *, tagged: bool) -> Pdf:
    content = page.pdf(
        outline=tagged, tagged=tagged, prefer_css_page_size=True, print_background=True
    )
    return Pdf.open(io.BytesIO(content))


def pages_of_destinations(pdf: Pdf) -> dict[str, int]:
    """The page, counted from 1, on which each place that a link leads to was printed."""
    numbers = {str(page.objgen): number for number, page in enumerate(pdf.pages, start=1)}
    return {
        name.removeprefix("/"): numbers[str(destination.as_list()[0].objgen)]
        for name, destination in pdf.Root.Dests.items()
    }


def dead_links(pdf: Pdf) -> list[str]:
    """What links inside the book lead to that was not printed."""
    places = set(pdf.Root.get("/Dests", {}).keys())
    return [
        f"a printed link leads nowhere: {link.Dest}"
        for page in pdf.pages
        for link in page.get("/Annots", [])
        if "/Dest" in link and str(link.Dest) not in places
    ]


def name_bookmarks(pdf: Pdf, headings: list[str], titles: list[str]) -> list[str]:
    """Give the bookmarks the headings' texts; complains if chapters are missing among them.

    Chromium doubles a heading that begins a page.
    """

    def in_order(items: list[OutlineItem]) -> Iterator[OutlineItem]:
        for item in items:
            yield item
            yield from in_order(item.children)

    with pdf.open_outline() as outline:
        bookmarks = list(in_order(outline.root))
        if len(bookmarks) != len(headings):
            return [f"{len(headings)} headings and {len(bookmarks)} bookmarks"]
        for bookmark, heading in zip(bookmarks, headings, strict=True):
            bookmark.title = heading
    return [f"the chapter {title!r} is missing" for title in titles if title not in headings]


def print_book(root: Path) -> int:
    begin = time.perf_counter()
    target, sheet = (root / "_build" / name for name in (NAME, SHEET))
    for path in (target, sheet):
        path.unlink(missing_ok=True)
    if CHROMIUM is None:
        return _fail(MISSING)
    if build(root, "singlehtml", reuse=True) != 0:
        return 1
    built = time.perf_counter()
    with served(root / "_build" / "singlehtml") as address, browser() as chromium:
        page = chromium.new_page(viewport={"width": WIDTH, "height": 1000}, device_scale_factor=3)
        page.set_default_timeout(SECONDS)
        complaints = prepare(page, address + "/index.html")
        if not complaints:
            author = page.locator("meta[name=author]").get_attribute("content") or ""
            titles = page.locator("nav.contents li a").all_text_contents()
            headings = page.locator("h1, h2, h3, h4, h5, h6").all_text_contents()
            # Only the printed book tells on which page a chapter begins.
            page.evaluate(_NUMBER, pages_of_destinations(printed(page, tagged=False)))
            pdf = printed(page, tagged=True)
            complaints += dead_links(pdf) + name_bookmarks(pdf, headings, titles)
            alone = printed(page, tagged=False) if page.evaluate(_SHEET_ALONE) else None
            if alone is not None and len(alone.pages) > 1:
                complaints.append(f"the formula sheet takes {len(alone.pages)} sheets of paper")
    if complaints:
        return _fail("\n".join(complaints))
    pdf.docinfo["/Author"] = author
    # Chromium writes each of some hundred thousand tags as it is: a third is left of the file.
    pdf.save(target, object_stream_mode=ObjectStreamMode.generate, recompress_flate=True)
    if alone is not None:
        alone.save(sheet)
    print(
        f"{len(pdf.pages)} pages, {target.stat().st_size / 2**20:.1f} MB, "
        f"printed in {time.perf_counter() - built:.0f} s "
        f"(all {time.perf_counter() - begin:.0f} s): {target}"
    )
    return 0


def _fail(reason: str) -> int:
    print(f"print failed: {reason}", file=sys.stderr)
    return 1


def main() -> int:
    parser = argparse.ArgumentParser(description="Print the book.")
    parser.add_argument("--root", type=Path, default=Path.cwd())
    arguments = parser.parse_args()
    return print_book(arguments.root.resolve())


if __name__ == "__main__":
    sys.exit(main())
