"""What the API takes: every field with its limits."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from rerec.assistant.exchange import Opinion
from rerec.serve.limits import MAX_TEXT

MAX_MESSAGES = 64
MAX_ITEMS = 20


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty; say what is wanted")
    return text


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("holds a control character; leave it out")
    return text


Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT), AfterValidator(_said)]
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_printable)]
"""An id from outside."""
NItems = Annotated[int, Field(ge=1, le=MAX_ITEMS, strict=True)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RecommendBody(_Body):
    """A request, alone or as the next one of a conversation."""

    text: Text
    conversation_id: Name | None = None
    """Of an earlier answer; without one a conversation begins."""
    user_id: Name | None = None
    """A user of the domain, whose log counts as history; others have none."""
    k: NItems = 5
    """Items wanted at most."""
    stream: bool = False
    """Whether the answer comes as server-sent events, while it is made."""


class FeedbackBody(_Body):
    """What somebody thinks of an item."""

    item_id: Annotated[str, Field(min_length=1, max_length=1000)]
    opinion: Opinion | None
    """None takes an earlier one back."""
    conversation_id: Name | None = None
    user_id: Name | None = None


class Part(BaseModel):
    """A part of a message; only text can be read."""

    type: str
    text: str = ""


class Message(BaseModel):
    """One message of a chat."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[Part] | None = None

    @property
    def is_text(self) -> bool:
        """Whether it holds nothing else."""
        return isinstance(self.content, str) or all(p.type == "text" for p in self.content or ())

    @property
    def text(self) -> str:
        """All of its text, line by line."""
        if isinstance(self.content, str):
            return self.content
        return "\n".join(part.text for part in self.content or ())


class StreamOptions(BaseModel):
    """How a stream of chat completions is to be."""

    include_usage: bool = False


class ChatBody(BaseModel):
    """A chat completion as OpenAI's clients ask for it.

    What shapes the sampling of a model (temperature, max_tokens, seed, stop and the like) is taken
    and has no effect: an answer is made greedily, from the catalogue.
    """

    model: Annotated[str, Field(min_length=1, max_length=1000)]
    messages: Annotated[list[Message], Field(min_length=1, max_length=MAX_MESSAGES)]
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    user: Name | None = None
    """A user of the domain, whose log counts as history."""
    k: NItems = 5
    """Not of OpenAI: items wanted at most."""
    n: int | None = 1
    tools: list[Any] | None = None
    functions: list[Any] | None = None
    modalities: list[str] | None = None
    response_format: dict[str, Any] | None = None
    logprobs: bool | None = None
