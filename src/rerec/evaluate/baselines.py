"""What answers without a language model reach on the same queries.

Each baseline ranks a query's candidates (best first); the first is its answer. `attribute_overlap`
reads every attribute of every candidate and the literal request, so where requests name their
conditions it is a ceiling for reading rather than a weak rival.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from rerec.catalogue.items import Catalogue
from rerec.graph.attributes import AttributeGraph
from rerec.records import Query
from rerec.rng import stream

Scorer = Callable[[Query, NDArray[np.intp]], NDArray[np.float64]]
"""(query, (C,) candidate rows) -> (C,) scores, the higher the better."""
_WORD = re.compile(r"\w+")


def scorers(
    catalogue: Catalogue, graph: AttributeGraph, embeddings: NDArray[np.float32] | None
) -> dict[str, Scorer]:
    """Every baseline by name; `nearest_to_history` only where there are embeddings."""
    found: dict[str, Scorer] = {
        "random": lambda _, rows: np.zeros(len(rows)),
        "popularity": by_popularity(catalogue),
    }
    if embeddings is not None:
        found["nearest_to_history"] = nearest_to_history(catalogue, embeddings)
    found["attribute_overlap"] = attribute_overlap(graph)
    return found


def ranked(
    scorer: Scorer, catalogue: Catalogue, query: Query, *, seed: int, name: str
) -> list[int]:
    """The candidates' rows, best first; equal scores are ordered by a draw of the query's own."""
    rows = catalogue.rows_of(query.candidates)
    draw = stream(seed, "baseline", name, query.query_id).permutation(len(rows))
    return rows[np.lexsort((draw, -scorer(query, rows)))].tolist()


def by_popularity(catalogue: Catalogue) -> Scorer:
    """Most interactions first."""
    popularity = np.array([item.popularity for item in catalogue.items], dtype=np.float64)
    return lambda _, rows: popularity[rows]


def nearest_to_history(catalogue: Catalogue, embeddings: NDArray[np.float32]) -> Scorer:
    """Cosine to the mean direction of the items in the user's history; without one, all equal."""
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    directions = (embeddings / np.maximum(lengths, 1e-12)).astype(np.float64)

    def score(query: Query, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        if not query.history:
            return np.zeros(len(rows))
        return directions[rows] @ directions[catalogue.rows_of(query.history)].mean(axis=0)

    return score


def attribute_overlap(graph: AttributeGraph) -> Scorer:
    """Candidate's values stand in the request; among equals, words of them."""

    @cache
    def words_of(row: int) -> list[str]:
        return sorted({_words(fact.value) for fact in graph.facts_of(row)})

    def score(query: Query, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        request = f" {_words(query.text)} "
        said = set(request.split())
        return np.array([_overlap(words_of(int(row)), request, said) for row in rows])

    return score


def _overlap(values: Sequence[str], request: str, said: set[str]) -> float:
    whole = sum(f" {value} " in request for value in values if value)
    single = {word for value in values for word in value.split()} & said
    return whole + len(single) / (1 + len(said))  # the second part stays below 1


def _words(text: str) -> str:
    """Lower-case words without accents, one space apart.

    >>> _words("Sci-Fi, by Agnès Varda")
    'sci fi by agnes varda'
    """
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return " ".join(_WORD.findall(plain))
