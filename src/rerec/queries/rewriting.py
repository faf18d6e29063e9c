"""The queries of a domain put into other words: `rerec data paraphrase`.

A split is written as a whole once all its rewrites are there, with the report first: it holds the
hash of the split as it will be, so that a rewritten split is never rewritten again.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rerec.catalogue.domain import Domain, read_domain
from rerec.catalogue.files import read_json, replaced, sha256_of, write_json, write_parquet
from rerec.catalogue.manifest import MANIFEST_FILE, queries_path, write_manifest
from rerec.catalogue.tables import queries_table
from rerec.errors import DataError
from rerec.queries.paraphrase import Paraphraser
from rerec.queries.resolving import CONDITION_MISSING, Resolver
from rerec.records import SPLITS, Query

REPORT_FILE = "paraphrase.json"
CACHE_FILE = "paraphrase.cache.jsonl"
N_EXAMPLES = 3
"""Of what was kept and of each reason, in the report."""
TELL_EVERY = 100

Progress = Callable[[str], None]


def paraphrase(
    folder: Path, paraphraser: Paraphraser, *, splits: Sequence[str] | None, progress: Progress
) -> dict[str, Any]:
    """Rewrite the texts of queries where the rewrite is of use, and renew the manifest.

    Args:
        folder: the domain.
        paraphraser: asks for the rewrites.
        splits: which; None takes those that are there.
        progress: told what is being done, a sentence at a time.

    Returns:
        The report: under `splits`, for each split that was ever rewritten its `model`, `n`, `kept`,
        `refused` by reason, and some `examples`.

    Raises:
        DataError: the domain is missing or malformed, a split was rewritten by another model, or
            the disk is full.
        SourceError: the endpoint refuses or cannot be reached.
    """
    domain = read_domain(folder)
    there = [split for split in SPLITS if queries_path(folder, split).is_file()]
    chosen = there if splits is None else list(dict.fromkeys(splits))
    before = _report(folder)
    todo = [split for split in chosen if not _is_done(folder, split, paraphraser.model, before)]
    for split in chosen:
        if split not in todo:
            progress(f"{split}: was rewritten already")
    if todo:
        resolver = Resolver.of(domain)
        for split in todo:
            _rewrite_split(domain, split, paraphraser, resolver, progress)
    if (folder / MANIFEST_FILE).is_file():
        write_manifest(folder)
    return _report(folder)


def _rewrite_split(
    domain: Domain, split: str, paraphraser: Paraphraser, resolver: Resolver, progress: Progress
) -> None:
    queries = domain.queries(split)
    outcomes: list[tuple[Query, str, str | None]] = []
    for n, query in enumerate(queries):
        if n % TELL_EVERY == 0:
            progress(f"{split}: {n} of {len(queries)}")
        outcomes.append((query, *_outcome(query, paraphraser, resolver)))
    rewritten = [replace(q, text=new) if new and not why else q for q, why, new in outcomes]
    path = queries_path(domain.folder, split)
    with replaced(path) as temporary:
        write_parquet(temporary, queries_table(rewritten))
        entry = {**_figures(outcomes), "sha256": sha256_of(temporary)}
        report = _report(domain.folder)
        splits = {**report.get("splits", {}), split: {"model": paraphraser.model, **entry}}
        write_json(domain.folder / "queries" / REPORT_FILE, {"splits": splits})


def _outcome(query: Query, paraphraser: Paraphraser, resolver: Resolver) -> tuple[str, str | None]:
    """Why there is no rewrite of use (empty where there is), and what was answered."""
    told = resolver.told(query)
    if told is None:
        return CONDITION_MISSING, None
    answer = paraphraser.rewrite(query.text, [_as_said(query.text, some) for some in told])
    return resolver.refusal(query, told, answer), answer


def _as_said(text: str, some: Sequence[str]) -> str:
    """The spelling that a text uses, for the model to keep."""
    folded = text.casefold()
    places = [(folded.find(words.casefold()), len(words)) for words in some]
    found = [(at, length) for at, length in places if at >= 0]
    if not found or len(folded) != len(text):
        return some[0]
    at, length = max(found, key=lambda place: place[1])
    return text[at : at + length]


def _figures(outcomes: Sequence[tuple[Query, str, str | None]]) -> dict[str, Any]:
    refused = Counter(why for _, why, _ in outcomes if why)
    examples: dict[str, list[dict[str, str | None]]] = {}
    for query, why, answer in outcomes:
        some = examples.setdefault(why or "kept", [])
        if len(some) < N_EXAMPLES:
            some.append({"query_id": query.query_id, "was": query.text, "answer": answer})
    return {
        "n": len(outcomes),
        "kept": len(outcomes) - refused.total(),
        "refused": dict(sorted(refused.items())),
        "examples": dict(sorted(examples.items())),
    }


def _is_done(folder: Path, split: str, model: str, report: dict[str, Any]) -> bool:
    """Whether a split is the one that was rewritten, by this model."""
    entry = report.get("splits", {}).get(split, {})
    path = queries_path(folder, split)
    if not path.is_file() or entry.get("sha256") != sha256_of(path):
        return False
    if entry.get("model") != model:
        raise DataError(
            f"{path}: was rewritten by {entry.get('model')!r} already; remove {path.parent} and "
            "build the queries again first"
        )
    return True


def _report(folder: Path) -> dict[str, Any]:
    path = folder / "queries" / REPORT_FILE
    found = read_json(path) if path.is_file() else {}
    if not isinstance(found, dict) or not isinstance(found.get("splits", {}), dict):
        raise DataError(f"{path}: is no report of rewritten queries; remove it")
    return found
