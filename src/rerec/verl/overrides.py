"""What a recipe says of a run, in the words of verl's configuration (0.9.1, Hydra overrides).

The model, the machine and what fits into its memory are no matter of a recipe: the launch scripts
in `recipes/verl` say those.
"""

from pathlib import Path
from typing import Any

from rerec.errors import SettingsError
from rerec.settings import Recipe

ACTOR = "actor_rollout_ref.actor"
ROLLOUT = "actor_rollout_ref.rollout"
DEFAULTS: dict[str, Any] = {
    "num_generations": 8,
    "learning_rate": 5e-5,
    "warmup_steps": 5,
    "weight_decay": 0.0,
    "max_grad_norm": 1.0,
    "temperature": 1.0,
    "top_p": 1.0,
    "beta": 0.0,
    "epsilon": 0.2,
    "loss_type": "dapo",
}
"""Keys of the `train` section that verl has too, with the values that `rerec train` gives them."""
LOSSES = {
    "dapo": "token-mean",
    "grpo": "seq-mean-token-mean",
    "dr_grpo": "seq-mean-token-sum-norm",
}
"""How verl calls the losses that both engines have."""
CONSTANT = ("constant", "constant_with_warmup")


def overrides_of(recipe: Recipe, out: Path) -> list[str]:
    """Overrides of verl's `ppo_trainer` configuration, one a line.

    Args:
        recipe: of the run.
        out: the folder of the exported files.

    Raises:
        SettingsError: verl has no such loss or schedule.
    """
    return [f"{key}={_written(value)}" for key, value in _settings(recipe, out).items()]


def untold(recipe: Recipe) -> tuple[str, ...]:
    """Settings of a recipe that would change a run of ours, and that verl is not told.

    >>> untold(Recipe.model_validate({"curriculum": {"enabled": False}, "train": {"top_k": 5}}))
    ('prompt.stop_repeats', 'train.top_k')
    """
    known = {*DEFAULTS, "epsilon_high", "lr_scheduler_type"}
    others = {
        "credit.w_claims": recipe.credit.w_claims > 0,
        "curriculum.enabled": recipe.curriculum.enabled,
        "model.adapter": recipe.model.adapter is not None,
        "prompt.stop_repeats": recipe.prompt.stop_repeats > 0,
        "train.forks": recipe.train.forks,
    }
    keys = [name for name, says_something in others.items() if says_something]
    return (*keys, *(f"train.{key}" for key in sorted(recipe.train.args) if key not in known))


def _settings(recipe: Recipe, out: Path) -> dict[str, Any]:
    train, said = recipe.train, DEFAULTS | recipe.train.args
    _refuse_other_schedules(said)
    return {
        "data.train_files": out / "train.parquet",
        "data.val_files": out / "valid.parquet",
        "data.seed": recipe.seed,
        "data.train_batch_size": train.queries_per_step,
        "data.max_response_length": recipe.prompt.max_response_tokens,
        "reward.custom_reward_function.path": "pkg://rerec.verl.reward",
        "+reward.custom_reward_function.reward_kwargs.recipe": out / "recipe.yaml",
        "algorithm.adv_estimator": "rerec",
        "+algorithm.recipe": out / "recipe.yaml",
        "algorithm.use_kl_in_reward": False,
        f"{ROLLOUT}.agent.default_agent_loop": "rerec",
        f"{ROLLOUT}.n": said["num_generations"],
        f"{ROLLOUT}.temperature": said["temperature"],
        f"{ROLLOUT}.top_p": said["top_p"],
        f"{ACTOR}.ppo_mini_batch_size": train.queries_per_step,
        f"{ACTOR}.loss_agg_mode": _loss(recipe),
        f"{ACTOR}.clip_ratio": said["epsilon"],
        f"{ACTOR}.clip_ratio_low": said["epsilon"],
        f"{ACTOR}.clip_ratio_high": said.get("epsilon_high", said["epsilon"]),
        f"{ACTOR}.use_kl_loss": said["beta"] > 0,
        f"{ACTOR}.kl_loss_coef": said["beta"],
        f"{ACTOR}.optim.lr": said["learning_rate"],
        f"{ACTOR}.optim.lr_warmup_steps": said["warmup_steps"],
        f"{ACTOR}.optim.weight_decay": said["weight_decay"],
        f"{ACTOR}.optim.clip_grad": said["max_grad_norm"],
        "actor_rollout_ref.model.lora_rank": recipe.model.lora_rank,
        "actor_rollout_ref.model.lora_alpha": recipe.model.lora_alpha,
        "trainer.use_v1": True,
        "trainer.total_training_steps": train.max_steps,
        "trainer.test_freq": train.validate_every,
        "trainer.save_freq": train.validate_every,
        "+ray_kwargs.ray_init.runtime_env.env_vars.VERL_USE_EXTERNAL_MODULES": "rerec.verl.plugin",
    }


def _loss(recipe: Recipe) -> str:
    usual = "dr_grpo" if recipe.credit.estimator == "dr_grpo" else DEFAULTS["loss_type"]
    name = recipe.train.args.get("loss_type", usual)
    if name not in LOSSES:
        raise SettingsError(
            f"train.loss_type is {name!r}, which has no counterpart in verl; there are: "
            f"{', '.join(LOSSES)}"
        )
    return LOSSES[name]


def _refuse_other_schedules(said: dict[str, Any]) -> None:
    name = said.get("lr_scheduler_type", CONSTANT[0])
    if name not in CONSTANT:
        raise SettingsError(
            f"train.lr_scheduler_type is {name!r}, which would not be the same in verl; "
            "export with --set train.lr_scheduler_type=constant_with_warmup"
        )


def _written(value: Any) -> str:
    """A value as Hydra reads it: text in quotes, so that no other character of a path counts.

    >>> _written(Path("/data/my films")), _written(True), _written(5e-6)
    ("'/data/my films'", 'true', '5e-06')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    quoted = str(value).replace("'", r"\'")
    return f"'{quoted}'"
