"""TRL's configs from a recipe: the defaults for this machine, then the recipe's own keys, checked.

On a processor some of TRL's defaults hurt (gradient checkpointing trades time we lack for memory
we have). Everything a recipe says wins over what is set here.
"""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from trl import GRPOConfig, SFTConfig

from rerec.errors import SettingsError
from rerec.settings import Recipe, SftSettings, TrainSettings, unknown_key
from rerec.train.runtime import on_cpu

CHECKPOINTS = "checkpoints"
# Loss of each estimator where the recipe names none: token mean over the batch, as in the paper,
# but for Dr. GRPO, whose point is the constant divisor.
_LOSSES = {"dr_grpo": "dr_grpo"}
_ROWS_ON_CPU = 1


def common_args(recipe: Recipe, out: Path) -> dict[str, Any]:
    """What both trainers are told where the recipe says nothing."""
    machine = {"use_cpu": True, "activation_checkpointing": False} if on_cpu() else {}
    return {
        "output_dir": str(out / CHECKPOINTS),
        "seed": recipe.seed,
        "data_seed": recipe.seed,
        "bf16": True,
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


def sft_config(recipe: Recipe, out: Path) -> SFTConfig:
    """The warm start's config.

    Raises:
        SettingsError: a key is unknown or its value is refused.
    """
    settings = recipe.sft
    args = common_args(recipe, out) | {
        "per_device_train_batch_size": _ROWS_ON_CPU,
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
    return _config(SFTConfig, args | settings.args, section="sft", own=SftSettings)


def grpo_config(recipe: Recipe, out: Path, *, n_processes: int) -> GRPOConfig:
    """The config of reinforcement fine-tuning: one group a micro-batch, unless told otherwise.

    Raises:
        SettingsError: a key is unknown or its value is refused, or the queries of a step do not
            divide among processes and micro-batches.
    """
    settings = recipe.train
    group = int(settings.args.get("num_generations", 8))
    rows = int(settings.args.get("per_device_train_batch_size", group))
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
    return _config(GRPOConfig, args | settings.args, section="train", own=TrainSettings)


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
        name = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"{section}.{name}: {first['msg']}") from None
    except (ValueError, TypeError) as error:
        raise SettingsError(f"{section}: {' '.join(str(error).split())}") from None
