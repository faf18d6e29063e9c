"""Which queries an evaluation answers, and one hash for them.

With several requests a list, a query brings companions that ask for other candidates of its list
(`rerec.queries.companions`): on a processor that reads a list once for all of them, they cost a
fraction of as many queries of their own.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path

from rerec.catalogue.domain import Domain
from rerec.catalogue.manifest import hashes_of, table_paths
from rerec.errors import SettingsError
from rerec.graph.attributes import AttributeGraph
from rerec.queries.companions import Asked, Companions
from rerec.records import Query, list_of
from rerec.rng import seed_of
from rerec.settings import PromptSettings

_COMPANIONED = "explicit"
"""Companions name what they want; beside a query that only hints at it they are another task."""


@dataclass(frozen=True)
class Choice:
    """Which queries of a split are answered."""

    split: str
    seed: int
    """Of the choice, and of the companions."""
    limit: int | None = None
    """So many in all; None: all."""
    requests_per_list: int = 1
    """A query's own, and companions; fewer where its list gives no more."""
    avoid: Collection[Asked] = ()
    """Condition sets that no companion asks for."""


def asked_queries(
    domain: Domain,
    graph: AttributeGraph,
    queries: Sequence[Query],
    prompt: PromptSettings,
    choice: Choice,
) -> list[Query]:
    """The queries that are answered, each with its companions behind it.

    Args:
        domain: where they are from.
        graph: its facts.
        queries: of the split.
        prompt: companions ask for what it shows.
        choice: which of them.

    Raises:
        SettingsError: the limit is below 1.
    """
    found = chosen(queries, limit=choice.limit, seed=choice.seed)
    if choice.requests_per_list == 1:
        return found
    companions = Companions(domain, graph, prompt, split=choice.split, avoid=choice.avoid)

    def each() -> Iterator[Query]:
        for query in found:
            yield query
            if query.category == _COMPANIONED and query.candidates:
                yield from companions.of(query, choice.requests_per_list - 1, seed=choice.seed)

    return list(islice(each(), choice.limit))


def chosen(queries: Sequence[Query], *, limit: int | None, seed: int) -> list[Query]:
    """The first `limit` queries of a shuffle that depends on the seed and the query ids alone.

    Neither the file's order nor the limit moves a query within the shuffle; companions stand behind
    their query. Without a limit: all, in the order given.

    Raises:
        SettingsError: the limit is below 1.
    """
    if limit is None:
        return list(queries)
    if limit < 1:
        raise SettingsError(f"limit is {limit}: at least one query has to be answered")
    return sorted(queries, key=lambda query: _place(seed, query))[:limit]


def asked_fingerprint(
    folder: Path, queries: Sequence[Query], prompt: PromptSettings, choice: Choice
) -> str:
    """One SHA-256 for what was asked, and for the items and facts that it was asked about.

    Other categories in the same domain, or users who came since, leave it as it is, and so does the
    limit.

    Args:
        folder: the domain.
        queries: of its split.
        prompt: companions depend on what it shows.
        choice: whether there are any, and what they are drawn by.

    Raises:
        DataError: the manifest is missing or is none.
    """
    hashes = hashes_of(folder, embeddings=False)
    tables = [hashes[path.name] for path in table_paths(folder)[:2]]
    asked = sorted((q.query_id, q.text, q.candidates, q.ground_truth) for q in queries)
    told: tuple[object, ...] = (tables, asked)
    if choice.requests_per_list > 1:
        avoided = sorted(sorted(each) for each in choice.avoid)
        told += (choice.seed, prompt.shown_values, prompt.common_share, avoided)
    return sha256(repr(told).encode()).hexdigest()


def _place(seed: int, query: Query) -> tuple[int, str]:
    return seed_of(seed, "evaluated", list_of(query.query_id)), query.query_id
