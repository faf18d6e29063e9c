"""Every way in which a domain can be broken: named with file, row and remedy, all at once."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import save_file

from rerec.catalogue import columns, faults_of_tables
from rerec.catalogue.domain import (
    queries_path,
    read_domain,
    write_embeddings,
    write_manifest,
    write_queries,
)
from rerec.catalogue.faults import Fault, faults_of
from rerec.catalogue.files import read_parquet, write_parquet
from rerec.catalogue.findings import LIMIT, Findings
from rerec.catalogue.tables import ATTRIBUTES, INTERACTIONS, ITEMS, QUERIES, USERS
from rerec.cli import main
from rerec.errors import DataError
from rerec.records import Condition, Hop

SCHEMAS = {"items": ITEMS, "attributes": ATTRIBUTES, "interactions": INTERACTIONS, "users": USERS}
Rows = list[dict[str, Any]]


def spoil(folder: Path, name: str, change: Callable[[Rows], None]) -> None:
    """Change the rows of a table and list the new file."""
    path = folder / f"{name}.parquet"
    found = read_parquet(path, SCHEMAS[name], keep_others=True)
    rows = found.to_pylist()
    change(rows)
    loose = pa.schema([field.with_nullable(True) for field in found.schema])
    write_parquet(path, pa.Table.from_pylist(rows, schema=loose))
    write_manifest(folder)


def at(row: int, **values: Any) -> Callable[[Rows], None]:
    def change(rows: Rows) -> None:
        rows[row] |= values

    return change


def again(row: int, **values: Any) -> Callable[[Rows], None]:
    def change(rows: Rows) -> None:
        rows.append(rows[row] | values)

    return change


def told(folder: Path) -> list[tuple[str, int | None, str]]:
    """(file, row, what) of every fault; each must have a remedy."""
    found = faults_of(folder)
    assert all(fault.remedy for fault in found)
    return [(fault.file, fault.row, fault.what) for fault in found]


def test_a_sound_domain_has_no_fault(corner_shop):
    assert faults_of(corner_shop) == []


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(DataError, match="gone: there is no such folder"):
        faults_of(tmp_path / "gone")


def test_an_empty_folder_lacks_four_tables_and_a_manifest(tmp_path):
    assert [(file, what) for file, _, what in told(tmp_path)] == [
        *((f"{name}.parquet", "there is no such file") for name in SCHEMAS),
        ("manifest.json", "is no domain, manifest.json is missing"),
    ]


ITEM_FAULTS = {
    "id twice": (again(0, title="Other"), 12, "the item id '1' stands there twice, first in row 0"),
    "label twice": (
        again(2, item_id="13", popularity=0),
        12,
        "the title with its year 'Cape Fear (1991)' stands there twice, first in row 2",
    ),
    "blank id": (at(3, item_id=" "), 3, "the item id is empty"),
    "blank title": (at(3, title=" "), 3, "the title is empty"),
    "null title": (at(3, title=None), 3, "the column 'title' is empty"),
    "control": (at(3, title="a\tb"), 3, r"the title 'a\tb' holds a control character"),
    "long": (at(3, title="é" * 40_000), 3, "the title is 80000 bytes long, at most 65536 are a"),
    "long alias": (at(3, aliases=["x" * 70_000]), 3, "the alias is 70000 bytes long"),
    "blank alias": (at(3, aliases=["", "Fear"]), 3, "the alias is empty"),
    "own title": (at(4, aliases=["Pinocchio"]), 4, "the alias 'Pinocchio' is the item's own title"),
    "alias of two": (
        at(1, aliases=["HEAT"]),
        1,
        "the alias 'HEAT' also names the item of row 0",
    ),
    "popularity": (at(3, popularity=7), 3, "the popularity is 7, but 1 interactions name the item"),
}


@pytest.mark.parametrize(("change", "row", "what"), ITEM_FAULTS.values(), ids=ITEM_FAULTS.keys())
def test_what_items_can_have_wrong_is_named_with_its_row(corner_shop, change, row, what):
    spoil(corner_shop, "items", change)
    found = [w for file, r, w in told(corner_shop) if (file, r) == ("items.parquet", row)]
    assert any(w.startswith(what) for w in found), told(corner_shop)


def test_names_of_different_years_and_other_spellings_are_no_fault(corner_shop):
    spoil(corner_shop, "items", at(4, aliases=["Cape Fear", "PINOCCHIO", "Die Hard"]))
    assert told(corner_shop) == []


def test_aliases_in_a_circle_are_found_over_several_items(corner_shop):
    def round_trip(rows: Rows) -> None:
        rows[0]["aliases"] = ["Léon"]
        rows[8]["aliases"] = ["Goodfellas"]
        rows[11]["aliases"] = ["Heat"]
        rows[10]["aliases"] = ["Heat"]  # leads into the circle, but is not in it

    spoil(corner_shop, "items", round_trip)
    what = "aliases go round in a circle between 3 items: 'Heat', 'Léon', 'Goodfellas'"
    assert told(corner_shop) == [("items.parquet", 0, what)]


OTHER_FAULTS = {
    "unknown item of a fact": (
        "attributes",
        at(5, item_id="x9"),
        5,
        "names the item 'x9', which is not in items.parquet",
    ),
    "blank relation": ("attributes", at(5, relation=""), 5, "the relation is empty"),
    "blank value": ("attributes", at(5, value="\u00a0"), 5, "the value is empty"),
    "control value": (
        "attributes",
        at(5, value="a\nb"),
        5,
        r"the value 'a\nb' holds a control character",
    ),
    "long value": ("attributes", at(5, value="x" * 65_537), 5, "the value is 65537 bytes long"),
    "null value": ("attributes", at(5, value=None), 5, "the column 'value' is empty"),
    "unknown item": (
        "interactions",
        at(5, item_id="x9"),
        5,
        "names the item 'x9', which is not in items.parquet",
    ),
    "unknown user": (
        "interactions",
        at(5, user_id="eve"),
        5,
        "names the user 'eve', which is not in users.parquet",
    ),
    "not a number": (
        "interactions",
        at(5, rating=float("nan")),
        5,
        "the rating is nan, not a finite number",
    ),
    "infinite": (
        "interactions",
        at(5, rating=float("-inf")),
        5,
        "the rating is -inf, not a finite number",
    ),
    "twice": (
        "interactions",
        again(2, rating=1.0),
        23,
        "the user 'ann' and the item '12' stand together twice, before in row 2",
    ),
    "user twice": ("users", again(1), 4, "the user id 'bob' stands there twice, first in row 1"),
    "blank user": ("users", at(1, user_id=""), 1, "the user id is empty"),
}


@pytest.mark.parametrize(
    ("name", "change", "row", "what"), OTHER_FAULTS.values(), ids=OTHER_FAULTS.keys()
)
def test_what_other_tables_can_have_wrong_is_named_with_its_row(
    corner_shop, name, change, row, what
):
    spoil(corner_shop, name, change)
    found = [w for file, r, w in told(corner_shop) if (file, r) == (f"{name}.parquet", row)]
    assert any(w.startswith(what) for w in found), told(corner_shop)


def test_a_repeated_interaction_is_one_fault_and_the_popularity_another(corner_shop):
    spoil(corner_shop, "interactions", again(2))
    files = [(file, row) for file, row, _ in told(corner_shop)]
    assert files == [("items.parquet", 11), ("interactions.parquet", 23)]


def test_a_catalogue_of_nothing_is_a_fault(corner_shop):
    spoil(corner_shop, "items", list.clear)
    assert ("items.parquet", None, "the catalogue holds no item") in told(corner_shop)


def test_items_without_attributes_are_a_note_and_no_fault(corner_shop, capsys):
    def without_two(rows: Rows) -> None:
        rows[:] = [row for row in rows if row["item_id"] not in ("4", "11")]

    spoil(corner_shop, "attributes", without_two)
    (note,) = faults_of(corner_shop)
    assert note.is_note
    assert note.what == "2 of 12 items have no attributes, the first is '4' in row 3"
    assert main(["data", "check", str(corner_shop)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("note: ")
    assert out.endswith("keeps every promise of a domain\n")


def test_of_many_faults_some_are_listed_and_the_rest_is_counted(corner_shop):
    def many(rows: Rows) -> None:
        rows += [{"item_id": f"x{n}", "relation": "mood", "value": ""} for n in range(50)]

    n_facts = read_domain(corner_shop).attributes.num_rows
    spoil(corner_shop, "attributes", many)
    found = [fault for fault in faults_of(corner_shop) if "is not in" in fault.what]
    assert [fault.row for fault in found] == [*range(n_facts, n_facts + LIMIT), None]
    assert found[-1].what == "and 30 more: names a item that is not in items.parquet"
    empty = [fault for fault in faults_of(corner_shop) if fault.what == "the value is empty"]
    assert len(empty) == LIMIT


def test_faults_of_all_tables_are_listed_at_once(corner_shop):
    spoil(corner_shop, "items", at(3, title=""))
    spoil(corner_shop, "attributes", at(5, item_id="x9"))
    spoil(corner_shop, "interactions", at(0, rating=float("inf")))
    spoil(corner_shop, "users", again(0))
    files = {file for file, _, _ in told(corner_shop)}
    assert files == {f"{name}.parquet" for name in SCHEMAS}


@pytest.mark.parametrize("name", SCHEMAS)
@pytest.mark.parametrize("content", [b"", b"PAR1", b"no table" * 99])
def test_a_table_that_cannot_be_read_hides_no_other(corner_shop, name, content):
    other = "users" if name != "users" else "items"
    spoil(corner_shop, other, again(0))
    (corner_shop / f"{name}.parquet").write_bytes(content)
    found = told(corner_shop)
    assert any(f == f"{name}.parquet" and w.startswith("is not a readable") for f, _, w in found)
    assert any(f == f"{other}.parquet" and "stands there twice" in w for f, _, w in found)


def test_columns_that_are_missing_or_of_another_kind_are_all_named(corner_shop):
    path = corner_shop / "items.parquet"
    table = pq.read_table(path).drop_columns(["year"])
    texts = pa.array([str(n) for n in table["popularity"].to_pylist()])
    table = table.set_column(table.column_names.index("popularity"), "popularity", texts)
    write_parquet(path, table)
    write_manifest(corner_shop)
    assert [what for _, _, what in told(corner_shop)] == [
        "has no column 'year', only item_id, title, aliases, popularity",
        "the column 'popularity' holds string, not int64",
    ]


def test_a_value_that_does_not_fit_is_named_with_its_row_and_the_others_are_checked(corner_shop):
    path = corner_shop / "items.parquet"
    table = pq.read_table(path)
    years = table["year"].to_pylist()
    years[6] = 2**40
    wide = table.set_column(2, "year", pa.array(years, pa.int64()))
    wide = wide.set_column(1, "title", pa.array(["", *table["title"].to_pylist()[1:]]))
    write_parquet(path, wide)
    write_manifest(corner_shop)
    (unfit, empty) = told(corner_shop)
    assert unfit[:2] == ("items.parquet", 6)
    assert "'year' does not fit int32" in unfit[2]
    assert empty == ("items.parquet", 0, "the title is empty")


def text_of(values: list[bytes]) -> pa.Array:
    """Bytes that claim to be text."""
    return pa.array(values, pa.binary()).view(pa.string())


def test_text_that_is_not_utf_8_is_named_with_its_row_and_refused_by_readers(corner_shop):
    path = corner_shop / "attributes.parquet"
    table = pq.read_table(path)
    values = [value.encode() for value in table["value"].to_pylist()]
    values[7] = b"Caf\xe9"
    write_parquet(path, table.set_column(2, "value", text_of(values)))
    write_manifest(corner_shop)
    ((file, row, what),) = told(corner_shop)
    assert (file, row) == ("attributes.parquet", 7)
    assert "'value' does not fit string" in what
    with pytest.raises(DataError, match=r"attributes\.parquet: the column 'value' does not fit"):
        read_domain(corner_shop)


@pytest.mark.parametrize("batch_rows", [1, 5, 1000])
def test_rows_are_those_of_the_whole_table_however_it_is_read(corner_shop, monkeypatch, batch_rows):
    monkeypatch.setattr(columns, "BATCH_ROWS", batch_rows)
    monkeypatch.setattr(faults_of_tables, "PART_ROWS", batch_rows)
    spoil(corner_shop, "interactions", again(2, rating=float("nan")))
    spoil(corner_shop, "interactions", at(21, user_id=None))
    spoil(corner_shop, "attributes", at(30, value=""))
    found = [(file, row) for file, row, _ in told(corner_shop)]
    assert sorted(found) == [
        ("attributes.parquet", 30),
        ("interactions.parquet", 21),
        ("interactions.parquet", 23),
        ("interactions.parquet", 23),
        ("items.parquet", 11),
    ]


def random_log(folder: Path, seed: int) -> list[tuple[str, str]]:
    rng = np.random.default_rng(seed)
    users, items = rng.integers(9, size=99).tolist(), rng.integers(12, size=99).tolist()
    pairs = [(f"u{user}", str(item)) for user, item in zip(users, items, strict=True)]
    names = [f"u{n}" for n in range(9)]
    write_parquet(folder / "users.parquet", pa.table({"user_id": names}, schema=USERS))
    log = [{"user_id": u, "item_id": i, "rating": 1, "timestamp": 0} for u, i in pairs]
    write_parquet(folder / "interactions.parquet", pa.Table.from_pylist(log, schema=INTERACTIONS))
    write_manifest(folder)
    return pairs


@pytest.mark.parametrize("seed", range(5))
def test_repeats_and_strangers_are_those_that_a_loop_finds(corner_shop, monkeypatch, seed):
    monkeypatch.setattr(columns, "BATCH_ROWS", 10)
    monkeypatch.setattr(faults_of_tables, "PART_ROWS", 7)
    monkeypatch.setattr("rerec.catalogue.findings.LIMIT", 1000)
    pairs = random_log(corner_shop, seed)
    seen: dict[tuple[str, str], int] = {}
    expected = set()
    for row, (user, item) in enumerate(pairs):
        if item == "0":
            expected.add((row, "names the item '0', which is not in items.parquet"))
        elif (user, item) in seen:
            both = f"the user {user!r} and the item {item!r} stand together twice"
            expected.add((row, f"{both}, before in row {seen[user, item]}"))
        seen[user, item] = row
    found = {(row, what) for file, row, what in told(corner_shop) if file == "interactions.parquet"}
    assert found == expected
    assert expected


def test_the_manifest_names_what_is_foreign_gone_or_not_listed(corner_shop):
    manifest = json.loads((corner_shop / "manifest.json").read_text())
    manifest["files"]["users.parquet"]["sha256"] = "0" * 64
    manifest["files"]["queries/extra.parquet"] = {"sha256": "0" * 64}
    manifest["files"]["items.parquet"] = "a text"
    del manifest["files"]["queries/test.parquet"]
    (corner_shop / "manifest.json").write_text(json.dumps(manifest))
    assert sorted(told(corner_shop)) == [
        ("items.parquet", None, "is not the file that manifest.json lists (another SHA-256)"),
        ("manifest.json", None, "does not list queries/test.parquet"),
        ("queries/extra.parquet", None, "is not there, but manifest.json lists it"),
        ("users.parquet", None, "is not the file that manifest.json lists (another SHA-256)"),
    ]


@pytest.mark.parametrize("content", ["{", "[]", '{"settings": {}, "files": []}', '{"files": {}}'])
def test_a_broken_manifest_is_one_fault(corner_shop, content):
    (corner_shop / "manifest.json").write_text(content)
    assert [file for file, _, _ in told(corner_shop)] == ["manifest.json"]


@pytest.mark.parametrize(
    ("tensors", "what"),
    [
        ({"embeddings": np.zeros((11, 8), np.float32)}, "the embeddings are (11, 8), but"),
        ({"embeddings": np.full((12, 2), np.inf, np.float32)}, "an embedding is not a finite"),
        ({"others": np.zeros((12, 2), np.float32)}, "no tensor `embeddings` to read"),
    ],
)
def test_embeddings_that_do_not_fit_are_a_fault(corner_shop, tensors, what):
    save_file(tensors, corner_shop / "item_embeddings.safetensors")
    write_manifest(corner_shop)
    ((file, _, found),) = told(corner_shop)
    assert file == "item_embeddings.safetensors"
    assert found.startswith(what)


def test_the_first_row_of_embeddings_that_is_not_finite_is_told(corner_shop):
    rows = np.zeros((12, 2), np.float32)
    rows[4, 1] = np.nan
    write_embeddings(corner_shop, rows)
    ((_, _, what),) = told(corner_shop)
    assert what == "an embedding is not a finite number, first in row 4"


QUERY_FAULTS = {
    "empty text": ({"text": "  "}, "has an empty text"),
    "unknown category": ({"category": "explict"}, "is of the category 'explict'; there are: expl"),
    "unknown candidate": ({"candidates": ("2", "x9")}, "names the item 'x9', which is not in"),
    "unknown history": ({"history": ("x9",)}, "names the item 'x9', which is not in items"),
    "unknown truth": ({"ground_truth": ("2", "x9")}, "names the item 'x9', which is not in items"),
    "unknown hop": ({"hops": (Hop("x9", "genre", "Crime"),)}, "names the item 'x9', which is"),
    "unknown relation": (
        {"conditions": (Condition("mood", "sad"),)},
        "asks for the relation 'mood', which attributes.parquet lacks",
    ),
    "unknown user": ({"user_id": "eve"}, "is of user 'eve', not in users.parquet"),
    "candidate twice": ({"candidates": ("2", "3", "3")}, "has the candidate '3' twice"),
    "history": ({"history": ("1", "2")}, "has the ground-truth item '2' in its history"),
    "unmet": (
        {"conditions": (Condition("genre", "Crime"), Condition("director", "Ang Lee"))},
        "asks for director Ang Lee, which no ground-truth item has together with the rest",
    ),
    "unmet at all": (
        {"conditions": (Condition("genre", "Romance"),)},
        "asks for genre Romance, which no ground-truth item has",
    ),
    "unmet, personalised": (
        {"category": "implicit_personal", "conditions": (Condition("genre", "Romance"),)},
        "asks for genre Romance, which no ground-truth item has",
    ),
}


@pytest.mark.parametrize(("change", "what"), QUERY_FAULTS.values(), ids=QUERY_FAULTS.keys())
def test_what_a_query_can_have_wrong_is_named_with_its_row(corner_shop, change, what):
    first, *others = read_domain(corner_shop).queries("test")
    write_queries(corner_shop, "test", [*others, replace(first, **change)])
    write_manifest(corner_shop)
    found = told(corner_shop)
    assert {(file, row) for file, row, _ in found} == {("queries/test.parquet", 2)}
    assert any(w.startswith(f"the query 'q7' {what}") for _, _, w in found), found


def spoil_query(folder: Path, **values: Any) -> None:
    path = queries_path(folder, "test")
    rows = read_parquet(path, QUERIES).to_pylist()
    rows[1] |= values
    loose = pa.schema([field.with_nullable(True) for field in QUERIES])
    write_parquet(path, pa.Table.from_pylist(rows, schema=loose))
    write_manifest(folder)


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"ground_truth": []}, "the query 'q8' has no ground truth"),
        ({"candidates": ["3"]}, "the query 'q8' has no ground-truth item among its candidates"),
        ({"query_id": "q7"}, "the query id 'q7' stands there twice, first in row 0"),
        ({"text": None}, "the column 'text' is empty"),
        ({"conditions": None}, "the column 'conditions' is empty"),
        ({"conditions": [None]}, "the query 'q8' asks for the relation None"),
        ({"candidates": [None, "5"]}, "the query 'q8' names the item None"),
        ({"category": None, "hops": None, "history": None}, "the column 'category' is empty"),
    ],
)
def test_what_no_record_can_hold_is_named_too(corner_shop, values, what):
    spoil_query(corner_shop, **values)
    found = told(corner_shop)
    assert any(row == 1 and w.startswith(what) for _, row, w in found), found


def test_conditions_of_an_interest_need_not_be_met(corner_shop):
    first, *_ = read_domain(corner_shop).queries("test")
    asked = (Condition("genre", "Romance"),)
    write_queries(corner_shop, "test", [replace(first, category="interest", conditions=asked)])
    write_manifest(corner_shop)
    assert told(corner_shop) == []


def test_a_split_without_queries_or_columns_is_a_fault(corner_shop):
    write_queries(corner_shop, "test", [])
    path = queries_path(corner_shop, "valid")
    write_parquet(path, pq.read_table(path).drop_columns(["text"]))
    write_manifest(corner_shop)
    files = {file: what for file, _, what in told(corner_shop)}
    assert files["queries/test.parquet"] == "the split holds no query"
    assert files["queries/valid.parquet"].startswith("has no column 'text'")


def test_the_command_prints_a_line_for_each_fault_and_exits_with_2(corner_shop, capsys):
    spoil(corner_shop, "items", at(3, title="x" * 70_000 + "\n"))
    spoil(corner_shop, "users", again(0))
    assert main(["data", "check", str(corner_shop)]) == 2
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        f"{corner_shop}/items.parquet, row 3: the title is 70001 bytes long, at most 65536 are a "
        "name; shorten it",
        f"{corner_shop}/users.parquet, row 4: the user id 'ann' stands there twice, first in row "
        "0; keep one of them",
    ]


def test_the_command_prints_json(corner_shop, capsys):
    assert main(["data", "check", str(corner_shop), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "folder": str(corner_shop),
        "ok": True,
        "faults": [],
    }
    spoil(corner_shop, "users", again(0))
    assert main(["data", "check", str(corner_shop), "--json"]) == 2
    (fault,) = json.loads(capsys.readouterr().out)["faults"]
    assert (fault["file"], fault["row"], fault["is_note"]) == ("users.parquet", 4, False)


def test_findings_count_rows_that_come_in_pieces():
    findings = Findings("items.parquet")
    for start in range(0, 60, 15):
        findings.add_rows("odd", np.arange(start, start + 15), lambda _: "is odd", "mend it")
    *listed, more = findings.faults()
    assert [fault.row for fault in listed] == list(range(LIMIT))
    assert more == Fault("items.parquet", None, "and 40 more: odd", "mend it")
