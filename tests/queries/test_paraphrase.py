"""The paraphraser against a real server that answers, fails, limits, hangs and talks nonsense."""

import json
import threading
import time
from collections.abc import Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest

from rerec.errors import DataError, ReRecError, SettingsError, SourceError
from rerec.queries import paraphrase as module
from rerec.queries.paraphrase import Paraphraser

KEY = "sk-very-secret-1234"
Reply = tuple[int, dict[str, str], bytes]


def completion(text: object) -> Reply:
    body = {"choices": [{"message": {"role": "assistant", "content": text}}]}
    return 200, {"Content-Type": "application/json"}, json.dumps(body).encode()


class Endpoint:
    """A server whose next replies are told; the last one is given again and again."""

    def __init__(self) -> None:
        self.replies: list[Reply] = [completion("Said anew.")]
        self.hang_s = 0.0
        self.seen: list[dict[str, Any]] = []
        self.times: list[float] = []
        self.headers: list[dict[str, str]] = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                endpoint.times.append(time.monotonic())
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                endpoint.seen.append({"path": self.path, **body})
                endpoint.headers.append(dict(self.headers))
                replies = endpoint.replies
                reply = replies.pop(0) if len(replies) > 1 else replies[0]
                time.sleep(endpoint.hang_s)
                status, headers, content = reply
                try:
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content)
                except BrokenPipeError:  # the client had no patience
                    pass

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    monkeypatch.setattr(module, "FIRST_WAIT_S", 0.01)
    made = Endpoint()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    with httpx2.Client(timeout=5.0, trust_env=False) as made:
        yield made


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "queries" / "cache.jsonl"


@pytest.fixture
def asker(endpoint: Endpoint, client: httpx2.Client, cache: Path) -> Paraphraser:
    return Paraphraser(endpoint.url, "small", KEY, 6e5, cache, client)


def test_a_request_goes_out_as_the_protocol_has_it_and_its_answer_comes_back(asker, endpoint):
    assert asker.rewrite("A film by Ang Lee.", ["Ang Lee", "Ang Lee"]) == "Said anew."
    (seen,) = endpoint.seen
    assert (seen["path"], seen["model"]) == ("/v1/chat/completions", "small")
    system, user = seen["messages"]
    assert (system["role"], user["role"]) == ("system", "user")
    assert user["content"].startswith("A film by Ang Lee.\n")
    assert user["content"].endswith("as they are: Ang Lee")
    assert endpoint.headers[0]["Authorization"] == f"Bearer {KEY}"


def test_without_a_key_no_header_is_sent(endpoint, client, cache):
    assert Paraphraser(endpoint.url + "/", "small", None, 6e5, cache, client).rewrite("x")
    assert "Authorization" not in endpoint.headers[0]
    assert endpoint.seen[0]["path"] == "/v1/chat/completions"


@pytest.mark.parametrize(
    ("answer", "text"),
    [('"Quoted."', "Quoted."), ("  two\n\n lines ", "two lines"), ("\u201cx y\u201d", "x y")],
)
def test_an_answer_is_one_line_without_quotes_around_it(asker, endpoint, answer, text):
    endpoint.replies = [completion(answer)]
    assert asker.rewrite("x") == text


def test_what_was_answered_is_not_asked_again_not_even_by_another_process(
    asker, endpoint, client, cache
):
    assert [asker.rewrite("x"), asker.rewrite("x"), asker.n_sent] == ["Said anew."] * 2 + [1]
    later = Paraphraser(endpoint.url, "small", None, 6e5, cache, client)
    assert (later.rewrite("x"), later.n_sent) == ("Said anew.", 0)
    other = Paraphraser(endpoint.url, "large", None, 6e5, cache, client)
    assert (other.rewrite("x"), other.n_sent) == ("Said anew.", 1)
    assert len(endpoint.seen) == 2


def test_a_line_that_a_kill_cut_short_costs_one_request(asker, endpoint, client, cache):
    asker.rewrite("one")
    asker.rewrite("two")
    content = cache.read_bytes()
    cache.write_bytes(b"[]\n\xff\n" + content[:-9])  # and lines that are none
    later = Paraphraser(endpoint.url, "small", KEY, 6e5, cache, client)
    assert [later.rewrite("one"), later.rewrite("two"), later.n_sent] == ["Said anew."] * 2 + [1]
    again = Paraphraser(endpoint.url, "small", KEY, 6e5, cache, client)
    assert [again.rewrite("one"), again.rewrite("two"), again.n_sent] == ["Said anew."] * 2 + [0]


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_what_passes_is_tried_again(asker, endpoint, status):
    endpoint.replies = [(status, {}, b"later"), (status, {}, b""), completion("Here.")]
    assert asker.rewrite("x") == "Here."
    assert len(endpoint.seen) == 3


def test_waits_grow_from_try_to_try(asker, endpoint, monkeypatch):
    monkeypatch.setattr(module, "FIRST_WAIT_S", 0.1)
    endpoint.replies = [(500, {}, b""), (500, {}, b""), completion("Here.")]
    asker.rewrite("x")
    first, second, third = endpoint.times
    assert second - first >= 0.1
    assert third - second >= 0.2


