"""Answers from a causal language model: each distinct prompt is read once, then continued n times.

The keys and values of a prompt are computed once and serve all of its continuations; where those of
one prompt have ended the next is read in their place (`rerec.train.slots`). Each continuation draws
by a seed of its own: what it becomes does not depend on what is written beside it, nor on how many
processes share the work.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import GenerationConfig, PreTrainedModel

from rerec.train.attention import SHARED
from rerec.train.circles import until_circles
from rerec.train.reading import padded
from rerec.train.sharing import can_share
from rerec.train.slots import Slots

Report = Callable[[dict[int, list[list[int]]]], None]
_KV_BYTES = 2 * 1024**3
_KV_SHARE = 0.125
"""Of an accelerator's memory; of all of it, so that the same machine makes the same batches."""
_REFILL = 16
"""One of so many slots may stand idle until prompts are read into those that have ended."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How continuations are drawn."""

    n: int = 1
    """Continuations of each prompt (G)."""
    max_new_tokens: int = 192
    temperature: float = 0.0
    """0 takes the most probable token; else tokens are drawn from softmax(logits / temperature)."""
    stop_repeats: int = 0
    """A continuation that writes as many tokens once more, in the same order, ends; 0: it never
    does."""


@torch.inference_mode()
def generate(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    sampling: Sampling,
    *,
    stop: Sequence[int],
    seeds: Sequence[int] = (),
    on_batch: Report | None = None,
) -> list[list[list[int]]]:
    """Continue every prompt `sampling.n` times.

    Args:
        model: a decoder in evaluation mode; its attention is set to the shared one. Where it cannot
            share (see `can_share`), transformers writes, and only greedily.
        prompts: token ids of each distinct prompt; their lengths may differ.
        sampling: how many, how long, how random.
        stop: token ids that end a continuation; the one that ended it is its last token.
        seeds: of the draws of each continuation, prompt by prompt; where the temperature is above
            0 there are n for each prompt.
        on_batch: called with {prompt's index: its continuations} as some of them end.

    Returns:
        For each prompt, n lists of token ids.
    """
    if can_share(model) is not None:
        return _plainly(model, prompts, sampling, stop, on_batch or _nobody)
    model.set_attn_implementation(SHARED)
    drawn = None
    if sampling.temperature > 0:
        if len(seeds) != len(prompts) * sampling.n:
            raise ValueError(f"{len(seeds)} seeds for {len(prompts)} x {sampling.n} continuations")
        drawn = _uniform(seeds, sampling.max_new_tokens).to(model.device)
    if not prompts:
        return []
    return _Writer(model, prompts, sampling, stop, drawn, on_batch or _nobody).write()


def _nobody(found: dict[int, list[list[int]]]) -> None:
    """Where nobody asks for answers as they end."""


