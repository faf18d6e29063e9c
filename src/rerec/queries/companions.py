"""More requests over a query's own list of candidates, for training and for evaluation.

Reading a list of candidates is most of what an answer costs, learned or given. A companion asks for
another candidate of the same list, so that one reading serves several requests. It is never a
condition set or a text of the other splits, and nobody's taste is in it: it has no user and no
history.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from rerec.catalogue.domain import Domain
from rerec.catalogue.manifest import queries_path
from rerec.graph.attributes import AttributeGraph
from rerec.queries.askable import Columns, askable
from rerec.queries.conditions import is_worth_asking
from rerec.queries.phrasing import draw_pattern, phrase
from rerec.records import SPLITS, Condition, Query
from rerec.rng import stream
from rerec.settings import PromptSettings, QuerySettings

Asked = frozenset[Condition]
"""What a query asks for, in no order."""
TRIES = 60
"""Draws for one companion before its list goes without it."""


def asked_by(query: Query) -> Asked:
    """The conditions of a query."""
    return frozenset(query.conditions)


class Companions:
    """Draws companions from the facts that a prompt shows."""

    def __init__(
        self,
        domain: Domain,
        graph: AttributeGraph,
        prompt: PromptSettings,
        *,
        split: str = "train",
        avoid: Collection[Asked] = (),
    ) -> None:
        """Set up the draws.

        Args:
            domain: where the queries are from.
            graph: its facts.
            prompt: only what it shows is asked.
            split: of the queries whose lists are asked about. As many companions of test queries
                as test queries themselves are put into patterns that training never uses.
            avoid: condition sets that are not asked, besides those of the other splits.
        """
        self._catalogue = domain.catalogue
        shown = {"shown_values": prompt.shown_values, "common_share": prompt.common_share}
        self._settings = QuerySettings.model_validate(shown)
        self._asked = askable(graph, self._settings)
        there = [each for each in SPLITS if queries_path(domain.folder, each).is_file()]
        others = [query for each in there if each != split for query in domain.queries(each)]
        self._barred_sets = {asked_by(query) for query in others} | set(avoid)
        self._barred_texts = {query.text for query in others}
        self._unseen_share = self._settings.unseen_pattern_share if split == "test" else 0.0

    def of(self, query: Query, n: int, *, seed: int) -> list[Query]:
        """Up to n companions; fewer where the list gives no more.

        Every other one is *contested*: each asked value is shown by two candidates or more, so
        that no value decides by itself. Exactly one candidate has all of the asked values.

        Args:
            query: whose candidates are asked about; its own conditions are not asked again.
            n: how many.
            seed: of the draws, with the query's id.
        """
        rows = self._catalogue.rows_of(query.candidates)
        taken = {asked_by(query)}
        found: list[Query] = []
        for place in range(n):
            rng = stream(seed, "companions", query.query_id, place)
            companion = self._drawn(query, rows, rng, contested=place % 2 == 0)
            if companion is None or asked_by(companion) in taken:
                continue
            taken.add(asked_by(companion))
            found.append(replace(companion, query_id=f"{query.query_id}+{len(found) + 1}"))
        return found

    def _drawn(
        self, query: Query, rows: NDArray[np.intp], rng: Generator, *, contested: bool
    ) -> Query | None:
        for _ in range(TRIES):
            row = int(rows[rng.integers(len(rows))])
            columns = self._columns(row, rows, rng, contested=contested)
            if columns is None or not self._decides(columns, rows):
                continue
            conditions = tuple(self._asked.pairs[column] for column in columns)
            text = phrase(conditions, draw_pattern(rng, held_back=self._held_back(rng)), rng)
            if frozenset(conditions) in self._barred_sets or text in self._barred_texts:
                continue
            return self._query(query, row, conditions, text)
        return None

    def _held_back(self, rng: Generator) -> bool:
        # Nothing is drawn for training, whose companions stay what they were.
        return self._unseen_share > 0 and bool(rng.random() < self._unseen_share)

    def _columns(
        self, row: int, rows: NDArray[np.intp], rng: Generator, *, contested: bool
    ) -> Columns | None:
        """Some of an item's shown facts; with `contested`, of those that others show too."""
        pool = self._asked.shown[row]
        if contested:
            shared = [np.isin(rows, self._asked.showing[c]).sum() > 1 for c in pool.tolist()]
            pool = pool[np.array(shared, dtype=bool)]
        n = int(rng.integers(1, self._settings.max_conditions + 1))
        if len(pool) < n:
            return None
        columns = tuple(sorted(rng.choice(pool, size=n, replace=False).tolist()))
        return columns if is_worth_asking(self._asked, columns) else None

    def _decides(self, columns: Columns, rows: NDArray[np.intp]) -> bool:
        """Whether exactly one candidate has all of the values, in whatever relation."""
        return int((self._asked.n_named(columns)[rows] == len(columns)).sum()) == 1

    def _query(self, query: Query, row: int, conditions: Sequence[Condition], text: str) -> Query:
        return Query(
            query_id=f"{query.query_id}+1",
            category=query.category,
            text=text,
            conditions=tuple(conditions),
            hops=(),
            ground_truth=(self._catalogue.item_ids[row],),
            candidates=query.candidates,
            user_id=None,
            history=(),
            seed=query.seed,
        )
