"""Prompts read for the first time: what a model keeps of them for the answers that go on."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache, PreTrainedModel

from rerec.train.attention import NO_MASK, Alone, Tree, causal
from rerec.train.beginnings import Beginning
from rerec.train.lean_forward import LeanForward
from rerec.train.prefix import Prefix

Kept = list[tuple[Tensor, Tensor]]
"""For each layer keys and values."""


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
    read: list[Kept] = []
    logits = []
    for row, prompt in enumerate(prompts):
        ids = torch.tensor([list(prompt)], device=model.device)
        kept, follows = _kept_by(lean, ids) if lean else _kept(model, ids)
        padding = longest - len(prompt)
        hidden[row, ..., padding:] = False
        read.append([(_padded_left(k, padding), _padded_left(v, padding)) for k, v in kept])
        logits.append(follows)
    last = torch.tensor([len(prompt) - 1 for prompt in prompts], device=model.device)
    return _laid_together(read, hidden), last, torch.cat(logits)


def _kept(model: PreTrainedModel, ids: Tensor) -> tuple[Kept, Tensor]:
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


def _kept_by(
    lean: LeanForward, ids: Tensor, tree: Tree | None = None, ends: int | Tensor = -1
) -> tuple[Kept, Tensor]:
    """The same in fewer operations; with a tree, of a row that branches."""
    kept: Kept = []

    def attend(layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        kept.append((key, value))
        if tree is None:
            return causal(query, key, value, scale)
        return tree.attend(layer, query, key, value, scale)

    return kept, lean.read(ids, attend, tree.positions() if tree else None, ends)


@dataclass(frozen=True)
class Family:
    """Prompts that begin alike, as they were read."""

    shared: Kept
    """(1, K, P, D) of what they share."""
    rests: list[Kept]
    """(K, T, D) of each prompt's own rest."""
    positions: Tensor
    """(M,) the last one of each prompt."""
    logits: Tensor
    """(M, V) of the next tokens."""


def read_families(
    lean: LeanForward, families: Sequence[Beginning], device: torch.device
) -> tuple[Prefix, list[Family]]:
    """Read each family in one pass: what its prompts share once, their rests behind it.

    Args:
        lean: the model's weights.
        families: N beginnings with rests.
        device: where the weights are.

    Returns:
        The keys and values of what is shared, to go on from, and the families.
    """
    longest = max(len(family.shared) for family in families)
    hidden = torch.ones(len(families), 1, 1, longest, dtype=torch.bool, device=device)
    read, shared = [], []
    for row, family in enumerate(families):
        found = _read_family(lean, family, device)
        padding = longest - len(family.shared)
        hidden[row, ..., padding:] = False
        shared.append(
            [(_padded_left(k, padding), _padded_left(v, padding)) for k, v in found.shared]
        )
        read.append(found)
    return _laid_together(shared, hidden), read


def _read_family(lean: LeanForward, family: Beginning, device: torch.device) -> Family:
    sizes = [len(family.shared), *map(len, family.rests)]
    tree = Tree.of(sizes[0], sizes[1:], device)
    ids = torch.tensor([[*family.shared, *chain(*family.rests)]], device=device)
    ends = torch.tensor(sizes, device=device).cumsum(0)[1:] - 1
    kept, logits = _kept_by(lean, ids, tree, ends)
    split = [(keys.split(sizes, 2), values.split(sizes, 2)) for keys, values in kept]
    shared, *rests = [[(k[i], v[i]) for k, v in split] for i in range(len(sizes))]
    own = [[(k[0], v[0]) for k, v in rest] for rest in rests]
    return Family(shared, own, tree.positions()[0, ends], logits)


def _laid_together(read: Sequence[Kept], hidden: Tensor) -> Prefix:
    """Prompts that were read apart, of one length by now."""
    by_layer = [
        [torch.cat(parts) for parts in zip(*layer, strict=True)]
        for layer in zip(*read, strict=True)
    ]
    return Prefix([k for k, _ in by_layer], [v for _, v in by_layer], hidden)


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
