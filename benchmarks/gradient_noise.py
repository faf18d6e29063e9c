"""How far a step of reinforcement stands above its noise, for each way to credit its responses.

Batches of responses are drawn and nothing is learned from them (the learning rate is 0); each is
credited in every way, and its gradient kept. Gradients of one way that point in one direction are
signal, the rest is noise. Source: the gradient noise scale of McCandlish et al. 2018 (arXiv
1812.06162), in responses: so many have to be averaged before a step is as much signal as noise.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from torch import Tensor
from transformers import PrinterCallback, TrainerCallback

from rerec.catalogue.domain import read_domain
from rerec.credit.judge import Judge
from rerec.curriculum.sampler import CurriculumSampler
from rerec.settings import CreditSettings, Recipe, read_recipe
from rerec.train import runtime
from rerec.train.choosing import chosen_queries
from rerec.train.claims import ClaimReader
from rerec.train.crediting import Crediting
from rerec.train.engine import grpo_config, product_dtype
from rerec.train.feed import QueryFeed
from rerec.train.policy import find, load_tokenizer, load_trainable
from rerec.train.prompts import PromptWriter
from rerec.train.reasoning import ReasoningWriter
from rerec.train.trainer import ReRecTrainer

WAYS: Mapping[str, CreditSettings] = {
    "answer": CreditSettings(estimator="grpo"),
    "raae": CreditSettings(estimator="rerec", raae_scale="group"),
    "claims": CreditSettings(estimator="rerec", raae_scale="group", w_claims=1.0),
}
FORKS: Mapping[str, CreditSettings] = {"forks": CreditSettings()}
"""The one way of batches whose responses leave the greedy one at a single token."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--model", required=True, help="the policy to draw from, as for rerec train"
    )
    parser.add_argument("--config", type=Path, default=Path("recipes/smollm2-movies.yaml"))
    parser.add_argument("--batches", type=int, default=6)
    parser.add_argument("--queries", type=int, default=8, help="requests a batch")
    parser.add_argument("--group", type=int, default=4, help="responses to each")
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument(
        "--forks", action="store_true", help="draw and credit as train.forks does, and only so"
    )
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    runtime.prepare()
    gradients = drawn(recipe_of(args), args.model)
    figures = {
        way: figures_of(found, args.queries * args.group) for way, found in gradients.items()
    }
    if args.json:
        print(json.dumps(figures))
    for way, row in figures.items() if not args.json else ():
        print(way, ", ".join(f"{name} {value:.3g}" for name, value in row.items()))


def recipe_of(args: argparse.Namespace) -> Recipe:
    """The recipe, at a learning rate of 0: each batch is used once for each way."""
    settings: dict[str, Any] = {
        "train.max_steps": args.batches * len(FORKS if args.forks else WAYS),
        "train.forks": args.forks,
        "train.queries_per_step": args.queries,
        "train.num_generations": args.group,
        "train.num_iterations": len(FORKS if args.forks else WAYS),
        "train.temperature": args.temperature,
        "train.n_queries": args.batches * args.queries,
        "train.min_holders": 0,
        "train.learning_rate": 0.0,
        "train.save_steps": 1000,
        "reward.w_format": 0.0,
        "reward.w_qas": 0.0,
        "reward.w_pas": 0.0,
    }
    return read_recipe(args.config, [f"{key}={value}" for key, value in settings.items()])


