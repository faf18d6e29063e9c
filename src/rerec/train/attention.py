"""Attention in which the answers of a group share their prompt, in generation and in training.

A group's G answers read the same prompt. Here its keys and values stand once: an answer attends
to the shared prompt and to what it wrote itself, in one softmax over both. Registered with
transformers under `SHARED`, so that it is the model's own attention that is called, under PEFT,
autocast and DDP; a call without `shared` is plain SDPA.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from rerec.train.pieces import attend_in_pieces, pieces_of
from rerec.train.prefix import Prefix

SHARED = "rerec_shared_prompt"
NO_MASK = torch.ones(1, 1, 1, 1, dtype=torch.bool)
"""Sharing masks by itself; transformers hands a mask of four dimensions on as it is."""
_ALIGNED = 8
"""Tokens that a padded row is a multiple of: what kernels with a mask ask for."""
_PADDING = -1
# Softmax of scores in bfloat16 is computed in float32 by torch's kernels and rounded once: casting
# to float32 and back gives the same numbers and moves four times as much memory.


def attend(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    shared: "Alone | Prefix | Tree | Grove | None" = None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """The attention function that transformers calls; `shared` comes through the model's kwargs."""
    if shared is None:
        return sdpa_attention_forward(module, query, key, value, attention_mask, **kwargs)
    scale = kwargs.get("scaling") or query.shape[-1] ** -0.5
    layer: Any = getattr(module, "layer_idx", None)
    return shared.attend(layer, query, key, value, scale).transpose(1, 2).contiguous(), None


AttentionInterface.register(SHARED, attend)
AttentionMaskInterface.register(SHARED, sdpa_mask)


