"""Names that could mean two items: titles told apart, aliases dropped from both."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerec.catalogue.grounding import TitleIndex
from rerec.catalogue.items import Catalogue
from rerec.errors import DataError
from rerec.records import Item
from rerec.sources.assembly import give_items
from rerec.sources.names import tell_apart
from rerec.sources.workbench import Workbench

NAMES = st.sampled_from(["Heat", "heat!", "Heat, The", "The Heat", "Ronin", "Tea", "東京", "?"])
YEARS = st.sampled_from([None, 1995, 1996])
ITEMS = st.lists(st.tuples(NAMES, YEARS, st.lists(NAMES, max_size=3)), min_size=1, max_size=6)


def named(folder, items: list[Item]) -> tuple[list[Item], dict]:
    """The items with the names they have in the end, and the report."""
    bench = Workbench(folder)
    give_items(bench, items)
    report = tell_apart(bench)
    rows = bench.run(
        "SELECT item_id, title, year, coalesce(k.aliases, []) FROM titled "
        'LEFT JOIN kept_names AS k USING (item_id) ORDER BY "#row"'
    )
    bench.database.close()
    return [Item(i, title, year, tuple(aliases), 0) for i, title, year, aliases in rows], report


def item(item_id: str, title: str, year: int | None, *aliases: str) -> Item:
    return Item(item_id, title, year, aliases, 0)


def test_the_second_item_of_a_title_gets_its_id(tmp_path):
    items = [item("7", "Heat", 1995), item("9", "heat!", 1995), item("8", "Heat", 1986)]
    found, report = named(tmp_path, items)
    assert [i.label for i in found] == ["Heat (1995)", "heat! [9] (1995)", "Heat (1986)"]
    assert report["titles_told_apart"] == 1
    assert report["titles_told_apart_first"] == ["heat! [9]"]


def test_an_alias_of_two_items_of_one_year_is_dropped_from_both(tmp_path):
    items = [
        item("1", "A", 1995, "Both", "Own"),
        item("2", "B", 1995, "both!"),
        item("3", "C", 1990, "Both"),
    ]
    found, report = named(tmp_path, items)
    assert [i.aliases for i in found] == [("Own",), (), ("Both",)]
    assert report["aliases_dropped_first"] == [["1", "Both"], ["2", "both!"]]


def test_an_alias_that_is_another_items_title_is_dropped(tmp_path):
    found, _ = named(tmp_path, [item("1", "A", None, "B"), item("2", "B", None)])
    assert [i.aliases for i in found] == [(), ()]


def test_aliases_that_go_round_in_a_circle_are_dropped_whatever_the_years(tmp_path):
    items = [
        item("1", "A", 1, "B", "Z"),
        item("2", "B", 2, "C"),
        item("3", "C", 3, "A"),
        item("4", "D", 4, "A"),
    ]
    found, report = named(tmp_path, items)
    assert [i.aliases for i in found] == [("Z",), (), (), ("A",)]
    assert report["aliases_dropped"] == 3


def test_an_alias_of_its_own_is_kept_once_and_in_its_place(tmp_path):
    found, _ = named(tmp_path, [item("1", "A", None, "C", "A", "", "B", "C")])
    assert found[0].aliases == ("C", "B")


def test_a_label_that_stays_shared_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"the items '2' and '3' are both 'A \[2\]'"):
        named(tmp_path, [item("1", "A", None), item("2", "A", None), item("3", "A [2]", None)])


@settings(max_examples=40)
@given(items=ITEMS)
def test_every_label_and_every_kept_alias_with_its_year_leads_to_its_item(items, tmp_path_factory):
    given_ = [Item(f"i{n}", *one[:2], tuple(one[2]), 0) for n, one in enumerate(items)]
    found, _ = named(tmp_path_factory.mktemp("names"), given_)
    index = TitleIndex(Catalogue(tuple(found)))
    for row, one in enumerate(found):
        assert index.resolve(one.label) in (row, None if one.year is None else row)
        assert set(one.aliases) <= set(given_[row].aliases)
