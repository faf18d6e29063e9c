"""Which queries are trained on next: easy before hard, mastered ones left out until they are due.

Everything follows from the seed, the epoch and the beliefs: processes that are told the same scores
draw the same queries, and a restored sampler goes on exactly where it was saved.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from rerec.curriculum.difficulty import Beliefs
from rerec.errors import DataError, SettingsError
from rerec.rng import stream
from rerec.settings import CurriculumSettings


class CurriculumSampler:
    r"""Draws queries without end, a constant number at a time, none twice in one draw.

    Source: the online curriculum scheduler of arXiv 2604.07851: before each epoch drop what is
    mastered ($d_q < \tau$) and sort the rest from easy to hard. Ours: beliefs are kept by query id;
    a mastered query is tried again `retest_every` epochs after its last try, and comes back if it
    was forgotten; a query never tried counts as of middling difficulty (0.5); among equals a seeded
    shuffle decides. What an epoch leaves over that does not fill a draw begins the next draw,
    ahead of the new epoch's plan: the last of an epoch are its hardest, and none may be lost.

    An epoch is planned when its first query is drawn. A loader that reads ahead plans by the
    scores that it knows then; the draws are the same in every process all the same.
    """

    def __init__(
        self, query_ids: Iterable[str], settings: CurriculumSettings, *, seed: int
    ) -> None:
        """Begin before the first epoch, with nothing believed.

        Args:
            query_ids: the training queries; their order does not matter.
            settings: threshold, order, and how often mastered queries are tried again.
            seed: of the shuffles.

        Raises:
            ValueError: there is no query, or an id stands twice.
        """
        self.query_ids = tuple(sorted(query_ids))
        if not self.query_ids or len(set(self.query_ids)) < len(self.query_ids):
            raise ValueError(f"{len(self.query_ids)} query ids: at least one, and each once")
        self.settings, self.seed = settings, seed
        self.beliefs = Beliefs()
        self.epoch = -1
        """The epoch of the last draw; -1 before the first."""
        self._left: list[str] = []

    def plan(self, epoch: int) -> list[str]:
        """The queries of an epoch in their order, by what is believed now.

        Those that are open and those due for another try; all of them where that leaves none.
        """
        if not self.settings.enabled:
            return self._shuffled(epoch)
        wanted = [q for q in self._shuffled(epoch) if not self._rests(q, epoch)]
        plan = wanted or self._shuffled(epoch)
        if self.settings.order == "easy_to_hard":
            plan.sort(key=self.beliefs.difficulty_of)  # stable: equals stay shuffled
        return plan

    def take(self, n_queries: int) -> list[str]:
        """The next queries, all different; a new epoch begins where the last one is used up.

        A query that was left over from the last epoch has its own turn in the new one too, in a
        later draw. Where the plans of several epochs are needed to find enough different queries,
        the epochs go by, so that mastered queries are due sooner.

        Raises:
            SettingsError: there are fewer queries than that.
        """
        if not 1 <= n_queries <= len(self.query_ids):
            raise SettingsError(
                f"train.queries_per_step is {n_queries}, but there are {len(self.query_ids)} "
                "training queries; lower it, or raise train.n_queries"
            )
        taken: dict[str, None] = {}
        while True:
            passed_over = []
            for query_id in self._left:
                if len(taken) == n_queries or query_id in taken:
                    passed_over.append(query_id)
                else:
                    taken[query_id] = None
            self._left = passed_over
            if len(taken) == n_queries:
                return list(taken)
            self._begin_epoch()

    def steps(self, queries_per_step: int) -> Iterator[list[str]]:
        """Draws of a constant number of queries, without end.

        The state may be saved and restored between any two of them.
        """
        while True:
            yield self.take(queries_per_step)

    def observe(self, scores: Mapping[str, Sequence[float]]) -> None:
        """Learn what groups of responses scored.

        Args:
            scores: for each query id the scores of its G responses: NDCG@K, or rewards where
                `difficulty` is `reward`; they are cut to [0, 1].

        Raises:
            ValueError: a query is not one of the training queries, or has no score.
        """
        strangers = sorted(set(scores).difference(self.query_ids))
        if strangers:
            raise ValueError(f"query {strangers[0]!r} is not one of the training queries")
        self.beliefs.update(scores, epoch=max(self.epoch, 0))

    def counts(self) -> dict[str, int]:
        """How many queries are `mastered`, `open` (tried and not mastered) and `unseen`."""
        tried = [q for q in self.query_ids if self.beliefs.of(q) is not None]
        mastered = sum(self._is_mastered(q) for q in tried)
        unseen = len(self.query_ids) - len(tried)
        return {"mastered": mastered, "open": len(tried) - mastered, "unseen": unseen}

    def state_dict(self) -> dict[str, Any]:
        """Epoch, what is left of its plan, and all beliefs, ready for JSON."""
        return {
            "seed": self.seed,
            "queries": self._fingerprint(),
            "epoch": self.epoch,
            "left": list(self._left),
            "beliefs": self.beliefs.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave.

        Raises:
            DataError: the state was saved with another seed or for other queries.
        """
        if (state["seed"], state["queries"]) != (self.seed, self._fingerprint()):
            raise DataError(
                "the saved curriculum belongs to another seed or to other training queries; "
                "go on with the settings of the saved run, or start a new one"
            )
        self.epoch = int(state["epoch"])
        self._left = list(state["left"])
        self.beliefs.load_state_dict(state["beliefs"])

    def _begin_epoch(self) -> None:
        self.epoch += 1
        waiting = set(self._left)
        self._left += [query_id for query_id in self.plan(self.epoch) if query_id not in waiting]

    def _shuffled(self, epoch: int) -> list[str]:
        order = stream(self.seed, "curriculum", epoch).permutation(len(self.query_ids))
        return [self.query_ids[place] for place in order]

    def _is_mastered(self, query_id: str) -> bool:
        belief = self.beliefs.of(query_id)
        return belief is not None and belief.difficulty < self.settings.tau

    def _rests(self, query_id: str, epoch: int) -> bool:
        """Whether a query is mastered and not due for another try."""
        belief = self.beliefs.of(query_id)
        if belief is None or not self._is_mastered(query_id):
            return False
        return epoch - belief.epoch < self.settings.retest_every

    def _fingerprint(self) -> str:
        return sha256("\n".join(self.query_ids).encode()).hexdigest()
