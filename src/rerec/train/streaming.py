"""One answer as it is written: what a person reads while the model still reasons.

transformers writes here, not `rerec.train.generation`: a single row shares its prompt with nobody.
Its prompt look-up, which checks several guessed tokens at once, was tried and left out: it halved
the passes through SmolLM2 and each took three times as long (two cores, float32).
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from queue import SimpleQueue
from threading import Thread
from typing import Any

import torch
from transformers import GenerationConfig, StoppingCriteria, StoppingCriteriaList, TextStreamer

from rerec.train.circles import until_circles
from rerec.train.policy import Policy

_LOOK_EVERY = 16
"""Tokens between two looks for circles."""


def stream(
    policy: Policy,
    messages: Sequence[dict[str, str]],
    *,
    max_new_tokens: int,
    stop_repeats: int = 0,
    cancelled: Callable[[], bool] = lambda: False,
) -> Generator[str, None, None]:
    """Write the greedy answer to some messages, piece by piece.

    The writing ends with the answer, and soon after the iterator is closed or `cancelled` says so.

    Args:
        policy: who answers; one answer at a time.
        messages: as the chat template takes them.
        max_new_tokens: where the answer is cut off.
        stop_repeats: an answer that repeats so many tokens ends; 0: none does.
        cancelled: asked between tokens.

    Yields:
        Pieces of text; together they are the answer.

    Raises:
        Exception: whatever the model raised while it wrote.
    """
    ids: Any = policy.tokenizer.apply_chat_template(
        list(messages), add_generation_prompt=True, return_dict=False, return_tensors="pt"
    )
    pieces = _Pieces(policy.tokenizer, skip_prompt=True, skip_special_tokens=True)
    ending = _Ending(ids.shape[1], stop_repeats, cancelled)
    writer = Thread(
        target=_write,
        args=(policy, ids, max_new_tokens, pieces, ending),
        name="writer",
        daemon=True,
    )
    writer.start()
    try:
        yield from pieces.read()
    finally:
        ending.wanted = False
        writer.join()


class _Pieces(TextStreamer):
    """Hands text from the thread that writes to the one that reads."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._queue: SimpleQueue[str | BaseException | None] = SimpleQueue()

    def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
        if text:
            self._queue.put(text)

    def close(self, failure: BaseException | None) -> None:
        """Nothing comes after this."""
        self._queue.put(failure)

    def read(self) -> Iterator[str]:
        """What was handed over, up to the end; a failure of the writer is raised here."""
        while (piece := self._queue.get()) is not None:
            if isinstance(piece, BaseException):
                raise piece
            yield piece


class _Ending(StoppingCriteria):
    """Ends an answer that nobody wants any more, or that goes round in circles."""

    def __init__(self, n_prompt: int, stop_repeats: int, cancelled: Callable[[], bool]) -> None:
        self.wanted = True
        self._n_prompt, self._least, self._cancelled = n_prompt, stop_repeats, cancelled
        self._looked_at = 0

    def __call__(
        self, input_ids: torch.Tensor, scores: torch.Tensor, **kwargs: Any
    ) -> torch.BoolTensor:
        ends = not self.wanted or self._cancelled() or self._circles(input_ids[0])
        return torch.tensor([ends], device=input_ids.device)  # ty: ignore[invalid-explicit-return]

    def _circles(self, ids: torch.Tensor) -> bool:
        written = ids[self._n_prompt :].tolist()
        # Looked at now and then: a second round is long, and looking costs as much as writing.
        if not self._least or len(written) < self._looked_at + _LOOK_EVERY:
            return False
        self._looked_at = len(written)
        return len(until_circles([written], self._least)[0]) < len(written)


@torch.inference_mode()
def _write(
    policy: Policy, ids: torch.Tensor, max_new_tokens: int, pieces: _Pieces, ending: _Ending
) -> None:
    """Fills `pieces`; runs in a thread of its own."""
    failure: BaseException | None = None
    model: Any = policy.model
    try:
        ids = ids.to(model.device)
        model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            generation_config=_greedy(policy, max_new_tokens),
            streamer=pieces,
            stopping_criteria=StoppingCriteriaList([ending]),
        )
    except BaseException as error:  # noqa: BLE001 - raised again where the text is read
        failure = error
    pieces.close(failure)


def _greedy(policy: Policy, max_new_tokens: int) -> GenerationConfig:
    return GenerationConfig(
        max_new_tokens=max_new_tokens,
        do_sample=False,
        num_beams=1,
        repetition_penalty=1.0,
        eos_token_id=policy.stop,
        pad_token_id=policy.stop[0],
    )
