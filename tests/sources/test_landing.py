"""Files of every format read into the same rows."""

import csv
import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerec.errors import DataError, SourceError
from rerec.sources.landing import MOST_LINE_BYTES, Columns, land, source_of
from rerec.sources.workbench import Workbench

WANTED = Columns(("item_id", "title"), ("year", "aliases"))
ROWS = [
    {"item_id": "1", "title": 'He said "no",\nthen left', "year": "1995", "aliases": "A|B"},
    {"item_id": "x 2", "title": "Amélie 東京", "year": None, "aliases": None},
    {"item_id": "'3'", "title": "semi;colon\ttab", "year": "1927", "aliases": "C"},
]
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Zs", "Zl", "Zp", "Cs"]), min_size=1
)


def bench(folder, **more) -> Workbench:
    folder.mkdir(exist_ok=True)
    return Workbench(folder, **more)


def write_csv(path, delimiter=","):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(ROWS[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(ROWS)


def with_lists():
    return [{**row, "aliases": row["aliases"] and row["aliases"].split("|")} for row in ROWS]


def write_json_lines(path):
    lines = [json.dumps(row) + "\n\n" for row in with_lists()]
    path.write_text("".join(lines), encoding="utf-8")


def write_parquet(path):
    years = [row["year"] and int(row["year"]) for row in ROWS]
    rows = [{**row, "year": year} for row, year in zip(with_lists(), years, strict=True)]
    pq.write_table(pa.Table.from_pylist(rows), path)


def pack(path):
    packed = path.with_name(f"{path.name}.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    return packed


NAMES = ("a.csv", "a.tsv", "a.jsonl", "a.parquet", "b.csv.gz", "b.JSONL")


@pytest.mark.parametrize("name", NAMES)
def test_every_format_gives_the_same_rows(name, tmp_path):
    path = tmp_path / name.removesuffix(".gz")
    if "csv" in name or "tsv" in name:
        write_csv(path, "\t" if "tsv" in name else ",")
    else:
        (write_parquet if "parquet" in name else write_json_lines)(path)
    path = pack(path) if name.endswith(".gz") else path
    made = bench(tmp_path / "bench")
    landed = land(made, "items", source_of(path), WANTED)
    rows = made.run('SELECT item_id, title, year, aliases FROM items ORDER BY "#row"')
    assert rows == [tuple(row.values()) for row in ROWS]
    assert made.files[str(path)]["rows"] == 3
    second = made.one('SELECT "#row" FROM items ORDER BY "#row" LIMIT 1 OFFSET 1')
    places = {"a.parquet": "row 2", "a.jsonl": "line 3", "b.JSONL": "line 3"}
    assert landed.place(second) == places.get(name, "line 4")


@settings(max_examples=40)
@given(rows=st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=20))
def test_any_text_comes_through_csv_in_its_order(rows, tmp_path_factory):
    folder = tmp_path_factory.mktemp("any")
    with (folder / "a.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("item_id", "title"), *rows])
    made = bench(folder / "bench")
    land(made, "items", source_of(folder / "a.csv"), WANTED)
    assert made.run('SELECT item_id, title FROM items ORDER BY "#row"') == rows
    made.database.close()


def test_a_path_is_no_pattern(tmp_path):
    folder = tmp_path / "a[1]*"
    folder.mkdir()
    write_csv(folder / "it's?.csv")
    made = bench(tmp_path / "bench")
    land(made, "items", source_of(folder / "it's?.csv"), WANTED)
    assert made.one("SELECT count(*) FROM items") == 3


def test_columns_that_are_not_wanted_are_named(tmp_path):
    (tmp_path / "a.csv").write_text("title,price,item_id\nHeat,3,1\n")
    made = bench(tmp_path / "bench")
    assert land(made, "items", source_of(tmp_path / "a.csv"), WANTED).columns == (
        "item_id",
        "title",
    )
    assert made.files[str(tmp_path / "a.csv")]["columns_not_used"] == ["price"]


def test_one_column_may_have_blank_lines(tmp_path):
    (tmp_path / "u.csv").write_text("user_id\nann\n\nbob\n\n")
    made = bench(tmp_path / "bench")
    land(made, "users", source_of(tmp_path / "u.csv"), Columns(("user_id",)))
    assert made.run("SELECT user_id FROM users") == [("ann",), ("bob",)]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("2", "line 4: has 1 values, but the file has 2 columns"),
        ("2,a,b", "line 4: has 3 values, but the file has 2 columns"),
        ('2,"a"b"', "line 4: a quote is opened and not closed"),
        (f"2,{'x' * (MOST_LINE_BYTES + 1)}", "line 4: is longer than 2,000,000 bytes"),
    ],
)
def test_a_malformed_line_is_refused_or_left_out(line, told, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(f'item_id,title\n1,"Heat\nor"\n{line}\n3,Ronin\n')
    with pytest.raises(DataError, match=told):
        land(bench(tmp_path / "one"), "items", source_of(path), WANTED)
    made = bench(tmp_path / "other", skip_bad_rows=True)
    landed = land(made, "items", source_of(path), WANTED)
    assert made.run('SELECT item_id FROM items ORDER BY "#row"') == [("1",), ("3",)]
    assert made.files[str(path)]["faults"] == [{"first": told, "rows": 1}]
    assert landed.place(2) == "line 5"


def test_a_name_without_a_known_end_is_refused(tmp_path):
    with pytest.raises(SourceError, match=r"items: is of no known format; .* must end in .csv"):
        source_of(tmp_path / "items")
