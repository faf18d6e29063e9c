"""The whole line in a quarter of an hour: what `rerec demo` runs, from two wheels to a report.

Each stage is skipped where it is done already, so a demo that was stopped continues, and a finished
one answers at once. `stages.json` notes what each finished stage was made from.
"""

from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import Any

from rerec.catalogue.domain import read_domain
from rerec.catalogue.files import read_json, sha256_of, write_json
from rerec.catalogue.manifest import EMBEDDINGS_FILE, fingerprint
from rerec.errors import DataError
from rerec.evaluate.asked import Choice, asked_queries
from rerec.evaluate.compare import compare, format_comparison
from rerec.evaluate.evaluation import evaluate, state_of
from rerec.evaluate.report import write_report
from rerec.evaluate.run_file import Run, read_run
from rerec.evaluate.table import format_side_by_side, lists_of
from rerec.graph.attributes import AttributeGraph
from rerec.graph.embed import embed
from rerec.queries.build import build
from rerec.queries.companions import Asked
from rerec.settings import (
    CATEGORIES,
    LightGCNSettings,
    PromptSettings,
    QuerySettings,
    Recipe,
    read_recipe,
)
from rerec.train.lessons import asked_in_lessons
from rerec.train.policy import SMOLLM2, smollm2_folder
from rerec.train.rft import rft

Progress = Callable[[str], None]
SPLIT = "test"
ADAPTER = "artifacts/smollm2-movies-sft"
RECIPE = "recipes/demo.yaml"
ADAPTER_RECIPE = "recipes/smollm2-movies.yaml"
"""What the shipped adapter learned from."""


def demo(
    out: Path, *, limit: int, requests_per_list: int, steps: int, progress: Progress
) -> dict[str, Any]:
    """Build, embed, evaluate, fine-tune, evaluate again, report.

    Args:
        out: the folder for all of it.
        limit: held-out queries that each model answers.
        requests_per_list: so many of them are about one list of candidates.
        steps: optimiser steps of the reinforcement fine-tuning.
        progress: told in words what is going on.

    Returns:
        `table`, `comparison` and `note` as text, `report` and `runs` as paths, `next_steps` as
        commands, `seconds` of each stage that ran.

    Raises:
        ReRecError: any stage's; run the same command again once it is mended.
    """
    adapter = shipped(ADAPTER)
    recipe = read_recipe(shipped(RECIPE), [f"train.max_steps={steps}"])
    stages = _Stages(out, progress)
    data = out / "ml-100k"
    stages.always("data", lambda: build(
        "ml-100k", data, _queries(recipe), seed=recipe.seed, from_files=None, progress=progress
    ))  # fmt: skip
    _embedded(stages, data, recipe.seed)
    stages.always("model", lambda: _model(recipe, progress))
    recipe = recipe.model_copy(update={"domain": str(data)})
    line = _Line(stages, data, recipe, limit, requests_per_list)
    tuned = out / f"rft-{steps}-steps"
    runs = {
        "untrained": line.answered("untrained", recipe.model.name, recipe.prompt),
        "warm-started": line.answered("warm-started", str(adapter)),
    }
    stages.always(
        "fine-tune", lambda: rft(recipe, model=str(adapter), out=tuned, progress=progress)
    )
    # Not the best by validation: after so few steps that may be the warm start itself.
    runs["fine-tuned"] = line.answered("fine-tuned", str(tuned / "last"))
    return _told(line, runs, tuned)


def _queries(recipe: Recipe) -> QuerySettings:
    """Only what the recipe uses is built."""
    return QuerySettings(categories=recipe.categories or CATEGORIES)


def shipped(name: str) -> Path:
    """A folder or file that comes with the project's checkout.

    Raises:
        DataError: it is neither in the checkout nor in the working folder.
    """
    for root in (Path(__file__).parents[3], Path.cwd()):
        if (root / name).exists():
            return root / name
    raise DataError(
        f"{name}: is neither in {Path(__file__).parents[3]} nor here; run the demo from a checkout"
    )


class _Stages:
    """Runs stages, times them, and remembers which are done and from what."""

    def __init__(self, out: Path, progress: Progress) -> None:
        self.out, self.progress = out, progress
        self.seconds: dict[str, float] = {}
        self._path = out / "stages.json"
        self._done: dict[str, str] = read_json(self._path) if self._path.exists() else {}
        if not isinstance(self._done, dict):
            raise DataError(f"{self._path}: does not list stages; remove it")

    def always(self, name: str, work: Callable[[], object]) -> None:
        """A stage that knows by itself what is left to do."""
        self.progress(f"[{name}]")
        started = monotonic()
        work()
        self.seconds[name] = round(monotonic() - started, 1)

    def once(self, name: str, made_from: object, result: Path, work: Callable[[], object]) -> None:
        """A stage that is skipped where its result lies there, made from the same."""
        mark = _mark(made_from)
        if self._done.get(name) == mark and result.exists():
            self.progress(f"[{name}] done already: {result}")
            return
        self.always(name, work)
        self._done[name] = mark
        write_json(self._path, self._done)


