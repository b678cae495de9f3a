"""Debian's (or anyone's) Chromium, driven by Playwright on pages of this machine only."""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

#: The browser, or None; a test that needs it says so by `MISSING`.
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
MISSING = "no Chromium: set CHROMIUM or install the package chromium"
#: What Bokeh says of a curve that is infinite at every point, for the settings that make it so.
_AN_EMPTY_CURVE = "could not set initial ranges"


@contextmanager
def browser() -> Iterator[Browser]:
    """A headless Chromium. Needs one on this machine: see `CHROMIUM`."""
    from playwright.sync_api import sync_playwright

    if CHROMIUM is None:
        raise FileNotFoundError(MISSING)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-quic", "--disable-background-networking"],
        )
        yield chromium
        chromium.close()


class _Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address at which `folder` can be read while the block runs."""
    handler = functools.partial(_Silent, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def watch(page: Page) -> list[str]:
    """Keep the page on this machine; returns the list that its complaints go to as they come."""
    complaints: list[str] = []

    def stay(route: Route) -> None:
        address = route.request.url
        if urlsplit(address).hostname in (None, "127.0.0.1"):
            route.continue_()
        else:
            complaints.append(f"asks for {address}")
            route.abort()

    page.route("**/*", stay)
    page.on("pageerror", lambda error: complaints.append(f"script error: {error}"))
    page.on(
        "console",
        lambda message: (
            complaints.append(f"console: {message.text}")
            if message.type in ("error", "warning") and _AN_EMPTY_CURVE not in message.text
            else None
        ),
    )
    page.on(
        "response",
        lambda response: (
            complaints.append(f"{response.status}: {response.url}")
            if response.status >= 400
            else None
        ),
    )
    return complaints
