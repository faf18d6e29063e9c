"""Ids and rows: one order, both ways, and nothing twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerec.catalogue.items import Catalogue
from rerec.errors import DataError
from rerec.records import Item


def item(item_id: str, title: str = "Heat", year: int | None = 1995) -> Item:
    return Item(item_id, title, year, (), 0)


@given(st.lists(st.text(min_size=1), min_size=1, unique=True))
def test_every_id_goes_to_its_row_and_back(item_ids):
    shop = Catalogue(tuple(item(item_id, f"Film {n}") for n, item_id in enumerate(item_ids)))
    rows = shop.rows_of(item_ids)
    assert rows.tolist() == list(range(shop.n_items))
    assert [shop.items[row].item_id for row in rows] == item_ids
    assert [shop.row_of(item_id) for item_id in item_ids] == rows.tolist()


def test_an_unknown_id_is_named():
    with pytest.raises(DataError, match="'x9' is not in the catalogue of 1 items"):
        Catalogue((item("1"),)).rows_of(["1", "x9"])


def test_no_rows_are_an_empty_array_of_rows():
    rows = Catalogue((item("1"),)).rows_of([])
    assert (rows.shape, rows.dtype.kind) == ((0,), "i")


def test_an_empty_catalogue_is_refused():
    with pytest.raises(DataError, match="no item"):
        Catalogue(())


def test_an_id_or_a_label_that_stands_twice_is_refused():
    with pytest.raises(DataError, match="item id '1'"):
        Catalogue((item("1"), item("1", "Ronin")))
    with pytest.raises(DataError, match=r"'Heat \(1995\)'"):
        Catalogue((item("1"), item("2")))


def test_one_title_of_two_years_is_two_items():
    assert Catalogue((item("1"), item("2", year=1986), item("3", year=None))).n_items == 3
