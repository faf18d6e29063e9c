"""Prompts read for the first time: what a model keeps of them for the answers that go on."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache, PreTrainedModel

from rerec.train.attention import NO_MASK, Alone, causal
from rerec.train.lean_forward import LeanForward
from rerec.train.prefix import Prefix


def read_prompts(
    model: PreTrainedModel, prompts: Sequence[Sequence[int]], lean: LeanForward | None = None
) -> tuple[Prefix, Tensor, Tensor]:
    """Read each prompt once.

    Args:
        model: prepared for shared prompts.
        prompts: N prompts as token ids.
        lean: the model's weights in fewer operations, where there is such a way.

    Returns:
        The keys and values to go on from, (N,) last positions, (N, V) logits of the next token.
    """
    # A prompt alone keeps a processor busy; a batch of them costs it padding, and a masked
    # attention that takes as long as all products of weights.
    if model.device.type == "cpu":
        return read_alone(model, prompts, lean)
    return read_together(model, prompts)


def read_alone(
    model: PreTrainedModel, prompts: Sequence[Sequence[int]], lean: LeanForward | None = None
) -> tuple[Prefix, Tensor, Tensor]:
    """One prompt after the other, without padding; see `read_prompts`."""
    longest = max(map(len, prompts))
    hidden = torch.ones(len(prompts), 1, 1, longest, dtype=torch.bool, device=model.device)
    read: list[list[tuple[Tensor, Tensor]]] = []
    logits = []
    for row, prompt in enumerate(prompts):
        ids = torch.tensor([list(prompt)], device=model.device)
        kept, follows = _kept_by(lean, ids) if lean else _kept(model, ids)
        padding = longest - len(prompt)
        hidden[row, ..., padding:] = False
        read.append([(_padded_left(k, padding), _padded_left(v, padding)) for k, v in kept])
        logits.append(follows)
    by_layer = [
        [torch.cat(parts) for parts in zip(*layer, strict=True)]
        for layer in zip(*read, strict=True)
    ]
    last = torch.tensor([len(prompt) - 1 for prompt in prompts], device=model.device)
    return (
        Prefix([k for k, _ in by_layer], [v for _, v in by_layer], hidden),
        last,
        torch.cat(logits),
    )


def _kept(model: PreTrainedModel, ids: Tensor) -> tuple[list[tuple[Tensor, Tensor]], Tensor]:
    """Each layer's (1, K, P, D) keys and values of a prompt, and (1, V) logits behind it."""
    cache = DynamicCache()
    out = model(
        input_ids=ids,
        attention_mask=NO_MASK,
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=1,
        shared=Alone(),
    )
    layers: Any = cache.layers
    return [(layer.keys, layer.values) for layer in layers], out.logits[:, -1]


def _kept_by(lean: LeanForward, ids: Tensor) -> tuple[list[tuple[Tensor, Tensor]], Tensor]:
    """The same in fewer operations."""
    kept: list[tuple[Tensor, Tensor]] = []

    def attend(layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        kept.append((key, value))
        return causal(query, key, value, scale)

    logits = lean.read(ids, attend)
    return kept, logits


def _padded_left(states: Tensor, n: int) -> Tensor:
    """(1, K, n + P, D), zeros before."""
    return torch.nn.functional.pad(states, (0, 0, n, 0))


def read_together(
    model: PreTrainedModel, prompts: Sequence[Sequence[int]]
) -> tuple[Prefix, Tensor, Tensor]:
    """All prompts in one padded batch; see `read_prompts`."""
    ids, read = padded(model, prompts)
    # Left padding shifts what the model would count by itself: positions come from the mask.
    positions = (read.cumsum(1) - 1).clamp(min=0)
    cache = DynamicCache()
    out = model(
        input_ids=ids,
        attention_mask=read if (read == 0).any() else None,
        position_ids=positions,
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=1,
    )
    layers: Any = cache.layers
    # Attention lays them out token by token; at every token that is written they are read.
    keys = [layer.keys.contiguous() for layer in layers]
    values = [layer.values.contiguous() for layer in layers]
    return Prefix(keys, values, (read == 0)[:, None, None]), positions[:, -1], out.logits[:, -1]


def padded(model: PreTrainedModel, prompts: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """(N, P) token ids and mask, padded on the left."""
    longest = max(map(len, prompts))
    ids = torch.zeros(len(prompts), longest, dtype=torch.long, device=model.device)
    read = torch.zeros_like(ids)
    for row, prompt in enumerate(prompts):
        ids[row, longest - len(prompt) :] = torch.tensor(prompt, device=model.device)
        read[row, longest - len(prompt) :] = 1
    return ids, read
