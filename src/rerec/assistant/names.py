"""All names of a domain (titles, values, other words for values), found in a text at once.

One automaton (Aho and Corasick 1975) holds them all, word by word: each name stands in it with a
space before and behind, so that it is found between word boundaries only. A name may mean several
things; which of them counts is decided in `rerec.assistant.marks`.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from ahocorasick_rs import AhoCorasick
from numpy.typing import NDArray

from rerec.assistant.everyday import NAMELESS, word_set
from rerec.assistant.parts import words_of_name
from rerec.assistant.synonyms import synonyms_of
from rerec.catalogue.grounding import names_of
from rerec.catalogue.items import Catalogue
from rerec.graph.attributes import AttributeGraph
from rerec.queries.hint_wordings import ROLES
from rerec.records import Condition

MOST_KINDS = 500
LEAST_HOLDERS = 2.0
"""A relation with no more values than the one, each held by as many items as the other, sorts
items into kinds (genre, country, colour); any other names them one by one (people, makers)."""
DECADE = "decade"
PROPER = frozenset({"country", "language", DECADE})
"""Kinds whose values have no plural."""
PARTICLES = word_set(
    """
    de di da del della der den du la le van von ten ter st mac al el
    """
)


MOST_BEARERS = 20
"""Of one surname."""
MOST_MEANINGS = 200
"""Of one name: who means the others says more than that name."""


class Kind(IntEnum):
    """In what way a name means something."""

    TITLE = 0
    ALIAS = 1
    VALUE = 2
    SURNAME = 3


N_KINDS = len(Kind)
Spelled = tuple[tuple[str, ...], Kind, int]
"""A name in words, in what way it means something, and the row or column that it means."""


@dataclass(frozen=True, slots=True)
class Name:
    """A place where a name stands, and all that it may mean."""

    first: int
    last: int
    """Places of its first and last word among the words searched."""
    meanings: tuple[tuple[Kind, int], ...]
    """A row of the catalogue for titles and aliases, a column of the graph for the others."""


class Lexicon:
    """The names of a domain, ready to be found."""

    def __init__(self, catalogue: Catalogue, graph: AttributeGraph) -> None:
        """Gather all names and build the automaton.

        Args:
            catalogue: whose titles and other names are found.
            graph: whose values are found.
        """
        self.kinds = kinds_of(graph)
        numbers: dict[str, int] = {}
        pattern_of, codes = array("q"), array("q")
        for words, kind, at in self._spelled(catalogue, graph):
            pattern = f" {' '.join(words)} "
            pattern_of.append(numbers.setdefault(pattern, len(numbers)))
            codes.append(at * N_KINDS + kind)
        order = np.argsort(np.asarray(pattern_of), kind="stable")
        self._codes: NDArray[np.int64] = np.asarray(codes)[order]
        counts = np.bincount(np.asarray(pattern_of), minlength=len(numbers))
        self._starts: NDArray[np.int64] = np.concatenate([[0], np.cumsum(counts)])
        self._automaton = AhoCorasick(list(numbers), store_patterns=False)

    @property
    def n_names(self) -> int:
        """How many different names there are, each spelling counted."""
        return len(self._starts) - 1

    def find(self, words: Sequence[str]) -> Iterator[Name]:
        """Every name that stands in some words; names may overlap.

        >>> import pyarrow as pa
        >>> from rerec.catalogue.tables import ATTRIBUTES
        >>> from rerec.records import Item
        >>> shop = Catalogue((Item("7", "Heat", 1995, (), 3),))
        >>> graph = AttributeGraph.from_table(shop, ATTRIBUTES.empty_table())
        >>> list(Lexicon(shop, graph).find(["like", "heat"]))
        [Name(first=1, last=1, meanings=((<Kind.TITLE: 0>, 0),))]
        """
        line = f" {' '.join(words)} "
        places, offset = {}, 0
        for place, word in enumerate(words):
            places[offset] = place
            offset += len(word) + 1
        places[offset] = len(words)
        for pattern, start, end in self._automaton.find_matches_as_indexes(line, overlapping=True):
            yield Name(places[start], places[end - 1] - 1, self._meanings(pattern))

    def _meanings(self, pattern: int) -> tuple[tuple[Kind, int], ...]:
        start, end = self._starts[pattern : pattern + 2].tolist()
        codes = self._codes[start : min(end, start + MOST_MEANINGS)].tolist()
        found = ((Kind(code % N_KINDS), code // N_KINDS) for code in codes)
        return tuple(dict.fromkeys(found))

    def _spelled(self, catalogue: Catalogue, graph: AttributeGraph) -> Iterator[Spelled]:
        """Every spelling of every name in words, with what it means."""
        for row, item in enumerate(catalogue.items):
            for at, name in enumerate(dict.fromkeys(names_of(item))):
                for words in _with_possessive(words_of_name(name)):
                    yield words, Kind.TITLE if at == 0 else Kind.ALIAS, row
        others = self._synonyms(graph)
        for column, pair in enumerate(graph.pairs):
            synonyms = others.get(pair.relation, {}).get(pair.value, ())
            for words in self._spellings(pair, synonyms):
                yield words, Kind.VALUE, column
        yield from self._surnames(graph)

    def _spellings(self, pair: Condition, synonyms: Iterable[str]) -> Iterator[tuple[str, ...]]:
        words = words_of_name(pair.value)
        if not words or (len(words) == 1 and words[0] in NAMELESS):
            return
        yield from _with_possessive(words)
        yield from map(words_of_name, synonyms)
        if pair.relation in self.kinds and pair.relation not in PROPER:
            *front, noun = words
            yield (*front, f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s")
            if noun.endswith("s") and len(noun) > 3:
                yield (*front, noun[:-1])

    def _surnames(self, graph: AttributeGraph) -> Iterator[Spelled]:
        """The surnames of people; of many bearers of one, those that have most items."""
        held = np.bincount(graph.indices, minlength=len(graph.pairs))
        n_bearers: dict[tuple[str, ...], int] = {}
        for column in np.argsort(-held, kind="stable").tolist():
            pair = graph.pairs[column]
            if pair.relation in self.kinds:
                continue
            for surname in _surnames_of(words_of_name(pair.value)):
                n_bearers[surname] = n_bearers.get(surname, 0) + 1
                if n_bearers[surname] <= MOST_BEARERS:
                    yield surname, Kind.SURNAME, column

    def _synonyms(self, graph: AttributeGraph) -> dict[str, dict[str, list[str]]]:
        values: dict[str, list[str]] = {}
        for pair in graph.pairs:
            if pair.relation in self.kinds:
                values.setdefault(pair.relation, []).append(pair.value)
        return {relation: synonyms_of(relation, some) for relation, some in values.items()}


def kinds_of(graph: AttributeGraph) -> frozenset[str]:
    """The relations that sort items into kinds."""
    n_holders: dict[str, int] = {}
    n_values: dict[str, int] = {}
    held = np.bincount(graph.indices, minlength=len(graph.pairs)).tolist()
    for pair, n in zip(graph.pairs, held, strict=True):
        n_values[pair.relation] = n_values.get(pair.relation, 0) + 1
        n_holders[pair.relation] = n_holders.get(pair.relation, 0) + n
    return frozenset(
        relation
        for relation, n in n_values.items()
        if relation in PROPER
        or (relation not in ROLES and n <= MOST_KINDS and n_holders[relation] >= LEAST_HOLDERS * n)
    )


def single_valued(graph: AttributeGraph, *, most_share: float = 0.1) -> frozenset[str]:
    """The relations in which hardly an item has two values: asking anew replaces what was asked."""
    names = sorted({pair.relation for pair in graph.pairs})
    numbers = {name: number for number, name in enumerate(names)}
    relation_of = np.array([numbers[pair.relation] for pair in graph.pairs], dtype=np.int64)
    rows = np.repeat(np.arange(graph.n_items), np.diff(graph.indptr))
    key = rows * max(len(names), 1) + relation_of[graph.indices]
    held, n_values = np.unique(key, return_counts=True)
    several = np.bincount(held[n_values > 1] % max(len(names), 1), minlength=len(names))
    holding = np.bincount(held % max(len(names), 1), minlength=len(names))
    return frozenset(name for n, name in enumerate(names) if several[n] <= most_share * holding[n])


def _with_possessive(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """A name as it is written, and as it is written without its apostrophe."""
    if not words:
        return
    yield words
    if "'s" in words[1:]:
        joined: list[str] = []
        for word in words:
            if word == "'s" and joined:
                joined[-1] += "s"
            else:
                joined.append(word)
        yield tuple(joined)


def _surnames_of(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if len(words) < 2:
        return
    last = words[-1] if words[-1] not in {"jr", "sr", "ii", "iii"} else ""
    if len(last) > 2:
        yield (last,)
        if len(words) > 2 and words[-2] in PARTICLES:
            yield words[-2:]
