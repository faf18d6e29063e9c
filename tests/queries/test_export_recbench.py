"""RecBench+ files: the fields of the benchmark, and the tables read back by a plain parser."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from rerec.catalogue.domain import read_domain, write_manifest, write_queries, write_tables
from rerec.cli import main
from rerec.errors import DataError
from rerec.queries.dat_files import latin1
from rerec.queries.export_recbench import export_recbench, id_of
from rerec.records import Condition, Hop, Item, Query

BASE = {
    "source_user",
    "condition_num",
    "movieCount",
    "movieSubset",
    "movieSubsetId",
    "sharedRelationships",
    "direct_description_query",
    "situational_description_query",
    "data_idx",
}


def query(query_id: str, category: str, text: str, **values: Any) -> Query:
    """A query whose ground truth is Heat and whose candidates are Heat and Cape Fear."""
    return Query(
        query_id=query_id,
        category=category,
        text=text,
        conditions=values.get("conditions", ()),
        hops=values.get("hops", ()),
        ground_truth=values.get("truth", ("1",)),
        candidates=("3", "1"),
        user_id=values.get("user"),
        history=values.get("history", ()),
        seed=7,
    )


MANN = (Condition("director", "Michael Mann"), Condition("genre", "Crime"))
QUERIES = {
    "train": [
        query("e1", "explicit", "Crime by Michael Mann.", conditions=MANN, user="ann"),
        query("n1", "interest", "I liked Die Hard and It.", history=("7", "11")),
        query("n2", "interest", "Like Die Hard and It?", history=("7", "11"), truth=("1", "9")),
        query("g1", "demographics", "What does a person who is a student like?"),
    ],
    "test": [
        query("i1", "implicit", "x", conditions=MANN, hops=(Hop("1", "writer", "Michael Mann"),)),
        query("m1", "misinformed", "y", conditions=MANN, hops=(Hop("1", "director", "Ang Lee"),)),
        query("e2", "explicit_personal", "z", conditions=MANN, user="bob", history=("7",)),
        query("n3", "interest_personal", "v", user="dan", history=("2",)),
        query("g2", "demographics", "What would a woman watch?"),
        query("g3", "demographics", "Tell me what a woman likes."),
        query("o1", "other", "of no file"),
    ],
}


@pytest.fixture
def exported(corner_shop: Path, tmp_path: Path) -> Path:
    for split, queries in QUERIES.items():
        write_queries(corner_shop, split, queries)
    (corner_shop / "queries" / "valid.parquet").unlink()
    out = tmp_path / "new" / "bench"
    export_recbench(corner_shop, out)
    return out


def records(folder: Path, name: str) -> list[dict[str, Any]]:
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


def dat(path: Path) -> list[list[str]]:
    return [line.split("::") for line in path.read_bytes().decode("latin-1").split("\n")[:-1]]


def test_explicit_records_have_the_benchmarks_fields(exported):
    first, personal = records(exported, "ExplicitQuery")
    assert set(first) == BASE
    assert first == {
        "source_user": "ann",
        "condition_num": 2,
        "movieCount": 1,
        "movieSubset": ["Heat (1995)"],
        "movieSubsetId": [1],
        "sharedRelationships": [["director", "Michael Mann"], ["genre", "Crime"]],
        "direct_description_query": "Crime by Michael Mann.",
        "situational_description_query": "Crime by Michael Mann.",
        "data_idx": 0,
    }
    assert (personal["data_idx"], personal["source_user"]) == (1, "bob")


def test_implicit_records_add_the_hop(exported):
    (record,) = records(exported, "ImplicitQuery")
    assert set(record) == BASE | {"multihop_info"}
    hop = {"movie": "Heat (1995)", "relation": "writer", "person": "Michael Mann"}
    assert record["multihop_info"] == [hop]


def test_misinformed_records_add_what_is_told_and_what_is_true(exported):
    (record,) = records(exported, "MisinformedQuery")
    assert set(record) == BASE | {"query", "misinformed"}
    assert record["query"] == "y"
    assert record["misinformed"] == [
        {
            "movie": "Heat (1995)",
            "relation": "director",
            "person": "Ang Lee",
            "original person": "Michael Mann",
        }
    ]


def test_requests_of_one_interest_stand_in_one_record(exported):
    shared, personal = records(exported, "InterestBasedQuery")
    assert set(shared) == {
        "data_idx",
        "Shared consecutive movies",
        "source_users",
        "query & ground true",
    }
    assert shared["Shared consecutive movies"] == ["Die Hard (1988)", "It (1927)"]
    assert [set(child) for child in shared["query & ground true"]] == [
        {"reason", "query", "movie subset"}
    ] * 2
    assert shared["query & ground true"][1]["query"] == "Like Die Hard and It?"
    assert shared["query & ground true"][1]["movie subset"] == ["Heat (1995)", "Léon (1994)"]
    assert shared["source_users"] == []  # nobody saw both
    assert personal["source_users"] == ["dan"]
    assert personal["data_idx"] == 1


def test_requests_of_a_group_stand_in_one_record_with_what_it_saw(exported):
    students, women = records(exported, "UserBasedQuery")
    assert set(women) == {
        "data_idx",
        "group_type",
        "group",
        "top_10_movies",
        "summary",
        "query & ground true",
    }
    assert (students["group_type"], students["group"]) == ("occupation", "student")
    assert (women["group_type"], women["group"]) == ("gender", "F")
    assert len(women["query & ground true"]) == 2
    # ann and cat saw 6 items each. Only they have 10, both of them: 2/12 ln(4/2); only cat has 5, 6
    # and 11: 1/12 ln(4/1), which is as much.
    assert [item_id for item_id, _ in women["top_10_movies"][:4]] == [5, 6, 10, 11]
    assert women["top_10_movies"][2][1] == pytest.approx(2 / 12 * 0.6931471805599453)
    assert women["top_10_movies"][4][1] < 0.1
    assert women["summary"].startswith(
        "User Group: [('Gender', 'F')]\nTotal users in this group: 2"
    )
    best = "Sense & Sensibility (1995) - TF-IDF: 0.1155, Viewed by 2 users (100.00%)"
    assert women["summary"].split("\n")[6] == best


def test_splits_are_kept_beside_the_records(exported):
    assert records(exported, "splits") == {
        "ExplicitQuery.json": {"train": [0], "test": [1]},
        "ImplicitQuery.json": {"test": [0]},
        "MisinformedQuery.json": {"test": [0]},
        "InterestBasedQuery.json": {"train": [0], "test": [1]},
        "UserBasedQuery.json": {"train": [0], "test": [1]},
    }


def test_a_category_that_the_domain_lacks_has_no_file(corner_shop, tmp_path):
    export_recbench(corner_shop, tmp_path / "b")
    assert sorted(path.name for path in (tmp_path / "b").iterdir()) == [
        "ExplicitQuery.json",
        "movies.dat",
        "ratings.dat",
        "splits.json",
        "users.dat",
    ]
    assert len(records(tmp_path / "b", "ExplicitQuery")) == 9


def test_the_tables_are_read_back(corner_shop, tmp_path):
    export_recbench(corner_shop, tmp_path / "b")
    shop = read_domain(corner_shop)
    genres = [row for row in shop.attributes.to_pylist() if row["relation"] == "genre"]
    assert dat(tmp_path / "b" / "movies.dat") == [
        [
            item.item_id,
            item.label,
            "|".join(row["value"] for row in genres if row["item_id"] == item.item_id),
        ]
        for item in shop.catalogue.items
    ]
    assert dat(tmp_path / "b" / "users.dat") == [
        [user["user_id"], user["gender"], str(user["age"]), user["occupation"], ""]
        for user in shop.users.to_pylist()
    ]
    assert dat(tmp_path / "b" / "ratings.dat") == [
        [row["user_id"], row["item_id"], f"{row['rating']:g}", str(row["timestamp"])]
        for row in shop.interactions.to_pylist()
    ]


def test_titles_that_would_break_a_line_are_mended(corner_shop, tmp_path):
    shop = read_domain(corner_shop)
    titles = ["Star:: Wars", "a\nb", "乱 Łódź \u2013 \u201cRan\u201d", ":x:"]
    items = [
        Item(item.item_id, titles[row] if row < 4 else item.title, None, (), item.popularity)
        for row, item in enumerate(shop.catalogue.items)
    ]
    write_tables(
        corner_shop,
        items=items,
        attributes=shop.attributes,
        interactions=shop.interactions,
        users=shop.users.set_column(0, "user_id", pa.array(["ann", "bob", "cat", "dan"])),
    )
    export_recbench(corner_shop, tmp_path / "b")
    lines = dat(tmp_path / "b" / "movies.dat")
    assert [len(line) for line in lines] == [3] * 12
    assert [line[1] for line in lines[:4]] == ["Star: Wars", "a b", '? Lódz - "Ran"', "x"]


def test_books_are_called_books(corner_shop, tmp_path):
    words = {"nouns": ["book"], "verb": "read", "past": "read"}
    write_manifest(corner_shop, {"vocabulary": words})
    export_recbench(corner_shop, tmp_path / "b")
    assert (tmp_path / "b" / "books.dat").is_file()
    record = records(tmp_path / "b", "ExplicitQuery")[0]
    assert {"bookCount", "bookSubset", "bookSubsetId"} < set(record)
    assert not any("movie" in key for key in record)


def test_a_domain_without_queries_has_its_tables(corner_shop, tmp_path, capsys):
    for path in (corner_shop / "queries").iterdir():
        path.unlink()
    out = tmp_path / "b"
    assert (
        main(["data", "export", str(corner_shop), "--format", "recbench", "--out", str(out)]) == 0
    )
    assert capsys.readouterr().out == f"{out}: written\n"
    assert sorted(p.name for p in out.iterdir()) == [
        "movies.dat",
        "ratings.dat",
        "splits.json",
        "users.dat",
    ]


def test_a_folder_that_holds_something_is_left_alone(corner_shop, tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "mine").write_text("x")
    with pytest.raises(DataError, match="is there already"):
        export_recbench(corner_shop, tmp_path / "b")
    assert [path.name for path in (tmp_path / "b").iterdir()] == ["mine"]


@pytest.mark.parametrize(
    "text", ["plain", "Amélie ÿ", "\u0142 \u65e5\u672c \u2026 ﬁ e\u0301 \u0153"]
)
def test_latin_1_never_fails_and_changes_only_what_it_must(text):
    told = latin1(text)
    assert told.encode("latin-1")
    if text != "\u0142 \u65e5\u672c \u2026 ﬁ e\u0301 \u0153":
        assert told == text
    else:
        assert told == "l ?? ... fi e oe"


def test_ids_that_are_numbers_are_numbers():
    assert [id_of(i) for i in ("7", "07", "x7", "\u0663")] == [7, "07", "x7", "\u0663"]
