"""What the assistant takes on an invented catalogue of some size: to start, to hold, to answer.

Every item has 21 attributes, from common (20 genres) to rare (people in a few items), and ten
interactions; embeddings are random. The catalogue is written by a process of its own, so that the
peak memory is the assistant's. Conversations of four turns are answered from retrieval alone:
conditions, what is not wanted, another one, and something like an item.

    python benchmarks/assistant_size.py [--items 100000] [--folder DIR] [--json]
"""

import argparse
import json
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa

from rerec.assistant.assistant import Assistant
from rerec.assistant.exchange import Reply, State
from rerec.catalogue.domain import read_domain, write_embeddings, write_manifest, write_tables
from rerec.catalogue.made import peak_memory_mb
from rerec.catalogue.tables import ATTRIBUTES, INTERACTIONS
from rerec.records import Item
from rerec.rng import stream

SYLLABLES = ("ka", "ro", "mi", "len", "tos", "ver", "dan", "iu", "sol", "pra", "ne", "gar")
RELATIONS = {
    "genre": (3, 20), "country": (1, 60), "language": (1, 40), "keyword": (2, 2_000),
    "director": (1, 0.1), "writer": (2, 0.2), "starring": (11, 0.4),
}  # fmt: skip
"""Values of an item, and how many there are: below 1, so many for each item of the catalogue."""
DIM, N_INTERACTIONS, N_CONVERSATIONS = 64, 10, 150
Json = dict[str, Any]


def main() -> None:
    """Measure one size and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100_000, help="size of the catalogue")
    parser.add_argument("--folder", type=Path, help="where there is room; a temporary one if left")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    with TemporaryDirectory(prefix="rerec-assistant-", dir=given.folder) as folder:
        alone(write, Path(folder) / "domain", given.items)
        figures = alone(measured, Path(folder) / "domain", given.items)
    if given.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:24} {value}")


def alone(work: Callable[[Path, int], Json], folder: Path, n_items: int) -> Json:
    """What a function returns in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, folder, n_items).result()


def measured(folder: Path, n_items: int) -> Json:
    """Seconds to start, milliseconds of each stage and of the processor for a turn, memory."""
    started = time.perf_counter()
    domain = read_domain(folder)
    read = time.perf_counter()
    assistant = Assistant.of(domain)
    built = time.perf_counter()
    held = peak_memory_mb()
    replies, processor_s = [], []
    for texts in conversations(assistant, n_items):
        state = State()
        for text in texts:
            begun = time.process_time()
            reply = answered(assistant, state, text)
            processor_s.append(time.process_time() - begun)
            replies.append(reply)
            state = reply.state
    return {
        "items": n_items,
        "attributes": domain.attributes.num_rows,
        "seconds_reading": round(read - started, 1),
        "seconds_building": round(built - read, 1),
        "turns": len(replies),
        "share_with_an_answer": round(
            float(np.mean([bool(r.recommendations) for r in replies])), 3
        ),
        "milliseconds": by_stage(replies),
        "processor_ms": spread(processor_s),
        "peak_memory_mb_started": held,
        "peak_memory_mb": peak_memory_mb(),
    }


def answered(assistant: Assistant, state: State, text: str) -> Reply:
    """The reply to one request; what the model writes before it is passed over."""
    *_, reply = assistant.answer(state, text)
    if not isinstance(reply, Reply):
        raise TypeError(f"an answer ended with {reply!r}, not with a reply")
    return reply


def by_stage(replies: Iterable[Reply]) -> dict[str, Json]:
    """p50 and p95 of every stage, in milliseconds."""
    times: dict[str, list[float]] = {}
    for reply in replies:
        for stage, seconds in reply.seconds.items():
            times.setdefault(stage, []).append(seconds)
    return {stage: spread(seconds) for stage, seconds in times.items()}


def spread(seconds: list[float]) -> Json:
    """p50 and p95 of some times, in milliseconds."""
    p50, p95 = np.quantile(seconds, [0.5, 0.95]) * 1000
    return {"p50": round(float(p50), 2), "p95": round(float(p95), 2)}


def conversations(assistant: Assistant, n_items: int) -> Iterable[list[str]]:
    """Requests about the values of random items, in everyday sentences."""
    rng = stream(7, "benchmark", "conversations", n_items)
    for row in rng.choice(n_items, min(N_CONVERSATIONS, n_items), replace=False).tolist():
        said = {fact.relation: fact.value for fact in assistant.graph.facts_of(row)}
        genres = [f.value for f in assistant.graph.facts_of(row) if f.relation == "genre"]
        title = assistant.domain.catalogue.items[int(rng.integers(n_items))].title
        yield [
            f"We have a long evening ahead. A {genres[0]} film with {said['starring']}, please.",
            f"Nothing with {said['writer']}, and it may be about {said['keyword']}.",
            "Another one.",
            f"Then something like {title}, but from {said['country']}.",
        ]


def write(folder: Path, n_items: int) -> Json:
    """Write a domain; the same size gives the same files."""
    rng = stream(7, "benchmark", "domain", n_items)
    n_users = max(2, n_items // 5)
    n_log = n_items * N_INTERACTIONS
    seen = np.minimum((n_items * rng.random(n_log) ** 3).astype(np.int64), n_items - 1)
    popularity = np.bincount(seen, minlength=n_items).tolist()
    years = rng.integers(1930, 2025, n_items).tolist()
    common = rng.integers(0, 3_000, n_items).tolist()
    items = [
        Item(str(row), f"The {word(common[row])} {word(row)} {word(row % 7)}", years[row], (), n)
        for row, n in enumerate(popularity)
    ]
    users = pa.array([f"u{number}" for number in range(n_users)])
    ids = pa.array([item.item_id for item in items])
    log = [
        users.take(pa.array(rng.integers(0, n_users, n_log))),
        ids.take(pa.array(seen)),
        pa.array(rng.integers(1, 6, n_log).astype(np.float32)),
        pa.array(np.arange(n_log)),
    ]
    write_tables(
        folder,
        items=items,
        attributes=attributes(rng, ids),
        interactions=pa.table(log, schema=INTERACTIONS),
        users=pa.table({"user_id": users}),
    )
    write_embeddings(folder, rng.standard_normal((n_items, DIM), dtype=np.float32))
    write_manifest(folder)
    return {}


def attributes(rng: np.random.Generator, ids: pa.Array) -> pa.Table:
    """(item_id, relation, value) rows; the smaller a value's number, the more items have it."""
    tables = []
    for relation, (n_each, size) in RELATIONS.items():
        n_values = max(2, int(size if size >= 1 else size * len(ids)))
        drawn = (n_values * rng.random(n_each * len(ids)) ** 2).astype(np.int64)
        names = pa.array([f"{word(n)} {word(n % 997)}{relation[:2]}" for n in range(n_values)])
        owners = pa.array(np.repeat(np.arange(len(ids)), n_each))
        kinds = pa.repeat(relation, len(owners))
        columns = [ids.take(owners), kinds, names.take(pa.array(drawn))]
        tables.append(pa.table(columns, schema=ATTRIBUTES))
    return pa.concat_tables(tables)


def word(number: int) -> str:
    """A word of its own for each number.

    >>> word(0), word(13)
    ('Ka', 'Roro')
    """
    syllables = [SYLLABLES[number % len(SYLLABLES)]]
    while number >= len(SYLLABLES):
        number //= len(SYLLABLES)
        syllables.append(SYLLABLES[number % len(SYLLABLES)])
    return "".join(syllables).capitalize()


if __name__ == "__main__":
    main()
