"""Small random domains, made in memory, for what must hold on every domain."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from rerec.catalogue.domain import Domain
from rerec.catalogue.items import Catalogue
from rerec.catalogue.tables import ATTRIBUTES, INTERACTIONS
from rerec.records import Item
from rerec.rng import stream
from rerec.settings import QuerySettings

PEOPLE = ("Ann Lee", "Bo Ruiz Jr.", "Cy Young", "Di Fox")
VALUES = {
    "genre": ("Drama", "Comedy", "War", "Sci-Fi", "Western"),
    "director": PEOPLE,
    "writer": PEOPLE,
    "starring": (*PEOPLE, "Ed Wu", "Flo Kim"),
    "country": ("France", "United States", "Italy"),
    "language": ("French", "English", "Italian"),
}
SMALL = QuerySettings(
    categories=("explicit",),
    n_train=16,
    n_valid=5,
    n_test=9,
    n_candidates=4,
    n_history=3,
    max_queries_per_user=6,
    shown_values=2,
    common_share=0.5,
)


def _small_domain(seed: int, *, n_items: int, n_users: int) -> Domain:
    """A domain whose people direct, write and play, and where some titles were filmed twice."""
    rng = stream(seed, "small domain")
    titles = [f"Film {row - row % 5 // 4}" for row in range(n_items)]
    items = tuple(
        Item(f"i{row}", title, 1950 + 7 * row, (), int(rng.integers(50)))
        for row, title in enumerate(titles)
    )
    facts = [
        (item.item_id, relation, value)
        for item in items
        for relation, values in VALUES.items()
        for value in rng.permutation(values)[: rng.integers(4)].tolist()
    ]
    facts += [(item.item_id, "decade", f"{item.year // 10 * 10}s") for item in items if item.year]
    seen = [
        (f"u{user}", items[row].item_id, float(rng.integers(2, 6)), int(rng.integers(5)))
        for user in range(n_users)
        for row in rng.permutation(n_items)[: int(rng.integers(1, n_items))]
    ]
    return Domain(
        Path("small"),
        Catalogue(items),
        _table(facts, ATTRIBUTES),
        _table(seen, INTERACTIONS),
        pa.table({"user_id": [f"u{user}" for user in range(n_users)]}),
    )


def _table(rows: list[tuple], schema: pa.Schema) -> pa.Table:
    """Rows as a table of that schema."""
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in schema]
    return pa.table(columns, schema=schema)


@pytest.fixture(scope="session")
def small_domain() -> Callable[..., Domain]:
    """Makes a random domain in memory from a seed, `n_items` and `n_users`."""
    return _small_domain


@pytest.fixture(scope="session")
def small_settings() -> QuerySettings:
    """Settings that fit a small domain."""
    return SMALL
