"""Table rows and records: each is got back from the other."""

from hypothesis import given, settings
from hypothesis import strategies as st

from rerec.catalogue.tables import item_of, items_table, queries_table, query_of
from rerec.records import Condition, Hop, Item, Query

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
IDS = st.lists(TEXT, max_size=4).map(tuple)
YEAR = st.none() | st.integers(1880, 2030)
ITEM = st.builds(Item, TEXT, TEXT, YEAR, IDS, st.integers(0, 2**40))


@st.composite
def queries(draw: st.DrawFn) -> Query:
    truth = draw(st.lists(TEXT, min_size=1, max_size=3).map(tuple))
    others = draw(IDS)
    return Query(
        query_id=draw(TEXT),
        category=draw(TEXT),
        text=draw(TEXT),
        conditions=draw(st.lists(st.builds(Condition, TEXT, TEXT), max_size=3).map(tuple)),
        hops=draw(st.lists(st.builds(Hop, TEXT, TEXT, TEXT), max_size=3).map(tuple)),
        ground_truth=truth,
        candidates=draw(st.sampled_from([(), truth + others])),
        user_id=draw(st.none() | TEXT),
        history=draw(IDS),
        seed=draw(st.integers(0, 2**63 - 1)),
    )


@settings(max_examples=30)
@given(st.lists(ITEM, max_size=4))
def test_items_survive_their_table(items):
    assert [item_of(record) for record in items_table(items).to_pylist()] == items


@settings(max_examples=30)
@given(st.lists(queries(), max_size=3))
def test_queries_survive_their_table(asked):
    assert [query_of(record) for record in queries_table(asked).to_pylist()] == asked
