"""Fifty-six films with their facts, and readers of requests for them."""

from pathlib import Path

import pyarrow as pa
import pytest

from rerec.assistant.understanding import Reader
from rerec.catalogue.domain import Domain, read_domain
from rerec.catalogue.items import Catalogue
from rerec.catalogue.tables import ATTRIBUTES, USERS
from rerec.records import Item

HERE = Path(__file__).parent
REAL = HERE.parents[1] / "data" / "ml-100k"
RELATIONS = ("genre", "director", "writer", "starring", "country", "language")


@pytest.fixture(scope="session")
def films() -> Domain:
    """The films of films.txt as a domain in memory; the earlier ones are the more popular."""
    lines = (HERE / "films.txt").read_text("utf-8").splitlines()[1:]
    items, facts = [], []
    for place, line in enumerate(lines):
        item_id, title, year, others, *lists = line.split("|")
        names = tuple(filter(None, others.split(";")))
        items.append(Item(item_id, title, int(year), names, len(lines) - place))
        decade = f"{int(year) // 10 * 10}s"
        for relation, values in zip((*RELATIONS, "decade"), (*lists, decade), strict=True):
            facts += [(item_id, relation, value) for value in values.split(",")]
    attributes = pa.table([list(column) for column in zip(*facts, strict=True)], schema=ATTRIBUTES)
    return Domain(HERE, Catalogue(tuple(items)), attributes, USERS.empty_table())


@pytest.fixture(scope="session")
def reader(films: Domain) -> Reader:
    """Understands requests for the films of films.txt."""
    return Reader.of(films)


@pytest.fixture(scope="session")
def real() -> Domain:
    """MovieLens-100K, where it was built."""
    if not (REAL / "manifest.json").is_file():
        pytest.skip(f"no domain at {REAL}; `rerec data build ml-100k --out data/ml-100k` makes it")
    return read_domain(REAL)


@pytest.fixture(scope="session")
def real_reader(real: Domain) -> Reader:
    """Understands requests for MovieLens-100K."""
    return Reader.of(real)
