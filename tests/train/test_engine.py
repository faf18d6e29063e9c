"""TRL's configs from a recipe: what is set, what wins, what is refused in one sentence."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rerec.errors import SettingsError
from rerec.settings import Recipe
from rerec.train.engine import CHECKPOINTING, grpo_config, sft_config


def grpo(recipe: Callable[..., Recipe], n_processes: int = 1, **train: Any) -> Any:
    return grpo_config(recipe(train=train), Path("run"), n_processes=n_processes)


def test_the_queries_of_a_step_become_micro_batches_of_one_group(recipe: Callable[..., Recipe]):
    config = grpo(recipe, queries_per_step=6, num_generations=4)
    assert (config.per_device_train_batch_size, config.num_generations) == (4, 4)
    assert (config.gradient_accumulation_steps, config.steps_per_generation) == (6, 6)
    config = grpo(recipe, 3, queries_per_step=6, num_generations=4, per_device_train_batch_size=8)
    assert config.gradient_accumulation_steps == 1


def test_the_recipe_wins_over_the_defaults(recipe: Callable[..., Recipe]):
    config = grpo(recipe, learning_rate=3e-4, max_grad_norm=0.5, save_steps=7)
    assert (config.learning_rate, config.max_grad_norm, config.save_steps) == (3e-4, 0.5, 7)
    config = grpo(recipe)
    assert (config.max_grad_norm, config.save_steps, config.seed) == (1.0, 2, 7)
    assert (config.max_completion_length, config.max_steps) == (12, 6)
    assert config.report_to == []
    assert config.output_dir == str(Path("run", "checkpoints"))


@pytest.mark.parametrize("name", ["gradient_checkpointing", "activation_checkpointing"])
def test_checkpointing_is_on_where_a_recipe_says_so_by_either_name(
    recipe: Callable[..., Recipe], name: str
):
    assert not getattr(grpo(recipe), CHECKPOINTING)
    if name in ("gradient_checkpointing", CHECKPOINTING):
        assert getattr(grpo(recipe, **{name: True}), CHECKPOINTING)
        assert not getattr(grpo(recipe, **{name: False}), CHECKPOINTING)
        assert getattr(sft_config(recipe(sft={name: True}), Path("run")), CHECKPOINTING)


def test_each_estimator_has_its_loss_unless_the_recipe_names_one(recipe: Callable[..., Recipe]):
    def loss(estimator: str, **train: Any) -> str:
        wanted = recipe(credit={"estimator": estimator}, train=train)
        return grpo_config(wanted, Path("run"), n_processes=1).loss_type

    assert [loss(name) for name in ("rerec", "grpo", "dr_grpo")] == ["dapo", "dapo", "dr_grpo"]
    assert loss("rerec", loss_type="grpo") == "grpo"


def test_an_unknown_key_names_the_nearest(recipe: Callable[..., Recipe]):
    with pytest.raises(SettingsError, match=r"'train\.learning_rat'; did you mean 'learning_rate'"):
        grpo(recipe, learning_rat=1)
    with pytest.raises(SettingsError, match=r"'train\.querys_per_step'.*'queries_per_step'"):
        grpo(recipe, querys_per_step=1)
    with pytest.raises(SettingsError, match=r"'sft\.warmup_step'; did you mean 'warmup_steps'"):
        sft_config(recipe(sft={"warmup_step": 1}), Path("run"))


@pytest.mark.parametrize(
    "train",
    [
        {"learning_rate": "fast"},
        {"loss_type": "none of these"},
        {"num_generations": "many"},
        {"num_generations": 0},
        {"num_generations": 2.5},
        {"per_device_train_batch_size": 0},
        {"per_device_train_batch_size": "all"},
        {"num_generations": 1},
        {"lr_scheduler_type": "sideways"},
        {"generation_batch_size": 8, "steps_per_generation": 3},
    ],
)
def test_a_bad_value_is_one_sentence(train: dict[str, Any], recipe: Callable[..., Recipe]):
    with pytest.raises(SettingsError, match=r"^train") as error:
        grpo(recipe, **train)
    assert "\n" not in str(error.value)
    assert not str(error.value).startswith("train.:")


def test_a_bad_value_of_the_warm_start_is_one_sentence_too(recipe: Callable[..., Recipe]):
    with pytest.raises(SettingsError, match=r"^sft\.num_train_epochs") as error:
        sft_config(recipe(sft={"num_train_epochs": "some"}), Path("run"))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("n_processes", "train"),
    [
        (1, {"per_device_train_batch_size": 6}),  # 6 rows are one and a half groups
        (2, {"queries_per_step": 3}),  # three groups on two processes
        (1, {"queries_per_step": 3, "per_device_train_batch_size": 8}),
    ],
)
def test_queries_that_do_not_divide_are_refused(
    n_processes: int, train: dict[str, Any], recipe: Callable[..., Recipe]
):
    with pytest.raises(SettingsError, match=r"do not divide .* change queries_per_step"):
        grpo(recipe, n_processes, **({"num_generations": 4} | train))
