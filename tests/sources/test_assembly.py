"""A domain is written whole or not at all, and holds what its files say."""

import csv
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerec.catalogue.domain import check
from rerec.catalogue.files import sha256_of
from rerec.catalogue.manifest import TABLES, read_manifest
from rerec.errors import DataError
from rerec.sources.assembly import domain_folder, new_domain
from rerec.sources.table import import_table

ITEMS = [("10", "Heat", 1995), ("9", "Ronin", 1998), ("x", "Tea", "")]
IDS = st.sampled_from([item_id for item_id, *_ in ITEMS])
SEEN = st.lists(
    st.tuples(st.sampled_from(["9", "10", "ann"]), IDS, st.integers(1, 5), st.integers(0, 3)),
    max_size=25,
)
FACTS = st.lists(st.tuples(IDS, st.sampled_from(["genre", "decade"]), st.sampled_from("abc")))
TWO_USERS = [("zoe", "x", 1, 0), ("yan", "x", 1, 0)]


def imported(folder, seen, facts, **more):
    """The domain that the three files make, and the report."""
    folder.mkdir(exist_ok=True)
    tables = {
        "items": [("item_id", "title", "year"), *ITEMS],
        "attributes": [("item_id", "relation", "value"), *facts],
        "interactions": [("user_id", "item_id", "rating", "timestamp"), *seen],
    }
    for table, rows in tables.items():
        with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
    files = {table: folder / f"{table}.csv" for table in tables}
    report = import_table(folder / "made", files=files, progress=print, **more)
    return check(folder / "made"), report


def rows_of(table):
    return [tuple(row.values()) for row in table.to_pylist()]


@settings(max_examples=25)
@given(seen=SEEN, facts=FACTS)
def test_a_domain_is_what_its_rows_say_one_by_one(seen, facts, tmp_path_factory):
    seen, facts = [*seen, *TWO_USERS], [*facts, ("x", "genre", "tea")]
    domain, report = imported(tmp_path_factory.mktemp("any"), seen, facts)
    latest = {}
    for row in sorted(seen, key=lambda row: row[3]):  # stable: the last of one time counts
        latest[row[:2]] = row
    assert sorted(rows_of(domain.interactions)) == sorted(latest.values())
    assert report["interactions_repeated"] == len(seen) - len(latest)
    popularity = Counter(item_id for _, item_id in latest)
    assert [(i.item_id, i.popularity) for i in domain.catalogue.items] == [
        (item_id, popularity[item_id]) for item_id, *_ in ITEMS
    ]
    dated = {item_id for item_id, relation, _ in facts if relation == "decade"}
    decades = [(i, "decade", "1990s") for i, _, year in ITEMS if year and i not in dated]
    expected = [
        fact
        for item_id, *_ in ITEMS
        for fact in (*dict.fromkeys(facts), *decades)
        if fact[0] == item_id
    ]
    assert rows_of(domain.attributes) == expected
    assert report["decades_derived"] == len(decades)


def test_rows_stand_by_user_and_time_with_numbers_as_numbers(tmp_path):
    seen = [("ann", "10", 1, 5), ("10", "9", 1, 9), ("10", "x", 1, 9), ("10", "10", 1, 9),
            ("9", "x", 1, 7), ("9", "9", 1, 6)]  # fmt: skip
    domain, _ = imported(tmp_path, seen, [("x", "genre", "tea")])
    assert [row[:2] for row in rows_of(domain.interactions)] == [
        ("9", "9"), ("9", "x"), ("10", "9"), ("10", "10"), ("10", "x"), ("ann", "10"),
    ]  # fmt: skip
    assert domain.users["user_id"].to_pylist() == ["9", "10", "ann"]


def test_the_same_files_give_the_same_bytes(tmp_path):
    seen = [(f"u{n % 7}", ITEMS[n % 3][0], n % 5, n % 4) for n in range(40)]
    facts = [("x", "genre", "tea")]
    for name in ("one", "other"):
        imported(tmp_path / name, seen, facts)
    one, other = (
        [sha256_of(tmp_path / name / "made" / f"{table}.parquet") for table in TABLES]
        for name in ("one", "other")
    )
    assert one == other


def test_a_failure_inside_leaves_nothing_and_success_moves_the_whole(tmp_path):
    out = tmp_path / "deep" / "er" / "domain"
    with pytest.raises(IsADirectoryError), new_domain(out) as bench:
        domain_folder(bench).write_text("x")
    assert list(tmp_path.iterdir()) == []
    with new_domain(out) as bench:
        (domain_folder(bench) / "whole").write_text("x")
    assert [p.relative_to(tmp_path).as_posix() for p in sorted(tmp_path.rglob("*"))] == [
        "deep", "deep/er", "deep/er/domain", "deep/er/domain/whole",
    ]  # fmt: skip


def test_a_place_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(DataError, match="cannot be written"), new_domain(tmp_path / "file" / "d"):
        pass
    with pytest.raises(DataError, match="is there already"), new_domain(tmp_path / "file"):
        pass


def test_the_manifest_tells_the_source_and_lists_every_table(tmp_path):
    domain, _ = imported(tmp_path, TWO_USERS, [("x", "genre", "tea")])
    manifest = read_manifest(domain.folder)
    assert manifest["settings"] == {"source": "table"}
    assert sorted(manifest["files"]) == sorted(f"{table}.parquet" for table in TABLES)
    assert manifest["files"]["items.parquet"]["rows"] == 3
