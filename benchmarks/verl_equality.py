# ty: ignore[import-not-found]: verl and what comes with it live in an environment of their own
"""Rewards and advantages as verl computes them, beside ours on the same responses. No GPU needed.

Run it in an environment that holds verl (docs/verl.md). From the exported Parquet file to the
advantages everything is verl's own: its data set, agent-loop worker, reward worker, transfer queue
and the step of its trainer that estimates advantages. Only the inference engine is not: responses
are written beforehand and handed out. The launch scripts are composed and validated too.

    python benchmarks/verl_equality.py [--domain data/ml-100k] [--queries 24] [--json]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

os.environ["VERL_USE_EXTERNAL_MODULES"] = "rerec.verl.plugin"  # before verl is imported

import numpy as np
import ray
import transfer_queue as tq
import yaml
from hydra import compose, initialize_config_module
from hydra.errors import ConfigCompositionException
from omegaconf import DictConfig
from verl import __version__ as verl_version
from verl.experimental.reward_loop.reward_loop import RewardLoopWorker
from verl.trainer.ppo.padding_utils import upsample_batch_to_divisible_size
from verl.trainer.ppo.utils import create_rl_dataset, need_critic, need_reference_policy
from verl.trainer.ppo.v1 import AgentLoopWorkerTQ, PPOTrainer
from verl.utils import tensordict_utils as tu
from verl.utils.config import validate_config
from verl.utils.dataset.rl_dataset import collate_fn
from verl.workers.rollout.replica import TokenOutput
from verl_responses import N_KINDS, Answers, Scene

from rerec.credit.estimators import Estimator
from rerec.settings import CreditSettings, Recipe
from rerec.verl.export import export_verl
from rerec.verl.overrides import ROLLOUT

SCRIPTS = sorted((Path(__file__).parents[1] / "recipes" / "verl").glob("*.sh"))
ON_A_PROCESSOR = (
    "transfer_queue.enable=true",
    "transfer_queue.backend.SimpleStorage.num_data_storage_units=1",
    f"{ROLLOUT}.calculate_log_probs=false",  # those of an engine that is not there
    "data.filter_overlong_prompts=false",  # the tokenizer is made here, and a coarse one
    "data.max_prompt_length=16384",
)
DEADLINE_S = 240


def main() -> None:
    """Compare once and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--domain", type=Path, default=Path("data/ml-100k"))
    parser.add_argument("--queries", type=int, default=24, help="of the training split")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = compared(given.domain, given.queries, Path(folder))
    if given.json:
        print(json.dumps(figures))
        return
    for name, figure in figures.items():
        print(f"{name}: {figure}")


def compared(folder: Path, n_queries: int, scratch: Path) -> dict[str, Any]:
    """Send responses to some queries of a domain through both engines.

    Returns:
        The largest differences, and what they were measured on.
    """
    step = {"n_queries": n_queries, "queries_per_step": n_queries, "num_generations": N_KINDS}
    # Without an adapter: for one, verl's check of a configuration asks vLLM itself.
    sections = {"domain": str(folder), "model": {"lora_rank": 0}, "train": step}
    recipe = Recipe.model_validate(sections)
    out, model = scratch / "exported", scratch / "model"
    export_verl(folder, out, recipe)
    scene = Scene.of(recipe, model)
    config = composed(SCRIPTS[0].with_name("one_gpu.sh"), out, model, *ON_A_PROCESSOR)
    launches = [validated(composed(script, out, model)) for script in SCRIPTS]
    plugin = "VERL_USE_EXTERNAL_MODULES"
    environment = {"env_vars": {plugin: os.environ[plugin], "OMP_NUM_THREADS": "1"}}
    ray.init(num_cpus=8, include_dashboard=False, log_to_driver=False, runtime_env=environment)
    try:
        tq.init(config.transfer_queue)
        figures = differences(config, scene, rolled_out(config, scene), recipe, scratch)
    finally:
        ray.shutdown()
    return figures | {
        "verl": verl_version,
        "launch_scripts_validated": len(launches),
        "unknown_key_refused": refuses_unknown(out, model),
    }


class Engine:
    """In the place of vLLM: answers each prompt with the responses that were written for it."""

    def __init__(self, answers: Answers) -> None:
        self._left = {prompt: list(responses) for prompt, responses in answers.items()}

    async def generate(self, *, prompt_ids: Sequence[int], **others: Any) -> TokenOutput:
        """The next response to a prompt; the arguments are verl's."""
        del others
        return TokenOutput(token_ids=self._left[tuple(prompt_ids)].pop())


def composed(script: Path, exported: Path, model: Path, *further: str) -> DictConfig:
    """The configuration of verl that a launch script asks for."""
    shown = subprocess.run(
        ["sh", str(script), str(exported), str(model), *further],
        env={**os.environ, "PYTHON": "printf %s\\n"},
        check=True,
        capture_output=True,
        text=True,
    )
    with initialize_config_module("verl.trainer.config", version_base=None):
        return compose("ppo_trainer", overrides=shown.stdout.splitlines()[2:])


def validated(config: DictConfig) -> DictConfig:
    """The configuration, if verl's own check before a run finds no fault in it."""
    reference, critic = need_reference_policy(config), need_critic(config)
    validate_config(config=config, use_reference_policy=reference, use_critic=critic)
    return config


