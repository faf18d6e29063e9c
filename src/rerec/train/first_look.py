"""What a policy can do before it is trained: one greedy answer to every training query.

Most queries are solved by a good warm start already, and a group of right responses teaches
nothing. To find that out with G samples each is the dearest way: one greedy answer costs an eighth
of it, and where it is right the query waits for its next turn.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelerate import PartialState
from accelerate.utils import gather_object
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from rerec.catalogue.domain import Domain
from rerec.catalogue.files import read_json, write_json
from rerec.credit.judge import Judge
from rerec.errors import DataError
from rerec.records import Query
from rerec.settings import Recipe
from rerec.train.answering import Answered, answer
from rerec.train.policy import Policy

_CHUNK = 64
"""Queries answered between two notes."""


@dataclass(frozen=True, slots=True)
class FirstLook:
    """Answers training queries before the first step.

    The processes of a run share the queries. Each notes its scores in the run's folder, so that a
    look that was stopped goes on.
    """

    policy: Policy
    domain: Domain
    judge: Judge
    recipe: Recipe
    folder: Path
    progress: Callable[[str], None]

    def scores(self, queries: Sequence[Query]) -> dict[str, list[float]]:
        """One score for each query, the same in every process.

        Args:
            queries: the training queries of the run.

        Returns:
            For each query id a list of one score in [0, 1], by which the curriculum goes.

        Raises:
            DataError: what an earlier look noted cannot be read.
        """
        state = PartialState()
        path = self.folder / f"first_look-{state.process_index}.json"
        noted = _noted(path)
        own = queries[state.process_index :: state.num_processes]
        left = [query for query in own if query.query_id not in noted]
        for start in range(0, len(left), _CHUNK):
            noted |= self._look(left[start : start + _CHUNK])
            write_json(path, noted)
            right = sum(noted.values()) / len(noted)
            self.progress(f"first look: {len(noted)} of {len(own)} answered, score {right:.3f}")
        found = dict(gather_object(list(noted.items())))
        return {query.query_id: [found[query.query_id]] for query in queries}

    def _look(self, queries: Sequence[Query]) -> dict[str, float]:
        answered: list[Answered] = []
        answer(self.policy, self.domain, queries, self.recipe.prompt, on_batch=answered.extend)
        asked = [query for query, _, _ in answered]
        scored = self.judge.judge(asked, [response for _, response, _ in answered])
        by_task = self.recipe.curriculum.difficulty == "task"
        worth = [s.ndcg if by_task else s.reward for s in scored]
        pairs = zip(asked, worth, strict=True)
        return {query.query_id: min(max(value, 0.0), 1.0) for query, value in pairs}


class AtStart(TrainerCallback):
    """Looks once the trainer has put the model where it is trained, before its first step."""

    def __init__(self, look: Callable[[], None]) -> None:
        self._look = look

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kw: Any
    ) -> None:
        """Look, unless a checkpoint remembers what was seen."""
        if state.global_step == 0:
            self._look()


def _noted(path: Path) -> dict[str, float]:
    noted = read_json(path) if path.is_file() else {}
    if not isinstance(noted, dict):
        raise DataError(f"{path}: does not hold scores by query id; remove it")
    return noted
