"""A way to report an error on every page: its form knows which page the reader was on.

The theme's button opens an empty issue. Here it and a line below each page lead to the form in
`.github/ISSUE_TEMPLATE/`, with the page's address and title filled in.
"""

from __future__ import annotations

import html
from typing import Any
from urllib.parse import urlencode

from sphinx.application import Sphinx

#: The form's file, and its field for the page; a test compares them with the form.
FORM, FIELD = "error-in-the-book.yml", "page"
WORDS = "Report an error in this book"


def report_address(repository: str, address: str, title: str) -> str:
    """Where an error on the page `title` at `address` is reported."""
    asked = {"template": FORM, "title": f"Error in “{title}”", FIELD: address}
    return f"{repository}/issues/new?{urlencode(asked)}"


def _add(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    repository = context.get("theme_repository_url")
    if not repository:
        return
    online = f"{app.config.html_baseurl.rstrip('/')}/{page}.html"
    title = html.unescape(context.get("title", "")).strip() or page
    where = report_address(repository, online, _plain(title))
    for button in _buttons(context.get("header_buttons", [])):
        if button.get("label") == "source-issues-button":
            button.update(url=where, text=WORDS, tooltip=WORDS)
    corrections = context["pathto"]("book/corrections") if _has(app, "book/corrections") else ""
    listed = f' <a href="{corrections}">Corrections so far</a>.' if corrections else ""
    context["theme_extra_footer"] = f'<p><a href="{html.escape(where)}">{WORDS}</a>.{listed}</p>'


def _has(app: Sphinx, page: str) -> bool:
    return page in app.env.found_docs


def _plain(title: str) -> str:
    """A title without the tags that Sphinx leaves in it."""
    pieces = title.split("<")
    return pieces[0] + "".join(piece.partition(">")[2] for piece in pieces[1:])


def _buttons(buttons: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [inner for button in buttons for inner in [button, *_buttons(button.get("buttons", []))]]


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("html-page-context", _add, priority=600)  # after the theme's buttons, at 501
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