def drawn(recipe: Recipe, model: str) -> dict[str, list[Tensor]]:
    """For each way the gradients of the batches, flat."""
    domain = read_domain(Path(recipe.domain))
    judge = Judge.of(domain, recipe.reward, recipe.credit)
    queries = chosen_queries(domain, judge.graph, recipe)
    tokenizer: Any = load_tokenizer(find(model).base)
    writer = PromptWriter(domain, judge.graph, recipe.prompt)
    sampler = CurriculumSampler([q.query_id for q in queries], recipe.curriculum, seed=recipe.seed)
    by_id = {query.query_id: query for query in queries}
    reader = ClaimReader(ReasoningWriter(writer))
    ways = FORKS if recipe.train.forks else WAYS
    crediting = [
        Crediting(by_id, judge, way, tokenizer, lambda *_: {}, reader) for way in ways.values()
    ]
    crediting[0].forks = recipe.train.forks
    gradients: dict[str, list[Tensor]] = {way: [] for way in ways}
    with tempfile.TemporaryDirectory() as folder:
        config = grpo_config(recipe, Path(folder), n_processes=1)
        torch.manual_seed(recipe.seed)
        trainer = InEveryWay(
            load_trainable(recipe.model, model=model, dtype=product_dtype(config)),
            args=config,
            train_dataset=Dataset.from_dict({"prompt": [[{"role": "user", "content": ""}]] * 64}),
            processing_class=tokenizer,
            feed=QueryFeed(queries, writer, sampler),
            crediting=crediting[0],
            stop_repeats=recipe.prompt.stop_repeats,
            forks=recipe.train.forks,
            others=crediting[1:],
        )
        trainer.remove_callback(PrinterCallback)
        trainer.add_callback(Kept(gradients))
        trainer.train()
    return gradients


class InEveryWay(ReRecTrainer):
    """Uses each batch several times, credited in another way each time."""

    def __init__(self, *args: Any, others: Sequence[Crediting], **kwargs: Any) -> None:
        self._others = others
        super().__init__(*args, **kwargs)

    def _generate_and_score_completions(self, inputs: Any) -> dict[str, Any]:
        batch = super()._generate_and_score_completions(inputs)
        batch["credit_0"] = batch["advantages"]
        names = [worth.query_id for worth in self._crediting.scored]  # ty: ignore
        responses = self._crediting.samples(len(names))  # ty: ignore
        for n, other in enumerate(self._others, 1):
            other.rewards(names, [row["response"] for row in responses])
            found = other.advantages(batch["completion_ids"], batch["completion_mask"])
            batch[f"credit_{n}"] = found.to(torch.float32)
        return batch

    def _prepare_inputs(self, inputs: Any) -> Any:
        turn = self._step // self.args.steps_per_generation % self.num_iterations
        piece = super()._prepare_inputs(inputs)
        return {**piece, "advantages": piece[f"credit_{turn}"]}


class Kept(TrainerCallback):
    """Keeps the gradient of each step."""

    def __init__(self, gradients: dict[str, list[Tensor]]) -> None:
        self._gradients = gradients

    def on_pre_optimizer_step(self, *given: Any, **kw: Any) -> None:
        _, state, _ = given
        way = list(self._gradients)[state.global_step % len(self._gradients)]
        parts = [p.grad.flatten() for p in kw["model"].parameters() if p.grad is not None]
        self._gradients[way].append(torch.cat(parts).clone())
        print(
            f"step {state.global_step + 1} of {state.max_steps}: {way}", file=sys.stderr, flush=True
        )


def figures_of(gradients: Sequence[Tensor], n_responses: int) -> dict[str, float]:
    """Signal and noise of a batch's gradient, and how many responses make them equal.

    Args:
        gradients: of K batches, at least 2.
        n_responses: in each of them.
    """
    products = np.array([[float(a @ b) for b in gradients] for a in gradients])
    squares = np.diag(products)
    lengths = np.sqrt(squares)
    cosines = products / np.outer(lengths, lengths)
    apart = off_diagonal(products)
    noise = squares.mean() - apart
    return {
        "norm": float(lengths.mean()),
        "mean_cosine": off_diagonal(cosines),
        "cosine_error": jackknife(cosines),
        "signal_to_noise": float(apart / noise),
        "noise_scale_responses": float(n_responses * noise / apart) if apart > 0 else float("inf"),
    }


def off_diagonal(table: np.ndarray) -> float:
    """The mean of a (K, K) table without its diagonal."""
    k = len(table)
    return float((table.sum() - np.trace(table)) / (k * (k - 1)))


def jackknife(table: np.ndarray) -> float:
    """The standard error of that mean, from leaving out each batch in turn; nan for two batches."""
    k = len(table)
    if k < 3:
        return float("nan")
    means = [off_diagonal(np.delete(np.delete(table, i, 0), i, 1)) for i in range(k)]
    return float(np.sqrt((k - 1) * np.var(means)))


if __name__ == "__main__":
    main()
