"""Answers from a causal language model: each distinct prompt is read once, then continued n times.

The keys and values of a prompt are computed once and repeated for its continuations; rows leave the
batch as they end. Each continuation draws by a seed of its own: what it becomes does not depend on
what is written beside it, nor on how many processes share the work.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache, GenerationConfig, PreTrainedModel
from transformers.cache_utils import DynamicLayer

from rerec.train.attention import NO_MASK, SHARED
from rerec.train.circles import Circles, until_circles
from rerec.train.reading import padded, read_prompts
from rerec.train.sharing import can_share

_KV_BYTES = 2 * 1024**3
_GROWTH = 32
# Below this share of rows still writing, the finished ones are cut out of the batch.
_CUT_BELOW = 0.75


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


class _Written(DynamicLayer):
    """What the rows wrote, one layer's keys and values, in a dense block that grows by steps.

    The growing cache of transformers copies every earlier position at every token, and so does a
    product with a part of a block. The whole block is given, and
    `Prefix.written` says how much of it counts.
    """

    keys: Tensor  # ty: ignore[incompatible-mutable-override]
    values: Tensor  # ty: ignore[incompatible-mutable-override]

    def __init__(self, like: Tensor, rows: int) -> None:
        super().__init__()
        self.length = 0
        self.keys = like.new_zeros(rows, like.shape[1], _GROWTH, like.shape[3])
        self.values = torch.zeros_like(self.keys)
        self.is_initialized = True

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: object, **kwargs: object
    ) -> tuple[Tensor, Tensor]:
        if self.length == self.keys.shape[2]:
            self.keys, self.values = _grown(self.keys), _grown(self.values)
        self.keys[:, :, self.length] = key_states[:, :, 0]
        self.values[:, :, self.length] = value_states[:, :, 0]
        self.length += 1
        return self.keys, self.values

    def get_seq_length(self) -> int:
        return self.length

    def keep(self, rows: Tensor) -> None:
        """Cut the block to some of its rows."""
        self.keys, self.values = self.keys[rows], self.values[rows]


def _grown(states: Tensor) -> Tensor:
    """(R, K, T, D) with zeros behind, (R, K, T + growth, D)."""
    return torch.nn.functional.pad(states, (0, 0, 0, _GROWTH))


@torch.inference_mode()
def generate(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    sampling: Sampling,
    *,
    stop: Sequence[int],
    seeds: Sequence[int] = (),
    on_batch: Callable[[dict[int, list[list[int]]]], None] | None = None,
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
        on_batch: called with {prompt's index: its continuations} as batches end.

    Returns:
        For each prompt, n lists of token ids.
    """
    done: dict[int, list[list[int]]] = {}
    shares = can_share(model) is None
    if shares:
        model.set_attn_implementation(SHARED)
    drawn = None
    if shares and sampling.temperature > 0:
        if len(seeds) != len(prompts) * sampling.n:
            raise ValueError(f"{len(seeds)} seeds for {len(prompts)} x {sampling.n} continuations")
        drawn = _uniform(seeds, sampling.max_new_tokens)
    for batch in _batches(model, prompts, sampling):
        chosen = [prompts[i] for i in batch]
        if shares:
            n = sampling.n
            places = [i * n + sample for i in batch for sample in range(n)]
            own = None if drawn is None else drawn[places].to(model.device)
            rows = _continue(model, chosen, sampling, stop, own)
        else:
            rows = _plain(model, chosen, sampling, stop)
        found = {i: rows[j * sampling.n : (j + 1) * sampling.n] for j, i in enumerate(batch)}
        done |= found
        if on_batch:
            on_batch(found)
    return [done[i] for i in range(len(prompts))]