def refuses_unknown(exported: Path, model: Path) -> bool:
    """Whether a key that verl does not have is refused: else composing would show nothing."""
    try:
        composed(SCRIPTS[0], exported, model, "actor_rollout_ref.actor.no_such_key=1")
    except ConfigCompositionException:
        return True
    return False


def rolled_out(config: DictConfig, scene: Scene) -> tq.KVBatchMeta:
    """Let verl's workers answer and score every query; the batch, as its trainer has it."""
    reward_worker = ray.remote(RewardLoopWorker).remote(config)
    worker = AgentLoopWorkerTQ.remote(
        config, llm_client=Engine(scene.answers), reward_loop_worker_handles=[reward_worker]
    )
    dataset = create_rl_dataset(config.data.train_files, config.data, scene.tokenizer, None)
    rows = collate_fn([dataset[place] for place in range(len(dataset))])
    rows["uid"] = np.array([f"prompt{place}" for place in range(len(dataset))], dtype=object)
    prompts = tu.get_tensordict(rows)
    tu.assign_non_tensor_data(prompts, "global_steps", 1)
    ray.get(worker.generate_sequences.remote(prompts))
    tags = waited_for(rows["uid"].tolist())
    batch = tq.KVBatchMeta(partition_id="train", keys=list(tags), tags=list(tags.values()))
    # No divisor of the size: verl fills the batch up, as it does for uneven numbers of workers.
    return upsample_batch_to_divisible_size(batch, len(tags) + 5, scene.tokenizer.eos_token_id)


def waited_for(uids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The tags of all responses in the queue, once every prompt is done with."""
    deadline, states = time.monotonic() + DEADLINE_S, Counter()
    while time.monotonic() < deadline:
        tags = tq.kv_list("train").get("train", {})
        states = Counter(tags.get(uid, {}).get("status") for uid in uids)
        if states["failure"]:
            sys.exit(f"verl could not answer {states['failure']} of {len(uids)} prompts")
        if states["finished"] == len(uids):
            return {key: tags[key] for key in sorted(tags) if key not in uids}
        time.sleep(0.5)
    sys.exit(f"verl did not answer within {DEADLINE_S} s: {dict(states)}")


def differences(
    config: DictConfig, scene: Scene, batch: tq.KVBatchMeta, recipe: Recipe, scratch: Path
) -> dict[str, Any]:
    """How far verl's rewards and advantages are from ours, for every estimator."""
    real = [not tag.get("is_padding", False) for tag in batch.tags]
    tokens = [row.tolist() for row in column(batch, "responses", real)]
    query_ids = [info["query_id"] for info in column(batch, "extra_info", real)]
    scored = scene.scored(query_ids, tokens)
    rewards = [float(row.sum()) for row in column(batch, "rm_scores", real)]
    apart = {}
    for settings in every_credit():
        config.algorithm.recipe = str(written(recipe, settings, scratch))
        PPOTrainer._compute_advantage(SimpleNamespace(config=config), batch, {})
        theirs = column(batch, "advantages", real)
        ours = scene.advantages(scored, tokens, settings)
        gaps = [np.abs(a.numpy() - b).max() for a, b in zip(theirs, ours, strict=True)]
        apart[f"{settings.estimator}, {settings.raae_scale}"] = float(max(gaps))
    spared = scene.advantages(scored, tokens, CreditSettings(w_penalty=0))
    blamed = scene.advantages(scored, tokens, CreditSettings())
    return {
        "rewards_max_difference": max(
            abs(reward - one.reward) for reward, one in zip(rewards, scored, strict=True)
        ),
        "advantages_max_difference": max(apart.values()),
        "advantages_by_credit": apart,
        "advantages_moved_by_blame": max(
            float(np.abs(a - b).max()) for a, b in zip(spared, blamed, strict=True)
        ),
        "responses": len(scored),
        "tokens": sum(map(len, tokens)),
        "rows_filled_up": real.count(False),
        "outcomes": dict(Counter(one.outcome for one in scored)),
        "responses_blamed": sum(any(one.blamed) for one in scored),
    }


def every_credit() -> Iterator[CreditSettings]:
    """Each estimator with either scale of the blame; negative advantages weigh half."""
    for estimator in get_args(Estimator):
        for scale in ("reward", "group"):
            yield CreditSettings(estimator=estimator, raae_scale=scale, w_negative=0.5)


def written(recipe: Recipe, credit: CreditSettings, folder: Path) -> Path:
    """A recipe file with other credit settings; each has a name of its own, as verl keeps them."""
    path = folder / f"{credit.estimator}-{credit.raae_scale}.yaml"
    table = recipe.model_copy(update={"credit": credit}).model_dump(mode="json")
    path.write_text(yaml.safe_dump(table), encoding="utf-8")
    return path


def column(batch: tq.KVBatchMeta, name: str, wanted: Sequence[bool]) -> list[Any]:
    """What the queue holds of the wanted rows under a name, row by row."""
    data = tq.kv_batch_get(keys=batch.keys, partition_id="train", select_fields=[name])
    rows = data[name].unbind() if data[name].__class__.__name__ == "NestedTensor" else data[name]
    return [row for row, yes in zip(rows, wanted, strict=True) if yes]


if __name__ == "__main__":
    main()
