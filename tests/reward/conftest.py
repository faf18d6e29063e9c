"""Small random graphs with their plain Python twins."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from rerec.catalogue.items import Catalogue
from rerec.graph.attributes import AttributeGraph
from rerec.records import Condition, Item
from rerec.rng import stream

N_ITEMS = 12


@dataclass(frozen=True)
class Shop:
    """Items with attributes and embeddings."""

    graph: AttributeGraph
    pairs: list[set[Condition]]
    """Of each item; item 0 has none."""
    embeddings: NDArray[np.float64]
    """Item 1 has all zeros."""


@pytest.fixture(scope="session")
def shop() -> Shop:
    """Twelve items with up to eight of nine pairs each."""
    rng = stream(7, "small shop")
    catalogue = Catalogue(tuple(Item(str(row), f"T{row}", None, (), 0) for row in range(N_ITEMS)))
    has = rng.random((N_ITEMS, 9)) < rng.random((N_ITEMS, 1))
    has[0] = False
    pairs = [
        {Condition(f"r{column % 3}", f"v{column}") for column in np.flatnonzero(line)}
        for line in has
    ]
    rows = [(str(row), c.relation, c.value) for row in range(N_ITEMS) for c in sorted(pairs[row])]
    columns = [list(column) for column in zip(*rows, strict=True)]
    table = pa.table(columns, names=["item_id", "relation", "value"])
    embeddings = rng.normal(size=(N_ITEMS, 5))
    embeddings[1] = 0.0
    return Shop(AttributeGraph.from_table(catalogue, table), pairs, embeddings)
