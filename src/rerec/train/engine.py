"""TRL's configs from a recipe: the defaults for this machine, then the recipe's own keys, checked.

On a processor some of TRL's defaults hurt (gradient checkpointing trades time we lack for memory
we have). Everything a recipe says wins over what is set here.
"""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter, ValidationError
from trl import GRPOConfig, SFTConfig
from trl.import_utils import is_vllm_available

from rerec.errors import SettingsError
from rerec.sections import unknown_key
from rerec.settings import Recipe, SftSettings, TrainSettings
from rerec.train.policy import CHECKPOINTS
from rerec.train.runtime import fast_dtype, on_cpu

# Loss of each estimator where the recipe names none: token mean over the batch, as in the paper,
# but for Dr. GRPO, whose point is the constant divisor.
_LOSSES = {"dr_grpo": "dr_grpo"}
# TRL checks the name when the first loss is computed, after everything was generated.
LOSSES = ("grpo", "bnpo", "dr_grpo", "dapo", "cispo", "luspo", "sapo", "vespo")
_ROWS = 1
CHECKPOINTING = next(
    name
    for name in ("activation_checkpointing", "gradient_checkpointing")
    if name in {field.name for field in fields(GRPOConfig)}
)
"""As transformers calls it; the first is its newer name."""


def _as_named_now(args: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe's keys; where the config knows checkpointing by both names, the newer one counts."""
    return {CHECKPOINTING if key == "gradient_checkpointing" else key: args[key] for key in args}


def common_args(recipe: Recipe, out: Path) -> dict[str, Any]:
    """What both trainers are told where the recipe says nothing."""
    machine = {"use_cpu": True, CHECKPOINTING: False} if on_cpu() else {}
    return {
        "output_dir": str(out / CHECKPOINTS),
        "seed": recipe.seed,
        "data_seed": recipe.seed,
        "bf16": fast_dtype() is torch.bfloat16,
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "save_strategy": "steps",
        "save_total_limit": 2,
        "report_to": [],
        "disable_tqdm": True,
        "dataloader_pin_memory": False,
        "lr_scheduler_type": "constant_with_warmup",
        "max_grad_norm": 1.0,
        "weight_decay": 0.0,
        # The order is the recipe's: skipping batches of the loader would only cost time.
        "ignore_data_skip": True,
        **machine,
    }


def product_dtype(config: GRPOConfig | SFTConfig) -> torch.dtype:
    """What products are computed in, and so of weights that are not trained."""
    return torch.bfloat16 if config.bf16 else torch.float32


def sft_config(recipe: Recipe, out: Path) -> SFTConfig:
    """The warm start's config.

    Raises:
        SettingsError: a key is unknown or its value is refused.
    """
    settings = recipe.sft
    args = common_args(recipe, out) | {
        "per_device_train_batch_size": _ROWS,
        "gradient_accumulation_steps": 8,
        "num_train_epochs": 1,
        "learning_rate": 1e-3,
        "warmup_steps": 10,
        "save_steps": 50,
        "ignore_data_skip": False,
        "dataset_kwargs": {"skip_prepare_dataset": True},
        "remove_unused_columns": False,
        "completion_only_loss": True,
    }
    config = _config(SFTConfig, args | _as_named_now(settings.args), section="sft", own=SftSettings)
    rows = config.per_device_train_batch_size
    if rows != _ROWS:
        raise SettingsError(
            f"sft.per_device_train_batch_size is {rows}, but a micro-batch of the warm start is one"
            " example; raise sft.gradient_accumulation_steps instead"
        )
    return config


def grpo_config(recipe: Recipe, out: Path, *, n_processes: int) -> GRPOConfig:
    """The config of reinforcement fine-tuning: one group a micro-batch, unless told otherwise.

    Raises:
        SettingsError: a key is unknown or its value is refused, or the queries of a step do not
            divide among processes and micro-batches.
    """
    settings = recipe.train
    group = _count(settings, "num_generations", default=8)
    rows = _count(settings, "per_device_train_batch_size", default=group)
    queries = settings.queries_per_step
    if rows % group or (queries * group) % (rows * n_processes):
        raise SettingsError(
            f"train: {queries} queries a step with {group} generations each do not divide into"
            f" micro-batches of {rows} rows on {n_processes} process(es); change queries_per_step"
            " or per_device_train_batch_size (a multiple of num_generations)"
        )
    args = common_args(recipe, out) | {
        "num_generations": group,
        "per_device_train_batch_size": rows,
        "gradient_accumulation_steps": queries * group // (rows * n_processes),
        "max_completion_length": recipe.prompt.max_response_tokens,
        "max_steps": settings.max_steps,
        "save_steps": settings.validate_every,
        "learning_rate": 5e-5,
        "warmup_steps": 5,
        "temperature": 1.0,
        "beta": 0.0,
        "loss_type": _LOSSES.get(recipe.credit.estimator, "dapo"),
        "scale_rewards": "none",
        "shuffle_dataset": False,
        "log_completions": False,
        "remove_unused_columns": False,
    }
    config = _config(
        GRPOConfig, args | _as_named_now(settings.args), section="train", own=TrainSettings
    )
    if config.loss_type not in LOSSES:
        raise SettingsError(
            f"train.loss_type is {config.loss_type!r}; there are: {', '.join(LOSSES)}"
        )
    return config


def check_vllm(config: GRPOConfig) -> None:
    """Refuse a run whose responses are to come from vLLM, where there is none.

    Raises:
        SettingsError: vLLM is not installed.
    """
    if config.use_vllm and not is_vllm_available():
        raise SettingsError(
            "train.use_vllm is true, but vLLM is not installed here; install rerec[vllm] into an"
            " environment of its own, or set train.use_vllm=false"
        )


def _count(settings: TrainSettings, key: str, *, default: int) -> int:
    value = settings.args.get(key, default)
    if not isinstance(value, int) or value < 1:
        raise SettingsError(f"train.{key} is {value!r}; give a whole number of at least 1")
    return value


def _config(kind: type[Any], args: Mapping[str, Any], *, section: str, own: type[Any]) -> Any:
    known = [field.name for field in fields(kind) if field.init]
    for key in args:
        if key not in known:
            everything = [*known, *(k for k in own.model_fields if k != "args")]
            raise SettingsError(unknown_key(f"{section}.{key}", everything))
    try:
        return TypeAdapter(kind).validate_python(dict(args))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in (section, *first["loc"]))
        message = " ".join(first["msg"].removeprefix("Value error, ").split())
        raise SettingsError(f"{name}: {message}") from None
    except (ValueError, TypeError) as error:
        raise SettingsError(f"{section}: {' '.join(str(error).split())}") from None
