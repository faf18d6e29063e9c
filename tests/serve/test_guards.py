import logging

import pytest

from rerec.serve.guards import HEADERS, OPEN_PATHS

KEY = "a-key-of-nobody-else"
ASKED = {"text": "A crime film with Al Pacino."}
SECRET = "my secret wish"


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST"]
)
def test_a_server_on_loopback_answers_to_its_own_names(client, host):
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil", ""]
)
def test_a_server_on_loopback_answers_to_no_other_name(client, host):
    for path in ("/", "/healthz", "/api/about"):
        assert client.get(path, headers={"Host": host}).status_code == 400


def test_other_names_can_be_allowed(serve, bare):
    client = serve(bare, other_hosts=("films.example",)).client
    assert client.get("/healthz", headers={"Host": "films.example"}).status_code == 200
    assert client.get("/healthz", headers={"Host": "books.example"}).status_code == 400


def test_a_server_for_others_answers_to_any_name_with_its_key(serve, bare):
    client = serve(bare, host="0.0.0.0", key=KEY).client
    headers = {"Host": "films.example", "Authorization": f"Bearer {KEY}"}
    assert client.get("/api/about", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        KEY,
        f"Basic {KEY}",
        "Bearer",
        "Bearer wrong",
        f"Bearer {KEY}x",
        "Bearer ключ".encode(),
    ],
)
def test_without_the_key_nothing_is_answered_but_the_page(locked, authorization):
    headers = {} if authorization is None else {"Authorization": authorization}
    for path in ("/api/about", "/api/items/1", "/v1/models", "/metrics", "/nowhere"):
        response = locked.get(path, headers=headers)
        assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert response.json()["error"]["type"] == "authentication_error"
    for path in OPEN_PATHS:
        assert locked.get(path, headers=headers).status_code in (200, 204)


def test_with_the_key_all_is_answered(locked, key):
    headers = {"Authorization": f"Bearer {key}"}
    assert locked.post("/api/recommend", json=ASKED, headers=headers).status_code == 200
    assert locked.get("/metrics", headers={"Authorization": f"bearer  {key} "}).status_code == 200


def test_a_body_that_is_too_large_is_refused_whatever_its_header_says(serve, bare):
    client = serve(bare, max_body_bytes=100).client
    large = b'{"text": "' + b"x" * 200 + b'"}'
    json = {"Content-Type": "application/json"}
    told = client.post("/api/recommend", content=large, headers=json)
    untold = client.post("/api/recommend", content=iter([large[:150], large[150:]]), headers=json)
    for response in (told, untold):
        assert response.status_code == 413
        assert "100 bytes" in response.json()["error"]["message"]
    assert client.post("/api/recommend", json=ASKED).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/api/about"),
        ("GET", "/nowhere"),
        ("PUT", "/api/about"),
        ("POST", "/api/recommend"),
    ],
)
def test_every_response_has_the_security_headers(client, method, path):
    response = client.request(method, path)
    assert {name: response.headers[name] for name in HEADERS} == HEADERS
    assert "unsafe-inline" not in response.headers["Content-Security-Policy"]


def test_so_have_refusals(locked):
    for response in (locked.get("/api/about"), locked.get("/", headers={"Host": "evil.example"})):
        assert {name: response.headers[name] for name in HEADERS} == HEADERS


def test_a_bug_ends_one_request_and_shows_nothing(serve, reasoning, scripted, caplog):
    scripted.error = ZeroDivisionError(SECRET)
    served = serve(reasoning)
    with caplog.at_level(logging.DEBUG):
        response = served.client.post("/api/recommend", json={"text": SECRET})
    assert response.status_code == 500
    assert response.json()["error"]["type"] == "server_error"
    assert SECRET not in response.text
    assert "Traceback" not in response.text
    assert "ZeroDivisionError at " in caplog.text
    assert SECRET not in caplog.text
    scripted.error = None
    assert served.client.post("/api/recommend", json=ASKED).status_code == 200


def test_a_bug_in_a_stream_ends_it_with_an_event_that_shows_nothing(serve, reasoning, scripted):
    scripted.error = ZeroDivisionError(SECRET)
    client = serve(reasoning).client
    response = client.post("/api/recommend", json={"text": SECRET, "stream": True})
    assert "event: error" in response.text
    assert SECRET not in response.text
    messages = [{"role": "user", "content": SECRET}]
    chat = {"model": "rerec", "messages": messages, "stream": True}
    response = client.post("/v1/chat/completions", json=chat)
    assert '"error"' in response.text
    assert SECRET not in response.text


def test_nothing_that_is_asked_is_logged(client, caplog):
    with caplog.at_level(logging.DEBUG, logger="rerec"):
        client.post("/api/recommend", json={"text": SECRET})
        client.post("/api/recommend", json={"text": SECRET, "k": SECRET})
        client.get(f"/api/items/{SECRET}")
    assert SECRET not in caplog.text
