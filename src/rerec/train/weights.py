"""Weights that are spread over processes, made whole: ZeRO-3 and FSDP2 leave a piece with each.

Every process has to ask, for the same weights in the same order: a piece comes from each of them.
Where nothing is spread, nothing is copied that need not be.
"""

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import Any

import torch
from peft.utils.integrations import gather_params_ctx
from torch import Tensor
from torch.distributed.tensor import DTensor
from transformers import AutoModelForCausalLM, PreTrainedConfig, PreTrainedModel
from transformers.modeling_utils import set_zero3_state


@contextmanager
def gathered(weights: Iterable[Any]) -> Generator[None]:
    """Hold weights that ZeRO-3 spread in one piece; they are for reading only."""
    with gather_params_ctx(list(weights), modifier_rank=None):
        yield


def whole(weight: Tensor) -> Tensor:
    """A weight, or what was computed of it, in one piece where FSDP2 spread it."""
    return weight.full_tensor() if isinstance(weight, DTensor) else weight


def unfilled(config: PreTrainedConfig, dtype: torch.dtype) -> PreTrainedModel:
    """A model without weights of worth that is whole in every process, under ZeRO-3 too."""
    with set_zero3_state():
        return AutoModelForCausalLM.from_config(config, dtype=dtype)


@torch.no_grad()
def whole_state(model: Any, wanted: Callable[[str], bool], *, keep: bool) -> dict[str, Tensor]:
    """A model's weights by name, in one piece and on the processor.

    Args:
        model: in training, without what spreads it around it.
        wanted: whether a name is asked for; the same in every process.
        keep: whether this process wants them; without it the result is empty, and no more than one
            weight is held at a time.

    Returns:
        Weights by the names of `state_dict`; one that has two names is held once.
    """
    state: dict[str, Tensor] = {}
    held: dict[int, Tensor] = {}
    for name, weight in model.state_dict(keep_vars=True).items():
        if not wanted(name):
            continue
        if id(weight) not in held:
            with gathered([weight]):
                found = whole(weight.detach())
                held[id(weight)] = found.to("cpu", copy=True) if keep else found.new_empty(0)
        if keep:
            state[name] = held[id(weight)]
    return state
