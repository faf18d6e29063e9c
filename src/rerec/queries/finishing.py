"""Drafts made into queries: their order, ids, candidates in a row, histories and words."""

from collections.abc import Sequence
from dataclasses import dataclass

from rerec.queries.drafts import Draft
from rerec.queries.likes import Likes
from rerec.queries.namesakes import Namesakes
from rerec.queries.spoken import Speaker
from rerec.records import Query
from rerec.rng import stream
from rerec.settings import QuerySettings


@dataclass(frozen=True)
class Finisher:
    """Gives drafts what they lack; whatever is drawn follows from each draft's own seed."""

    speaker: Speaker
    likes: Likes
    namesakes: Namesakes
    settings: QuerySettings
    seed: int

    def finished(self, split: str, drafts: Sequence[Draft]) -> list[Query]:
        """The drafts as queries, in a drawn order.

        Of the test queries, and of no others, `unseen_pattern_share` are put into patterns that
        are held back from training.
        """
        order = stream(self.seed, "order", split).permutation(len(drafts))
        share = self.settings.unseen_pattern_share if split == "test" else 0.0
        n_held_back = round(share * len(drafts))
        is_held_back = stream(self.seed, "held back", split).permutation(len(drafts)) < n_held_back
        return [
            self._query(split, n, drafts[at], held_back=bool(is_held_back[n]))
            for n, at in enumerate(order)
        ]

    def _query(self, split: str, n: int, draft: Draft, *, held_back: bool) -> Query:
        rng = stream(draft.seed, "words")
        pattern_id, text = self.speaker.speak(draft, rng, held_back=held_back)
        shown = stream(draft.seed, "order").permutation([draft.positive, *draft.negatives])
        item_ids, pairs = self.speaker.catalogue.item_ids, self.speaker.asked.pairs
        return Query(
            query_id=f"{draft.category}-{split}-{n:05}-{pattern_id}",
            category=draft.category,
            text=text,
            conditions=tuple(pairs[column] for column in draft.columns),
            hops=tuple(hint.record(pairs, item_ids) for hint in draft.hints),
            ground_truth=tuple(item_ids[row] for row in draft.truths),
            candidates=tuple(item_ids[row] for row in shown),
            user_id=None if draft.user is None else self.likes.user_ids[draft.user],
            history=tuple(item_ids[row] for row in self._history(draft)),
            seed=draft.seed,
        )

    def _history(self, draft: Draft) -> list[int]:
        """The latest likes before the positive, oldest first, without the ground truth's names.

        Nobody's request has what it names for a history.
        """
        if draft.user is None:
            return list(draft.named)
        rows = self.likes.rows[draft.user].tolist()
        barred = {int(row) for truth in draft.truths for row in self.namesakes[truth]}
        before = [row for row in rows[: rows.index(draft.positive)] if row not in barred]
        return before[max(0, len(before) - self.settings.n_history) :]
