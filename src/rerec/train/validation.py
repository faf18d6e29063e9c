"""Validation while training: greedy answers to held-out queries, and the best weights kept."""

from collections.abc import Callable, Sequence
from typing import Any

from accelerate import PartialState
from accelerate.utils import broadcast_object_list, gather_object
from transformers import (
    PreTrainedModel,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from rerec.catalogue.domain import Domain
from rerec.catalogue.files import read_json, write_json
from rerec.credit.judge import Judge
from rerec.records import Query, Scored
from rerec.rng import stream
from rerec.train.answering import Answered, answer
from rerec.train.journal import Journal
from rerec.train.policy import Policy, Tokenizer, save_policy
from rerec.train.run_folder import RunFolder

BEST = "rerec_best.json"


class Validator:
    """Answers the validation queries, writes what came of it, keeps the best and last weights.

    The processes of a run share the queries; all know what came of them, and the first one writes.
    """

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
        self.best = -1.0

    def resume(self, step: int) -> None:
        """Remember the best figure of an interrupted run, up to the step it goes on from."""
        path = self._run.folder / BEST
        # A kill between two renames can cost best/ itself.
        if path.is_file() and (self._run.folder / "best").is_dir():
            found = read_json(path)
            self.best = found["ndcg"] if found["step"] <= step else self.best
        # What is saved is decided by it, and all save together: a machine may not see the file.
        (self.best,) = broadcast_object_list([self.best])

    def choose(self, n: int) -> None:
        """Take the first n of a seeded order of the validation split."""
        queries = self._domain.queries("valid", self._recipe.categories)
        order = stream(self._recipe.seed, "valid", "order").permutation(len(queries))
        self.queries = [queries[i] for i in order[:n]]

    def run(self, trained: Any, written: PreTrainedModel, step: int) -> None:
        """Validate a model as it stands after a step.

        Args:
            trained: the model in training, whose weights are kept.
            written: the same as a whole, which answers.
            step: steps made so far.
        """
        state = PartialState()
        policy = Policy(written, self._tokenizer, self._base, self._recipe.prompt)
        own: list[Answered] = []
        asked = self.queries[state.process_index :: state.num_processes]
        answer(policy, self._domain, asked, self._recipe.prompt, on_batch=own.extend)
        answered = self._in_order(gather_object(own))
        scored = self._judge.judge(self.queries, [response for _, response, _ in answered])
        figures = figures_of(self.queries, scored)
        figures["length"] = sum(n for _, _, n in answered) / len(answered)
        if state.is_main_process:
            self._journal.write(step, "valid", figures)
            self._journal.say(f"validation after step {step}: accuracy {figures['accuracy']:.3f}")
            self._write_samples(step, answered, scored)
        self._keep(trained, step, figures)

    def _in_order(self, answered: Sequence[Answered]) -> list[Answered]:
        """Answers in the order of the queries, whoever gave them."""
        by_id = {query.query_id: (query, text, n) for query, text, n in answered}
        return [by_id[query.query_id] for query in self.queries]

    def _keep(self, model: Any, step: int, figures: dict[str, float]) -> None:
        save = {"base": self._base, "prompt": self._recipe.prompt}
        save_policy(model, self._tokenizer, self._run.folder / "last", **save)
        if figures["ndcg"] > self.best:
            self.best = figures["ndcg"]
            save_policy(model, self._tokenizer, self._run.folder / "best", **save)
            if PartialState().is_main_process:
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
        self,
        validator: Validator,
        trained: Callable[[], Any],
        written: Callable[[], PreTrainedModel],
        every: int,
        *,
        at_start: bool = True,
    ) -> None:
        self._validator, self._trained, self._written = validator, trained, written
        self._every, self._at_start = every, at_start

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kw: Any
    ) -> None:
        """Where training starts from; a run that goes on has that already."""
        self._validator.resume(state.global_step)
        if self._at_start and state.global_step == 0:
            self._validator.run(self._trained(), self._written(), 0)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kw: Any
    ) -> None:
        """Validate before the step's checkpoint is written, so that both agree."""
        if state.global_step % self._every == 0 or state.global_step == state.max_steps:
            self._validator.run(self._trained(), self._written(), state.global_step)