class _Line:
    """Evaluates models on the demo's domain."""

    def __init__(
        self, stages: _Stages, data: Path, recipe: Recipe, limit: int, requests_per_list: int
    ) -> None:
        self.stages, self.data, self.recipe = stages, data, recipe
        self.manifest = fingerprint(data)
        self.domain = read_domain(data)
        avoid: set[Asked] = set()
        if requests_per_list > 1:
            learned = read_recipe(shipped(ADAPTER_RECIPE))
            avoid = asked_in_lessons(learned, self.domain)
        self.choice = Choice(SPLIT, recipe.seed, limit, requests_per_list, avoid)

    def answered(self, name: str, model: str, prompt: PromptSettings | None = None) -> Path:
        """Where the run of a model lies; `prompt` is None for one that knows its own."""
        path, choice = self.stages.out / f"{name}.json", self.choice
        shown = prompt.model_dump() if prompt else None
        asked = [choice.limit, choice.requests_per_list, choice.seed]
        self.stages.once(
            f"evaluate {name}",
            [state_of(model) or model, *asked, self.manifest, shown],
            path,
            lambda: evaluate(
                model,
                self.data,
                split=SPLIT,
                categories=self.recipe.categories,
                out=path,
                limit=choice.limit,
                requests_per_list=choice.requests_per_list,
                avoid=choice.avoid,
                prompt=prompt,
                seed=choice.seed,
                progress=self.stages.progress,
            ),
        )
        return path

    def requests(self) -> dict[str, str]:
        """Query id -> request, of all that is answered."""
        graph = AttributeGraph.from_table(self.domain.catalogue, self.domain.attributes)
        queries = self.domain.queries(SPLIT, self.recipe.categories)
        asked = asked_queries(self.domain, graph, queries, self.recipe.prompt, self.choice)
        return {query.query_id: query.text for query in asked}


def _embedded(stages: _Stages, data: Path, seed: int) -> None:
    settings = LightGCNSettings()
    read = [sha256_of(data / name) for name in ("items.parquet", "interactions.parquet")]
    stages.once(
        "embed",
        [read, settings.model_dump(), seed],
        data / EMBEDDINGS_FILE,
        lambda: embed(data, settings, seed=seed, compare=False, progress=stages.progress),
    )


def _model(recipe: Recipe, progress: Progress) -> None:
    if recipe.model.name == SMOLLM2:
        progress(f"model: {smollm2_folder()}")


def _told(line: _Line, paths: Mapping[str, Path], tuned: Path) -> dict[str, Any]:
    runs = {name: _named(read_run(path), name) for name, path in paths.items()}
    warm, fine = runs["warm-started"], runs["fine-tuned"]
    comparison = compare(warm, fine)
    report = line.stages.out / "report.html"
    metrics = [(f"fine-tuning ({tuned.name})", tuned / "metrics.jsonl")]
    write_report(
        report, list(runs.values()), metrics, requests=line.requests(), comparisons=[comparison]
    )
    summaries = {name: run["summary"] for name, run in runs.items()} | warm["baselines"]
    return {
        "table": format_side_by_side(summaries),
        "note": _note(runs),
        "comparison": format_comparison(comparison),
        "report": str(report),
        "runs": {name: str(path) for name, path in paths.items()},
        "next_steps": _next_steps(paths, tuned, line.data),
        "seconds": line.stages.seconds,
    }


def _named(run: Run, name: str) -> Run:
    return {**run, "model": name}


def _note(runs: Mapping[str, Run]) -> str:
    rows = runs["warm-started"]["rows"]
    n_lists = len(set(lists_of(rows)))
    about = "" if n_lists == len(rows) else f" about {n_lists} lists of candidates"
    return (
        f"{len(rows)} held-out queries of {SPLIT}{about}, 20-way, greedy, 95 % bootstrap intervals."
    )


def _next_steps(paths: Mapping[str, Path], tuned: Path, data: Path) -> list[str]:
    return [
        f"rerec compare {paths['warm-started']} {paths['fine-tuned']}",
        f"rerec evaluate --model {tuned / 'last'} --data {data} --split {SPLIT} --out all.json",
        f"rerec train --config recipes/smollm2-movies.yaml --model {ADAPTER} --out runs/mine",
    ]


def _mark(made_from: object) -> str:
    return sha256(repr(made_from).encode()).hexdigest()
