"""Who reasons for an assistant, and one of them: a model behind an OpenAI-compatible server."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx2

from rerec.errors import ModelError, SettingsError
from rerec.settings import PromptSettings

TIMEOUT_S = 60.0
"""How long a server may say nothing."""
Messages = Sequence[dict[str, str]]


class Backend(Protocol):
    """A model that can be asked."""

    @property
    def name(self) -> str:
        """As it is shown."""
        ...

    @property
    def prompt(self) -> PromptSettings:
        """What the model is used to be shown."""
        ...

    def write(self, messages: Messages, *, cancelled: Callable[[], bool]) -> Iterator[str]:
        """The answer to some messages, piece by piece.

        Raises:
            ModelError: the model cannot answer now.
        """
        ...


@dataclass(frozen=True)
class Remote:
    """A model behind `/chat/completions` of an OpenAI-compatible server, such as vLLM."""

    url: str
    """Up to `/v1`."""
    model: str
    key: str | None = field(default=None, repr=False)
    prompt: PromptSettings = field(default_factory=PromptSettings)
    timeout_s: float = TIMEOUT_S

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise SettingsError(f"{self.url!r} is no address of a server; give http(s)://.../v1")

    @property
    def name(self) -> str:
        return self.model

    def write(self, messages: Messages, *, cancelled: Callable[[], bool]) -> Iterator[str]:
        body = {
            "model": self.model,
            "messages": [dict(message) for message in messages],
            "max_tokens": self.prompt.max_response_tokens,
            "temperature": 0,
            "stream": True,
        }
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        address = f"{self.url.rstrip('/')}/chat/completions"
        try:
            with (
                httpx2.Client(timeout=self.timeout_s) as client,
                client.stream("POST", address, json=body, headers=headers) as response,
            ):
                if not response.is_success:
                    raise ModelError(f"the model's server answers HTTP {response.status_code}")
                for line in response.iter_lines():
                    if cancelled():
                        return
                    yield from _pieces(line)
        except (httpx2.RequestError, httpx2.InvalidURL) as error:  # its text may hold what was sent
            raise ModelError(f"the model's server: {type(error).__name__}") from None


def _pieces(line: str) -> Iterator[str]:
    """The text in one line of a stream of server-sent events."""
    if not line.startswith("data:") or line[5:].strip() in ("", "[DONE]"):
        return
    try:
        choices: Any = json.loads(line[5:])["choices"]
        delta = choices[0]["delta"] if choices else {}
        text = [delta.get("reasoning_content"), delta.get("content")]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        raise ModelError("the model's server writes what is no chat completion") from None
    yield from (piece for piece in text if isinstance(piece, str) and piece)
