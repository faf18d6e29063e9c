import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

import httpx2
import pytest

from rerec.cli import main
from rerec.errors import SettingsError
from rerec.serve.limits import ServeSettings
from rerec.serve.server import address_of, listen

ASKED = {"text": "A crime film with Al Pacino."}
STREAM = {**ASKED, "stream": True}
WAIT_S = 10.0


def until(condition) -> None:
    ends = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.01)


def figure(url: str, name: str) -> float:
    """One of the figures that Prometheus reads."""
    text = httpx2.get(f"{url}/metrics", timeout=WAIT_S).text
    return float(re.findall(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)[0])


def test_a_client_that_leaves_a_stream_stops_the_model(listening, reasoning, scripted):
    scripted.goes_on = True
    url = listening(reasoning).url
    with httpx2.stream("POST", f"{url}/api/recommend", json=STREAM, timeout=WAIT_S) as response:
        lines = response.iter_lines()
        assert any(line == "event: thought" for line in lines)
    assert scripted.has_ended.wait(WAIT_S)
    until(lambda: figure(url, "rerec_answers_running") == 0)
    scripted.goes_on = False
    assert httpx2.post(f"{url}/api/recommend", json=ASKED, timeout=WAIT_S).status_code == 200


@pytest.mark.parametrize("path", ["/api/recommend", "/v1/chat/completions"])
def test_a_client_that_leaves_without_a_stream_stops_the_model(
    listening, reasoning, scripted, path
):
    scripted.goes_on = True
    url = listening(reasoning).url
    chat = {"model": "rerec", "messages": [{"role": "user", "content": ASKED["text"]}]}
    with pytest.raises(httpx2.ReadTimeout):
        httpx2.post(url + path, json=ASKED if path.startswith("/api") else chat, timeout=0.3)
    assert scripted.has_begun.is_set()
    assert scripted.has_ended.wait(WAIT_S)
    name = f'rerec_requests_total{{route="{path}",status="499"}}'
    until(lambda: f"{name} 1.0" in httpx2.get(f"{url}/metrics", timeout=WAIT_S).text)


def test_a_client_that_leaves_while_it_waits_gives_its_place_free(listening, reasoning, scripted):
    scripted.may_go.clear()
    url = listening(reasoning, max_waiting=1).url
    with httpx2.stream("POST", f"{url}/api/recommend", json=STREAM, timeout=WAIT_S):
        assert scripted.has_begun.wait(WAIT_S)
        with pytest.raises(httpx2.ReadTimeout):
            httpx2.post(f"{url}/api/recommend", json=ASKED, timeout=0.2)
        until(lambda: figure(url, "rerec_answers_waiting") == 0)
        with httpx2.stream("POST", f"{url}/api/recommend", json=STREAM, timeout=WAIT_S) as third:
            assert third.status_code == 200
        scripted.may_go.set()


def test_a_deadline_ends_an_answer_with_503_or_an_event(listening, reasoning, scripted):
    scripted.goes_on = True
    url = listening(reasoning, deadline_s=0.2).url
    response = httpx2.post(f"{url}/api/recommend", json=ASKED, timeout=WAIT_S)
    assert (response.status_code, int(response.headers["Retry-After"]) >= 1) == (503, True)
    text = httpx2.post(f"{url}/api/recommend", json=STREAM, timeout=WAIT_S).text
    assert text.count("event: error") == 1
    assert "event: end" not in text
    assert "took too long" in text


def test_a_server_that_ends_finishes_its_answers_and_refuses_new_ones(
    listening, reasoning, scripted
):
    scripted.may_go.clear()
    server = listening(reasoning)
    answers = []

    def ask() -> None:
        answers.append(httpx2.post(f"{server.url}/api/recommend", json=ASKED, timeout=WAIT_S))

    thread = Thread(target=ask)
    thread.start()
    assert scripted.has_begun.wait(WAIT_S)
    server.end()
    until(lambda: httpx2.get(f"{server.url}/healthz", timeout=WAIT_S).status_code == 503)
    refused = httpx2.post(f"{server.url}/api/recommend", json=ASKED, timeout=WAIT_S)
    assert (refused.status_code, int(refused.headers["Retry-After"]) >= 1) == (503, True)
    scripted.may_go.set()
    thread.join(WAIT_S)
    assert answers[0].status_code == 200
    server.thread.join(WAIT_S)
    assert not server.thread.is_alive()


def test_a_server_that_ends_does_not_wait_for_an_answer_without_end(listening, reasoning, scripted):
    scripted.goes_on = True
    server = listening(reasoning, grace_s=0.2)
    with httpx2.stream(
        "POST", f"{server.url}/api/recommend", json=STREAM, timeout=WAIT_S
    ) as response:
        lines = response.iter_lines()
        assert any(line == "event: thought" for line in lines)
        server.end()
        assert any("the server is closing" in line for line in lines)
    server.thread.join(WAIT_S)
    assert not server.thread.is_alive()


def test_a_second_ctrl_c_ends_a_server_at_once(listening, reasoning, scripted):
    scripted.goes_on = True
    server = listening(reasoning, grace_s=60.0)
    url = f"{server.url}/api/recommend"
    with httpx2.stream("POST", url, json=STREAM, timeout=WAIT_S) as response:
        assert any(line == "event: thought" for line in response.iter_lines())
        server.end()
        server.server.force_exit = True
        server.thread.join(WAIT_S)
        assert not server.thread.is_alive()


def test_responses_do_not_wait_for_more_to_send():
    with (
        listen(ServeSettings(port=0)) as listening,
        socket.create_connection(listening.getsockname()),
    ):
        accepted, _ = listening.accept()
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
        accepted.close()


def test_a_port_that_is_taken_and_a_host_that_is_none_are_refused():
    with listen(ServeSettings(port=0)) as taken:
        port = taken.getsockname()[1]
        assert address_of(taken) == f"http://127.0.0.1:{port}/"
        with pytest.raises(SettingsError, match=f"cannot listen on 127.0.0.1 port {port}"):
            listen(ServeSettings(port=port))
    with pytest.raises(SettingsError, match=r"cannot listen on no\.such\.host\.invalid"):
        listen(ServeSettings(host="no.such.host.invalid"))


def test_the_command_refuses_a_public_host_without_a_key(capsys, tmp_path):
    assert main(["serve", "--data", str(tmp_path), "--host", "0.0.0.0"]) == 2
    assert "add --api-key-file" in capsys.readouterr().err


def test_the_command_serves_until_sigterm_and_keeps_what_it_was_told(
    corner_shop: Path, tmp_path: Path
):
    command = [sys.executable, "-m", "rerec", "serve", "--data", str(corner_shop), "--port", "0"]
    files = ["--feedback", "feedback.db", "--memory", "chats.db"]
    with subprocess.Popen(
        command + files, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    ) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        url = re.findall(r"http://127\.0\.0\.1:\d+", line)[0]
        answer = httpx2.post(f"{url}/api/recommend", json=ASKED, timeout=WAIT_S).json()
        body = {"item_id": "1", "opinion": "like", "conversation_id": answer["conversation_id"]}
        assert httpx2.post(f"{url}/api/feedback", json=body, timeout=WAIT_S).status_code == 200
        process.send_signal(signal.SIGTERM)
        rest = process.stderr.read()
        assert process.wait(WAIT_S) == 143
    assert rest == "rerec: the server has ended; running answers were finished\n"
    assert main(["data", "from-feedback", str(tmp_path / "feedback.db"), "--data",
                 str(corner_shop), "--out", str(tmp_path / "next")]) == 0  # fmt: skip
    assert main(["data", "check", str(tmp_path / "next")]) == 0
