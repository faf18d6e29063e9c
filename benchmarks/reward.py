"""Seconds of one core to score a paper-sized batch and to credit its tokens.

2,560 responses (512 queries, 5 each) of 512 tokens go through the judge and the `rerec` estimator.
The catalogue is invented, as large as MovieLens 100k, and every response names four of its titles.
Time of the processor is measured, not of the wall: other work on the machine does not count.

    python benchmarks/reward.py [--items 1682] [--candidates 20] [--json]
"""

import argparse
import json
import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy starts its threads

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rerec.catalogue.grounding import TitleIndex
from rerec.catalogue.items import Catalogue
from rerec.credit.judge import Judge
from rerec.credit.tokens import credit_tokens
from rerec.graph.attributes import AttributeGraph
from rerec.prompting import write_answer
from rerec.records import Condition, Item, Query
from rerec.rng import stream
from rerec.settings import CreditSettings, RewardSettings

N_ITEMS, N_ATTRIBUTES, DIM = 1682, 25, 64
N_QUERIES, GROUP, N_TOKENS, N_CANDIDATES = 512, 5, 512, 20
TARGET_S = 1.5
SYLLABLES = ("ka", "ro", "mi", "len", "tos", "ver", "dan", "iu", "sol", "pra", "ne", "gar")
WORDS = ("it", "fits", "the", "request", "a", "film", "of", "that", "year", "and", "lacks", "crime")


def main() -> None:
    """Measure once and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=N_ITEMS, help="items of the catalogue")
    parser.add_argument("--candidates", type=int, default=N_CANDIDATES, help="of each query")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    judge = shop(given.items)
    queries = asked(judge.catalogue, given.candidates)
    responses = [written(judge.catalogue, query, n) for query in queries for n in range(GROUP)]
    everyone = [query for query in queries for _ in range(GROUP)]
    offsets = np.stack([spans(text) for text in responses])
    mask = np.ones(offsets.shape[:2], bool)
    group = np.repeat(np.arange(N_QUERIES), GROUP)
    started = time.process_time()
    scored = judge.judge(everyone, responses)
    judged = time.process_time()
    credited = credit_tokens(scored, offsets, mask, group, judge.credit)
    ended = time.process_time()
    figures = {
        "seconds": round(ended - started, 3),
        "responses": len(responses),
        "tokens": int(mask.sum()),
        "seconds_judging": round(judged - started, 3),
        "seconds_crediting": round(ended - judged, 3),
        "blamed_tokens": int(credited.blamed.sum()),
        "target_seconds": TARGET_S,
    }
    print(json.dumps(figures) if given.json else report(figures))


def report(figures: dict[str, float]) -> str:
    """The figures for people."""
    return "\n".join(f"{name:18} {value:>12,}" for name, value in figures.items())


def shop(n_items: int) -> Judge:
    """A judge over an invented catalogue."""
    rng = stream(7, "benchmark", "shop")
    titles = dict.fromkeys(title(rng) for _ in range(3 * n_items))
    years = rng.integers(1930, 1999, n_items)
    items = [
        Item(str(row), name, int(year), (), 1)
        for row, (name, year) in enumerate(zip(list(titles)[:n_items], years, strict=True))
    ]
    catalogue = Catalogue(tuple(items))
    values = np.sort(rng.zipf(1.3, (n_items, N_ATTRIBUTES)) % 4000)
    rows = [(str(row), "starring", str(v)) for row in range(n_items) for v in set(values[row])]
    ids, relations, names = zip(*rows, strict=True)
    table = pa.table({"item_id": ids, "relation": relations, "value": names})
    graph = AttributeGraph.from_table(catalogue, table)
    embeddings = rng.normal(size=(n_items, DIM)).astype(np.float32)
    index = TitleIndex(catalogue)
    return Judge(catalogue, index, graph, embeddings, RewardSettings(), CreditSettings())


def title(rng: np.random.Generator) -> str:
    """One to four invented words."""
    words = ["".join(rng.choice(SYLLABLES, 2)) for _ in range(rng.integers(1, 5))]
    return " ".join(words).title()


def asked(catalogue: Catalogue, n_candidates: int) -> list[Query]:
    """Queries with random candidates; the first of them is right."""
    queries = []
    for number in range(N_QUERIES):
        rng = stream(7, "benchmark", "query", number)
        drawn = rng.choice(catalogue.n_items, n_candidates, replace=False)
        ids = tuple(catalogue.item_ids[row] for row in drawn)
        conditions = (Condition("starring", "1"),)
        queries.append(
            Query(f"q{number}", "explicit", "?", conditions, (), ids[:1], ids, None, (), number)
        )
    return queries


def written(catalogue: Catalogue, query: Query, number: int) -> str:
    """A response of `N_TOKENS` words: four paragraphs on candidates, and one of them in the box."""
    rng = stream(7, "benchmark", "response", query.query_id, number)
    labels = [catalogue.items[catalogue.row_of(i)].label for i in query.candidates[:4]]
    answer = write_answer([labels[int(rng.integers(4))]])
    left = N_TOKENS - len(answer.split()) - sum(len(label.split()) for label in labels)
    fill = rng.choice(WORDS, left).tolist()
    size = len(fill) // 4 + 1
    fills = [fill[start : start + size] for start in range(0, len(fill), size)]
    paragraphs = [f"{label} {' '.join(f)}" for label, f in zip(labels, fills, strict=True)]
    return "\n\n".join([*paragraphs, answer])


def spans(text: str) -> NDArray[np.intp]:
    """(T, 2) offsets of the words of a text, as a tokenizer would give them."""
    ends = np.cumsum([len(word) + 1 for word in text.replace("\n\n", " \n").split(" ")])
    return np.stack([np.concatenate([[0], ends[:-1]]), ends - 1], axis=1)


if __name__ == "__main__":
    main()
