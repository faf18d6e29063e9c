"""One answer as it is written: what a person reads while the model still reasons.

transformers' look-up in the prompt, which checks several guessed tokens at once, was tried and left
out: it halved the passes through SmolLM2 and each took three times as long (two cores, float32).
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache, TextStreamer

from rerec.train.attention import SHARED
from rerec.train.beginnings import Beginning
from rerec.train.circles import Circles
from rerec.train.policy import Policy, Tokenizer
from rerec.train.sharing import can_share
from rerec.train.slots import Slots


def stream(
    policy: Policy,
    messages: Sequence[dict[str, str]],
    *,
    max_new_tokens: int,
    stop_repeats: int = 0,
    cancelled: Callable[[], bool] = lambda: False,
) -> Generator[str, None, None]:
    """Write the greedy answer to some messages, piece by piece.

    The writing ends with the answer, or where the iterator is closed or `cancelled` says so.

    Args:
        policy: who answers; one answer at a time.
        messages: as the chat template takes them.
        max_new_tokens: where the answer is cut off.
        stop_repeats: an answer that repeats so many tokens ends; 0: none does.
        cancelled: asked between tokens.

    Yields:
        Pieces of text; together they are the answer.
    """
    ids: Any = policy.tokenizer.apply_chat_template(
        list(messages), add_generation_prompt=True, return_dict=False
    )
    write = _tokens if can_share(policy.model) is None else _tokens_plainly
    pieces = _Pieces(policy.tokenizer)
    for token in write(policy, list(ids), max_new_tokens, stop_repeats):
        yield from pieces.of(token)
        if cancelled():
            break
    yield from pieces.rest()


class _Pieces(TextStreamer):
    """Text of which no later token changes anything, as soon as it is such."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        super().__init__(tokenizer, skip_special_tokens=True)
        self._ready: list[str] = []

    def of(self, token: int) -> list[str]:
        """What one more token has settled."""
        self.put(torch.tensor([token]))
        return self._taken()

    def rest(self) -> list[str]:
        """What is left at the end."""
        self.end()
        return self._taken()

    def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
        self._ready += [text] if text else []

    def _taken(self) -> list[str]:
        ready, self._ready = self._ready, []
        return ready


@torch.inference_mode()
def _tokens(policy: Policy, ids: list[int], most: int, stop_repeats: int) -> Iterator[int]:
    """Greedy tokens, as many as are asked for; the one that ends the answer is the last."""
    policy.model.set_attn_implementation(SHARED)
    prompt = [(0, Beginning(ids, [0]))]
    slots = Slots(policy.model, prompt, 1, max_new_tokens=most, stop_repeats=stop_repeats)
    ends = torch.tensor(policy.stop, device=policy.model.device)
    while True:
        token = slots.logits.argmax(-1)
        slots.take(token, ends)
        yield int(token)
        if not slots.going.any():
            return
        slots.step()


@torch.inference_mode()
def _tokens_plainly(policy: Policy, ids: list[int], most: int, stop_repeats: int) -> Iterator[int]:
    """The same from a model whose attention is not ours to replace."""
    model: Any = policy.model
    cache = DynamicCache(config=model.config)
    circles = Circles(1, most, stop_repeats, model.device)
    written = torch.empty(1, 0, dtype=torch.long, device=model.device)
    read: Tensor = torch.tensor([ids], device=model.device)
    for _ in range(most):
        out = model(input_ids=read, past_key_values=cache, use_cache=True, logits_to_keep=1)
        token = out.logits[:, -1].argmax(-1)
        yield int(token)
        if int(token) in policy.stop or circles.closed(written, token).any():
            return
        read = token[:, None]
        written = torch.cat([written, read], dim=1)
