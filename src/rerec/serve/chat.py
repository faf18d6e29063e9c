"""Chat completions: the assistant as OpenAI's clients speak to a model.

Nothing is remembered between requests: the state of the conversation is made anew by reading the
messages of the user, the last of which is answered. What was recommended before is not known.
"""

import time
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from rerec.assistant.assistant import Assistant
from rerec.assistant.exchange import Event, Reply, State, Thought, to_json
from rerec.serve.bodies import ChatBody, Message
from rerec.serve.limits import MAX_TEXT
from rerec.serve.refusals import Refusal
from rerec.serve.streams import DONE, sent_event

MODEL = "rerec"
"""The name that always means this assistant."""


def model_list(assistant: Assistant, *, started_s: int) -> list[dict[str, object]]:
    """What `/v1/models` lists: the assistant, also under the name of its model.

    Args:
        assistant: that is served.
        started_s: Unix time since when.
    """
    names = [MODEL, *(name for name in [assistant.model_name] if name != "none")]
    return [
        {"id": name, "object": "model", "created": started_s, "owned_by": "rerec"} for name in names
    ]


def refuse_unmet(body: ChatBody, assistant: Assistant) -> None:
    """Refuse what a client would rely on and not get.

    Raises:
        Refusal: it is asked for another model (404), or for what there is not (400).
    """
    if body.model not in (MODEL, assistant.model_name):
        raise Refusal(404, f"there is no such model; ask for {MODEL!r}", param="model")
    wanted = {
        "n": body.n not in (None, 1),
        "tools": bool(body.tools),
        "functions": bool(body.functions),
        "modalities": body.modalities not in (None, ["text"]),
        "response_format": (body.response_format or {}).get("type", "text") != "text",
        "logprobs": bool(body.logprobs),
    }
    for param in (name for name, is_wanted in wanted.items() if is_wanted):
        raise Refusal(400, f"`{param}`: there is one answer, in plain text", param=param)


def requests_of(messages: Sequence[Message]) -> list[str]:
    """What the user said, one text for each message, the last one to be answered.

    Raises:
        Refusal: a message holds more than text or is too long, or the user said nothing (400).
    """
    users = [message for message in messages if message.role == "user"]
    if not all(message.is_text for message in users):
        raise Refusal(400, "only text can be read, no image and no sound", param="messages")
    texts = [message.text for message in users]
    if not texts or not texts[-1].strip():
        raise Refusal(400, "no message of the user says anything", param="messages")
    if max(map(len, texts)) > MAX_TEXT:
        sentence = f"a message of the user has more than {MAX_TEXT} characters"
        raise Refusal(400, sentence, param="messages")
    return texts


def state_after(assistant: Assistant, texts: Sequence[str], *, user_id: str | None) -> State:
    """The state of a conversation in which some requests were made."""
    return reduce(
        lambda state, text: assistant.reader.read(state, text).state, texts, State(user_id=user_id)
    )


@dataclass(frozen=True)
class Completion:
    """One chat completion, on its way out."""

    body: ChatBody
    completion_id: str
    created_s: int

    @classmethod
    def of(cls, body: ChatBody) -> "Completion":
        """One with an id of its own."""
        return cls(body, f"chatcmpl-{uuid.uuid4().hex}", int(time.time()))

    def whole(self, reply: Reply) -> dict[str, Any]:
        """As one object."""
        message = {"role": "assistant", "refusal": None, **_content(reply)}
        message["reasoning_content"] = reply.reasoning
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        head = self._head("chat.completion")
        return {**head, "choices": [choice], "usage": self._usage(reply)}

    async def pieces(self, events: AsyncIterator[Event]) -> AsyncIterator[bytes]:
        """As chunks in a stream; what fails on the way is the last one."""
        yield self._chunk({"role": "assistant", "content": ""})
        try:
            async for event in events:
                if isinstance(event, Thought):
                    yield self._chunk({"reasoning_content": event.text})
                else:
                    yield self._chunk(_content(event))
                    yield self._chunk({}, finish_reason="stop")
                    if self.body.stream_options and self.body.stream_options.include_usage:
                        head = self._head("chat.completion.chunk")
                        yield sent_event({**head, "choices": [], "usage": self._usage(event)})
        except Refusal as refusal:
            yield sent_event(refusal.body)
        yield DONE

    def _chunk(self, delta: dict[str, Any], *, finish_reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}
        return sent_event({**self._head("chat.completion.chunk"), "choices": [choice]})

    def _head(self, kind: str) -> dict[str, Any]:
        return {
            "id": self.completion_id,
            "object": kind,
            "created": self.created_s,
            "model": self.body.model,
        }

    def _usage(self, reply: Reply) -> dict[str, int]:
        """Words, as what the tokens of an answer would be depends on a model that may be none."""
        asked = sum(len(message.text.split()) for message in self.body.messages)
        answered = len(reply.reasoning.split()) + len(reply.text.split())
        return {
            "prompt_tokens": asked,
            "completion_tokens": answered,
            "total_tokens": asked + answered,
        }


def _content(reply: Reply) -> dict[str, Any]:
    return {"content": reply.text, "recommendations": to_json(reply)["recommendations"]}
