import json
from typing import Any

import httpx2
import openai
import pytest
from openai import OpenAI

ASKED = [{"role": "user", "content": "A crime film with Al Pacino."}]


def client_of(url: str, key: str = "none") -> OpenAI:
    return OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0, timeout=20.0)


@pytest.fixture
def thinking(listening, reasoning) -> OpenAI:
    """OpenAI's client of a server whose model is scripted."""
    return client_of(listening(reasoning).url)


def complete(client: OpenAI, messages: Any = ASKED, **fields: Any) -> Any:
    return client.chat.completions.create(model="rerec", messages=messages, **fields)


def test_openais_client_lists_the_models(thinking):
    assert [model.id for model in thinking.models.list()] == ["rerec", "scripted"]
    assert thinking.models.retrieve("scripted").owned_by == "rerec"
    with pytest.raises(openai.NotFoundError):
        thinking.models.retrieve("gpt-4o")


def test_openais_client_reads_a_completion(thinking, scripted):
    completion = complete(thinking, temperature=0.3, max_tokens=50, seed=1, stop=["x"])
    choice = completion.choices[0]
    assert (completion.object, completion.model) == ("chat.completion", "rerec")
    assert (choice.finish_reason, choice.index, choice.message.role) == ("stop", 0, "assistant")
    assert "Heat (1995)" in choice.message.content
    assert choice.message.reasoning_content == "".join(scripted.pieces)
    first = choice.message.recommendations[0]
    assert (first["label"], first["chosen"]) == ("Heat (1995)", True)
    usage = completion.usage
    assert usage.prompt_tokens == 6
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens


def test_openais_client_reads_a_stream(thinking, scripted):
    options = {"include_usage": True}
    chunks = list(complete(thinking, stream=True, stream_options=options))
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert len({chunk.id for chunk in chunks}) == 1
    assert deltas[0].role == "assistant"
    thoughts = [getattr(delta, "reasoning_content", None) for delta in deltas]
    assert [thought for thought in thoughts if thought] == list(scripted.pieces)
    whole = complete(thinking).choices[0].message
    assert "".join(delta.content or "" for delta in deltas) == whole.content
    shown = next(delta.recommendations for delta in deltas if hasattr(delta, "recommendations"))
    assert shown == whole.recommendations
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage.total_tokens > 0


def test_a_stream_of_completions_ends_as_openais_do(client):
    body = {"model": "rerec", "messages": ASKED, "stream": True}
    text = client.post("/v1/chat/completions", json=body).text
    assert text.endswith("\n\ndata: [DONE]\n\n")
    assert all(line.startswith("data: ") for line in text.split("\n\n") if line)
    assert "usage" not in text


def test_earlier_messages_of_the_user_are_the_earlier_turns(client):
    messages = [
        {"role": "system", "content": "Recommend romances only."},
        {"role": "user", "content": "A crime film."},
        {"role": "assistant", "content": "Heat (1995)."},
        {"role": "user", "content": [{"type": "text", "text": "With Robert De Niro."}]},
    ]
    body = {"model": "rerec", "messages": messages}
    message = client.post("/v1/chat/completions", json=body).json()["choices"][0]["message"]
    asked = {(c["relation"], c["value"]) for c in message["recommendations"][0]["matches"]}
    assert asked == {("genre", "Crime"), ("starring", "Robert De Niro")}


def test_a_user_of_the_domain_has_a_history(client):
    messages = [{"role": "user", "content": "Recommend me a film."}]

    def first(**fields: str) -> str:
        body = {"model": "rerec", "messages": messages, "k": 1, **fields}
        message = client.post("/v1/chat/completions", json=body).json()["choices"][0]["message"]
        return message["recommendations"][0]["item_id"]

    assert first() in ("1", "12")  # the most popular
    assert first(user="ann") not in ("1", "3", "12", "10", "2", "7")  # her log is no news to her


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"n": 2}, "n"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
        ({"logprobs": True}, "logprobs"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
    ],
)
def test_what_a_client_would_rely_on_and_not_get_is_refused(thinking, fields, param):
    with pytest.raises(openai.BadRequestError) as refused:
        complete(thinking, **fields)
    assert refused.value.param == param
    assert refused.value.type == "invalid_request_error"


IMAGE = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}]


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"role": "system", "content": "Be kind."}],
        [{"role": "user", "content": " "}],
        [{"role": "user", "content": None}],
        [{"role": "user", "content": "x" * 2001}],
        [{"role": "tool", "content": "x", "tool_call_id": "1"}],
        [{"role": "user", "content": "x"}] * 65,
        IMAGE,
    ],
)
def test_messages_that_ask_nothing_are_refused(client, messages):
    response = client.post("/v1/chat/completions", json={"model": "rerec", "messages": messages})
    assert response.status_code == 400
    assert response.json()["error"]["param"].startswith("messages")


def test_an_unknown_model_is_refused_as_openai_does(thinking):
    with pytest.raises(openai.NotFoundError, match="no such model"):
        thinking.chat.completions.create(model="gpt-4o", messages=ASKED)


def test_a_model_that_is_down_is_said_with_503_and_when_to_come_again(thinking, scripted):
    scripted.is_down = True
    for _ in range(2):  # found out, and known
        with pytest.raises(openai.InternalServerError, match="model is down") as refused:
            complete(thinking)
        assert refused.value.status_code == 503
        assert int(refused.value.response.headers["retry-after"]) >= 1


def test_a_model_that_fails_in_a_stream_is_said_in_it(thinking, scripted):
    scripted.is_down = True
    with pytest.raises(openai.APIError, match="model is down"):
        list(complete(thinking, stream=True))


def test_openais_client_brings_the_key(listening, bare, key):
    url = listening(bare, key=key).url
    assert complete(client_of(url, key)).choices[0].message.content
    with pytest.raises(openai.AuthenticationError, match="a key is needed"):
        complete(client_of(url, "another-key-than-that"))


def test_openais_client_is_told_when_too_many_wait(listening, reasoning, scripted):
    scripted.may_go.clear()
    url = listening(reasoning, max_waiting=0).url
    held = httpx2.Client(base_url=url, timeout=20.0)
    body = {"model": "rerec", "messages": ASKED, "stream": True}
    with held, held.stream("POST", "/v1/chat/completions", json=body):
        assert scripted.has_begun.wait(10.0)
        with pytest.raises(openai.RateLimitError) as refused:
            complete(client_of(url))
        assert int(refused.value.response.headers["retry-after"]) >= 1
        scripted.may_go.set()


def test_every_error_has_openais_shape(client):
    responses = [
        client.post("/v1/chat/completions", content=b"{"),
        client.post("/v1/chat/completions", json={"messages": ASKED}),
        client.get("/v1/nothing"),
        client.get("/v1/chat/completions"),
    ]
    for response in responses:
        error = json.loads(response.text)["error"]
        assert set(error) == {"message", "type", "param", "code"}
    assert [response.status_code for response in responses] == [400, 400, 404, 405]
