"""The page in a real browser, on a real server over made-up domains."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from rerec.assistant.assistant import Assistant
from rerec.assistant.memory import Conversations
from rerec.serve.app import create_app
from rerec.serve.feedback import FeedbackStore
from rerec.serve.limits import ServeSettings
from rerec.serve.server import Server, address_of, config_of, listen
from rerec.settings import PromptSettings

WAIT_MS = 20_000
"""A busy machine is no failure."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


class Site:
    """A server in a thread."""

    def __init__(self, assistant: Assistant, folder: Path, **settings: Any) -> None:
        chosen = ServeSettings(port=0, grace_s=0.5, **settings)
        listening = listen(chosen)
        self.address = address_of(listening)
        self.conversations = Conversations(None)
        self._feedback = FeedbackStore(folder / "feedback.db")
        app = create_app(assistant, self.conversations, self._feedback, chosen)
        self._server = Server(config_of(app), app.state.desk)
        self._thread = Thread(target=self._server.run, kwargs={"sockets": [listening]})
        self._thread.start()

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join()
        self.conversations.close()
        self._feedback.close()


class Halting:
    """A model that writes what it is told to: its first words at once, the others when it may."""

    name = "halting"
    prompt = PromptSettings()

    def __init__(self, text: str, *, n_first: int) -> None:
        self._words, self._n_first = text.split(" "), n_first
        self.may_go_on = Event()

    def write(self, messages: Any, *, cancelled: Callable[[], bool]) -> Iterator[str]:
        del messages
        for place, word in enumerate(self._words):
            while place >= self._n_first and not self.may_go_on.wait(0.01):
                if cancelled():
                    return
            yield word if place == 0 else f" {word}"


@pytest.fixture(scope="session")
def halting() -> type[Halting]:
    """`halting(text, n_first=2)` is a model."""
    return Halting


@pytest.fixture
def serve_page(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """Starts servers, and ends them."""
    running: list[Site] = []

    def start(assistant: Assistant, **settings: Any) -> Site:
        running.append(Site(assistant, tmp_path / str(len(running)), **settings))
        return running[-1]

    yield start
    for served in running:
        served.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium; for one module, since it keeps an event loop running in this thread."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(f"no browser is installed: none of {', '.join(BROWSERS)}")
    api.expect.set_options(timeout=WAIT_MS)
    # Chromium's own sandbox refuses to be started by root.
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., Any]]:
    """Opens a page; nothing may go wrong on it, and nothing may be asked of another host.

    Answers with a status of `refusals` are no fault: the test is about them.
    """
    contexts, faults = [], []

    def open_at(address: str, *, refusals: tuple[str, ...] = (), **options: Any) -> Any:
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.set_default_timeout(WAIT_MS)

        def watch(request: Any) -> None:
            if not request.url.startswith(address):
                faults.append(f"asked {request.url}")

        def hear(message: Any) -> None:
            if message.type in ("error", "warning") and not any(
                r in message.text for r in refusals
            ):
                faults.append(message.text)

        page.on("request", watch)
        page.on("console", hear)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("dialog", lambda dialog: faults.append(f"dialog: {dialog.message}"))
        page.goto(address)
        return page

    yield open_at
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture
def ask() -> Callable[[Any, str], None]:
    """Asks for something on a page, and waits for the end of the answer."""

    def type_and_wait(page: Any, text: str) -> None:
        n_before = page.locator("article").count()
        page.get_by_label("Your request").fill(text)
        page.keyboard.press("Enter")
        page.locator("article[aria-busy=false]").nth(n_before).wait_for()
        page.get_by_role("button", name="Ask", exact=True).wait_for()

    return type_and_wait
