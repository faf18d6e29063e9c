"""What a recipe says in verl's words, and how the launch scripts say it."""

import subprocess
from pathlib import Path

import pytest

from rerec.errors import SettingsError
from rerec.settings import Recipe
from rerec.train.engine import grpo_config
from rerec.verl.overrides import DEFAULTS, overrides_of, untold

SCRIPTS = sorted((Path(__file__).parents[2] / "recipes" / "verl").glob("*.sh"))


def said(**sections: object) -> dict[str, str]:
    """The overrides of a recipe, by key."""
    lines = overrides_of(Recipe.model_validate(sections), Path("/out"))
    return dict(line.split("=", 1) for line in lines)


def test_what_a_recipe_leaves_open_is_what_our_own_training_takes(tmp_path):
    config = grpo_config(Recipe(), tmp_path, n_processes=1)
    assert {key: getattr(config, key) for key in DEFAULTS} == DEFAULTS


def test_batch_group_and_lengths_are_those_of_the_recipe():
    found = said(
        prompt={"max_response_tokens": 300}, train={"queries_per_step": 16, "num_generations": 4}
    )
    assert found["data.train_batch_size"] == "16"
    assert found["actor_rollout_ref.actor.ppo_mini_batch_size"] == "16"
    assert found["actor_rollout_ref.rollout.n"] == "4"
    assert found["data.max_response_length"] == "300"


def test_a_divergence_is_in_the_loss_and_never_in_the_reward():
    with_kl, without = said(train={"beta": 0.01}), said()
    assert with_kl["actor_rollout_ref.actor.use_kl_loss"] == "true"
    assert with_kl["actor_rollout_ref.actor.kl_loss_coef"] == "0.01"
    assert without["actor_rollout_ref.actor.use_kl_loss"] == "false"
    assert with_kl["algorithm.use_kl_in_reward"] == "false"


@pytest.mark.parametrize(
    ("sections", "mode"),
    [
        ({}, "token-mean"),
        ({"train": {"loss_type": "grpo"}}, "seq-mean-token-mean"),
        ({"credit": {"estimator": "dr_grpo"}}, "seq-mean-token-sum-norm"),
        ({"credit": {"estimator": "dr_grpo"}, "train": {"loss_type": "dapo"}}, "token-mean"),
    ],
)
def test_a_loss_has_the_name_that_verl_has_for_it(sections, mode):
    assert said(**sections)["actor_rollout_ref.actor.loss_agg_mode"] == f"'{mode}'"


@pytest.mark.parametrize(
    ("train", "what"),
    [({"loss_type": "cispo"}, "loss_type"), ({"lr_scheduler_type": "linear"}, "lr_scheduler_type")],
)
def test_what_would_not_be_the_same_in_verl_is_refused(train, what):
    with pytest.raises(SettingsError, match=what):
        said(train=train)


def test_what_verl_is_not_told_is_named():
    recipe = Recipe.model_validate(
        {
            "credit": {"w_claims": 1},
            "model": {"adapter": "somewhere"},
            "train": {"top_k": 5, "beta": 0.1},
        }
    )
    assert untold(recipe) == (
        "credit.w_claims",
        "curriculum.enabled",
        "model.adapter",
        "prompt.stop_repeats",
        "train.top_k",
    )


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_launch_script_says_all_of_the_recipe_and_the_user_last(script, exported):
    command = ["sh", str(script), str(exported), "a model", "trainer.nnodes=7"]
    ran = subprocess.run(
        command, env={"PYTHON": "printf %s\\n", "PATH": "/usr/bin:/bin"}, capture_output=True
    )
    lines = ran.stdout.decode().splitlines()
    assert lines[:2] == ["-m", "verl.trainer.main_ppo"]
    assert set((exported / "overrides.txt").read_text().splitlines()) <= set(lines)
    assert "actor_rollout_ref.model.path='a model'" in lines
    assert lines[-1] == "trainer.nnodes=7"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_launch_script_without_an_export_says_what_to_run(script, tmp_path):
    ran = subprocess.run(["sh", str(script), str(tmp_path), "model"], capture_output=True)
    assert ran.returncode == 2
    assert b"run rerec data export-verl first" in ran.stderr