@pytest.mark.parametrize("asked", ["1", "date"])
def test_a_server_is_waited_for_as_long_as_it_asks(asker, endpoint, asked):
    # A date has whole seconds: two seconds ahead are more than one away.
    when = formatdate(time.time() + 2, usegmt=True) if asked == "date" else asked
    endpoint.replies = [(429, {"Retry-After": when}, b""), completion("Here.")]
    assert asker.rewrite("x") == "Here."
    assert endpoint.times[1] - endpoint.times[0] >= 0.99


def test_a_server_that_asks_for_an_hour_is_left_alone(asker, endpoint):
    endpoint.replies = [(429, {"Retry-After": "3600"}, b"")]
    with pytest.raises(SourceError, match="asks to wait 3600 s; what was answered is kept"):
        asker.rewrite("x")
    assert len(endpoint.seen) == 1


def test_a_retry_after_that_is_nonsense_is_not_followed(asker, endpoint):
    endpoint.replies = [(429, {"Retry-After": "soon"}, b""), completion("Here.")]
    assert asker.rewrite("x") == "Here."


def test_after_some_tries_it_is_given_up_and_what_was_answered_is_kept(asker, endpoint, cache):
    asker.rewrite("one")
    endpoint.replies = [(503, {}, b"")]
    with pytest.raises(SourceError, match="6 tries failed, the last with HTTP 503"):
        asker.rewrite("two")
    assert len(endpoint.seen) == 7
    assert len(cache.read_text().splitlines()) == 1


@pytest.mark.parametrize("status", [301, 400, 401, 404])
def test_a_refusal_is_not_tried_again(asker, endpoint, status):
    headers = {"Location": "http://127.0.0.1:9/steal"}
    endpoint.replies = [(status, headers, f"wrong key {KEY}".encode())]
    with pytest.raises(SourceError, match=f"answers HTTP {status}; check address"):
        asker.rewrite("x")
    assert len(endpoint.seen) == 1


def test_a_server_that_hangs_is_tried_again_and_given_up(endpoint, cache, monkeypatch):
    monkeypatch.setattr(module, "TRIES", 2)
    endpoint.hang_s = 1.0
    with httpx2.Client(timeout=0.1, trust_env=False) as client:
        asker = Paraphraser(endpoint.url, "small", KEY, 6e5, cache, client)
        with pytest.raises(SourceError, match="2 tries failed, the last with ReadTimeout"):
            asker.rewrite("x")
    assert asker.n_sent == 2


def test_a_server_that_is_not_there_is_a_sentence(client, cache):
    asker = Paraphraser("http://127.0.0.1:9/v1", "small", KEY, 6e5, cache, client)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "FIRST_WAIT_S", 0.001)
        with pytest.raises(SourceError, match=r"127\.0\.0\.1:9/v1: 6 tries failed.* ConnectError"):
            asker.rewrite("x")


@pytest.mark.parametrize(
    "reply",
    [
        (200, {}, b"<html>busy</html>"),
        (200, {}, b"\xff\xfe\x00"),
        (200, {}, b"[]"),
        (200, {}, b'{"choices": []}'),
        (200, {}, b'{"choices": [{"message": null}]}'),
        completion(None),
        completion(["text"]),
        completion("  \n "),
        completion('""'),
    ],
)
def test_garbage_is_no_answer_and_is_asked_for_again_later(asker, endpoint, cache, reply):
    endpoint.replies = [reply, completion("Here.")]
    assert asker.rewrite("x") is None
    assert not cache.exists()
    assert asker.rewrite("x") == "Here."


def test_requests_are_spread_over_time(endpoint, client, cache):
    asker = Paraphraser(endpoint.url, "small", KEY, 600, cache, client)
    for n in range(4):
        asker.rewrite(f"text {n}")
    gaps = [b - a for a, b in zip(endpoint.times, endpoint.times[1:], strict=False)]
    assert min(gaps) >= 0.095


def test_the_key_is_nowhere_but_in_its_header(asker, endpoint, cache):
    url = endpoint.url.replace("http://", f"http://me:{KEY}@") + f"?key={KEY}"
    said = [repr(asker)]
    asker.rewrite("x")
    for reply in [(401, {}, KEY.encode()), (503, {}, KEY.encode())]:
        endpoint.replies = [reply]
        for address in (endpoint.url, url):
            other = Paraphraser(address, "small", KEY, 6e5, cache, asker.client)
            with pytest.raises(ReRecError) as caught:
                other.rewrite("y")
            said += [str(caught.value), str(caught.value.__cause__)]
    assert not [text for text in said if KEY in text]
    assert KEY not in cache.read_text()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"url": "localhost:8000"}, "'localhost:8000' is no address"),
        ({"per_minute": 0}, "0 requests a minute are none"),
        ({"key": "sk-\u00e9"}, "the key holds a character"),
        ({"key": "sk-a\nb"}, "the key holds a character"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_sent(client, cache, change, said):
    usual = {"url": "http://x/v1", "model": "m", "key": KEY, "per_minute": 60}
    with pytest.raises(SettingsError, match=said) as caught:
        Paraphraser(**(usual | change), cache_path=cache, client=client)
    assert "sk-" not in str(caught.value)


def test_a_cache_that_cannot_be_written_is_a_sentence(endpoint, client, tmp_path):
    (tmp_path / "file").write_text("x")
    cache = tmp_path / "file" / "cache.jsonl"
    asker = Paraphraser(endpoint.url, "small", KEY, 6e5, cache, client)
    with pytest.raises(DataError, match=r"cache\.jsonl: cannot be written"):
        asker.rewrite("x")
