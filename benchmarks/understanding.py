"""How much of what requests ask for is understood, and how long it takes by size of catalogue.

The shares are of a domain's own requests: those whose wishes are the query's conditions and nothing
else, and those whose corrections are what is wrong in them and nothing else. The reader knows the
builder's wordings, so they say that none is missed, not how well people are understood. Other sizes
of catalogue are invented; 200 requests of some 30 words are read over each. Times are processor's.

    python benchmarks/understanding.py [--data data/ml-100k] [--items 100000 1000000] [--json]
"""

import argparse
import json
import resource
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from rerec.assistant.exchange import State, Years
from rerec.assistant.understanding import Reader
from rerec.catalogue.domain import Domain, read_domain
from rerec.catalogue.items import Catalogue
from rerec.catalogue.tables import ATTRIBUTES, USERS
from rerec.records import Item, Query
from rerec.rng import stream

N_READ = 200
NAMES, WORDS = 3_000, 6_000
"""Surnames and other words of an invented catalogue, at most."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("data/ml-100k"), help="a domain")
    parser.add_argument("--split", default="test", help="whose requests are read")
    parser.add_argument("--items", type=int, nargs="*", default=(), help="invented sizes")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    domain = read_domain(given.data)
    reader = Reader.of(domain)
    figures: dict[str, Any] = {"shares": shares(reader, domain.queries(given.split)), "sizes": []}
    for n_items in given.items:
        figures["sizes"].append(measured(n_items))
    if given.json:
        print(json.dumps(figures))
        return
    for category, found in figures["shares"].items():
        print(f"{category}: " + ", ".join(f"{name} {value:.4g}" for name, value in found.items()))
    for size in figures["sizes"]:
        print(", ".join(f"{name} {value:,.4g}" for name, value in size.items()))


def shares(reader: Reader, queries: Sequence[Query]) -> dict[str, dict[str, float]]:
    """What is understood of requests, by category.

    Returns:
        For each category `n`, `wishes` (share whose wishes are the query's conditions and nothing
        else), `corrections` (share whose corrections are the query's wrong hops and no others),
        `items` (share in which no item was found that the query does not name; of an interest, in
        which its items were found) and `p50_ms`, `p95_ms` of processor time.
    """
    by_category: dict[str, list[tuple[bool, bool, bool, float]]] = {}
    for query in queries:
        by_category.setdefault(query.category, []).append(_judged(reader, query))
    found = {}
    for category, rows in by_category.items():
        wishes, corrections, items, seconds = (
            np.array(column) for column in zip(*rows, strict=True)
        )
        p50, p95 = np.percentile(seconds * 1000, [50, 95])
        found[category] = {
            "n": len(rows),
            "wishes": float(wishes.mean()),
            "corrections": float(corrections.mean()),
            "items": float(items.mean()),
            "p50_ms": float(p50),
            "p95_ms": float(p95),
        }
    return found


def _judged(reader: Reader, query: Query) -> tuple[bool, bool, bool, float]:
    started = time.process_time()
    understood = reader.read(State(), query.text)
    seconds = time.process_time() - started
    state = understood.state
    is_interest = query.category.startswith("interest")
    wanted = {wish.condition for wish in state.wishes if wish.wanted}
    is_all = len(wanted) == len(state.wishes) and state.years == Years()
    wishes = is_interest or (is_all and wanted == set(query.conditions))
    said = {(one.item_id, one.relation, one.said) for one in understood.corrections}
    wrong = {(hop.item_id, hop.relation, hop.value) for hop in query.hops}
    corrections = said == (wrong if query.category.startswith("misinformed") else set())
    items = {*state.liked, *state.disliked, *state.seen, *state.like_items}
    named = len(items) == 2 and items <= set(query.history) if is_interest else not items
    return wishes, corrections, named, seconds


def measured(n_items: int) -> dict[str, float]:
    """Processor seconds and memory to set up over an invented catalogue, and to read a request."""
    domain = invented(n_items)
    before, started = _memory_mb(), time.process_time()
    reader = Reader.of(domain)
    build_s = time.process_time() - started
    memory_mb = _memory_mb() - before
    seconds = []
    for text in requests_for(domain):
        started = time.process_time()
        reader.read(State(), text)
        seconds.append(time.process_time() - started)
    p50, p95 = np.percentile(np.array(seconds) * 1000, [50, 95])
    return {
        "items": n_items,
        "names": reader.lexicon.n_names,
        "build_s": build_s,
        "memory_mb": memory_mb,
        "p50_ms": float(p50),
        "p95_ms": float(p95),
    }


def invented(n_items: int) -> Domain:
    """A catalogue of titles of two to four words, with five people and five other values each."""
    rng = stream(n_items, "invented catalogue")
    word = [_spelled(int(n)) for n in range(WORDS)]
    title_words = rng.integers(WORDS, size=(n_items, 4))
    lengths = rng.integers(2, 5, size=n_items)
    titles = [
        " ".join(word[w].capitalize() for w in title_words[row, : lengths[row]])
        for row in range(n_items)
    ]
    years = 1930 + rng.integers(95, size=n_items)
    items = tuple(
        Item(f"i{row}", f"{title} {row}", int(years[row]), (), 1)
        for row, title in enumerate(titles)
    )
    n_people = max(100, n_items // 2)
    first = [one.capitalize() for one in word]
    people = [
        f"{first[n % WORDS]} {_spelled(n // WORDS)[0].upper()}. {first[n * 7 % NAMES]}son"
        for n in range(n_people)
    ]
    columns: list[tuple[str, list[str]]] = [
        (relation, [people[n] for n in rng.integers(n_people, size=n_items)])
        for relation in ("director", "writer", "starring", "starring", "starring")
    ]
    kinds = {
        "genre": ["Drama", "Comedy", "Horror", "Sci-Fi", "Western", "Romance"],
        "country": ["France", "United States", "Italy", "Japan"],
        "language": ["French", "English", "Italian", "Japanese"],
    }
    columns += [
        (name, [values[n] for n in rng.integers(len(values), size=n_items)])
        for name, values in kinds.items()
    ]
    columns.append(("decade", [f"{year // 10 * 10}s" for year in years.tolist()]))
    ids = [item.item_id for item in items]
    table = pa.table(
        [
            ids * len(columns),
            [name for name, _ in columns for _ in ids],
            [value for _, values in columns for value in values],
        ],
        schema=ATTRIBUTES,
    )
    return Domain(Path("invented"), Catalogue(items), table, USERS.empty_table())


def requests_for(domain: Domain) -> list[str]:
    """Requests with values and titles of a domain."""
    rng = stream(7, "requests")
    rows = rng.integers(domain.catalogue.n_items, size=N_READ)
    values = domain.attributes["value"]
    n_items = domain.catalogue.n_items
    texts = []
    for row in rows.tolist():
        title = domain.catalogue.items[row].title
        director, star = values[row].as_py(), values[2 * n_items + row].as_py()
        texts.append(
            f"My sister is coming over tonight. I'm looking for a scary film directed by {director}"
            f" or whoever directed {title}, with {star} in it, not from the 90s, like {title}."
        )
    return texts


def _spelled(number: int) -> str:
    """A word for a number, different for each."""
    syllables = ("ba", "de", "fi", "go", "hu", "ka", "le", "mi", "no", "pu", "ra", "se", "ti")
    word = ""
    while True:
        number, rest = divmod(number, len(syllables))
        word += syllables[rest]
        if not number:
            return word + "n"


def _memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
