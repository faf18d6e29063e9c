"""Answers with the model, and without it for as long as it is down."""

import time
from collections.abc import Callable, Generator
from dataclasses import replace

from rerec.assistant.assistant import Assistant
from rerec.assistant.exchange import Event, Reply, State
from rerec.errors import ModelError
from rerec.serve.refusals import Refusal

WITHOUT = "The language model cannot be reached, so this answer comes from the catalogue alone."


class ModelPath:
    """An assistant, and what is known of its model.

    A model that failed is left alone for a while: whoever asks meanwhile is not made to wait for it
    to fail again.
    """

    def __init__(
        self, assistant: Assistant, *, retry_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Store them.

        Args:
            assistant: with its model, if it has one.
            retry_s: how long a model that failed is left alone.
            clock: tells seconds.
        """
        self.assistant = assistant
        self._bare = assistant.without_model()
        self._retry_s, self._clock = retry_s, clock
        self._failed_at: float | None = None

    @property
    def status(self) -> str:
        """`none` without a model, else `up` or `down`, as its last answer went."""
        if self.assistant.model_name == "none":
            return "none"
        return "up" if self._failed_at is None else "down"

    def answer_anyway(
        self, state: State, text: str, k: int, cancelled: Callable[[], bool]
    ) -> Generator[Event]:
        """An answer, from retrieval alone and with a note where the model is down.

        Raises:
            Cancelled: `cancelled` said so.
        """
        try:
            yield from self.answer(state, text, k, cancelled)
        except Refusal:
            for event in self._bare.answer(state, text, k=k, cancelled=cancelled):
                yield _noted(event) if isinstance(event, Reply) else event

    def answer(
        self, state: State, text: str, k: int, cancelled: Callable[[], bool]
    ) -> Generator[Event]:
        """An answer of the model.

        Raises:
            Refusal: the model is down (503).
            Cancelled: `cancelled` said so.
        """
        self.refuse_while_down()
        try:
            yield from self.assistant.answer(state, text, k=k, cancelled=cancelled)
        except ModelError:
            self._failed_at = self._clock()
            raise self._down() from None
        self._failed_at = None

    def refuse_while_down(self) -> None:
        """Refuse at once for as long as a model that failed is left alone.

        Raises:
            Refusal: it is (503).
        """
        if self._failed_at is not None and self._clock() < self._failed_at + self._retry_s:
            raise self._down()

    def _down(self) -> Refusal:
        return Refusal(503, "the language model is down", retry_s=max(1, round(self._retry_s)))


def _noted(reply: Reply) -> Reply:
    return replace(reply, text=f"{WITHOUT} {reply.text}", notes=(WITHOUT, *reply.notes))
