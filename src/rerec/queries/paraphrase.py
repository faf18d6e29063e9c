"""Requests said in other words by a model behind an OpenAI-compatible endpoint.

Every answer is kept in a file as soon as it is there, so that a run that was stopped goes on where
it was and pays for nothing twice. Whether an answer is of any use is decided in
`rerec.queries.resolving`. The key goes into one header and nowhere else: not into the file, not
into a message, and what a server says is not repeated either, since some repeat the key.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2

from rerec.errors import DataError, SettingsError, SourceError

TRIES = 6
FIRST_WAIT_S = 1.0
"""Before the second try; doubled each time, unless the server says how long (Retry-After)."""
LONGEST_WAIT_S = 600.0
"""A server that asks for more is left alone; the same command goes on later."""
TIMEOUT_S = 60.0
_PROMPT = (
    "You rewrite one request that a person makes to a recommender. Say the same in other words: as "
    "natural as speech, about as long, asking for nothing more and nothing less. Name no title, "
    "person, genre, country, language or time that the request does not name. Answer with the "
    "rewritten request alone, without quotes around it."
)


@dataclass
class Paraphraser:
    """Asks for rewrites, one at a time."""

    url: str
    """Of the endpoint, up to `/v1` or the like: `/chat/completions` is put behind it."""
    model: str
    key: str | None = field(repr=False)
    """None where the endpoint wants none."""
    per_minute: float
    """Requests a minute at most, tries that failed included."""
    cache_path: Path
    client: httpx2.Client = field(repr=False)
    """Its timeout is how long one try may take."""
    n_sent: int = field(default=0, init=False)
    """Requests that went out so far."""
    _cache: dict[str, str] = field(default_factory=dict, init=False, repr=False)
    _next_at: float = field(default=0.0, init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise SettingsError(f"{self.url!r} is no address of an endpoint; give http(s)://...")
        if self.per_minute <= 0:
            raise SettingsError(f"{self.per_minute} requests a minute are none; give more than 0")
        if self.key is not None and not (self.key.isascii() and self.key.isprintable()):
            raise SettingsError("the key holds a character that no key has; set it again")
        self._cache = _read_cache(self.cache_path)

    def rewrite(self, text: str, keep: Sequence[str] = ()) -> str | None:
        """A text in other words; None where the answer could not be read, which is tried again.

        Args:
            text: a request.
            keep: words that must stand in the answer as they are.

        Raises:
            SourceError: the endpoint refuses, or cannot be reached time and again.
            DataError: the answers cannot be kept.
        """
        name = sha256(f"{self.model}\n{text}".encode()).hexdigest()
        if name not in self._cache:
            answer = _content(self._answer(self._body(text, keep)))
            if answer is None:
                return None
            self._keep(name, answer)
        return self._cache[name]

    def _body(self, text: str, keep: Sequence[str]) -> dict[str, Any]:
        kept = "; ".join(dict.fromkeys(keep))
        told = f"{text}\n\nKeep these words exactly as they are: {kept}" if kept else text
        messages = [{"role": "system", "content": _PROMPT}, {"role": "user", "content": told}]
        return {"model": self.model, "messages": messages}

    def _answer(self, body: dict[str, Any]) -> httpx2.Response:
        """A response of status 200, after as many tries as it takes."""
        wait_s, reason = FIRST_WAIT_S, ""
        for _ in range(TRIES):
            response, reason = self._try(body)
            if response is not None and response.is_success:
                return response
            if response is not None and not _is_passing(response):
                raise SourceError(f"{self._where}: answers {reason}; check address, model and key")
            self._pause(wait_s, response)
            wait_s *= 2
        raise SourceError(
            f"{self._where}: {TRIES} tries failed, the last with {reason}; what was answered is "
            "kept, the same command goes on from there"
        )

    def _try(self, body: dict[str, Any]) -> tuple[httpx2.Response | None, str]:
        """One request, not before its time: the response if there is one, and how it ended."""
        time.sleep(max(0.0, self._next_at - time.monotonic()))
        self._next_at = time.monotonic() + 60 / self.per_minute
        self.n_sent += 1
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        address = f"{self.url.rstrip('/')}/chat/completions"
        try:
            response = self.client.post(address, json=body, headers=headers)
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol):
            raise SettingsError(f"{self._where} is no address of an endpoint; mend it") from None
        except httpx2.RequestError as error:  # its text may hold what was sent
            return None, type(error).__name__
        return response, f"HTTP {response.status_code}"

    def _pause(self, wait_s: float, response: httpx2.Response | None) -> None:
        asked_s = None if response is None else _retry_after_s(response)
        if asked_s is not None and asked_s > LONGEST_WAIT_S:
            raise SourceError(
                f"{self._where}: asks to wait {asked_s:.0f} s; what was answered is kept, run the "
                "same command again then"
            )
        self._next_at = max(
            self._next_at, time.monotonic() + (wait_s if asked_s is None else asked_s)
        )

    def _keep(self, name: str, answer: str) -> None:
        self._cache[name] = answer
        line = json.dumps({"key": name, "model": self.model, "answer": answer}, ensure_ascii=False)
        try:
            self.cache_path.parent.mkdir(parents=True, exist_ok=True)
            with self.cache_path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            raise DataError(
                f"{self.cache_path}: cannot be written ({error.strerror}); free some space"
            ) from None

    @property
    def _where(self) -> str:
        """The address without what may be secret in it."""
        address, _, path = self.url.partition("://")[2].partition("/")
        return "/".join(filter(None, (address.rpartition("@")[2], path.partition("?")[0])))


def _is_passing(response: httpx2.Response) -> bool:
    """Whether the same request may go well later."""
    return response.status_code in (408, 429) or response.status_code >= 500


def _retry_after_s(response: httpx2.Response) -> float | None:
    """Seconds that the server asks to wait, by a number or by a date."""
    asked = response.headers.get("Retry-After", "").strip()
    if asked.isdecimal():
        return float(asked)
    try:
        return max(0.0, parsedate_to_datetime(asked).timestamp() - time.time())
    except ValueError:
        return None


def _content(response: httpx2.Response) -> str | None:
    """The text of a completion in one line; None where there is none to be read."""
    try:
        content = response.json()["choices"][0]["message"]["content"]
    except (ValueError, KeyError, IndexError, TypeError):
        return None
    if not isinstance(content, str):
        return None
    text = " ".join(content.split())
    if len(text) > 1 and (text[0], text[-1]) in {('"', '"'), ("\u201c", "\u201d")}:
        text = text[1:-1].strip()
    return text or None


def _read_cache(path: Path) -> dict[str, str]:
    """The answers so far; the line that a kill cut short is left out, and ended."""
    if not path.is_file():
        return {}
    try:
        lines = path.read_bytes().split(b"\n")
        if lines[-1]:
            with path.open("ab") as file:
                file.write(b"\n")
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); remove it") from None
    return dict(filter(None, map(_cached, lines)))


def _cached(line: bytes) -> tuple[str, str] | None:
    try:
        record = json.loads(line)
        name, answer = record["key"], record["answer"]
    except (ValueError, KeyError, TypeError):
        return None
    return (name, answer) if isinstance(name, str) and isinstance(answer, str) else None
