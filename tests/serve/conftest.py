"""A server over the corner shop, and a model of which every word is written down beforehand."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from rerec.assistant.assistant import Assistant
from rerec.assistant.memory import Conversations
from rerec.catalogue.domain import read_domain
from rerec.errors import ModelError
from rerec.serve.app import create_app
from rerec.serve.feedback import FeedbackStore
from rerec.serve.limits import ServeSettings
from rerec.serve.server import Server, address_of, config_of, listen
from rerec.settings import PromptSettings

WAIT_S = 10.0
"""After which a test fails instead of waiting on."""


@dataclass
class Scripted:
    """A back end that writes what it is told to, and can be held, stopped and broken."""

    pieces: Sequence[str] = ("Heat is a crime film.\n\n", "\\boxed{Heat (1995)}")
    name: str = "scripted"
    prompt: PromptSettings = field(default_factory=PromptSettings)
    is_down: bool = False
    error: Exception | None = None
    goes_on: bool = False
    """Whether it writes its first piece for ever."""
    may_go: threading.Event = field(default_factory=threading.Event)
    """Nothing is written before it is set; it is, unless a test clears it."""
    has_begun: threading.Event = field(default_factory=threading.Event)
    has_ended: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.may_go.set()

    def write(
        self, messages: Sequence[Mapping[str, str]], *, cancelled: Callable[[], bool]
    ) -> Iterator[str]:
        """The pieces, as long as they are wanted."""
        assert messages
        self.has_begun.set()
        try:
            yield from self._pieces(cancelled)
        finally:
            self.has_ended.set()

    def _pieces(self, cancelled: Callable[[], bool]) -> Iterator[str]:
        if self.is_down:
            raise ModelError("the model's server: ConnectError")
        if self.error is not None:
            raise self.error
        ends = time.monotonic() + WAIT_S
        while not self.may_go.wait(0.01) and time.monotonic() < ends:
            if cancelled():
                return
        while self.goes_on and not cancelled() and time.monotonic() < ends:
            time.sleep(0.005)
            yield self.pieces[0]
        yield from self.pieces


@pytest.fixture(scope="session")
def bare(corner_shop_made: Path) -> Assistant:
    """The corner shop's assistant, without a model."""
    return Assistant.of(read_domain(corner_shop_made))


@pytest.fixture
def scripted() -> Scripted:
    """A model that says what it is told to."""
    return Scripted()


@pytest.fixture
def reasoning(bare: Assistant, scripted: Scripted) -> Assistant:
    """The corner shop's assistant with the scripted model."""
    return bare.with_model(scripted)


@dataclass(frozen=True)
class Served:
    """A server, and what it writes to."""

    client: TestClient
    conversations: Conversations
    feedback: FeedbackStore
    feedback_path: Path

    def close(self) -> None:
        self.client.__exit__(None, None, None)
        self.conversations.close()
        self.feedback.close()


def _served(assistant: Assistant, path: Path, **settings: object) -> Served:
    conversations, feedback = Conversations(None), FeedbackStore(path)
    chosen = ServeSettings.model_validate(settings)
    app = create_app(assistant, conversations, feedback, chosen)
    client = TestClient(app, base_url="http://localhost", raise_server_exceptions=False)
    return Served(client.__enter__(), conversations, feedback, path)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Serves an assistant in this process, without a port: `serve(assistant, key=...)`."""
    opened: list[Served] = []

    def start(assistant: Assistant, **settings: object) -> Served:
        opened.append(_served(assistant, tmp_path / "feedback.db", **settings))
        return opened[-1]

    yield start
    for served in opened:
        served.close()


@pytest.fixture(scope="session")
def client(bare: Assistant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Of a server without a model and without a key that all tests share."""
    served = _served(bare, tmp_path_factory.mktemp("shared") / "feedback.db")
    yield served.client
    served.close()


@pytest.fixture(scope="session")
def key() -> str:
    """Of `locked`."""
    return "a-key-of-nobody-else"


@pytest.fixture(scope="session")
def locked(
    bare: Assistant, key: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestClient]:
    """Of a server that asks for a key, and that all tests share."""
    served = _served(bare, tmp_path_factory.mktemp("locked") / "feedback.db", key=key)
    yield served.client
    served.close()


@dataclass(frozen=True)
class Listening:
    """A server that listens on a port of its own."""

    url: str
    server: Server
    thread: threading.Thread

    def end(self) -> None:
        """Ask it to end, as a signal does."""
        self.server.should_exit = True


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[Callable[..., Listening]]:
    """Serves an assistant with uvicorn in a thread: `listening(assistant, deadline_s=...)`."""
    started: list[tuple[Listening, Conversations, FeedbackStore]] = []

    def start(assistant: Assistant, **settings: object) -> Listening:
        chosen = ServeSettings.model_validate({"port": 0, "grace_s": 5.0, **settings})
        conversations, feedback = Conversations(None), FeedbackStore(tmp_path / "listening.db")
        app = create_app(assistant, conversations, feedback, chosen)
        socket = listen(chosen)
        server = Server(config_of(app), app.state.desk)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]})
        thread.start()
        one = Listening(address_of(socket).rstrip("/"), server, thread)
        started.append((one, conversations, feedback))
        return one

    yield start
    for one, conversations, feedback in started:
        one.end()
        one.thread.join(WAIT_S)
        assert not one.thread.is_alive()
        conversations.close()
        feedback.close()
