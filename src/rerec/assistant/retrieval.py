"""From the state of a conversation to candidates out of the whole catalogue.

Voters look at every item: how rare the asked values are that it has, full text, likeness in values
and in taste, the group that the request speaks of, popularity. How many asked values an item has
stands above them all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rerec.assistant.askers import telling
from rerec.assistant.exchange import Found, State
from rerec.assistant.fusion import best_rows, fused, various
from rerec.assistant.groups import Groups
from rerec.assistant.history import Log
from rerec.assistant.lexical import FullText
from rerec.assistant.likeness import Likeness
from rerec.assistant.taste import Taste
from rerec.catalogue.domain import Domain
from rerec.catalogue.items import Catalogue
from rerec.catalogue.manifest import EMBEDDINGS_FILE
from rerec.graph.attributes import AttributeGraph

N_FOUND = 20
POOL = 5
"""So many times the wanted number of items are looked at for variety."""
NO_YEAR = np.iinfo(np.int32).min


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each voter counts among items that meet as many conditions; 0 silences it."""

    rarity: float = 1.0
    text: float = 1.0
    """Of words, where nothing else is asked for."""
    text_beside: float = 0.3
    """Of words beside asked values, or items to be like: many of them only tell a story."""
    taste: float = 1.0
    likeness: float = 0.4
    """Of values in common with what it should be like."""
    popularity: float = 0.2
    group: float = 4.0
    """Of the favourites of the group that the request speaks of."""
    liked: float = 0.5
    """Within taste: of what the person likes, where what it should be like counts 1."""
    logged: float = 0.5
    """Within taste: of what the user's log says that they like."""
    disliked: float = -0.5
    """Within taste: negative, as it leads away."""
    variety: float = 0.05
    """Of unlikeness to the items further up, beside 1 less this for relevance; in [0, 1)."""


