"""Likeness of items by their values, against plain vectors."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerec.assistant.likeness import Likeness
from rerec.catalogue.items import Catalogue
from rerec.catalogue.tables import ATTRIBUTES
from rerec.graph.attributes import AttributeGraph
from rerec.records import Condition, Item

FACTS = st.lists(st.sets(st.sampled_from("abcdef"), max_size=4), min_size=1, max_size=6)


def likeness(items: list[set[str]]) -> Likeness:
    """Of items with these values in one relation."""
    catalogue = Catalogue(tuple(Item(str(n), str(n), None, (), 0) for n in range(len(items))))
    facts = [(str(n), "of", value) for n, values in enumerate(items) for value in sorted(values)]
    columns = [list(column) for column in zip(*facts, strict=True)] or [[], [], []]
    table = pa.table(columns, schema=ATTRIBUTES)
    return Likeness.of(AttributeGraph.from_table(catalogue, table))


def cosines(items: list[set[str]], without: str = "") -> np.ndarray:
    """(n, n) the same by vectors of all letters."""
    weights = {v: np.log((1 + len(items)) / sum(v in i for i in items)) for i in items for v in i}
    vectors = np.array([[weights[v] * (v in i) for v in sorted(weights)] for i in items])
    vectors[:, [n for n, v in enumerate(sorted(weights)) if v in without]] = 0
    lengths = np.linalg.norm(vectors, axis=1)
    return vectors @ vectors.T / np.maximum(np.outer(lengths, lengths), 1e-12)


@settings(max_examples=40)
@given(items=FACTS, data=st.data())
def test_likeness_is_the_cosine_of_weighted_values(items, data):
    ours, rows = likeness(items), np.arange(len(items))
    some = np.array(data.draw(st.lists(st.sampled_from(rows.tolist()), unique=True)), np.intp)
    expected = cosines(items)[some].mean(axis=0) if len(some) else np.zeros(len(items))
    assert ours.to(some) == pytest.approx(expected, abs=1e-5)
    none = np.empty(0, np.intp)
    assert ours.among(rows, none) == pytest.approx(cosines(items), abs=1e-5)


def test_what_was_asked_for_makes_no_two_items_alike():
    items = [{"a", "b"}, {"a", "c"}, {"a", "b"}]
    ours = likeness(items)
    column = np.array([ours.graph.column_of(Condition("of", "a"))])
    found = ours.among(np.arange(3), column)
    assert found == pytest.approx(cosines(items, without="a"), abs=1e-6)
    assert found[0, 1] == 0
