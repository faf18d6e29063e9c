"""Validation while training: greedy answers to held-out queries, and the best weights kept."""

from collections.abc import Callable, Sequence
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from rerec.catalogue.domain import Domain
from rerec.catalogue.files import read_json, write_json
from rerec.credit.judge import Judge
from rerec.records import Query, Scored
from rerec.rng import stream
from rerec.train.answering import Answered, answer
from rerec.train.journal import Journal
from rerec.train.policy import Policy, Tokenizer, save_policy
from rerec.train.rollout import RolloutModel
from rerec.train.run_folder import RunFolder
from rerec.train.runtime import fast_dtype

BEST = "rerec_best.json"


class Validator:
    """Answers the validation queries, writes what came of it, keeps the best and last weights."""

    def __init__(
        self,
        domain: Domain,
        judge: Judge,
        tokenizer: Tokenizer,
        base: str,
        run: RunFolder,
        journal: Journal,
    ) -> None:
        self._recipe, self._domain, self._judge = run.recipe, domain, judge
        self._tokenizer, self._base, self._run, self._journal = tokenizer, base, run, journal
        self.queries: list[Query] = []
        self._rollout: RolloutModel | None = None
        self.best = -1.0

    def resume(self, step: int) -> None:
        """Remember the best figure of an interrupted run, up to the step it goes on from."""
        path = self._run.folder / BEST
        # A kill between two renames can cost best/ itself.
        if path.is_file() and (self._run.folder / "best").is_dir():
            found = read_json(path)
            self.best = found["ndcg"] if found["step"] <= step else self.best

    def choose(self, n: int) -> None:
        """Take the first n of a seeded order of the validation split."""
        queries = self._domain.queries("valid", self._recipe.categories)
        order = stream(self._recipe.seed, "valid", "order").permutation(len(queries))
        self.queries = [queries[i] for i in order[:n]]

    def run(self, model: Any, step: int) -> None:
        """Validate a model as it stands after a step."""
        if self._rollout is None:
            self._rollout = RolloutModel(model, fast_dtype())
        written = self._rollout.refresh()
        policy = Policy(written, self._tokenizer, self._base, self._recipe.prompt)
        answered: list[Answered] = []
        answer(policy, self._domain, self.queries, self._recipe.prompt, on_batch=answered.extend)
        queries = [query for query, _, _ in answered]
        responses = [response for _, response, _ in answered]
        scored = self._judge.judge(queries, responses)
        figures = figures_of(queries, scored)
        figures["length"] = sum(n for _, _, n in answered) / len(answered)
        self._journal.write(step, "valid", figures)
        self._journal.say(f"validation after step {step}: accuracy {figures['accuracy']:.3f}")
        self._write_samples(step, answered, scored)
        self._keep(model, step, figures)

    def _keep(self, model: Any, step: int, figures: dict[str, float]) -> None:
        save = {"base": self._base, "prompt": self._recipe.prompt}
        save_policy(model, self._tokenizer, self._run.folder / "last", **save)
        if figures["ndcg"] > self.best:
            self.best = figures["ndcg"]
            save_policy(model, self._tokenizer, self._run.folder / "best", **save)
            write_json(self._run.folder / BEST, {"step": step, **figures})

    def _write_samples(
        self, step: int, answered: Sequence[Answered], scored: Sequence[Scored]
    ) -> None:
        rows = [
            {
                "query_id": query.query_id,
                "text": query.text,
                "response": response,
                "outcome": worth.outcome,
                "reward": worth.reward,
            }
            for (query, response, _), worth in zip(answered, scored, strict=True)
        ]
        write_json(self._run.folder / "completions" / f"valid-{step:06d}.json", rows[:20])


def figures_of(queries: Sequence[Query], scored: Sequence[Scored]) -> dict[str, float]:
    """Means over responses: reward and its parts, accuracy in all and by category."""
    right = [float(s.outcome == "right") for s in scored]
    figures = {
        "reward": _mean([s.reward for s in scored]),
        "reward/format": _mean([s.format for s in scored]),
        "reward/ndcg": _mean([s.ndcg for s in scored]),
        "reward/qas": _mean([s.qas for s in scored]),
        "reward/pas": _mean([s.pas for s in scored]),
        "ndcg": _mean([s.ndcg for s in scored]),
        "accuracy": _mean(right),
        "unknown_title": _mean([float(s.outcome == "unknown_title") for s in scored]),
        "no_answer": _mean([float(s.outcome == "no_answer") for s in scored]),
    }
    for category in sorted({query.category for query in queries}):
        of = [hit for query, hit in zip(queries, right, strict=True) if query.category == category]
        figures[f"accuracy/{category}"] = _mean(of)
    return figures


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


class Validation(TrainerCallback):
    """Validates every so many steps, at the end, and, where that tells anything, at the start."""

    def __init__(
        self, validator: Validator, model: Callable[[], Any], every: int, *, at_start: bool = True
    ) -> None:
        self._validator, self._model, self._every = validator, model, every
        self._at_start = at_start

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kw: Any
    ) -> None:
        """Where training starts from; a run that goes on has that already."""
        self._validator.resume(state.global_step)
        if self._at_start and state.global_step == 0 and state.is_world_process_zero:
            self._validator.run(self._model(), 0)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kw: Any
    ) -> None:
        """Validate before the step's checkpoint is written, so that both agree."""
        due = state.global_step % self._every == 0 or state.global_step == state.max_steps
        if due and state.is_world_process_zero:
            self._validator.run(self._model(), state.global_step)
