"""The domain folder: read back as written, and every disagreement named."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from safetensors.numpy import save_file

from rerec.catalogue.domain import (
    Domain,
    check,
    queries_path,
    read_domain,
    write_embeddings,
    write_manifest,
    write_queries,
)
from rerec.catalogue.files import read_parquet, sha256_of, write_parquet
from rerec.catalogue.tables import ATTRIBUTES, INTERACTIONS, ITEMS, QUERIES, USERS
from rerec.errors import DataError
from rerec.records import Condition, Hop, Query

SCHEMAS = {"items": ITEMS, "attributes": ATTRIBUTES, "interactions": INTERACTIONS, "users": USERS}


def spoil(folder: Path, name: str, change: Callable[[list[dict[str, Any]]], None]) -> None:
    """Change the rows of a table and write it again."""
    path = folder / f"{name}.parquet"
    found = read_parquet(path, SCHEMAS[name], keep_others=True)
    rows = found.to_pylist()
    change(rows)
    write_parquet(path, pa.Table.from_pylist(rows, schema=found.schema))


def test_the_corner_shop_is_read_as_it_was_written(corner_shop):
    shop = check(corner_shop)
    assert shop.catalogue.n_items == 12
    assert shop.catalogue.items[1].label == "The Usual Suspects (1995)"
    assert shop.catalogue.items[1].aliases == ("Usual Suspects, The",)
    assert [len(shop.queries(split)) for split in ("train", "valid", "test")] == [4, 2, 3]
    assert shop.embeddings().shape == (12, 8)
    assert shop.embeddings().dtype == np.float32
    assert shop.users.column_names == ["user_id", "age", "gender", "occupation"]
    assert sum(item.popularity for item in shop.catalogue.items) == shop.interactions.num_rows


def test_interactions_are_read_when_they_are_asked_for(corner_shop):
    shop = read_domain(corner_shop)
    assert "interactions" not in vars(shop)
    rows = shop.interactions.to_pylist()
    assert len(rows) == shop.n_interactions
    user = rows[0]["user_id"]
    own = [row for row in rows if row["user_id"] == user]
    assert 0 < len(own) < len(rows)
    assert shop.interactions_of([user]).to_pylist() == own
    assert shop.interactions_of([]).schema == shop.interactions.schema
    assert shop.interactions_of(shop.user_ids).to_pylist() == rows


def test_a_query_is_read_as_it_was_written(corner_shop):
    query = Query(
        query_id="q1",
        category="implicit",
        text="By the director of \u201cHeat\u201d, please; ünïcode.",
        conditions=(Condition("director", "Michael Mann"),),
        hops=(Hop("1", "director", "Michael Mann"),),
        ground_truth=("1",),
        candidates=(),
        user_id=None,
        history=("2", "3"),
        seed=2**62,
    )
    write_queries(corner_shop, "test", [query])
    assert read_domain(corner_shop).queries("test") == [query]


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match="nowhere: there is no such folder"):
        read_domain(tmp_path / "nowhere")


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_missing_table_is_named(corner_shop, name):
    (corner_shop / f"{name}.parquet").unlink()
    with pytest.raises(DataError, match=rf"{name}\.parquet: there is no such file"):
        read_domain(corner_shop)


def twice(rows: list[dict[str, Any]]) -> None:
    rows.append(rows[0])


def renamed(column: str, value: str) -> Callable[[list[dict[str, Any]]], None]:
    def change(rows: list[dict[str, Any]]) -> None:
        rows[2][column] = value

    return change


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("items", twice, r"items\.parquet: .*item id '1' stands there twice"),
        ("items", list.clear, r"items\.parquet: .*no item"),
        ("users", twice, r"users\.parquet: the user id 'ann' stands there twice"),
        ("attributes", renamed("item_id", "x9"), r"attributes\.parquet: names the item 'x9'"),
        ("attributes", renamed("relation", " "), r"attributes\.parquet: the relation is empty"),
        ("attributes", renamed("value", ""), r"the value is empty in row 2"),
        ("interactions", renamed("item_id", "x9"), r"interactions\.parquet: names the item 'x9'"),
        ("interactions", renamed("user_id", "eve"), r"the user 'eve', .* users\.parquet"),
    ],
)
def test_tables_that_do_not_agree_are_refused(corner_shop, name, change, message):
    spoil(corner_shop, name, change)
    with pytest.raises(DataError, match=message):
        read_domain(corner_shop)


def first_query(shop: Domain) -> Query:
    return shop.queries("test")[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ground_truth": ("x9", "2")}, "'q7' names the item 'x9'"),
        ({"candidates": ("2", "x9")}, "'q7' names the item 'x9'"),
        ({"history": ("x9",)}, "'q7' names the item 'x9'"),
        ({"hops": (Hop("x9", "director", "Ang Lee"),)}, "'q7' names the item 'x9'"),
        ({"conditions": (Condition("mood", "sad"),)}, "relation 'mood'; .* has: country, decade"),
        ({"user_id": "eve"}, "of user 'eve'"),
        ({"candidates": ("2", "3", "2")}, "the candidate '2' twice"),
    ],
)
def test_a_query_that_names_what_is_not_there_is_refused(corner_shop, change, message):
    shop = read_domain(corner_shop)
    write_queries(corner_shop, "test", [replace(first_query(shop), **change)])
    with pytest.raises(DataError, match=rf"test\.parquet: the query {message}|{message}"):
        shop.queries("test")


def test_a_query_without_a_right_candidate_is_refused(corner_shop):
    path = queries_path(corner_shop, "test")
    rows = read_parquet(path, QUERIES).to_pylist()
    rows[0]["candidates"] = ["3"]
    write_parquet(path, pa.Table.from_pylist(rows, schema=QUERIES))
    with pytest.raises(DataError, match="q7: no ground-truth item is a candidate; build"):
        read_domain(corner_shop).queries("test")


def test_a_query_id_that_stands_twice_is_refused(corner_shop):
    shop = read_domain(corner_shop)
    write_queries(corner_shop, "test", [first_query(shop)] * 2)
    with pytest.raises(DataError, match="query id 'q7' stands there twice"):
        shop.queries("test")


def test_an_empty_missing_or_unknown_split_is_a_sentence(corner_shop):
    shop = read_domain(corner_shop)
    write_queries(corner_shop, "test", [])
    queries_path(corner_shop, "valid").unlink()
    with pytest.raises(DataError, match="the split holds no query"):
        shop.queries("test")
    with pytest.raises(DataError, match=r"valid\.parquet: there is no such file"):
        shop.queries("valid")
    with pytest.raises(DataError, match="no split 'dev'; there are: train, valid, test"):
        shop.queries("dev")


def test_embeddings_are_asked_for_by_the_command_that_makes_them(corner_shop):
    shop = read_domain(corner_shop)
    (corner_shop / "item_embeddings.safetensors").unlink()
    with pytest.raises(DataError, match=rf"run `rerec embed {corner_shop}`"):
        shop.embeddings()


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({"embeddings": np.zeros((11, 8), np.float32)}, r"\(11, 8\), but .* 12 items"),
        ({"embeddings": np.zeros(12, np.float32)}, "12 items"),
        ({"embeddings": np.full((12, 2), np.nan, np.float32)}, "not a finite number"),
        ({"others": np.zeros((12, 2), np.float32)}, "no tensor `embeddings`"),
    ],
)
def test_embeddings_that_do_not_fit_are_refused(corner_shop, tensors, message):
    save_file(tensors, corner_shop / "item_embeddings.safetensors")
    with pytest.raises(DataError, match=message):
        read_domain(corner_shop).embeddings()


def test_a_broken_embeddings_file_is_a_sentence(corner_shop):
    (corner_shop / "item_embeddings.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0 nothing")
    with pytest.raises(DataError, match="rerec embed"):
        read_domain(corner_shop).embeddings()


def test_the_manifest_lists_every_file_with_its_hash_and_rows(corner_shop):
    manifest = json.loads((corner_shop / "manifest.json").read_text())
    on_disk = {p.relative_to(corner_shop).as_posix() for p in corner_shop.rglob("*.*")}
    assert set(manifest["files"]) == on_disk - {"manifest.json"}
    assert manifest["files"]["queries/train.parquet"]["rows"] == 4
    for name, listed in manifest["files"].items():
        assert listed["sha256"] == sha256_of(corner_shop / name)


def test_writing_the_manifest_anew_keeps_its_settings_unless_others_are_given(corner_shop):
    before = (corner_shop / "manifest.json").read_bytes()
    write_manifest(corner_shop)
    assert (corner_shop / "manifest.json").read_bytes() == before
    write_manifest(corner_shop, {"seed": 8})
    assert json.loads((corner_shop / "manifest.json").read_text())["settings"] == {"seed": 8}


def test_a_file_that_is_not_the_listed_one_is_found(corner_shop):
    write_queries(corner_shop, "valid", read_domain(corner_shop).queries("valid")[:1])
    with pytest.raises(DataError, match=r"valid\.parquet: is not the file .* lists"):
        check(corner_shop)
    write_manifest(corner_shop)
    check(corner_shop)


def test_new_embeddings_are_listed_at_once(corner_shop):
    write_embeddings(corner_shop, np.ones((12, 3), np.float32))
    assert check(corner_shop).embeddings().shape == (12, 3)


def test_a_full_disk_leaves_the_old_embeddings(corner_shop, monkeypatch):
    before = read_domain(corner_shop).embeddings()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DataError, match=r"safetensors: cannot be written \(No space left"):
        write_embeddings(corner_shop, np.ones((12, 3), np.float32))
    assert np.array_equal(read_domain(corner_shop).embeddings(), before)


def test_another_json_is_no_manifest(corner_shop):
    (corner_shop / "manifest.json").write_text("[]")
    with pytest.raises(DataError, match="is no manifest of a domain"):
        check(corner_shop)
