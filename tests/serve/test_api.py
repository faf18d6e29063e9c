import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerec.assistant.exchange import state_from
from rerec.serve.bodies import RecommendBody

ASKED = "A crime film with Al Pacino."


def told(client: Any, text: str = ASKED, **fields: Any) -> dict[str, Any]:
    """The answer to a request."""
    response = client.post("/api/recommend", json={"text": text, **fields})
    assert response.status_code == 200
    return response.json()


def events_of(text: str) -> list[tuple[str, Any]]:
    """The names and data of server-sent events."""
    blocks = [block.split("\n") for block in text.strip().split("\n\n")]
    return [(b[0].removeprefix("event: "), json.loads(b[1].removeprefix("data: "))) for b in blocks]


def labels(answer: dict[str, Any]) -> list[str]:
    return [one["label"] for one in answer["reply"]["recommendations"]]


def test_a_request_is_answered_with_items_and_the_facts_that_match(client):
    answer = told(client, k=2)
    first = answer["reply"]["recommendations"][0]
    assert first["label"] == "Heat (1995)"
    assert {"relation": "starring", "value": "Al Pacino"} in first["matches"]
    assert len(answer["reply"]["recommendations"]) <= 2
    assert answer["reply"]["model"] == "none"


def test_a_conversation_goes_on_where_it_stood(client):
    first = told(client, "A crime film.")
    second = told(client, "From 1990.", conversation_id=first["conversation_id"])
    assert second["conversation_id"] == first["conversation_id"]
    assert second["reply"]["state"]["turns"] == 2
    assert {"relation": "genre", "value": "Crime"} in [
        wish["condition"] for wish in second["reply"]["state"]["wishes"]
    ]
    kept = client.get(f"/api/conversations/{first['conversation_id']}").json()
    assert kept["state"] == second["reply"]["state"]
    assert [turn["said"] for turn in kept["turns"]] == ["A crime film.", "From 1990."]


def test_two_conversations_know_nothing_of_each_other(client):
    first, second = told(client, "A crime film."), told(client, "A romance.")
    assert first["conversation_id"] != second["conversation_id"]
    assert second["reply"]["state"]["turns"] == 1


def test_the_user_of_a_request_is_the_one_whose_log_counts(client):
    first = told(client, user_id="ann")
    assert first["reply"]["state"]["user_id"] == "ann"
    same = told(client, "Another one.", conversation_id=first["conversation_id"])
    assert same["reply"]["state"]["user_id"] == "ann"
    other = told(client, "Another.", conversation_id=first["conversation_id"], user_id="nobody")
    assert other["reply"]["state"]["user_id"] == "nobody"


def test_a_stream_holds_the_same_reply_between_a_start_and_an_end(client):
    response = client.post("/api/recommend", json={"text": ASKED, "stream": True})
    assert response.headers["content-type"].startswith("text/event-stream")
    events = events_of(response.text)
    assert [name for name, _ in events] == ["start", "reply", "end"]
    assert events[0][1]["conversation_id"] == events[1][1]["conversation_id"]
    assert labels(events[1][1]) == labels(told(client))


def test_thoughts_are_streamed_as_they_are_written(serve, reasoning, scripted):
    response = serve(reasoning).client.post("/api/recommend", json={"text": ASKED, "stream": True})
    events = events_of(response.text)
    thoughts = [data["text"] for name, data in events if name == "thought"]
    assert tuple(thoughts) == scripted.pieces
    reply = events[-2][1]["reply"]
    assert reply["reasoning"] == "".join(scripted.pieces)
    assert reply["recommendations"][0]["chosen"]


def test_a_title_that_is_not_there_is_dropped_counted_and_said(serve, reasoning, scripted):
    scripted.pieces = ("\\boxed{Ocean's Eleven (2001)}",)
    client = serve(reasoning).client
    reply = told(client)["reply"]
    assert reply["dropped"] == ["Ocean's Eleven (2001)"]
    assert "rerec_dropped_titles_total 1.0" in client.get("/metrics").text


@pytest.mark.parametrize("stream", [False, True])
def test_a_model_that_is_down_leaves_an_answer_from_the_catalogue(
    serve, reasoning, scripted, stream
):
    scripted.is_down = True
    client = serve(reasoning).client
    response = client.post("/api/recommend", json={"text": ASKED, "stream": stream})
    answer = events_of(response.text)[-2][1] if stream else response.json()
    assert labels(answer)[0] == "Heat (1995)"
    assert "cannot be reached" in answer["reply"]["notes"][0]
    assert client.get("/healthz").json() == {"status": "ok", "model": "down"}
    assert "rerec_model_up 0.0" in client.get("/metrics").text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("text", ""),
        ("text", "  \n"),
        ("text", "x" * 2001),
        ("text", 7),
        ("text", None),
        ("text", "\ud800"),
        ("k", 0),
        ("k", 21),
        ("k", "5"),
        ("k", 1.5),
        ("k", True),
        ("stream", "perhaps"),
        ("user_id", ""),
        ("user_id", "a\nb"),
        ("user_id", "x" * 201),
        ("conversation_id", 3),
        ("temperature", 1),
    ],
)
def test_a_field_out_of_its_limits_is_named_in_one_sentence(client, field, value):
    body = json.dumps({"text": ASKED, field: value})
    response = client.post(
        "/api/recommend", content=body, headers={"Content-Type": "application/json"}
    )
    assert response.status_code == 422
    error = response.json()["error"]
    assert error["message"].startswith(f"`{field}`: ")
    assert error["param"] == field
    assert "\n" not in error["message"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"text": "\xff"}', b"[" * 60_000, b"9" * 5_000]
)
def test_a_body_that_is_no_request_is_refused(client, body):
    response = client.post(
        "/api/recommend", content=body, headers={"Content-Type": "application/json"}
    )
    assert response.status_code in (400, 422)
    assert response.json()["error"]["type"] == "invalid_request_error"


