"""Answers from a causal language model: each distinct prompt is read once, then continued n times.

The keys and values of a prompt are computed once and serve all of its continuations; where those of
one prompt have ended the next is read in their place (`rerec.train.slots`). So do, on a processor,
those of a beginning that several prompts share (`rerec.train.beginnings`). A continuation draws by
a seed of its own, so it does not depend on what is beside it, nor on how many processes there are.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from transformers import GenerationConfig, PreTrainedModel

from rerec.train.attention import SHARED
from rerec.train.beginnings import Beginning, each_alone, gathered
from rerec.train.circles import until_circles
from rerec.train.lean_forward import why_not_lean
from rerec.train.reading import padded
from rerec.train.runtime import memory_bytes
from rerec.train.sharing import can_share
from rerec.train.slots import Slots

Report = Callable[[dict[int, list[list[int]]]], None]
_KV_BYTES = 4 * 1024**3
"""Keys and values on a processor, at most a quarter of its memory."""
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
        return _plainly(model, prompts, sampling, stop, on_batch or (lambda _: None))
    model.set_attn_implementation(SHARED)
    if sampling.temperature > 0 and len(seeds) != len(prompts) * sampling.n:
        raise ValueError(f"{len(seeds)} seeds for {len(prompts)} x {sampling.n} continuations")
    report, found = on_batch or (lambda _: None), dict[int, list[list[int]]]()
    families, alone = _families(model, prompts, sampling)
    for wave in _waves(model, families, sampling):
        own = replace(sampling, n=max(len(family.members) for family in wave))
        found |= _Writer(model, wave, own, stop, None, report).write()
    if alone:
        drawn = _drawn(seeds, [one.members[0] for one in alone], sampling, model.device)
        found |= _Writer(model, alone, sampling, stop, drawn, report).write()
    return [found[i] for i in range(len(prompts))]


def _families(
    model: PreTrainedModel, prompts: Sequence[Sequence[int]], sampling: Sampling
) -> tuple[list[Beginning], list[Beginning]]:
    """Prompts that share a beginning, and those that go alone; an accelerator reads all alone."""
    greedy_ones = sampling.n == 1 and sampling.temperature == 0
    if greedy_ones and model.device.type == "cpu" and why_not_lean(model) is None:
        return gathered(prompts)
    return [], each_alone(prompts)


def _waves(
    model: PreTrainedModel, families: Sequence[Beginning], sampling: Sampling
) -> list[Sequence[Beginning]]:
    """Families that are written together: as many as there is room for, in even waves."""
    if not families:
        return []
    rest = max(len(rest) for family in families for rest in family.rests)
    longest = max(len(family.shared) for family in families)
    own = Sampling(len(families[0].members), sampling.max_new_tokens + rest)
    n_waves = -(-len(families) // _n_slots(model, longest, own))
    size = -(-len(families) // n_waves)
    return [families[start : start + size] for start in range(0, len(families), size)]


class _Writer:
    """Writes the continuations of all prompts, of which only some have a slot at a time."""

    def __init__(
        self,
        model: PreTrainedModel,
        beginnings: Sequence[Beginning],
        sampling: Sampling,
        stop: Sequence[int],
        drawn: Tensor | None,
        report: Report,
    ) -> None:
        self._beginnings, self._sampling, self._stop = beginnings, sampling, stop
        self._drawn, self._report = drawn, report
        n_rows = len(beginnings) * sampling.n
        self._written = torch.full((n_rows, sampling.max_new_tokens), -1, device=model.device)
        self._waiting = deque(enumerate(beginnings))  # a slot has room for those that come after
        longest = max(len(beginning.shared) for beginning in beginnings)
        self._n_slots = _n_slots(model, longest, sampling)
        self._noted, self._unreported = set[int](), list[int]()
        self._slots = Slots(
            model,
            self._next(self._n_slots),
            sampling.n,
            max_new_tokens=sampling.max_new_tokens,
            stop_repeats=sampling.stop_repeats,
        )
        self._ends = torch.tensor(list(stop), device=model.device)

    def write(self) -> dict[int, list[list[int]]]:
        """Write until all have ended: each prompt's number and its continuations."""
        slots = self._slots
        while True:
            self._draw()
            if slots.going.any():
                if not self._waiting:
                    self._note(slots.ended())
                    slots.cut()
                slots.step()
            elif not self._waiting:
                break
            if self._waiting:
                self._refill()
        self._note(slots.ended())
        self._tell()
        return self._found(range(len(self._beginnings)))

    def _draw(self) -> None:
        rows, counts = self._slots.rows(), self._slots.counts()
        at = None
        if self._drawn is not None:
            at = self._drawn[rows, counts.clamp(max=self._drawn.shape[1] - 1)]
        tokens = _draw(self._slots.logits, self._sampling.temperature, at)
        given = self._slots.take(tokens, self._ends)
        self._written[rows[given], counts[given]] = tokens[given]

    def _refill(self) -> None:
        """Read prompts into the slots that have ended, once they are enough."""
        free = self._slots.ended()[: len(self._waiting)]
        if len(free) >= min(max(1, self._n_slots // _REFILL), len(self._waiting)):
            self._note(free)
            self._slots.read(free, self._next(len(free)))

    def _note(self, ended: Tensor) -> None:
        """Report what ended, once it is half of what is written at a time."""
        numbers = [n for n in self._slots.numbers[ended].tolist() if n not in self._noted]
        self._noted.update(numbers)
        self._unreported += numbers
        if len(self._unreported) >= max(1, len(self._slots.numbers) // 2):
            self._tell()

    def _next(self, n: int) -> list[tuple[int, Beginning]]:
        return [self._waiting.popleft() for _ in range(min(n, len(self._waiting)))]

    def _tell(self) -> None:
        if self._unreported:
            self._report(self._found(self._unreported))
        self._unreported = []

    def _found(self, numbers: Iterable[int]) -> dict[int, list[list[int]]]:
        n, found = self._sampling.n, dict[int, list[list[int]]]()
        for number in numbers:
            written = self._written[number * n : (number + 1) * n].tolist()
            rows = [_until_stop(row, self._stop) for row in written]
            beginning = self._beginnings[number]
            if beginning.rests:  # a row for each member
                found |= {i: [row] for i, row in zip(beginning.members, rows, strict=False)}
            else:
                found[beginning.members[0]] = rows
        return found


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
        return min(_KV_BYTES, memory_bytes() // 4)
    return int(_KV_SHARE * torch.cuda.get_device_properties(device).total_memory)


def _plainly(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    sampling: Sampling,
    stop: Sequence[int],
    report: Report,
) -> list[list[list[int]]]:
    """The same by transformers, for a model that cannot share."""
    n, order = sampling.n, [one.members[0] for one in each_alone(prompts)]
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


def _drawn(
    seeds: Sequence[int], order: Sequence[int], sampling: Sampling, device: torch.device
) -> Tensor | None:
    """(len(order) * n, T) numbers in [0, 1), n rows for each prompt in this order.

    Each row is from its own seed, on any device the same; None where nothing is drawn.
    """
    if sampling.temperature == 0:
        return None
    n, generator = sampling.n, torch.Generator()
    own = [seeds[prompt * n + sample] for prompt in order for sample in range(n)]
    rows = [torch.rand(sampling.max_new_tokens, generator=generator.manual_seed(s)) for s in own]
    return torch.stack(rows).to(device)


def _until_stop(row: list[int], stop: Sequence[int]) -> list[int]:
    for position, token in enumerate(row):
        if token < 0:
            return row[:position]
        if token in stop:
            return row[: position + 1]
    return row
