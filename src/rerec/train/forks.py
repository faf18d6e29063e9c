"""Responses that fork: the greedy one, and others that leave it at a single token.

Ours, beyond arXiv 2604.07851. Responses that are drawn whole differ in many tokens, and one reward
cannot tell which of them made the difference. A fork differs from the greedy response in one token
and goes on greedily as well: whatever it is worth more or less, that token did
(`rerec.credit.forks`). Forks are taken where the policy is most in doubt.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import PreTrainedModel

from rerec.train.attention import SHARED
from rerec.train.beginnings import Beginning
from rerec.train.slots import Slots

_PER_PLACE = 3
"""Tokens besides the greedy one that may be tried at one place."""
_LEAST = 1e-3
"""A token less probable than this is not tried."""
_EMPTY = -1


@torch.inference_mode()
def write_forks(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    n: int,
    *,
    max_new_tokens: int,
    stop: Sequence[int],
    stop_repeats: int = 0,
) -> list[list[list[int]]]:
    """The greedy response to each prompt, and n - 1 that leave it at one token.

    Args:
        model: a decoder in evaluation mode that can share prompts (`rerec.train.sharing`).
        prompts: token ids of each distinct prompt; all are kept in memory at once.
        n: responses to each prompt (G).
        max_new_tokens: where a response is cut off.
        stop: token ids that end a response.
        stop_repeats: see `rerec.train.generation.Sampling`.

    Returns:
        For each prompt n lists of token ids, the greedy response first. The others take, in order
        of their probability, the most probable tokens that it did not take, wherever they are.
        Where fewer than n - 1 have a probability of 0.001, it stands in for the rest itself.
    """
    if not prompts:
        return []
    model.set_attn_implementation(SHARED)
    numbered = [(i, Beginning(prompt, [i])) for i, prompt in enumerate(prompts)]
    slots = Slots(model, numbered, 1, max_new_tokens=max_new_tokens, stop_repeats=stop_repeats)
    ends = torch.tensor(list(stop), device=model.device)
    trunks, odds, tokens = _trunks(slots, ends)
    places, taken = _most_doubtful(odds, tokens, n - 1)
    written = _branches(slots, ends, trunks, places, taken)
    groups = torch.cat([_as_wide(trunks, written)[:, None], written], 1)
    missing = torch.nn.functional.pad(places < 0, (1, 0), value=False)
    whole = torch.where(missing[..., None], groups[:, :1], groups)
    return [[_filled(row) for row in group] for group in whole.tolist()]


def _trunks(slots: Slots, ends: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Write one greedy response to each of N prompts.

    Returns:
        (N, T) their tokens, -1 behind; (N, T, 3) the probabilities of the next best tokens at each
        place, 0 behind; (N, T, 3) those tokens.
    """
    written, odds, others = [], [], []
    while True:
        best = slots.logits.float().softmax(-1).topk(_PER_PLACE + 1)
        given = slots.take(best.indices[:, 0], ends)
        written.append(torch.where(given, best.indices[:, 0], _EMPTY))
        odds.append(torch.where(given[:, None], best.values[:, 1:], 0.0))
        others.append(best.indices[:, 1:])
        if not slots.going.any():
            return torch.stack(written, 1), torch.stack(odds, 1), torch.stack(others, 1)
        slots.step()


def _most_doubtful(odds: Tensor, tokens: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """The n most probable tokens that were not taken.

    Returns:
        (N, n) their places in the trunk, -1 where there is none; (N, n) the tokens.
    """
    short = max(0, n - odds.shape[1] * _PER_PLACE)
    flat = torch.nn.functional.pad(odds.flatten(1), (0, short))
    found = flat.sort(dim=1, descending=True, stable=True)  # among equals the earlier place
    best, likely = found.indices[:, :n], found.values[:, :n]
    places = torch.where(likely >= _LEAST, best // _PER_PLACE, _EMPTY)
    others = torch.nn.functional.pad(tokens.flatten(1), (0, short))
    return places, others.gather(1, best)


def _branches(slots: Slots, ends: Tensor, trunks: Tensor, places: Tensor, taken: Tensor) -> Tensor:
    """Go on from the trunks, greedily but for one token of each branch.

    Args:
        slots: in which the trunks were written.
        ends: token ids that end a branch.
        trunks: (N, T).
        places: (N, n) where the branches leave them, -1 where there is none.
        taken: (N, n) the tokens by which they do.

    Returns:
        (N, n, L) tokens of the branches, -1 behind.
    """
    n_prompts, n = places.shape
    room = trunks.shape[1] + slots.most
    written = torch.full((n_prompts * n, room), _EMPTY, device=trunks.device)
    before = torch.arange(trunks.shape[1], device=trunks.device) < places.view(-1, 1)
    written[:, : trunks.shape[1]] = torch.where(before, trunks.repeat_interleave(n, dim=0), _EMPTY)
    if (places < 0).all():
        return written.view(n_prompts, n, -1)
    slots.fork(places)
    tokens = taken.reshape(-1)[slots.rows()]
    while True:
        rows, counts = slots.rows(), slots.counts()
        given = slots.take(tokens, ends)
        written[rows[given], counts[given]] = tokens[given]
        if not slots.going.any():
            return written.view(n_prompts, n, -1)
        slots.cut()
        slots.step()
        tokens = slots.logits.argmax(-1)


def _as_wide(rows: Tensor, others: Tensor) -> Tensor:
    return torch.nn.functional.pad(rows, (0, others.shape[-1] - rows.shape[-1]), value=_EMPTY)


def _filled(row: list[int]) -> list[int]:
    return row[: row.index(_EMPTY)] if _EMPTY in row else row