@dataclass(frozen=True, eq=False)
class Retriever:
    """A domain, ready to be asked."""

    catalogue: Catalogue
    graph: AttributeGraph
    text: FullText
    log: Log
    groups: Groups
    likeness: Likeness
    taste: Taste | None
    """None where the domain has no embeddings."""
    years: NDArray[np.int32]
    """(n_items,) year of each item, `NO_YEAR` where it has none."""
    popularity: NDArray[np.float32]
    """(n_items,) logarithm of the number of interactions."""
    weights: Weights = Weights()

    @classmethod
    def of(cls, domain: Domain) -> "Retriever":
        """Build every index of a domain.

        Raises:
            DataError: its interactions or embeddings cannot be read.
        """
        catalogue = domain.catalogue
        graph = _ready(AttributeGraph.from_table(catalogue, domain.attributes))
        log = Log.of(domain)
        embedded = (domain.folder / EMBEDDINGS_FILE).is_file()
        years = [NO_YEAR if item.year is None else item.year for item in catalogue.items]
        counts = np.array([item.popularity for item in catalogue.items], dtype=np.float32)
        return cls(
            catalogue=catalogue,
            graph=graph,
            text=FullText(catalogue, graph),
            log=log,
            groups=Groups.of(domain, log),
            likeness=Likeness.of(graph),
            taste=Taste.of(domain.embeddings()) if embedded else None,
            years=np.array(years, dtype=np.int32),
            popularity=np.log1p(np.maximum(counts, 0.0)),
        )

    def find(self, state: State, n: int = N_FOUND) -> list[Found]:
        """The best items for a request, best first.

        Args:
            state: what is asked; ids that the catalogue does not have are passed over.
            n: how many at most.

        Returns:
            At most n items that meet no unwanted wish and lie in the asked years (an item without
            a year does not), none of them liked, disliked, seen, shown, or named as what the
            others should be like. Those that meet more of the wanted conditions stand first; among
            those that meet as many, what is in the user's log stands last.
        """
        asked = self._columns(state, wanted=True)
        n_met = self._n_met(asked)
        known, liked = self.log.of_user(state.user_id)
        relevance = self._relevance(state, asked, known[liked])
        relevance[known] -= 1.0
        order = np.where(self._allowed(state), 3.0 * n_met + relevance, -np.inf)
        pool = best_rows(order, n * POOL)
        chosen: list[Found] = []
        for met in np.unique(n_met[pool])[::-1].tolist():
            rows = pool[n_met[pool] == met]
            places, values = various(
                relevance[rows], self.likeness.among(rows, asked), n - len(chosen),
                variety=self.weights.variety,
            )  # fmt: skip
            chosen += [
                Found(int(rows[place]), met + (1.0 + value) / 2.0, met)
                for place, value in zip(places, values, strict=True)
            ]
        return chosen

    def _columns(self, state: State, *, wanted: bool) -> NDArray[np.intp]:
        """Columns of the wished values, ascending, without those that no item has."""
        wishes = (wish.condition for wish in state.wishes if wish.wanted == wanted)
        columns = {self.graph.column_of(condition) for condition in wishes}
        return np.array(sorted(columns - {-1}), dtype=np.intp)

    def _n_met(self, columns: NDArray[np.intp]) -> NDArray[np.int32]:
        """(n_items,) how many of the columns each item has."""
        n_met = np.zeros(self.catalogue.n_items, dtype=np.int32)
        for column in columns:
            n_met[self.graph.holders(column)] += 1
        return n_met

    def _allowed(self, state: State) -> NDArray[np.bool_]:
        """(n_items,) what may be shown."""
        allowed = np.ones(self.catalogue.n_items, dtype=bool)
        for column in self._columns(state, wanted=False):
            allowed[self.graph.holders(column)] = False
        through = [wish.through for wish in state.wishes if wish.through is not None]
        for ids in (
            state.liked,
            state.disliked,
            state.seen,
            state.shown,
            state.like_items,
            through,
        ):
            allowed[self._rows(ids)] = False
        first, last = state.years.first, state.years.last
        if first is not None or last is not None:
            allowed &= self.years != NO_YEAR
        if first is not None:
            allowed &= self.years >= first
        if last is not None:
            allowed &= self.years <= last
        return allowed

    def _rows(self, item_ids: Sequence[str]) -> NDArray[np.intp]:
        """Rows of the ids that the catalogue has."""
        return self.catalogue.rows_of(i for i in item_ids if i in self.catalogue)

    def _relevance(
        self, state: State, asked: NDArray[np.intp], logged: NDArray[np.intp]
    ) -> NDArray[np.float32]:
        """(n_items,) what all the voters say together, in [0, 1]."""
        weights, n_items = self.weights, self.catalogue.n_items
        rarity = np.zeros(n_items, dtype=np.float32)
        for column in asked:
            rarity[self.graph.holders(column)] += self.likeness.rarity[column]
        phrase = self.groups.askers.remembered(state.words)
        votes = [
            (rarity, weights.rarity),
            (self._found(state, without=telling(phrase)), self._text_weight(state, asked)),
            (self.popularity, weights.popularity),
        ]
        if state.like_items:
            alike = self.likeness.to(self._rows(state.like_items))
            votes.append((alike, weights.likeness))
        near = self._near(state, logged)
        if near is not None:
            votes.append((near, weights.taste))
        if phrase:
            votes.append((self.groups.worth(phrase), weights.group))
        return fused([vote for vote in votes if vote[1] > 0], n_items)

    def _text_weight(self, state: State, asked: NDArray[np.intp]) -> float:
        beside = len(asked) > 0 or len(state.like_items) > 0
        return self.weights.text_beside if beside else self.weights.text

    def _found(self, state: State, *, without: frozenset[str]) -> NDArray[np.float32]:
        """(n_items,) full-text search for words, and for wished values that no item has.

        Not for the others: what has them is known, and a short list of values would lead for
        nothing.
        """
        wished = (wish.condition for wish in state.wishes if wish.wanted)
        unknown = [each.value for each in wished if self.graph.column_of(each) < 0]
        return self.text.scores([*state.words, *unknown], without=without)

    def _near(self, state: State, logged: NDArray[np.intp]) -> NDArray[np.float32] | None:
        if self.taste is None:
            return None
        return self.taste.scores(
            [
                (self._rows(state.like_items), 1.0),
                (self._rows(state.liked), self.weights.liked),
                (logged, self.weights.logged),
                (self._rows(state.disliked), self.weights.disliked),
            ]
        )


def _ready(graph: AttributeGraph) -> AttributeGraph:
    """The graph, with what it makes when first asked made now: no request is to wait for it."""
    for pair in graph.pairs[:1]:
        graph.holders(graph.column_of(pair))
    return graph
