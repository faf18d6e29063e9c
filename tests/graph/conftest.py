"""Small graphs: random ones for the mathematics, and one with tastes that can be learned."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from rerec.catalogue.items import Catalogue
from rerec.catalogue.tables import INTERACTIONS
from rerec.graph.interactions import InteractionGraph
from rerec.records import Item


def a_catalogue(n_items: int) -> Catalogue:
    return Catalogue(tuple(Item(f"i{row}", f"Film {row}", None, (), 0) for row in range(n_items)))


def a_table(*rows: tuple[str, str, float, int]) -> pa.Table:
    return pa.table([list(column) for column in zip(*rows, strict=True)], schema=INTERACTIONS)


def two_tastes(n_users: int = 60, n_items: int = 40) -> InteractionGraph:
    """Users like twelve items of their own half of the catalogue and one of the other.

    The last item is liked by nobody.
    """
    rng = np.random.default_rng(5)
    half = n_items // 2
    rows = []
    for user in range(n_users):
        own = rng.choice(half - 1, size=12, replace=False) + (user % 2) * half
        other = rng.integers(half - 1) + (1 - user % 2) * half
        rows += [(f"u{user:02}", f"i{item}", 5.0, time) for time, item in enumerate([*own, other])]
    return InteractionGraph.from_table(a_catalogue(n_items), a_table(*rows))


@pytest.fixture(scope="session")
def tastes() -> InteractionGraph:
    return two_tastes()


@pytest.fixture(scope="session")
def make_catalogue() -> Callable[[int], Catalogue]:
    return a_catalogue


@pytest.fixture(scope="session")
def make_table() -> Callable[..., pa.Table]:
    return a_table
