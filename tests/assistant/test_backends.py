"""A model behind a server, as it may answer."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from rerec.assistant.backends import Remote
from rerec.errors import ModelError, SettingsError
from rerec.settings import PromptSettings

ASKED = [{"role": "user", "content": "Request: a crime film"}]


class Server:
    """Answers every request with the same lines, and keeps what it was sent."""

    def __init__(self, lines: list[str], status: int = 200) -> None:
        self.bodies: list[dict] = []
        self.keys: list[str | None] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size = int(self.headers["Content-Length"])
                server.bodies.append(json.loads(self.rfile.read(size)))
                server.keys.append(self.headers["Authorization"])
                self.send_response(status)
                self.end_headers()
                self.wfile.write("".join(f"{line}\n\n" for line in lines).encode())

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"
        Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


def delta(**fields: str) -> str:
    return "data: " + json.dumps({"choices": [{"delta": fields}]})


@pytest.fixture
def serve() -> Iterator:
    servers: list[Server] = []

    def start(lines: list[str], status: int = 200) -> Server:
        servers.append(Server(lines, status))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def never() -> bool:
    return False


def test_pieces_come_in_order_reasoning_and_answer_alike(serve):
    usage = 'data: {"choices": [], "usage": {}}'
    lines = [delta(role="assistant"), delta(reasoning_content="Heat "), delta(content="fits")]
    server = serve([": comment", *lines, usage, "data: [DONE]"])
    remote = Remote(server.url + "/", "qwen", "k3y", PromptSettings(max_response_tokens=9))
    assert list(remote.write(ASKED, cancelled=never)) == ["Heat ", "fits"]
    assert server.keys == ["Bearer k3y"]
    assert server.bodies[0]["max_tokens"] == 9
    assert server.bodies[0]["messages"] == ASKED
    assert "k3y" not in repr(remote)


def test_writing_ends_once_nobody_wants_it(serve):
    server = serve([delta(content="one"), delta(content="two")])
    asked = iter([False, True])
    written = Remote(server.url, "qwen").write(ASKED, cancelled=lambda: next(asked))
    assert list(written) == ["one"]


@pytest.mark.parametrize(
    "line", ["data: <html>", 'data: {"error": 1}', 'data: {"choices": [{"delta": 3}]}']
)
def test_what_is_no_completion_is_an_error_in_one_sentence(serve, line):
    with pytest.raises(ModelError, match="no chat completion"):
        list(Remote(serve([line]).url, "qwen").write(ASKED, cancelled=never))


def test_a_server_that_refuses_or_is_not_there_is_an_error(serve):
    with pytest.raises(ModelError, match="HTTP 500"):
        list(Remote(serve([], 500).url, "qwen").write(ASKED, cancelled=never))
    with pytest.raises(ModelError, match="ConnectError"):
        list(Remote("http://127.0.0.1:9/v1", "qwen").write(ASKED, cancelled=never))


def test_an_address_must_be_one():
    with pytest.raises(SettingsError, match="no address"):
        Remote("localhost:8000", "qwen")
