"""Plain tables: years, aliases, implicit feedback, times and groups of users."""

import pytest

from rerec.catalogue.domain import check
from rerec.errors import DataError
from rerec.sources.table import IMPLICIT, LIKED, UNTIMED, import_table, renames_of

ITEMS = "item_id,title,year,aliases\n1,Heat,1995,Hot|  Very   hot |\n2,Ronin (1998),,\n3,Tea,,\n"
ATTRIBUTES = "item_id,relation,value\n1,genre,Crime\n1,genre,Crime\n2,decade,90s\n"
LOG = "user_id,item_id,rating,timestamp\nann,1,5,10\nbob,2,4.5,2020-01-01\n"


@pytest.fixture
def imported(tmp_path):
    """A function that imports the three files, or others in their place."""

    def import_files(**texts):
        files = {"items": ITEMS, "attributes": ATTRIBUTES, "interactions": LOG, **texts}
        paths = {}
        for table, text in files.items():
            paths[table] = tmp_path / f"{table}.csv"
            paths[table].write_text(text, encoding="utf-8")
        report = import_table(tmp_path / "made", files=paths, progress=print)
        return check(tmp_path / "made"), report

    return import_files


def test_a_year_behind_a_title_is_its_year(imported):
    heat, ronin, tea = imported()[0].catalogue.items
    assert (heat.title, heat.year, heat.aliases) == ("Heat", 1995, ("Hot", "Very hot"))
    assert (ronin.title, ronin.year) == ("Ronin", 1998)
    assert (tea.title, tea.year) == ("Tea", None)


@pytest.mark.parametrize(
    ("title", "year", "label"),
    [
        ("Heat (1995)", "1995", "Heat (1995)"),
        ("Heat (1995)", "1996.0", "Heat (1996)"),
        ("(1995)", "", "(1995)"),
        ("Heat (uncut)", "", "Heat (uncut)"),
        ('"Heat\n  now"', "", "Heat now"),
    ],
)
def test_a_label_has_one_year_and_one_line(title, year, label, imported):
    domain, _ = imported(items=f"item_id,title,year\n1,{title},{year}\n2,Ronin,\n")
    assert domain.catalogue.items[0].label == label


def test_without_ratings_and_times_all_is_liked_in_the_order_of_the_file(imported):
    domain, report = imported(interactions="user_id,item_id\nann,2\nbob,3\nann,1\n")
    assert domain.interactions["rating"].to_pylist() == [LIKED] * 3
    assert domain.interactions["item_id"].to_pylist() == ["2", "1", "3"]
    assert report["notes"] == [IMPLICIT, UNTIMED]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("881250949", 881250949),
        ("881250949.0", 881250949),
        ("8.8e8", 880000000),
        ("1970-01-02", 86400),
        ("1970-01-01T00:01:00Z", 60),
        ("1970-01-01 01:00:00+01:00", 0),
    ],
)
def test_times_are_seconds_or_dates(text, seconds, imported):
    domain, _ = imported(interactions=f"user_id,item_id,timestamp\nann,1,{text}\nbob,2,5\n")
    assert domain.interactions["timestamp"].to_pylist()[0] == seconds


def test_users_keep_their_groups_and_whole_numbers_are_numbers(imported):
    domain, _ = imported(users="user_id,age,city,zip\nbob,51,Rome,0815x\nann,,Oslo,\neve,3,,1\n")
    assert domain.users.to_pylist() == [
        {"user_id": "bob", "age": 51, "city": "Rome", "zip": "0815x"},
        {"user_id": "ann", "age": None, "city": "Oslo", "zip": None},
        {"user_id": "eve", "age": 3, "city": None, "zip": "1"},
    ]


def test_items_without_attributes_are_counted_and_a_given_decade_is_kept(imported):
    domain, report = imported()
    assert report["items_without_attributes"] == 1
    assert report["attributes_repeated"] == 1
    assert domain.attributes.to_pylist() == [
        {"item_id": "1", "relation": "genre", "value": "Crime"},
        {"item_id": "1", "relation": "decade", "value": "1990s"},
        {"item_id": "2", "relation": "decade", "value": "90s"},
    ]


@pytest.mark.parametrize("text", ["x", "=y", "x=", ""])
def test_a_rename_has_two_names(text):
    with pytest.raises(DataError, match="is not of the form old=new"):
        renames_of([text])
