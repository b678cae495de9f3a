"""What machines and passers-by read of a page: title, description, picture, dates, search.

The tags themselves, the sitemap, the dates and the page for lost readers come from Sphinx
extensions; here they are told what a chapter is about. The abbreviations of `_config.yml` explain
themselves where they stand, and the index counts.
"""

from __future__ import annotations

import html
import re
import textwrap
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import matplotlib
from docutils import nodes
from PIL import Image, ImageDraw, ImageFont
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

from tools.pages.content import Head, chapters_in_order, figure, head

#: What every site that shows a link crops from: the size that OpenGraph asks for.
CARD = (1200, 630)
FOLDER = "_images/social"
_LOST = """<h1>There is no such page</h1>
<p>It may have moved, or it never was. The <a href="{home}">first page</a> has the contents, the
search finds theorems and equations by the paper's numbers, and the <a href="{index}">index</a>
lists every term.</p>"""


def plain(text: str) -> str:
    """A sentence of a page without its mathematics' TeX: Greek letters are named as in HTML."""
    for tex, sign in {
        r"\to": " → ",
        r"\infty": "∞",
        r"\cdot": "·",
        r"\|": "‖",
        r"\star": "⋆",
    }.items():
        text = text.replace(tex, sign)
    text = re.sub(r"\{\w+\}`([^`<]+)[^`]*`", r"\1", text)
    text = html.unescape(re.sub(r"\\([a-z]+)", r"&\1;", text))
    return " ".join(re.sub(r"[$*{}]", "", text).split())


def _with_tex(paragraph: nodes.paragraph) -> str:
    """A paragraph's text, its formulas between dollar signs, for `plain`."""
    parts = paragraph.findall(lambda node: isinstance(node, nodes.math | nodes.Text))
    return "".join(
        f"${part.astext()}$" if isinstance(part, nodes.math) else part.astext()
        for part in parts
        if not isinstance(part.parent, nodes.math)
    )


def social_card(title: str, site: str, picture: bytes | None) -> Image.Image:
    """The page's title beside the chapter's picture, a PNG."""
    fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    card = Image.new("RGB", CARD, "white")
    draw = ImageDraw.Draw(card)
    draw.rectangle((0, 0, 16, CARD[1]), fill="#0072b2")
    wrapped = textwrap.fill(title, 20)
    large = ImageFont.truetype(str(fonts / "STIXGeneralBol.ttf"), 60 if len(title) < 60 else 46)
    draw.multiline_text((60, 80), wrapped, fill="black", font=large, spacing=14)
    small = ImageFont.truetype(str(fonts / "STIXGeneral.ttf"), 32)
    draw.text((60, CARD[1] - 90), site, fill="#444", font=small)
    if picture is not None:
        with Image.open(BytesIO(picture)) as found:
            found.thumbnail((CARD[0] // 2 - 30, CARD[1] - 160))
            left, top = CARD[0] - found.width - 30, (CARD[1] - 60 - found.height) // 2
            card.paste(found.convert("RGB"), (left, top))
    return card


def _describe(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Before the tags are made of it."""
    if page == app.config.root_doc:
        context["docstitle"] = ""  # it is the title already
    source = Path(app.srcdir) / f"{page}.md"
    if doctree is None or app.builder.name != "html" or not source.exists():
        return
    opening = head(source)
    told = dict(context.get("meta") or {})
    title = html.unescape(re.sub("<.*?>", "", context["title"]))
    first = next(iter(doctree.findall(nodes.paragraph)), None)
    if not opening.question and first is not None:
        opening = Head(opening.title, _with_tex(first), opening.picture)
    if opening.question:
        told["og:description"] = html.escape(plain(opening.question))
        context["metatags"] += f'<meta name="description" content="{told["og:description"]}" />\n'
    order = [source] if opening.picture else chapters_in_order(Path(app.srcdir))
    chapter, named = (order[0], head(order[0]).picture) if order else (source, "")
    try:
        picture = figure(Path(app.srcdir), chapter, named).png
    except ValueError:  # there is none; where a page names one, its directive complains
        picture = None
    card = Path(app.outdir) / FOLDER / f"{page.replace('/', '-')}.png"
    card.parent.mkdir(parents=True, exist_ok=True)
    social = social_card(title, app.config.html_title, picture)
    social.quantize(64).save(card, optimize=True)
    told["og:image"] = f"{app.config.html_baseurl}{FOLDER}/{card.name}"
    told["og:image:alt"] = f"{title}, with the picture that tells it"
    context["metatags"] += '<meta name="twitter:card" content="summary_large_image" />\n'
    context["meta"] = told


def by_number(name: str) -> list[Any]:
    """What an index sorts by: (2) comes before (10)."""
    return [int(part) if part.isdigit() else part.lower() for part in re.split(r"(\d+)", name)]


def _counted(entries: list[Any]) -> list[Any]:
    return sorted(entries, key=lambda entry: by_number(entry[0]))


def _count(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    if "genindexentries" in context:
        context["genindexentries"] = [
            (
                letter,
                [
                    (name, [places, _counted(below), key])
                    for name, (places, below, key) in _counted(entries)
                ],
            )
            for letter, entries in context["genindexentries"]
        ]


class Abbreviations(SphinxPostTransform):
    """Each is explained where it is met, outside of code, mathematics and links."""

    default_priority = 700

    def run(self, **_: Any) -> None:
        table = self.config.abbreviations
        if not table:
            return
        known = re.compile(rf"\b({'|'.join(map(re.escape, table))})\b")
        for text in list(self.document.findall(nodes.Text)):
            if not isinstance(text.parent, nodes.paragraph | nodes.caption | nodes.emphasis):
                continue
            parts = known.split(text.astext())
            if len(parts) > 1:
                text.parent.replace(
                    text,
                    [
                        nodes.abbreviation(part, part, explanation=table[part])
                        if number % 2
                        else nodes.Text(part)
                        for number, part in enumerate(parts)
                        if part
                    ],
                )


def _addresses(app: Sphinx, config: Any) -> None:
    """All that the extensions ask for are made of the one in `html.baseurl`."""
    base = config.html_baseurl.rstrip("/") + "/"
    config.html_baseurl = config.ogp_site_url = base
    config.ogp_site_name = config.html_title
    prefix = urlsplit(base).path
    config.notfound_urls_prefix = prefix
    links = {"home": f"{prefix}index.html", "index": f"{prefix}genindex.html"}
    config.notfound_context = {"title": "There is no such page", "body": _LOST.format(**links)}


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_config_value("abbreviations", {}, "env")
    app.add_post_transform(Abbreviations)
    app.connect("config-inited", _addresses)
    app.connect("html-page-context", _describe, priority=400)
    app.connect("html-page-context", _count)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