def _batches(
    model: PreTrainedModel, prompts: Sequence[Sequence[int]], sampling: Sampling
) -> list[list[int]]:
    """Prompts of like length together, as many as their keys and values have room for."""
    config = model.config.get_text_config()
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    width = 2 * config.num_hidden_layers * heads * size * model.dtype.itemsize
    batches: list[list[int]] = []
    room = 0
    for i in sorted(range(len(prompts)), key=lambda i: (-len(prompts[i]), i)):
        cost = (len(prompts[i]) + sampling.n * sampling.max_new_tokens) * width
        if not batches or cost > room:
            batches.append([])
            room = max(_KV_BYTES, cost)
            first = cost
        batches[-1].append(i)
        room -= first  # rows are padded to the longest, which comes first
    return batches


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


def _continue(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    sampling: Sampling,
    stop: Sequence[int],
    drawn: Tensor | None,
) -> list[list[int]]:
    """One batch; `drawn` are (rows, T) numbers in [0, 1), none where nothing is drawn."""
    n = sampling.n
    prefix, positions, logits = read_prompts(model, prompts)
    layers = [_Written(keys, len(prompts) * n) for keys in prefix.keys]
    cache = DynamicCache()
    cache.layers = list(layers)
    written = torch.full((len(prompts) * n, sampling.max_new_tokens), -1, device=model.device)
    rows = torch.arange(len(prompts) * n, device=model.device).view(-1, n)
    going = torch.ones_like(rows, dtype=torch.bool)
    positions, logits = positions.repeat_interleave(n), logits.repeat_interleave(n, dim=0)
    ends = torch.tensor(list(stop), device=model.device)
    circles = Circles(len(written), sampling.max_new_tokens, sampling.stop_repeats, model.device)
    for step in range(sampling.max_new_tokens):
        at = None if drawn is None else drawn[rows.view(-1), step]
        tokens = _draw(logits, sampling.temperature, at)
        written[rows[going], step] = tokens[going.view(-1)]
        ended = torch.isin(tokens, ends) | circles.closed(written[rows.view(-1), :step], tokens)
        going &= ~ended.view_as(going)
        if not going.any() or step + 1 == sampling.max_new_tokens:
            break
        kept = _worth_cutting(going)
        if kept is not None:
            prompts_kept, places = kept
            tokens, positions = tokens[places.view(-1)], positions[places.view(-1)]
            rows, going = rows.view(-1)[places], _first_of_each(places) & going.view(-1)[places]
            prefix.keep(prompts_kept)
            circles.keep(places.view(-1))
            for layer in layers:
                layer.keep(places.view(-1))
        positions = positions + 1
        prefix.written = step + 1
        logits = model(
            input_ids=tokens[:, None],
            position_ids=positions[:, None],
            attention_mask=NO_MASK,
            past_key_values=cache,
            use_cache=True,
            shared=prefix,
        ).logits[:, -1]
    return [_until_stop(row, stop) for row in written.tolist()]


def _worth_cutting(going: Tensor) -> tuple[Tensor, Tensor] | None:
    """Which prompts and which of their rows to go on with; None while most are still writing.

    Args:
        going: (N, n) bool, the rows still writing.

    Returns:
        (N',) prompts and (N', n') places in the flat rows; a prompt with fewer than n' rows left is
        filled up with a repeat of its first one.
    """
    counts = going.sum(1)
    prompts = counts.nonzero().squeeze(1)
    width = int(counts.max())
    if len(prompts) * width > _CUT_BELOW * going.numel():
        return None
    order = going[prompts].int().argsort(dim=1, descending=True, stable=True)[:, :width]
    real = torch.arange(width, device=going.device) < counts[prompts, None]
    places = torch.where(real, order, order[:, :1])
    return prompts, places + prompts[:, None] * going.shape[1]


def _first_of_each(places: Tensor) -> Tensor:
    """(N', n') true where a row is not the repeat that fills its prompt up."""
    first = torch.ones_like(places, dtype=torch.bool)
    first[:, 1:] = places[:, 1:] != places[:, :1]
    return first


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
