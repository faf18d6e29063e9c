"""RecBole's atomic files: read back by a plain parser, and by the reader that RecBole uses."""

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from rerec.catalogue import export_recbole as module
from rerec.catalogue.domain import Domain, read_domain, write_tables
from rerec.catalogue.export_recbole import export_recbole
from rerec.cli import main
from rerec.errors import DataError
from rerec.records import Item


def plain(path: Path) -> list[dict[str, str]]:
    """A table by splitting lines at tabs; the names without their types."""
    header, *lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    names = [field.partition(":")[0] for field in header.split("\t")]
    return [dict(zip(names, line.split("\t"), strict=True)) for line in lines]


def as_recbole(path: Path) -> pd.DataFrame:
    """A table as `recbole.data.dataset.Dataset._load_feat` of RecBole 1.2.1 reads it."""
    header = path.read_text(encoding="utf-8").partition("\n")[0]
    kinds: dict[str, Any] = {
        field: float if field.endswith(":float") else str for field in header.split("\t")
    }
    return pd.read_csv(  # ty: ignore[no-matching-overload]
        path, delimiter="\t", dtype=kinds, encoding="utf-8", engine="python"
    )


def renamed(folder: Path, titles: dict[int, str], values: dict[int, str]) -> Domain:
    """The domain with other titles of some items and other values of some facts."""
    shop = read_domain(folder)
    items = [
        Item(item.item_id, titles.get(row, item.title), item.year, (), item.popularity)
        for row, item in enumerate(shop.catalogue.items)
    ]
    told = [values.get(row, v) for row, v in enumerate(shop.attributes["value"].to_pylist())]
    attributes = shop.attributes.set_column(2, shop.attributes.schema.field(2), pa.array(told))
    write_tables(
        folder,
        items=items,
        attributes=attributes,
        interactions=shop.interactions,
        users=shop.users,
    )
    return read_domain(folder)


@pytest.mark.parametrize("at_once", [1, 4, 1000])
def test_what_is_exported_is_what_the_tables_hold(corner_shop, tmp_path, monkeypatch, at_once):
    monkeypatch.setattr(module, "LINES_AT_ONCE", at_once)
    shop = read_domain(corner_shop)
    out = tmp_path / "new" / "shop"
    export_recbole(corner_shop, out)
    assert sorted(path.name for path in out.iterdir()) == [
        f"shop.{suffix}" for suffix in ("inter", "item", "kg", "link", "user")
    ]
    seen = [
        {**row, "rating": float(row["rating"]), "timestamp": int(row["timestamp"])}
        for row in plain(out / "shop.inter")
    ]
    assert seen == shop.interactions.to_pylist()
    assert plain(out / "shop.item") == [
        {
            "item_id": item.item_id,
            "title": item.title,
            "year": str(item.year),
            "popularity": str(item.popularity),
        }
        for item in shop.catalogue.items
    ]
    assert [{**u, "age": int(u["age"])} for u in plain(out / "shop.user")] == shop.users.to_pylist()
    item_of = {row["entity_id"]: row["item_id"] for row in plain(out / "shop.link")}
    facts = [
        {
            "item_id": item_of[row["head_id"]],
            "relation": row["relation_id"],
            "value": row["tail_id"],
        }
        for row in plain(out / "shop.kg")
    ]
    assert facts == shop.attributes.to_pylist()


def test_headers_are_typed_as_recbole_wants_them(corner_shop, tmp_path):
    export_recbole(corner_shop, tmp_path / "s")
    headers = {
        path.suffix: path.read_text().partition("\n")[0] for path in (tmp_path / "s").iterdir()
    }
    assert headers == {
        ".inter": "user_id:token\titem_id:token\trating:float\ttimestamp:float",
        ".item": "item_id:token\ttitle:token_seq\tyear:token\tpopularity:float",
        ".user": "user_id:token\tage:token\tgender:token\toccupation:token",
        ".kg": "head_id:token\trelation_id:token\ttail_id:token",
        ".link": "item_id:token\tentity_id:token",
    }


