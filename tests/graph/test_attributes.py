"""Every question to the item-attribute graph is answered as plain sets would answer it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerec.catalogue.domain import read_domain
from rerec.catalogue.items import Catalogue
from rerec.catalogue.tables import ATTRIBUTES
from rerec.errors import DataError
from rerec.graph.attributes import AttributeGraph
from rerec.records import Condition, Item

N_ITEMS = 6
SHELF = Catalogue(tuple(Item(str(row), f"Film {row}", None, (), 0) for row in range(N_ITEMS)))
FACTS = st.lists(
    st.tuples(
        st.sampled_from(SHELF.item_ids), st.sampled_from(["genre", "star"]), st.sampled_from("abc")
    ),
    max_size=25,
)


def graph_of(facts: list[tuple[str, str, str]]) -> AttributeGraph:
    return AttributeGraph.from_table(
        SHELF, ATTRIBUTES.empty_table() if not facts else table_of(facts)
    )


def table_of(facts):
    records = [dict(zip(ATTRIBUTES.names, fact, strict=True)) for fact in facts]
    return ATTRIBUTES.empty_table().from_pylist(records, schema=ATTRIBUTES)


def held_by(facts, row: int) -> list[Condition]:
    held = [Condition(relation, value) for item_id, relation, value in facts if item_id == str(row)]
    return list(dict.fromkeys(held))


@given(FACTS)
def test_an_items_facts_stand_in_the_order_of_the_table_each_once(facts):
    graph = graph_of(facts)
    for row in range(N_ITEMS):
        assert graph.facts_of(row) == held_by(facts, row)
        assert [graph.pairs[column] for column in graph.columns_of(row)] == held_by(facts, row)


@given(FACTS)
def test_the_matrix_holds_one_where_an_item_has_a_pair(facts):
    graph = graph_of(facts)
    dense = graph.matrix.toarray()
    expected = [[float(pair in held_by(facts, row)) for pair in graph.pairs] for row in range(6)]
    assert dense.shape == (N_ITEMS, len(graph.pairs))
    assert dense.tolist() == expected
    assert graph.matrix.has_sorted_indices


@given(FACTS, st.lists(st.sampled_from("abcz"), max_size=3))
def test_those_who_meet_all_are_those_who_meet_each(facts, values):
    graph = graph_of(facts)
    asked = [Condition("genre", value) for value in values]
    expected = [row for row in range(N_ITEMS) if set(asked) <= set(held_by(facts, row))]
    assert graph.meets_all([graph.column_of(pair) for pair in asked]).tolist() == expected
    for pair in asked:
        holders = [row for row in range(N_ITEMS) if pair in held_by(facts, row)]
        assert graph.holders(graph.column_of(pair)).tolist() == holders


@given(FACTS, st.lists(st.sampled_from("abcz"), max_size=3), st.lists(st.integers(0, N_ITEMS - 1)))
def test_the_fewest_holders_are_counted_among_the_given_rows_alone(facts, values, rows):
    graph = graph_of(facts)
    asked = [Condition("genre", value) for value in values]
    counts = [sum(pair in held_by(facts, row) for row in rows) for pair in asked]
    columns = [graph.column_of(pair) for pair in asked]
    assert graph.fewest_holders(columns, rows) == min(counts, default=0)


@given(
    FACTS,
    st.lists(
        st.tuples(
            st.integers(-1, N_ITEMS - 1), st.lists(st.sampled_from("abcz"), max_size=4, unique=True)
        ),
        max_size=8,
    ),
)
def test_the_share_met_is_counted_pair_by_pair(facts, questions):
    graph = graph_of(facts)
    asked = [[Condition("star", value) for value in values] for _, values in questions]
    rows = np.array([row for row, _ in questions], dtype=np.intp)
    shares = graph.share_met(rows, [[graph.column_of(pair) for pair in pairs] for pairs in asked])
    expected = [
        sum(pair in held_by(facts, row) for pair in pairs) / len(pairs) if pairs else 0.0
        for row, pairs in zip(rows, asked, strict=True)
    ]
    assert shares.tolist() == pytest.approx(expected)


def test_pairs_are_sorted_and_an_unknown_pair_has_no_column():
    graph = graph_of([("3", "star", "b"), ("0", "genre", "c"), ("1", "genre", "a")])
    assert graph.pairs == (Condition("genre", "a"), Condition("genre", "c"), Condition("star", "b"))
    assert graph.column_of(Condition("genre", "b")) == -1
    assert graph.holders(-1).tolist() == []


def test_an_item_that_is_not_in_the_catalogue_is_named():
    with pytest.raises(DataError, match="'99' is not in the catalogue"):
        graph_of([("99", "genre", "a")])


def test_the_corner_shop_is_read_as_it_was_written(corner_shop):
    domain = read_domain(corner_shop)
    graph = AttributeGraph.from_table(domain.catalogue, domain.attributes)
    crime, de_niro = Condition("genre", "Crime"), Condition("starring", "Robert De Niro")
    both = graph.meets_all([graph.column_of(crime), graph.column_of(de_niro)])
    assert [domain.catalogue.items[row].title for row in both] == [
        "Heat",
        "Cape Fear",
        "Goodfellas",
    ]
    stars = [
        f.value for f in graph.facts_of(domain.catalogue.row_of("1")) if f.relation == "starring"
    ]
    assert stars == ["Al Pacino", "Robert De Niro", "Val Kilmer"]
