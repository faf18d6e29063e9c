"""Liked recommendations as queries: what was asked, and the item that was liked as the truth.

Only what a training query promises is made: conditions that the catalogue knows, all of which the
liked item has; candidates of which none could be right too; nothing that held-out queries ask.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

import numpy as np

from rerec.assistant.asking import request_text
from rerec.assistant.exchange import State, Wish
from rerec.catalogue.items import Catalogue
from rerec.graph.attributes import AttributeGraph
from rerec.queries.askable import Columns
from rerec.queries.candidates import Negatives
from rerec.queries.likes import Likes
from rerec.queries.vocabulary import Vocabulary
from rerec.records import Condition, Hop, Query
from rerec.rng import seed_of, stream
from rerec.serve.feedback import Feedback
from rerec.serve.opinions import Opinions
from rerec.settings import QuerySettings


@dataclass(frozen=True)
class HeldOut:
    """What the queries of a domain ask that training is not to see."""

    sets: frozenset[frozenset[Condition]]
    users: frozenset[str | None]

    @classmethod
    def of(cls, queries: Iterable[Query]) -> "HeldOut":
        """Of the validation and test queries."""
        held = list(queries)
        sets = frozenset(frozenset(query.conditions) for query in held)
        return cls(sets, frozenset(query.user_id for query in held if query.user_id))


@dataclass(frozen=True)
class Asker:
    """Makes queries of likes."""

    catalogue: Catalogue
    graph: AttributeGraph
    negatives: Negatives
    likes: Likes
    """Of the log that has the opinions in it."""
    held_out: HeldOut
    vocabulary: Vocabulary
    settings: QuerySettings
    seed: int

    def queries(self, opinions: Opinions) -> tuple[list[Query], dict[str, int]]:
        """The queries, and how many likes made none, by reason."""
        made: dict[str, Query] = {}
        left_out: Counter[str] = Counter()
        for (person, item_id), feedback in opinions.items():
            if feedback.opinion == "like":
                query = self._query(person, self.catalogue.row_of(item_id), feedback)
                if isinstance(query, str):
                    left_out[query] += 1
                else:
                    made[query.query_id] = query
        return list(made.values()), dict(sorted(left_out.items()))

    def _query(self, person: str, row: int, feedback: Feedback) -> Query | str:
        """A query, or why there is none."""
        wishes = tuple(wish for wish in feedback.state.wishes if wish.wanted)
        columns = tuple(sorted(self.graph.column_of(wish.condition) for wish in wishes))
        reason = self._reason(person, row, wishes, columns)
        if reason:
            return reason
        name = _digest(person, self.catalogue.item_ids[row], feedback.state)
        seed = seed_of(self.seed, "feedback", name)
        negatives = self.negatives.beside(row).draw(
            columns,
            [row],
            n_negatives=self.settings.n_candidates - 1,
            hard_share=self.settings.hard_share,
            rng=stream(seed, "negatives"),
        )
        if negatives is None:
            return "the catalogue has too few other items"
        shown = stream(seed, "order").permutation([row, *negatives]).tolist()
        hops = tuple(_hops(wishes))
        category = "implicit" if hops else "explicit"
        return Query(
            query_id=f"{category}-train-{name}-feedback",
            category=category,
            text=self._text(feedback),
            conditions=tuple(wish.condition for wish in wishes),
            hops=hops,
            ground_truth=(self.catalogue.item_ids[row],),
            candidates=tuple(self.catalogue.item_ids[r] for r in shown),
            user_id=person,
            history=tuple(self.catalogue.item_ids[r] for r in self._history(person, row)),
            seed=seed,
        )

    def _reason(
        self, person: str, row: int, wishes: Sequence[Wish], columns: Columns
    ) -> str | None:
        if not wishes:
            return "nothing was asked that the catalogue knows"
        if not np.isin(columns, self.graph.columns_of(row)).all():
            return "the liked item has not all that was asked"
        asked = frozenset(wish.condition for wish in wishes)
        if asked in self.held_out.sets or person in self.held_out.users:
            return "held-out queries ask the same, or are of the same user"
        return None

    def _text(self, feedback: Feedback) -> str:
        """The person's own words, where one request says it all."""
        if feedback.state.turns > 1 or not feedback.text.strip():
            return request_text(feedback.state, feedback.text, self.vocabulary)
        return " ".join(feedback.text.split())

    def _history(self, person: str, row: int) -> list[int]:
        """The latest likes before this one, oldest first, without its namesakes."""
        rows = self.likes.rows[self._users[person]].tolist() if person in self._users else []
        barred = set(self.negatives.namesakes[row].tolist())
        before = rows[: rows.index(row)] if row in rows else rows
        kept = [other for other in before if other not in barred]
        return kept[max(0, len(kept) - self.settings.n_history) :]

    @cached_property
    def _users(self) -> dict[str, int]:
        return {user_id: place for place, user_id in enumerate(self.likes.user_ids)}


def _hops(wishes: Sequence[Wish]) -> Iterable[Hop]:
    for wish in wishes:
        if wish.through is not None:
            yield Hop(wish.through, wish.condition.relation, wish.condition.value)


def _digest(person: str, item_id: str, state: State) -> str:
    """Twelve hexadecimal digits that are the same whenever the same was liked for the same wish."""
    asked = [f"{w.condition.relation}={w.condition.value}/{w.wanted}" for w in state.wishes]
    return sha256("\n".join((person, item_id, *asked)).encode()).hexdigest()[:12]
