"""What the API gives, as OpenAPI tells it; the responses themselves are written from records."""

from typing import Any

from pydantic import BaseModel

from rerec.assistant.exchange import Reply, State
from rerec.assistant.memory import Turn
from rerec.records import Condition


class Answer(BaseModel):
    """A reply, and the conversation that it is a turn of."""

    conversation_id: str
    reply: Reply


class StateTold(BaseModel):
    """What is remembered after an opinion."""

    state: State


class ConversationTold(BaseModel):
    """What is remembered of a conversation, and what was said in it."""

    state: State
    turns: list[Turn]


class ItemTold(BaseModel):
    """An item and all of its facts, the most prominent first."""

    item_id: str
    title: str
    year: int | None
    label: str
    aliases: list[str]
    popularity: int
    facts: list[Condition]


class UserTold(BaseModel):
    """A user of the domain who has a history."""

    user_id: str
    label: str


class About(BaseModel):
    """What is served, and how to begin with it."""

    domain: str
    n_items: int
    model: str
    examples: list[str]
    users: list[UserTold]


class ErrorTold(BaseModel):
    """Why a request was refused."""

    message: str
    """One sentence."""
    type: str
    param: str | None
    code: str | None


class ErrorBody(BaseModel):
    """A refusal, in the shape of OpenAI's errors."""

    error: ErrorTold


_MEANINGS = {
    400: "The body is not JSON, or asks for what there is not.",
    401: "The server asks for a key.",
    404: "There is no such item, conversation or model.",
    409: "The conversation is being answered already.",
    413: "The body is too large.",
    422: "A field is missing or out of its limits.",
    429: "Too many requests are waiting; `Retry-After` says when to come again.",
    503: "The answer took too long, the model is down, or the server is closing.",
}
Responses = dict[int | str, dict[str, Any]]
OTHERS: Responses = {"default": {"model": ErrorBody, "description": "Any other refusal."}}
"""Keeps FastAPI from promising its own 422."""


def refusals(*statuses: int) -> Responses:
    """How refusals are told of a route.

    >>> sorted(refusals(429, 503))
    [429, 503]
    """
    return {s: {"model": ErrorBody, "description": _MEANINGS[s]} for s in statuses}
