"""RecBench+ made into a domain with its own queries: candidates drawn, splits made.

The benchmark has no lists of candidates and no splits for its 20-way task; ours are drawn with a
seed and stored. Requests with one set of conditions, or of one group, go into one split. What the
records say of items (conditions, hints) is added to the attributes, so that the graph of the domain
knows every relation that is asked for.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rerec.catalogue.domain import Domain, read_domain, table_paths, write_manifest, write_queries
from rerec.catalogue.files import read_json, write_json, write_parquet
from rerec.catalogue.made import write_made
from rerec.catalogue.tables import ATTRIBUTES
from rerec.errors import DataError
from rerec.graph.attributes import AttributeGraph
from rerec.queries.askable import askable
from rerec.queries.candidates import Negatives, negatives_of
from rerec.queries.recbench_titles import Resolved, resolve
from rerec.queries.split import sizes_of, split_of_users
from rerec.records import SPLITS, Query
from rerec.rng import seed_of, stream
from rerec.settings import QuerySettings
from rerec.sources.assembly import REPORT_FILE, assemble, domain_folder, new_domain
from rerec.sources.movielens import ACKNOWLEDGEMENT, FILMS
from rerec.sources.names import tell_apart
from rerec.sources.recbench import DOWNLOADED, Facts, Folder, folder_of, land_recbench
from rerec.sources.recbench_queries import PublishedQuery, read_queries

COMMAND = "rerec data import recbench"
MOST_POSITIVES = 10
"""At most so many true items are candidates of one query, the first ones: half of twenty."""
BOOKS = {"vocabulary": {"nouns": ["book"], "verb": "read", "past": "read"}}
SPLITS_FILE = "splits.json"
"""Which `data_idx` of which file belongs to which split, as `rerec data export` writes it."""
UNSPLIT = "RecBench+ has no candidates and no splits: these are ours, drawn with the seed"


def import_recbench(
    out: Path,
    path: Path,
    *,
    seed: int,
    facts: Facts = DOWNLOADED,
    skip_bad_rows: bool = False,
    progress: Callable[[str], None],
) -> dict[str, Any]:
    """Make a domain of a folder of RecBench+.

    Args:
        out: the domain folder; it must not be there yet.
        path: the folder with the files as published.
        seed: of the candidates and the splits.
        facts: whether and whence films get the facts of Wikidata.
        skip_bad_rows: leave bad rows and records out and count them.
        progress: told what is being done, a sentence at a time.

    Returns:
        The report, which is also written as `sources.json`; its `queries` lists each title that
        means no item, with the nearest one.

    Raises:
        SourceError: a file is missing or unreadable, or the facts cannot be had.
        DataError: a row or record is bad, no title is known, or the folder cannot be written.
    """
    started = time.monotonic()
    folder = folder_of(path)
    with new_domain(out, skip_bad_rows=skip_bad_rows) as bench:
        notes = land_recbench(bench, folder, facts=facts, progress=progress)
        published = read_queries(bench, folder)
        is_book = folder.noun == "book"
        report = assemble(
            bench,
            named=tell_apart(bench),
            source="recbench",
            notes=[*notes, UNSPLIT, *([] if is_book else [ACKNOWLEDGEMENT])],
            settings=BOOKS if is_book else FILMS,
        )
        progress(f"resolving the titles of {len(published)} queries")
        domain_path = domain_folder(bench)
        resolved = resolve(read_domain(domain_path), published)
        if not resolved.queries:
            raise DataError(
                f"{path}: no title of its queries is an item of {folder.items.name}; give the "
                "items file that belongs to them"
            )
        n_added = add_facts(domain_path, resolved.facts)
        report["attributes"] += n_added
        written = _write(domain_path, folder, resolved, seed=seed, started=started)
        report["queries"] = {**written, "facts_added": n_added}
        write_json(domain_path / REPORT_FILE, report)
        write_manifest(domain_path)
        return report


def add_facts(folder: Path, facts: Sequence[tuple[str, str, str]]) -> int:
    """Put facts behind those that a domain's items have already; the number of new ones.

    Raises:
        DataError: the table cannot be read or written.
    """
    domain = read_domain(folder)
    columns = [domain.attributes[name].to_pylist() for name in ATTRIBUTES.names]
    known = dict.fromkeys(zip(*columns, strict=True))
    rows = sorted(dict.fromkeys([*known, *facts]), key=lambda f: domain.catalogue.row_of(f[0]))
    table = pa.table([list(c) for c in zip(*rows, strict=True)] or [[], [], []], schema=ATTRIBUTES)
    write_parquet(table_paths(folder)[1], table)
    return len(rows) - len(known)


def splits_of(
    queries: Sequence[PublishedQuery], given: Mapping[str, Any], *, seed: int
) -> list[str]:
    """The split of each query: as `splits.json` says, else drawn for each kinship.

    Args:
        queries: as published.
        given: `data_idx` by file and split; empty where there is no `splits.json`.
        seed: of the draw.
    """
    told = {
        (file, n): split
        for file, by_split in given.items()
        for split, numbers in by_split.items()
        for n in numbers
    }
    kinships = sorted({query.kinship for query in queries})
    shares = split_of_users(kinships, sizes_of(QuerySettings()), seed=seed)
    drawn = {kinships[at]: split for split, positions in shares.items() for at in positions}
    return [told.get((q.file, q.record), drawn[q.kinship]) for q in queries]


def _write(
    path: Path, folder: Folder, resolved: Resolved, *, seed: int, started: float
) -> dict[str, Any]:
    """Write the splits, and what is reported of the queries."""
    settings = QuerySettings()
    domain = read_domain(path)
    draws = _Draws.of(domain, settings, seed)
    given = folder.file(SPLITS_FILE)
    published = [query for query, _ in resolved.queries]
    splits = splits_of(published, read_json(given) if given else {}, seed=seed)
    queries = [draws.with_candidates(query) for _, query in resolved.queries]
    for split in SPLITS:
        own = [query for query, s in zip(queries, splits, strict=True) if s == split]
        if own:
            write_queries(path, split, own)
    write_made(
        path / "queries",
        command=COMMAND,
        settings={"n_candidates": settings.n_candidates, "hard_share": settings.hard_share},
        read=folder.queries,
        seed=seed,
        seconds=time.monotonic() - started,
    )
    n_known = resolved.n_truths - len(resolved.unresolved)
    return {
        "queries": len(queries),
        "categories": dict(Counter(query.category for query in queries)),
        "splits": dict(Counter(splits)),
        "truths": resolved.n_truths,
        "truths_resolved": round(n_known / resolved.n_truths, 4),
        "unresolved": resolved.unresolved,
        "hops_unresolved": resolved.hops_unresolved,
        "left_out": resolved.left_out,
        "candidates": {"n": settings.n_candidates, "seed": seed},
    }


@dataclass(frozen=True)
class _Draws:
    """Draws the candidates of each query with a seed of its own."""

    domain: Domain
    graph: AttributeGraph
    negatives: Negatives
    settings: QuerySettings
    seed: int

    @classmethod
    def of(cls, domain: Domain, settings: QuerySettings, seed: int) -> "_Draws":
        graph = AttributeGraph.from_table(domain.catalogue, domain.attributes)
        negatives = negatives_of(askable(graph, settings), domain.catalogue)
        return cls(domain, graph, negatives, settings, seed)

    def with_candidates(self, query: Query) -> Query:
        """The query with its candidates in a drawn order: true items, and others that are not."""
        seed = seed_of(self.seed, "recbench", query.query_id)
        rng = stream(seed, "candidates")
        catalogue = self.domain.catalogue
        truths = catalogue.rows_of(query.ground_truth).tolist()
        positives = truths[:MOST_POSITIVES]
        n_negatives = self.settings.n_candidates - len(positives)
        columns = tuple(sorted(self.graph.column_of(condition) for condition in query.conditions))
        drawn = None
        if columns:
            drawn = self.negatives.draw(
                columns,
                truths,
                n_negatives=n_negatives,
                hard_share=self.settings.hard_share,
                rng=rng,
            )
        if drawn is None:  # no conditions to meet, or too few items that do not meet them all
            drawn = self.negatives.take(self._others(truths, columns), n_negatives, rng)
        rows = stream(seed, "order").permutation([*positives, *drawn])
        return replace(query, candidates=tuple(catalogue.item_ids[row] for row in rows), seed=seed)

    def _others(self, truths: Sequence[int], columns: tuple[int, ...]) -> NDArray[np.intp]:
        """Rows of items that are not right and share no name with one that is."""
        is_other = np.ones(self.domain.catalogue.n_items, dtype=bool)
        if columns:
            is_other[self.graph.meets_all(columns)] = False
        for truth in truths:
            is_other[self.negatives.namesakes[truth]] = False
        return np.flatnonzero(is_other)