def test_a_body_of_another_type_is_refused(client):
    """A form of another site can be sent without asking; JSON cannot."""
    body = json.dumps({"item_id": "1", "opinion": "like"})
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        response = client.post("/api/feedback", content=body, headers={"Content-Type": kind})
        assert response.status_code == 422


@given(st.text(min_size=1, max_size=60))
@settings(max_examples=40)
def test_whatever_text_is_well_formed_is_taken(text):
    if text.strip() and text.encode("utf-8", "replace").decode() == text:
        assert RecommendBody(text=text).text == text


def test_an_unknown_conversation_is_not_there(client):
    fields = {"text": ASKED, "conversation_id": "none"}
    assert client.post("/api/recommend", json=fields).status_code == 404
    assert client.get("/api/conversations/none").status_code == 404
    assert client.delete("/api/conversations/none").status_code == 404


def test_an_opinion_counts_from_then_on(client):
    answer = told(client, "A crime film.")
    name, item_id = answer["conversation_id"], answer["reply"]["recommendations"][0]["item_id"]
    body = {"item_id": item_id, "opinion": "dislike", "conversation_id": name}
    state = client.post("/api/feedback", json=body).json()["state"]
    assert state["disliked"] == [item_id]
    again = told(client, "A crime film.", conversation_id=name)
    assert again["reply"]["state"]["disliked"] == [item_id]
    assert item_id not in [one["item_id"] for one in again["reply"]["recommendations"]]
    state = client.post("/api/feedback", json={**body, "opinion": None}).json()["state"]
    assert state["disliked"] == []


def test_an_opinion_outside_of_a_conversation_is_kept_too(client):
    body = {"item_id": "1", "opinion": "like", "user_id": "ann"}
    state = state_from(client.post("/api/feedback", json=body).json()["state"])
    assert (state.liked, state.user_id) == (("1",), "ann")


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"item_id": "99"}, 404),
        ({"conversation_id": "none"}, 404),
        ({"opinion": "love"}, 422),
        ({"item_id": ""}, 422),
        ({"item_id": None}, 422),
    ],
)
def test_an_opinion_that_means_nothing_is_refused(client, changed, status):
    body = {"item_id": "1", "opinion": "like", **changed}
    assert client.post("/api/feedback", json=body).status_code == status


def test_an_opinion_must_be_said(client):
    assert client.post("/api/feedback", json={"item_id": "1"}).status_code == 422


def test_an_item_is_shown_with_its_facts(client):
    item = client.get("/api/items/2").json()
    assert (item["label"], item["aliases"]) == (
        "The Usual Suspects (1995)",
        ["Usual Suspects, The"],
    )
    assert item["facts"][0] == {"relation": "genre", "value": "Crime"}
    assert set(item) == {
        "item_id", "title", "year", "label", "aliases", "popularity", "facts",
    }  # fmt: skip
    for other in ("99", "a/b", "%2e%2e%2f", "\u00e9"):
        assert client.get(f"/api/items/{other}").status_code == 404


def test_a_conversation_that_is_removed_leaves_nothing(serve, bare):
    served = serve(bare)
    client = served.client
    name = told(client, "A crime film.")["conversation_id"]
    client.post("/api/feedback", json={"item_id": "1", "opinion": "like", "conversation_id": name})
    assert client.delete(f"/api/conversations/{name}").status_code == 204
    assert client.get(f"/api/conversations/{name}").status_code == 404
    assert b"A crime film." not in served.feedback_path.read_bytes()


def test_what_is_served_is_told_with_examples_and_users(client):
    about = client.get("/api/about").json()
    assert (about["domain"], about["n_items"], about["model"]) == ("corner-shop", 12, "none")
    assert set(about["examples"]) == {
        "A French film with action.",
        "A thriller with Robert De Niro.",
    }
    assert {"user_id": "ann", "label": "ann (24, F, student)"} in about["users"]


def test_an_address_that_is_none_and_a_method_that_is_none_are_refused(client):
    for method, path, status in (
        ("GET", "/api/nowhere", 404),
        ("GET", "/api/recommend", 405),
        ("DELETE", "/api/about", 405),
        ("GET", "/../../etc/passwd", 404),
        ("GET", "/app.js/..%2f..%2fapp.py", 404),
    ):
        response = client.request(method, path)
        assert (response.status_code, "message" in response.json()["error"]) == (status, True)