class _Writer:
    """Writes the continuations of all prompts, of which only some have a slot at a time."""

    def __init__(
        self,
        model: PreTrainedModel,
        prompts: Sequence[Sequence[int]],
        sampling: Sampling,
        stop: Sequence[int],
        drawn: Tensor | None,
        report: Report,
    ) -> None:
        self._prompts, self._sampling, self._stop = prompts, sampling, stop
        self._drawn, self._report = drawn, report
        n_rows = len(prompts) * sampling.n
        self._written = torch.full((n_rows, sampling.max_new_tokens), -1, device=model.device)
        self._waiting = deque(_longest_first(prompts))  # a slot has room for those that come after
        self._n_slots = _n_slots(model, len(prompts[self._waiting[0]]), sampling)
        self._unreported: list[int] = []
        self._slots = Slots(
            model,
            self._next(self._n_slots),
            sampling.n,
            max_new_tokens=sampling.max_new_tokens,
            stop_repeats=sampling.stop_repeats,
        )
        self._ends = torch.tensor(list(stop), device=model.device)

    def write(self) -> list[list[list[int]]]:
        """Write until all have ended."""
        slots, last = self._slots, self._slots.numbers.tolist()
        while True:
            self._draw()
            if slots.going.any():
                if not self._waiting:
                    slots.cut()
                slots.step()
            elif not self._waiting:
                break
            if self._waiting and self._refill():
                last = slots.numbers.tolist()
        self._unreported += last
        self._tell()
        return [self._of(i) for i in range(len(self._prompts))]

    def _draw(self) -> None:
        rows, counts = self._slots.rows(), self._slots.counts()
        at = None
        if self._drawn is not None:
            at = self._drawn[rows, counts.clamp(max=self._drawn.shape[1] - 1)]
        tokens = _draw(self._slots.logits, self._sampling.temperature, at)
        given = self._slots.take(tokens, self._ends)
        self._written[rows[given], counts[given]] = tokens[given]

    def _refill(self) -> bool:
        """Read prompts into the slots that have ended, once they are enough."""
        free = self._slots.ended()[: len(self._waiting)]
        if len(free) < min(max(1, self._n_slots // _REFILL), len(self._waiting)):
            return False
        self._unreported += self._slots.numbers[free].tolist()
        if len(self._unreported) >= self._n_slots // 2:
            self._tell()
        self._slots.read(free, self._next(len(free)))
        return True

    def _next(self, n: int) -> list[tuple[int, Sequence[int]]]:
        taken = [self._waiting.popleft() for _ in range(min(n, len(self._waiting)))]
        return [(i, self._prompts[i]) for i in taken]

    def _tell(self) -> None:
        self._report({i: self._of(i) for i in self._unreported})
        self._unreported = []

    def _of(self, prompt: int) -> list[list[int]]:
        n = self._sampling.n
        rows = self._written[prompt * n : (prompt + 1) * n].tolist()
        return [_until_stop(row, self._stop) for row in rows]


def _longest_first(prompts: Sequence[Sequence[int]]) -> list[int]:
    return sorted(range(len(prompts)), key=lambda i: (-len(prompts[i]), i))


def _n_slots(model: PreTrainedModel, longest: int, sampling: Sampling) -> int:
    """For how many prompts there is room, by their keys and values."""
    config = model.config.get_text_config()
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    width = 2 * config.num_hidden_layers * heads * size * model.dtype.itemsize
    per_prompt = (longest + sampling.n * sampling.max_new_tokens) * width
    return max(1, _kv_bytes(model.device) // per_prompt)


def _kv_bytes(device: torch.device) -> int:
    if device.type != "cuda":
        return _KV_BYTES
    return int(_KV_SHARE * torch.cuda.get_device_properties(device).total_memory)


def _plainly(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    sampling: Sampling,
    stop: Sequence[int],
    report: Report,
) -> list[list[list[int]]]:
    """The same by transformers, for a model that cannot share."""
    n, order = sampling.n, _longest_first(prompts)
    done: dict[int, list[list[int]]] = {}
    while len(done) < len(prompts):
        left = order[len(done) :]
        batch = left[: _n_slots(model, len(prompts[left[0]]), sampling)]
        rows = _plain(model, [prompts[i] for i in batch], sampling, stop)
        found = {i: rows[j * n : (j + 1) * n] for j, i in enumerate(batch)}
        done |= found
        report(found)
    return [done[i] for i in range(len(prompts))]


def _plain(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    sampling: Sampling,
    stop: Sequence[int],
) -> list[list[int]]:
    if sampling.temperature > 0:
        raise ValueError("a model that cannot share its prompts is sampled by the trainer")
    ids, read = padded(model, prompts)
    writer: Any = model
    greedy = GenerationConfig(
        max_new_tokens=sampling.max_new_tokens,
        do_sample=False,
        num_beams=1,
        repetition_penalty=1.0,
        eos_token_id=list(stop),
        pad_token_id=stop[0],
    )
    written = writer.generate(ids, attention_mask=read, generation_config=greedy)
    rows = [_until_stop(row, stop) for row in written[:, ids.shape[1] :].tolist()]
    rows = until_circles(rows, sampling.stop_repeats)
    return [row for row in rows for _ in range(sampling.n)]


def _draw(logits: Tensor, temperature: float, at: Tensor | None) -> Tensor:
    if at is None:
        return logits.argmax(-1)
    # Inverse of the cumulated odds: torch.multinomial draws a number for each word there is.
    cumulated = torch.softmax(logits.float() / temperature, dim=-1).cumsum(-1)
    tokens = torch.searchsorted(cumulated, at[:, None] * cumulated[:, -1:], right=True)
    return tokens.squeeze(1).clamp(max=logits.shape[-1] - 1)


def _uniform(seeds: Sequence[int], n_tokens: int) -> Tensor:
    """(len(seeds), T) numbers in [0, 1), each row from its own seed; on any device the same."""
    generator = torch.Generator()
    return torch.stack(
        [torch.rand(n_tokens, generator=generator.manual_seed(seed)) for seed in seeds]
    )


def _until_stop(row: list[int], stop: Sequence[int]) -> list[int]:
    for position, token in enumerate(row):
        if token < 0:
            return row[:position]
        if token in stop:
            return row[: position + 1]
    return row
