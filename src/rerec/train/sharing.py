"""The group's shared prompt in the training forward: which rows are a group, and one row for each.

Policy, old and reference passes of TRL's trainer all end in one call for the log-probabilities of
the completion tokens. Here that call computes a group as one `Tree` row: the prompt once, the
answers behind it, no padding, and no logits for prompt positions.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from peft import PeftModel
from torch import Tensor
from transformers import PreTrainedModel

from rerec.train.attention import NO_MASK, SHARED, Grove, Tree


def prepare_sharing(model: Any) -> None:
    """Let a model (or the one inside a PEFT wrapper) take `shared=Tree` in its forward."""
    base = model.get_base_model() if isinstance(model, PeftModel) else model
    base.set_attn_implementation(SHARED)
    base.base_model.register_forward_hook(_keep_scored, with_kwargs=True)


def can_share(model: Any) -> str | None:
    """Why a model cannot share prompts, or None where it can.

    Attention that is not SDPA or eager, that slides, or that is mixed with other layers keeps the
    stock path.
    """
    base: PreTrainedModel = model.get_base_model() if isinstance(model, PeftModel) else model
    config = base.config.get_text_config()
    if config is not base.config:
        return "it is a vision or audio model"
    if getattr(config, "sliding_window", None) and getattr(config, "use_sliding_window", True):
        return "its attention slides"
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    if kinds != {"full_attention"}:
        return f"its layers are mixed ({', '.join(sorted(kinds))})"
    if config._attn_implementation not in ("sdpa", "eager", SHARED):
        return f"its attention is {config._attn_implementation}, which takes no custom mask"
    return None


def groups_of(
    prompts: Tensor, prompt_mask: Tensor, group_size: int | None = None
) -> list[tuple[int, int]]:
    """Runs of neighbouring rows with the same prompt, as [start, end) pairs.

    Args:
        prompts: (B, P) token ids, padded on the left.
        prompt_mask: (B, P), 0 on padding.
        group_size: a run ends before every row whose number is a multiple of it. Two groups of one
            prompt so stay two: processes that hold pieces of the weights pass them in step.
    """
    new = ((prompts[1:] != prompts[:-1]) | (prompt_mask[1:] != prompt_mask[:-1])).any(1)
    if group_size:
        new[group_size - 1 :: group_size] = True
    starts = [0, *(new.nonzero().squeeze(1) + 1).tolist(), len(prompts)]
    return list(pairwise(starts))


def shared_logps(  # noqa: PLR0913 - what TRL's own call is told, and who is left out
    model: Any,
    ids: Tensor,
    mask: Tensor,
    n_completion: int,
    *,
    entropy: bool,
    group_size: int | None = None,
    idle: Tensor | None = None,
    at_once: bool | None = None,
) -> tuple[Tensor, Tensor | None]:
    """Log-probabilities of completion tokens, each group computed as one tree row.

    Args:
        model: prepared by `prepare_sharing` and by TRL's `add_fused_lm_head`.
        ids: (B, P + C) prompt (padded on the left) and completion (padded on the right).
        mask: (B, P + C), 0 on padding.
        n_completion: C.
        entropy: whether the entropies are wanted too.
        group_size: G; see `groups_of`.
        idle: (B,) true on rows that are not computed. Where groups pass one after the other, one
            passes with its first row if it has no other, and so does the first where there is no
            other group: processes that hold pieces of the weights pass them in step.
        at_once: whether all groups pass in one batch, as an accelerator wants them, or one after
            the other; None decides by where the tokens are.

    Returns:
        (B, C) log-probabilities and entropies, 0 on padding and on idle rows.
    """
    at_once = ids.device.type != "cpu" if at_once is None else at_once
    found = groups_of(*_prompts(ids, mask, n_completion), group_size)
    groups = _busy(found, idle, device=ids.device, at_once=at_once)
    computed, logps, entropies = [], [], []
    for batch in [groups] if at_once else [[group] for group in groups]:
        passed = [_Group.of(rows, ids, mask, n_completion) for rows in batch]
        taken = torch.cat([group.taken for group in passed])
        scored = torch.cat([group.scored for group in passed])
        shared, inputs = _laid_out(passed)
        out = model(
            **inputs,
            attention_mask=NO_MASK.to(ids.device),
            shift_labels=scored[None],
            fused_lm_head=True,
            shared=shared,
        )
        rows = torch.cat(batch)
        written = mask[rows, -n_completion:].bool()
        computed.append(rows)
        logps.append(_scattered(out.log_probs[0], taken) * written)
        if entropy:
            entropies.append(_scattered(out.entropy[0], taken) * written)
    rows = torch.cat(computed)

    def placed(parts: list[Tensor]) -> Tensor:
        values = torch.cat(parts)
        return values.new_zeros(len(ids), n_completion).index_copy(0, rows, values)

    return placed(logps), placed(entropies) if entropy else None


@dataclass(frozen=True)
class _Group:
    """What of a group goes through the model."""

    prompt: Tensor
    """(P,) token ids."""
    taken: Tensor
    """(G, C) bool, the tokens that are read; at least one of each answer."""
    scored: Tensor
    """The tokens of all answers, one answer behind the other."""
    tree: Tree

    @classmethod
    def of(cls, rows: Tensor, ids: Tensor, mask: Tensor, n_completion: int) -> "_Group":
        prompts, prompt_mask = _prompts(ids, mask, n_completion)
        prompt = prompts[rows[0]][prompt_mask[rows[0]].bool()]
        answers, written = ids[rows, -n_completion:], mask[rows, -n_completion:].bool()
        lengths = written.sum(1).clamp(min=1)
        taken = torch.arange(n_completion, device=ids.device) < lengths[:, None]
        tree = Tree.of(len(prompt), lengths.tolist(), ids.device)
        return cls(prompt, taken, answers[taken], tree)


def _prompts(ids: Tensor, mask: Tensor, n_completion: int) -> tuple[Tensor, Tensor]:
    """(B, P) the prompts and their mask."""
    return ids[:, :-n_completion], mask[:, :-n_completion]


def _busy(
    groups: list[tuple[int, int]], idle: Tensor | None, *, device: torch.device, at_once: bool
) -> list[Tensor]:
    """The rows of each group that are to be computed; see `shared_logps`."""
    places = torch.arange(groups[-1][1], device=device)
    rows = [places[start:end] for start, end in groups]
    if idle is None:
        return rows
    busy = [own[~idle[own]] for own in rows]
    if at_once:
        return [own for own in busy if len(own)] or [rows[0][:1]]
    return [own if len(own) else whole[:1] for own, whole in zip(busy, rows, strict=True)]


def _laid_out(groups: list[_Group]) -> tuple[Tree | Grove, dict[str, Tensor]]:
    """Groups as the model takes them: the layout, token ids and positions."""
    rows = [torch.cat([group.prompt, group.scored]) for group in groups]
    if len(groups) == 1:
        tree = groups[0].tree
        return tree, {"input_ids": rows[0][None], "position_ids": tree.positions()}
    grove = Grove.of([group.tree for group in groups])
    length = grove.positions.shape[1]
    ids = [torch.nn.functional.pad(row, (0, length - len(row))) for row in rows]
    return grove, {"input_ids": torch.stack(ids), "position_ids": grove.positions}


def mean_difference(found: Tensor, wanted: Tensor, mask: Tensor) -> float:
    """How far log-probabilities are apart, in the mean over the tokens that a mask names.

    Args:
        found: (B, C).
        wanted: (B, C).
        mask: (B, C), 0 where nothing is compared.

    >>> row = torch.tensor([[-1.0, -2.0, -9.0]])
    >>> mean_difference(row, row + torch.tensor([[0.5, -1.5, 9.0]]), torch.tensor([[1, 1, 0]]))
    1.0
    """
    return float((found - wanted)[mask.bool()].abs().mean())


def _scattered(values: Tensor, taken: Tensor) -> Tensor:
    return values.new_zeros(taken.shape).masked_scatter(taken, values)


def _keep_scored(module: Any, args: Any, kwargs: dict[str, Any], output: Any) -> Any:
    """Hand only the positions that are scored to the language-model head."""
    shared = kwargs.get("shared")
    if isinstance(shared, (Tree, Grove)):
        output.last_hidden_state = output.last_hidden_state.flatten(0, 1)[shared.keep][None]
    return output
