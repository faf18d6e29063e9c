"""verl's custom reward function: a response judged by the domain that its query is from.

verl finds it by `reward.custom_reward_function.path=pkg://rerec.verl.reward` and calls it by
keyword, in threads of its reward workers; the recipe comes from `reward_kwargs`.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

from rerec.catalogue.domain import read_domain
from rerec.credit.judge import Judge
from rerec.errors import DataError
from rerec.records import Query, Scored, Segment
from rerec.settings import read_recipe

_READING = Lock()


class Court:
    """The judge of a recipe, and the queries of its domain."""

    def __init__(self, recipe: Path) -> None:
        settings = read_recipe(recipe)
        self._domain = read_domain(Path(settings.domain))
        self.judge = Judge.of(self._domain, settings.reward, settings.credit)
        self._queries = lru_cache(self._queries_of)

    def query(self, split: str, query_id: str) -> Query:
        """A query of the domain.

        Raises:
            DataError: the domain has no such query (any more).
        """
        found = self._queries(split).get(query_id)
        if found is None:
            raise DataError(
                f"{self._domain.folder}: the {split} split has no query {query_id!r}; export the "
                "domain again"
            )
        return found

    def _queries_of(self, split: str) -> dict[str, Query]:
        return {query.query_id: query for query in self._domain.queries(split)}


def compute_score(
    *, solution_str: str, extra_info: Mapping[str, Any], recipe: str, **others: Any
) -> dict[str, float | str]:
    """What a response is worth; the names of the arguments are verl's.

    Args:
        solution_str: the response, special tokens left out.
        extra_info: `split` and `query_id`, as `rerec.verl.export` writes them.
        recipe: path of the recipe whose domain, reward and credit count.
        others: what else verl knows of the sample; the domain knows it better.

    Returns:
        `score`, which verl trains on; the parts of it; `acc`, 1 where the answer is right; and
        `segments`, for the credit: see `segments_told`.

    Raises:
        ReRecError: the recipe or the domain cannot be used; never because of a response.
    """
    del others
    court = court_of(recipe)
    query = court.query(extra_info["split"], extra_info["query_id"])
    (scored,) = court.judge.judge([query], [solution_str])
    return {
        "score": scored.reward,
        "acc": float(scored.outcome == "right"),
        "ndcg": scored.ndcg,
        "qas": scored.qas,
        "pas": scored.pas,
        "format": scored.format,
        "outcome": scored.outcome,
        "segments": told(scored),
    }


def court_of(recipe: str) -> Court:
    """The court of a recipe, opened once in a process."""
    with _READING:  # the threads that score a first batch would each read the domain
        return _court(Path(recipe))


_court = lru_cache(Court)


def told(scored: Scored) -> str:
    """The segments of a response and their blame as text: verl passes no lists on.

    >>> scored = Scored("q", (), "wrong", 0, 0, 0, 0, 0, (Segment(0, 4),), (True,))
    >>> told(scored)
    '[[0, 4, true]]'
    """
    parts = zip(scored.segments, scored.blamed, strict=True)
    return json.dumps([[segment.start, segment.end, guilty] for segment, guilty in parts])


def segments_told(text: str) -> tuple[list[Segment], list[bool]]:
    """What `told` wrote: segments in reading order, and which of them are to blame."""
    rows = json.loads(text)
    return [Segment(start, end) for start, end, _ in rows], [guilty for _, _, guilty in rows]
