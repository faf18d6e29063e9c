"""Small random domains for what must hold on every domain."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from rerec.catalogue.domain import Domain, read_domain, write_tables
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


def _small_domain(folder: Path, seed: int, *, n_items: int, n_users: int) -> Domain:
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
    write_tables(
        folder,
        items=items,
        attributes=_table(facts, ATTRIBUTES),
        interactions=_table(seen, INTERACTIONS),
        users=pa.table({"user_id": [f"u{user}" for user in range(n_users)]}),
    )
    return read_domain(folder)


def _table(rows: list[tuple], schema: pa.Schema) -> pa.Table:
    """Rows as a table of that schema."""
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in schema]
    return pa.table(columns, schema=schema)


@pytest.fixture(scope="session")
def small_domain(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Domain]:
    """Makes a random domain from a seed, `n_items` and `n_users`."""

    def made(seed: int, *, n_items: int, n_users: int) -> Domain:
        folder = tmp_path_factory.mktemp("small")
        return _small_domain(folder, seed, n_items=n_items, n_users=n_users)

    return made


@pytest.fixture(scope="session")
def small_settings() -> QuerySettings:
    """Settings that fit a small domain."""
    return SMALL
