"""The pictures of docs/assistant.md, taken of a running `rerec serve --data data/ml-100k`.

Without a model: the page in light, in dark and on a telephone. With one: its reasoning.

    python docs/screenshots.py http://127.0.0.1:8000/
"""

import os
import shutil
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

FOLDER = Path(__file__).with_name("images")
REQUESTS = (
    "A crime film from the 1990s with Robert De Niro, but not by Martin Scorsese.",
    "Rather one with Al Pacino and Winona Ryder.",
)
DESK = {"width": 1120, "height": 800}
TELEPHONE = {"width": 360, "height": 740}
WAIT_MS = 240_000
"""A small model on a busy machine takes its time."""


def ask(page: Page, text: str) -> None:
    """Ask, and wait for the end of the answer."""
    n_before = page.locator("article").count()
    page.get_by_label("Your request").fill(text)
    page.keyboard.press("Enter")
    page.locator("article[aria-busy=false]").nth(n_before).wait_for()


def tell(page: Page, opinion: str, place: int) -> None:
    """Press a button of a card, and wait until it counts."""
    page.locator(f".card:nth-child({place}) [data-list={opinion}]").click()
    page.locator(f".card:nth-child({place}) [aria-pressed=true]").wait_for()


def keep(page: Page, name: str) -> None:
    """Take the picture, once nothing moves."""
    page.evaluate("document.activeElement.blur()")
    page.locator("article").last.evaluate("turn => turn.scrollIntoView()")
    page.wait_for_timeout(500)
    page.screenshot(path=FOLDER / f"assistant-{name}.png")


def conversation(page: Page) -> None:
    """A first answer with opinions on it."""
    ask(page, REQUESTS[0])
    tell(page, "liked", 1)
    tell(page, "seen", 3)


def nearest(page: Page) -> None:
    """A second answer, which says what is missing."""
    conversation(page)
    ask(page, REQUESTS[1])


def reasoning(page: Page) -> None:
    """What the model wrote."""
    ask(page, "A science fiction film with Bruce Willis.")
    page.get_by_text("Reasoning", exact=True).click()


def main(address: str) -> None:
    """Take all pictures for which the server has what is shown."""
    views: dict[str, tuple[Any, Any]] = {
        "light": (conversation, {"viewport": DESK}),
        "dark": (nearest, {"viewport": DESK, "color_scheme": "dark"}),
        "phone": (conversation, {"viewport": TELEPHONE}),
    }
    # Chromium's own sandbox refuses to be started by root.
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        served = browser.new_page().request.get(f"{address}api/about").json()
        if served["model"] != "none":
            views = {"reasoning": (reasoning, {"viewport": DESK})}
        for name, (act, options) in views.items():
            page = browser.new_context(**options, reduced_motion="reduce").new_page()
            page.set_default_timeout(WAIT_MS)
            page.goto(address)
            act(page)
            keep(page, name)


if __name__ == "__main__":
    main(sys.argv[1])