def test_tabs_line_ends_and_quotes_take_no_line_apart(corner_shop, tmp_path):
    titles = {0: "a\tb\r\nc\u2028d\x1ce\x85f", 1: '"Crocodile" Dundee', 2: '"unclosed', 3: '7" "x"'}
    shop = renamed(corner_shop, titles, {0: '"Crime', 1: "Dra\nma"})
    export_recbole(corner_shop, tmp_path / "s")
    expected = ["a b  c d e f", "'Crocodile' Dundee", "'unclosed", '7" "x"', "Pinocchio"]
    items = plain(tmp_path / "s" / "s.item")
    assert [row["title"] for row in items[:5]] == expected
    assert [row["tail_id"] for row in plain(tmp_path / "s" / "s.kg")[:2]] == ["'Crime", "Dra ma"]
    read = as_recbole(tmp_path / "s" / "s.item")
    assert read["title:token_seq"].tolist()[:5] == expected
    assert read["popularity:float"].tolist() == [i.popularity for i in shop.catalogue.items]
    assert len(as_recbole(tmp_path / "s" / "s.kg")) == shop.attributes.num_rows


def test_a_year_or_group_that_is_not_known_is_an_empty_field(corner_shop, tmp_path):
    shop = read_domain(corner_shop)
    first, *others = shop.catalogue.items
    users = shop.users.append_column("a:b", pa.array([None, "x", "y", "z"]))
    write_tables(
        corner_shop,
        items=[Item(first.item_id, first.title, None, (), first.popularity), *others],
        attributes=shop.attributes,
        interactions=shop.interactions,
        users=users,
    )
    export_recbole(corner_shop, tmp_path / "s")
    assert plain(tmp_path / "s" / "s.item")[0]["year"] == ""
    assert [user["a_b"] for user in plain(tmp_path / "s" / "s.user")] == ["", "x", "y", "z"]


def test_an_id_that_would_change_is_refused(corner_shop, tmp_path):
    shop = read_domain(corner_shop)
    users = shop.users.to_pylist()
    users.append({**users[0], "user_id": "an\tn"})
    write_tables(
        corner_shop,
        items=shop.catalogue.items,
        attributes=shop.attributes,
        interactions=shop.interactions,
        users=pa.Table.from_pylist(users),
    )
    with pytest.raises(DataError, match=r"user id 'an\\tn' holds a tab"):
        export_recbole(corner_shop, tmp_path / "s")
    assert not (tmp_path / "s").exists()


def test_a_folder_that_holds_something_is_left_alone(corner_shop, tmp_path, capsys):
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "mine").write_text("x")
    line = ["data", "export", str(corner_shop), "--format", "recbole", "--out", str(tmp_path / "s")]
    assert main(line) == 2
    assert "is there already" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "s").iterdir()] == ["mine"]


def test_a_full_disk_leaves_nothing(corner_shop, tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "_lines", full)
    with pytest.raises(DataError, match=r"cannot be written \(No space left"):
        export_recbole(corner_shop, tmp_path / "s")
    assert [path.name for path in tmp_path.iterdir()] == [corner_shop.name]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--format recbole --graph attributes --out new", "--graph is for gexf and graphml"),
        ("--format gexf --out new", "gexf is of one graph; add --graph"),
        ("--format dot --out new", "dot"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    corner_shop, monkeypatch, options, said, capsys
):
    monkeypatch.chdir(corner_shop.parent)
    assert main(["data", "export", str(corner_shop), *options.split()]) == 2
    assert said in capsys.readouterr().err
    assert not Path("new").exists()


def test_the_command_writes_an_export(corner_shop, tmp_path, capsys):
    out = tmp_path / "shop"
    assert main(["data", "export", str(corner_shop), "--format", "recbole", "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"{out}: written\n"
    assert len(plain(out / "shop.inter")) == 23