def causal(query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
    """Causal attention of a prompt to itself.

    On a processor in blocks of queries, since torch's own kernel there is slow in bfloat16: 22
    against 30 to 116 ms for 730 tokens of SmolLM2-135M, forward and backward.

    Args:
        query: (1, H, P, D).
        key: (1, K, P, D).
        value: (1, K, P, D).
        scale: factor on the scores.

    Returns:
        (1, H, P, D).
    """
    if query.device.type != "cpu":
        grouped = query.shape[1] != key.shape[1]
        return scaled_dot_product_attention(
            query, key, value, is_causal=True, scale=scale, enable_gqa=grouped
        )
    return attend_in_pieces(query[0], key[0], value[0], scale, pieces_of(query.shape[2]))[None]


class Alone:
    """One prompt in one row, read for the first time: no padding, so no mask."""

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        """(1, H, P, D) from (1, H, P, D) and (1, K, P, D); the layer is not needed."""
        return causal(query, key, value, scale)


@dataclass(frozen=True)
class Tree:
    """One group in one row: the prompt once, then each answer behind it.

    The row is (1, P + C_1 + ... + C_G) tokens without padding.
    """

    n_prompt: int
    places: Tensor
    """(G, C) positions in the row of each answer's tokens; padding points at `n_prompt`."""
    filled: Tensor
    """(G, C) bool, false on padding."""
    keep: Tensor
    """(N,) positions in the row whose next token is scored, answer after answer."""

    @classmethod
    def of(
        cls,
        n_prompt: int,
        lengths: list[int],
        device: torch.device,
        *,
        unscored: list[int] | None = None,
    ) -> "Tree":
        """Lay out a group whose answers have these lengths (each at least 1).

        Args:
            n_prompt: P.
            lengths: tokens of each branch behind the prompt.
            device: where the places are needed.
            unscored: tokens at the start of each branch that are read and not scored, such as a
                request of its own before the answer; none where it is left out.
        """
        unscored = unscored or [0] * len(lengths)
        starts = [n_prompt + sum(lengths[:i]) for i in range(len(lengths))]
        places = torch.full((len(lengths), max(lengths)), n_prompt, device=device)
        filled = torch.zeros_like(places, dtype=torch.bool)
        keep = []
        for row, (start, length) in enumerate(zip(starts, lengths, strict=True)):
            places[row, :length] = torch.arange(start, start + length, device=device)
            filled[row, :length] = True
            # The prompt's last token speaks the first token of every branch.
            keep += [n_prompt - 1, *range(start, start + length - 1)][unscored[row] :]
        return cls(n_prompt, places, filled, torch.tensor(keep, device=device))

    def positions(self) -> Tensor:
        """(1, L) position ids: every answer goes on from the prompt's last position."""
        width = self.places.shape[1]
        own = torch.arange(width, device=self.places.device) + self.n_prompt
        answers = own.expand_as(self.places)[self.filled]
        prompt = torch.arange(self.n_prompt, device=self.places.device)
        return torch.cat([prompt, answers])[None]

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        """Attend within one group's row.

        Args:
            layer: not needed: the row carries its own prompt.
            query: (1, H, L, D).
            key: (1, K, L, D).
            value: (1, K, L, D).
            scale: factor on the scores.

        Returns:
            (1, H, L, D).
        """
        # One after the other fits a processor's caches; an accelerator wants them at once.
        on_cpu = query.device.type == "cpu"
        return (self._in_turn if on_cpu else self._at_once)(query, key, value, scale)

    def _in_turn(self, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        pieces = pieces_of(self.n_prompt, self.filled.sum(1).tolist())
        return attend_in_pieces(query[0], key[0], value[0], scale, pieces)[None]

    def _at_once(self, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        return _masked(query, key, value, self.sees.to(query.device), scale)

    def numbers(self) -> Tensor:
        """(L,) which answer a token is of, from 1; 0 in the prompt."""
        answers = torch.arange(1, len(self.places) + 1, device=self.places.device)
        own = answers[:, None].expand_as(self.places)[self.filled]
        return torch.cat([own.new_zeros(self.n_prompt), own])

    @cached_property
    def sees(self) -> Tensor:
        """(1, 1, L, L) bool, true where a token (third axis) sees another one."""
        return _sees(self.numbers()[None])


@dataclass(frozen=True)
class Grove:
    """Several groups at once, each a `Tree` row, padded on the right: (N, L) tokens.

    For an accelerator, which a single row keeps waiting for orders: what is computed in vain, of
    padding and of what a token does not see, takes less time there than one more launch.
    """

    sees: Tensor
    """(N, 1, L, L) bool, true where a token (third axis) sees another one."""
    positions: Tensor
    """(N, L) position ids."""
    keep: Tensor
    """Positions in the rows laid end to end whose next token is scored, row after row."""

    @classmethod
    def of(cls, trees: Sequence[Tree]) -> "Grove":
        """Lay out trees of any size, at least one."""
        rows = [tree.numbers() for tree in trees]
        longest = -(-max(map(len, rows)) // _ALIGNED) * _ALIGNED
        numbers = torch.stack([_filled_up(row, longest, _PADDING) for row in rows])
        positions = [_filled_up(tree.positions()[0], longest, 0) for tree in trees]
        keep = [tree.keep + i * longest for i, tree in enumerate(trees)]
        return cls(_sees(numbers), torch.stack(positions), torch.cat(keep))

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        """(N, H, L, D) from (N, H, L, D) and (N, K, L, D); the layer is not needed."""
        return _masked(query, key, value, self.sees, scale)


def _sees(numbers: Tensor) -> Tensor:
    """(N, 1, L, L) from (N, L): a token sees what stands before it in the prompt and its answer."""
    asking, asked = numbers[:, :, None], numbers[:, None, :]
    return ((asked == 0) | (asked == asking)).tril()[:, None]


def _masked(query: Tensor, key: Tensor, value: Tensor, sees: Tensor, scale: float) -> Tensor:
    # Torch's kernel that takes a mask and keeps no weights wants a key for each head.
    repeat = query.shape[1] // key.shape[1]
    key, value = (states.repeat_interleave(repeat, dim=1) for states in (key, value))
    return scaled_dot_product_attention(query, key, value, attn_mask=sees, scale=scale)


def _filled_up(row: Tensor, length: int, value: int) -> Tensor:
    return torch.nn.functional.pad(row, (0, length - len(row)), value=value)
