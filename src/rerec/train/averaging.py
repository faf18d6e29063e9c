"""One adapter made of several: the mean of their weights.

What noise does to the weights differs from step to step and from run to run; what is learned they
have in common. So the mean of an adapter's later steps, or of runs that began at one adapter, often
answers better than any of them, at the cost of one. Source: Wortsman et al. 2022, arXiv 2203.05482.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from rerec.catalogue.files import new_folder, read_json, write_json
from rerec.errors import ModelError
from rerec.train.policy import ADAPTER_CONFIG, CARD, Place, find, write_card

_WEIGHTS = "adapter_model.safetensors"
_MADE_ALIKE = ("peft_type", "r", "lora_alpha", "use_rslora", "use_dora")
"""Keys of an adapter's config in which a mean of weights needs all to agree."""


def average(models: Sequence[str], out: Path) -> None:
    """Write the mean of LoRA adapters as an adapter, in bfloat16.

    The mean is of A and of B; the product of the means is near the mean of the products where the
    adapters have come from one (1.7 % of what they learned, for steps 10 to 30 of two runs).

    Args:
        models: adapter or run folders, or checkpoints of runs, at least two, of one base model,
            shape and prompt.
        out: the folder to write.

    Raises:
        DataError: something stands at `out` already, or it cannot be written.
        ModelError: one is no adapter, cannot be read, or does not fit the others.
    """
    if len(models) < 2:
        raise ModelError(f"{len(models)} adapter to average; give at least two")
    places = [find(model) for model in models]
    adapters = [_adapter(place, model) for place, model in zip(places, models, strict=True)]
    prompts = [place.prompt for place in places if place.prompt is not None]
    if not prompts:
        raise ModelError(f"{adapters[0]}: no {CARD} says what prompt it was trained with")
    for place, adapter in zip(places[1:], adapters[1:], strict=True):
        _refuse_others(places[0], adapters[0], place, adapter)
    if any(prompt != prompts[0] for prompt in prompts):
        raise ModelError(f"{', '.join(models)}: were trained with different prompts")
    parts = [_weights(adapter) for adapter in adapters]
    for adapter, part in zip(adapters[1:], parts[1:], strict=True):
        if _shapes(part) != _shapes(parts[0]):
            raise ModelError(f"{adapter}: its weights are shaped otherwise than {adapters[0]}'s")
    mean = {name: _mean([part[name] for part in parts]) for name in parts[0]}
    with new_folder(out) as new:
        save_file(mean, new / _WEIGHTS, metadata={"format": "pt"})
        shutil.copyfile(adapters[0] / ADAPTER_CONFIG, new / ADAPTER_CONFIG)
        write_card(new, base=places[0].base_name, prompt=prompts[0])
        write_json(new / "averaged.json", {"of": list(models)})


def _adapter(place: Place, model: str) -> Path:
    if place.adapter is None:
        raise ModelError(f"{model}: is no adapter, and only adapters are averaged")
    return place.adapter


def _refuse_others(first: Place, first_folder: Path, other: Place, folder: Path) -> None:
    """Refuse an adapter that was made otherwise than the first one."""
    one, another = _made(first, first_folder), _made(other, folder)
    for what in one:
        if one[what] != another[what]:
            raise ModelError(
                f"{folder}: its {what} is {another[what]}, that of {first_folder} {one[what]}; only"
                " adapters made alike have a mean"
            )


def _made(place: Place, folder: Path) -> dict[str, Any]:
    config = read_json(folder / ADAPTER_CONFIG)
    return {"base model": place.base, **{key: config.get(key) for key in _MADE_ALIKE}}


def _weights(folder: Path) -> dict[str, Tensor]:
    try:
        return load_file(folder / _WEIGHTS)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{folder / _WEIGHTS}: cannot be read ({error})") from None


def _shapes(weights: dict[str, Tensor]) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in sorted(weights.items())}


def _mean(tensors: list[Tensor]) -> Tensor:
    return torch.stack([tensor.float() for tensor in tensors]).mean(0).to(torch.bfloat16)
