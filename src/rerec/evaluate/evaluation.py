"""Answer a split greedily, and say how good the answers were: `run.json`.

An evaluation that was killed continues where it stopped (see `rerec.evaluate.partial`). With a
limit, every model and every attempt answers the same queries, and a smaller limit answers some of
a larger one's (see `rerec.evaluate.asked`).
"""

from collections.abc import Callable, Collection, Sequence
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import Any

import rerec
from rerec.catalogue.domain import Domain, read_domain
from rerec.catalogue.manifest import EMBEDDINGS_FILE
from rerec.evaluate.asked import Choice, asked_fingerprint, asked_queries, chosen
from rerec.evaluate.baselines import ranked, scorers
from rerec.evaluate.partial import PartialRun
from rerec.evaluate.rows import K, RowMaker
from rerec.evaluate.run_file import Run, write_run
from rerec.evaluate.table import Row, Summary, summarise
from rerec.queries.companions import Asked
from rerec.records import Query
from rerec.settings import PromptSettings
from rerec.train import runtime
from rerec.train.answering import answer
from rerec.train.policy import load_policy

_PART = 250
"""Queries answered in one go."""

Progress = Callable[[str], None]


def evaluate(  # noqa: PLR0913 - one call for one command, everything named
    model: str,
    folder: Path,
    *,
    split: str,
    categories: Sequence[str] = (),
    out: Path,
    limit: int | None = None,
    requests_per_list: int = 1,
    avoid: Collection[Asked] = (),
    prompt: PromptSettings | None = None,
    dtype: str | None = None,
    seed: int,
    progress: Progress,
) -> Run:
    """Answer a split's queries greedily and write the run.

    Args:
        model: a model's name, path or hub id, or a run's folder.
        folder: the domain.
        split: train, valid or test.
        categories: of the queries; all of them where none is named.
        out: the `run.json` to write; beside it, until then, `<out>.partial.jsonl`.
        limit: answer only so many, see `chosen`; None answers all.
        requests_per_list: with more than 1, queries bring companions (`rerec.evaluate.asked`).
        avoid: condition sets that no companion asks for.
        prompt: what the model is shown; None takes what it was trained with.
        dtype: of the weights, float32 or bfloat16; None takes what this machine is fast in.
        seed: of the choice, the companions, the intervals and the baselines' ties.
        progress: told in words how far it is.

    Returns:
        What was written.

    Raises:
        DataError: the domain cannot be read, a query cannot be scored, or a file not be written.
        ModelError: the model cannot be loaded.
        SettingsError: the limit is below 1.
    """
    domain = read_domain(folder)
    every, maker = domain.queries(split, categories), RowMaker(domain)
    maker.judge.check(chosen(every, limit=limit, seed=seed))  # before a model is loaded
    runtime.prepare()
    policy = load_policy(model, dtype=runtime.DTYPES[dtype] if dtype else None)
    prompt = prompt or policy.prompt or PromptSettings()
    choice = Choice(split, seed, limit, requests_per_list, avoid)
    queries = asked_queries(domain, maker.graph, every, prompt, choice)
    baselines = _baselines(domain, maker, queries, seed, progress)
    run: Run = {
        "format": 1,
        "model": model,
        "split": split,
        "domain": {
            "path": str(folder),
            "fingerprint": asked_fingerprint(folder, every, prompt, choice),
        },
        "candidate_info": prompt.candidate_info,
        "settings": {
            "k": K,
            "categories": list(categories),
            "limit": limit,
            "requests_per_list": requests_per_list,
            "seed": seed,
            "prompt": prompt.model_dump(),
            "dtype": str(policy.model.dtype).removeprefix("torch."),
        },
        "rows": [],
        "summary": summarise([], seed=seed),
        "baselines": baselines,
    }
    partial = PartialRun(out.with_name(f"{out.name}.partial.jsonl"), _header(run))
    missing = _unanswered(queries, partial)
    keep = _Keeper(maker, partial, queries, progress)
    if missing and keep.rows():
        progress(f"continuing: {len(keep.rows())} of {len(queries)} are answered already")
    # Each part is a fair draw of all: so is what was answered when somebody stops it.
    order = chosen(missing, limit=max(1, len(missing)), seed=seed)
    for start in range(0, len(order), _PART):
        answer(policy, domain, order[start : start + _PART], prompt, on_batch=keep.batch)
    by_id = {row["query_id"]: row for row in partial.rows}
    run["rows"] = [by_id[query.query_id] for query in queries]
    run["summary"] = summarise(run["rows"], seed=seed)
    write_run(out, run)
    if len(keep.rows()) == len(partial.rows):  # else some are left for a larger limit
        partial.remove()
    return run


class _Keeper:
    """Scores and keeps every batch as it ends, and says how far it is."""

    def __init__(
        self, maker: RowMaker, partial: PartialRun, queries: Sequence[Query], progress: Progress
    ) -> None:
        self.maker, self.partial, self.progress = maker, partial, progress
        self.asked = {query.query_id for query in queries}
        self.n_before, self.started = len(self.rows()), monotonic()

    def rows(self) -> list[Row]:
        """Those asked for: an attempt with another limit may have answered more."""
        return [row for row in self.partial.rows if row["query_id"] in self.asked]

    def batch(self, finished: list[tuple[Query, str, int]]) -> None:
        self.partial.append(self.maker.answered(finished))
        rows, n_asked = self.rows(), len(self.asked)
        seconds = (monotonic() - self.started) / (len(rows) - self.n_before)
        n_right = sum(row["outcome"] == "right" for row in rows)
        self.progress(
            f"answered {len(rows)} of {n_asked}, {n_right} right, about "
            f"{seconds * (n_asked - len(rows)):.0f} s left"
        )


def _unanswered(queries: Sequence[Query], partial: PartialRun) -> list[Query]:
    answered = {row["query_id"] for row in partial.rows}
    return [query for query in queries if query.query_id not in answered]


def _header(run: Run) -> dict[str, Any]:
    """What must be the same for an unfinished evaluation to be continued; the limit need not."""
    told = ("format", "model", "split", "domain")
    header: dict[str, Any] = {key: value for key, value in run.items() if key in told}
    settings = {key: value for key, value in run["settings"].items() if key != "limit"}
    return header | {
        "settings": settings,
        "rerec": rerec.__version__,
        "weights": state_of(run["model"]),
    }


def state_of(model: str) -> str | None:
    """A mark that changes when the files of a local model do: training may go on under one name."""
    folder = Path(model)
    if not folder.is_dir():
        return None
    files = sorted(file for file in folder.rglob("*") if file.suffix in {".safetensors", ".json"})
    state = [(str(f.relative_to(folder)), f.stat().st_size, f.stat().st_mtime_ns) for f in files]
    return sha256(repr(state).encode()).hexdigest()


def _baselines(
    domain: Domain, maker: RowMaker, queries: Sequence[Query], seed: int, progress: Progress
) -> dict[str, Summary]:
    embeddings = None
    if (domain.folder / EMBEDDINGS_FILE).exists():
        embeddings = domain.embeddings()
    else:
        progress(
            "no item embeddings: no baseline nearest to the history (`rerec embed` makes them)"
        )
    found: dict[str, Summary] = {}
    for name, scorer in scorers(domain.catalogue, maker.graph, embeddings).items():
        rows: list[Row] = [
            maker.ranked(query, ranked(scorer, domain.catalogue, query, seed=seed, name=name))
            for query in queries
        ]
        found[name] = summarise(rows, seed=seed)
    return found
