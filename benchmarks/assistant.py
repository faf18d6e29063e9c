"""How well open requests are answered over a whole catalogue, how fast, and in what memory.

Held-out requests of every category, without their candidates: the words are read, the catalogue is
searched, and where a model is named it reasons over what was found. Beside the assistant stand the
most popular items, BM25 of the request alone, and the nearest to the history by LightGCN alone.
Personal requests come with the user's history; the truth of an open request is what its user liked
of all that fits, so that the first item may fit and still not be in it.

    python benchmarks/assistant.py [--data data/ml-100k] [--model none] [--limit 30]
        [--items 1000 100000] [--json]
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from assistant_size import answered, by_stage

from rerec.assistant.assistant import Assistant
from rerec.assistant.exchange import Reply, State
from rerec.assistant.fusion import best_rows
from rerec.assistant.local import Local
from rerec.catalogue.domain import read_domain
from rerec.catalogue.made import peak_memory_mb
from rerec.metrics import hit, ndcg, recall
from rerec.records import Query

Json = dict[str, Any]
Ranker = Callable[[Query], Sequence[int]]
"""A request to rows of the catalogue, best first."""
DEPTHS = (20, 100)
K = 5
SIZES = (1_000, 100_000)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("data/ml-100k"), help="the domain")
    parser.add_argument("--split", default="test", help="whose requests")
    parser.add_argument("--model", default="none", help="none, or what `rerec evaluate` takes")
    parser.add_argument("--limit", type=int, default=30, help="requests of each category")
    parser.add_argument("--items", type=int, nargs="*", default=SIZES, help="invented catalogues")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    figures = quality(given.data, given.split, given.model, given.limit)
    figures["sizes"] = [size(n_items) for n_items in given.items]
    print(json.dumps(figures) if given.json else report(figures))


def quality(folder: Path, split: str, model: str, limit: int) -> Json:
    """Figures by category and by who answers, and the times of the assistant's stages."""
    domain = read_domain(folder)
    started = time.perf_counter()
    assistant = Assistant.of(domain)
    built = time.perf_counter() - started
    if model != "none":
        assistant = assistant.with_model(Local.of(model))
    queries = some_of_each(domain.queries(split), limit)
    rankers = alone(assistant)
    replies: list[Reply] = []
    rows: dict[str, dict[str, list[Json]]] = {}
    for query in queries:
        reply = answered(assistant, asker(query), query.text)
        replies.append(reply)
        found = [domain.catalogue.row_of(one.item_id) for one in reply.recommendations]
        of_category = rows.setdefault(query.category, {})
        of_category.setdefault(f"assistant, {reply.model}", []).append(
            first_figures(assistant, query, found) | {"fits": float(reply.fits)}
        )
        for name, ranker in rankers.items():
            ranked = ranker(query)
            of_category.setdefault(name, []).append(
                first_figures(assistant, query, ranked) | depth_figures(assistant, query, ranked)
            )
    return {
        "data": str(folder),
        "split": split,
        "requests": len(queries),
        "seconds_building": round(built, 2),
        "by_category": {
            category: {name: means(figures) for name, figures in who.items()}
            for category, who in rows.items()
        },
        "milliseconds": by_stage(replies),
        "dropped_titles": sum(len(reply.dropped) for reply in replies),
        "peak_memory_mb": peak_memory_mb(),
    }


def some_of_each(queries: Sequence[Query], limit: int) -> list[Query]:
    """Up to so many queries of each category, spread over all of it."""
    chosen = []
    for category in sorted({query.category for query in queries}):
        own = [query for query in queries if query.category == category]
        chosen += own[:: max(1, len(own) // limit)][:limit]
    return chosen


def asker(query: Query) -> State:
    """A new conversation; who asks for themselves has a history."""
    return State(liked=query.history if query.user_id is not None else ())


def alone(assistant: Assistant) -> dict[str, Ranker]:
    """Retrieval of the assistant, and each thing that it is measured against."""
    retriever, catalogue = assistant.retriever, assistant.domain.catalogue
    taste = retriever.taste

    def retrieval(query: Query) -> Sequence[int]:
        state = assistant.reader.read(asker(query), query.text).state
        return [found.row for found in retriever.find(state, DEPTHS[-1])]

    def ranked(scores: np.ndarray, query: Query) -> Sequence[int]:
        scores = scores.astype(np.float64)
        scores[catalogue.rows_of(query.history)] = -np.inf
        return best_rows(scores, DEPTHS[-1]).tolist()

    def nearest(query: Query) -> Sequence[int]:
        scores = taste and taste.scores([(catalogue.rows_of(query.history), 1.0)])
        return ranked(scores, query) if isinstance(scores, np.ndarray) else []

    rankers: dict[str, Ranker] = {
        "retrieval": retrieval,
        "popularity": lambda query: ranked(retriever.popularity, query),
        "BM25": lambda query: ranked(retriever.text.scores([query.text]), query),
    }
    return rankers if taste is None else rankers | {"LightGCN": nearest}


def first_figures(assistant: Assistant, query: Query, ranked: Sequence[int]) -> Json:
    """Accuracy of the first item, NDCG@5, and the share of the conditions that the first meets."""
    truth = assistant.domain.catalogue.rows_of(query.ground_truth).tolist()
    figures = {"accuracy": hit(ranked, truth, k=1), "ndcg@5": ndcg(ranked[:K], truth, k=K)}
    if not query.conditions:
        return figures
    held = set(assistant.graph.facts_of(ranked[0])) if len(ranked) else set()
    met = [condition in held for condition in query.conditions]
    return figures | {"conditions_met": float(np.mean(met))}


def depth_figures(assistant: Assistant, query: Query, ranked: Sequence[int]) -> Json:
    """Share of the truth among the first 20 and 100."""
    truth = assistant.domain.catalogue.rows_of(query.ground_truth).tolist()
    return {f"recall@{depth}": recall(ranked, truth, k=depth) for depth in DEPTHS}


def means(figures: Sequence[Json]) -> Json:
    """Means over requests, and how many there were."""
    named = {name: float(np.mean([each[name] for each in figures])) for name in figures[0]}
    return {"n": len(figures)} | {name: round(mean, 3) for name, mean in named.items()}


def size(n_items: int) -> Json:
    """One invented catalogue; see `assistant_size.py`."""
    script = Path(__file__).with_name("assistant_size.py")
    command = [sys.executable, str(script), "--items", str(n_items), "--json"]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def report(figures: Json) -> str:
    """The figures for people."""
    lines = [f"{figures['requests']} requests of {figures['data']} ({figures['split']})"]
    for category, who in figures["by_category"].items():
        lines.append(category)
        for name, each in who.items():
            cells = "  ".join(f"{key} {value}" for key, value in each.items())
            lines.append(f"  {name:20} {cells}")
    for name in ("milliseconds", "seconds_building", "dropped_titles", "peak_memory_mb"):
        lines.append(f"{name}: {figures[name]}")
    for each in figures["sizes"]:
        lines.append(", ".join(f"{key} {value}" for key, value in each.items()))
    return "\n".join(lines)


if __name__ == "__main__":
    main()
