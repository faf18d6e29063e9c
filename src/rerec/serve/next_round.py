"""The next round of training: a domain with what people liked while the assistant was used.

The domain that was served stays as it is; a new folder is written beside it. Its held-out queries
are the same, so that a model trained on it can be compared with the one before.
"""

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from rerec.catalogue.domain import (
    Domain,
    queries_path,
    read_domain,
    table_paths,
    write_manifest,
    write_queries,
    write_tables,
)
from rerec.catalogue.files import new_folder
from rerec.catalogue.made import write_made
from rerec.catalogue.manifest import MANIFEST_FILE, read_manifest
from rerec.graph.attributes import AttributeGraph
from rerec.queries.askable import askable
from rerec.queries.candidates import negatives_of
from rerec.queries.likes import likes_of
from rerec.queries.vocabulary import vocabulary_of
from rerec.records import SPLITS, Item, Query
from rerec.serve.asked import Asker, HeldOut
from rerec.serve.feedback import Feedback, read_feedback
from rerec.serve.opinions import Persons, last_words, with_opinions, with_users
from rerec.settings import QuerySettings

COMMAND = "rerec data from-feedback"
_FEEDBACK = "feedback"
"""Where the settings of a manifest keep what was made of feedback."""


@dataclass(frozen=True)
class Round:
    """A domain with the opinions in it."""

    items: list[Item]
    interactions: pa.Table
    users: pa.Table
    queries: Mapping[str, list[Query]]
    """By split; those without any are left out."""


def from_feedback(
    feedback: Path, folder: Path, out: Path, settings: QuerySettings, *, seed: int
) -> dict[str, Any]:
    """Write a domain whose log and training queries have what people liked in them.

    Args:
        feedback: the file that the server writes.
        folder: the domain that was served; it is only read.
        out: the new domain folder.
        settings: how queries are made.
        seed: of their draws.

    Returns:
        How many opinions of each kind there were, how many were left out and why, and how many new
        users, interactions and queries came of them.

    Raises:
        DataError: the feedback or the domain cannot be read, or something stands at `out` already.
    """
    started = time.monotonic()
    domain = read_domain(folder)
    made_from = _settings_of(folder)
    before = made_from.get(_FEEDBACK, {})
    persons = Persons.of(domain.user_ids, prefix=before.get("prefix"))
    stored = read_feedback(feedback)
    made, report = _round(domain, stored, persons, settings, seed)
    with new_folder(out) as temporary:
        write_tables(
            temporary,
            items=made.items,
            attributes=domain.attributes,
            interactions=made.interactions,
            users=made.users,
        )
        for split, queries in made.queries.items():
            write_queries(temporary, split, queries)
        if made.queries:
            write_made(
                temporary / "queries",
                command=COMMAND,
                settings=settings.model_dump(mode="json"),
                read=[feedback, *table_paths(folder)],
                seed=seed,
                seconds=time.monotonic() - started,
            )
        own = {"prefix": persons.prefix, "seed": seed, **report}
        write_manifest(temporary, {**made_from, _FEEDBACK: own})
    return report


def _round(
    domain: Domain,
    stored: list[Feedback],
    persons: Persons,
    settings: QuerySettings,
    seed: int,
) -> tuple[Round, dict[str, Any]]:
    known = [one for one in stored if one.item_id in domain.catalogue]
    opinions = last_words(known, persons.person_of)
    interactions = with_opinions(domain.interactions, opinions)
    users = with_users(domain.users, _new_users(domain, interactions))
    by_split = _queries_of(domain)
    asker = _asker(domain, interactions, opinions_of=by_split, settings=settings, seed=seed)
    queries, left_out = asker.queries(opinions)
    there = {query.query_id for query in by_split.get("train", [])}
    new = [query for query in queries if query.query_id not in there]
    by_split["train"] = [*by_split.get("train", []), *new]
    kinds = Counter(one.opinion for one in opinions.values())
    report = {
        "opinions": len(stored),
        "likes": kinds["like"],
        "dislikes": kinds["dislike"],
        "seen": kinds["seen"],
        "of_unknown_items": len(stored) - len(known),
        "of_nobody": sum(persons.person_of(one) is None for one in known),
        "new_users": users.num_rows - domain.users.num_rows,
        "interactions": interactions.num_rows,
        "queries": len(new),
        "likes_without_query": left_out,
    }
    items = _counted(domain.catalogue.items, interactions)
    filled = {split: queries for split, queries in by_split.items() if queries}
    return Round(items, interactions, users, filled), report


def _asker(
    domain: Domain,
    interactions: pa.Table,
    *,
    opinions_of: Mapping[str, list[Query]],
    settings: QuerySettings,
    seed: int,
) -> Asker:
    catalogue = domain.catalogue
    graph = AttributeGraph.from_table(catalogue, domain.attributes)
    asked = askable(graph, settings)
    held_out = [query for split in SPLITS[1:] for query in opinions_of.get(split, [])]
    return Asker(
        catalogue=catalogue,
        graph=graph,
        negatives=negatives_of(asked, catalogue, match=settings.match_popularity),
        likes=likes_of(interactions, catalogue, liked_rating=settings.liked_rating),
        held_out=HeldOut.of(held_out),
        vocabulary=vocabulary_of(_settings_of(domain.folder)),
        settings=settings,
        seed=seed,
    )


def _queries_of(domain: Domain) -> dict[str, list[Query]]:
    """The queries of the splits that the domain has."""
    there = [split for split in SPLITS if queries_path(domain.folder, split).is_file()]
    return {split: domain.queries(split) for split in there}


def _new_users(domain: Domain, interactions: pa.Table) -> list[str]:
    """Users of the log whom the domain does not have, in the order in which they come."""
    return [u for u in interactions["user_id"].unique().to_pylist() if u not in domain.user_ids]


def _counted(items: Iterable[Item], interactions: pa.Table) -> list[Item]:
    """The items with the number of their interactions as popularity."""
    counts = {c["values"]: c["counts"] for c in interactions["item_id"].value_counts().to_pylist()}
    return [replace(item, popularity=counts.get(item.item_id, 0)) for item in items]


def _settings_of(folder: Path) -> dict[str, Any]:
    """What the tables were made from, as far as a manifest says."""
    settings: Any = {}
    if (folder / MANIFEST_FILE).is_file():
        settings = read_manifest(folder)["settings"]
    return dict(settings) if isinstance(settings, dict) else {}
