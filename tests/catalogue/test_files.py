"""Files: whole or not there, and every way to spoil one ends in a sentence."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rerec.catalogue import files
from rerec.catalogue.files import (
    n_rows_of,
    read_json,
    read_parquet,
    read_pieces,
    replaced,
    sha256_of,
    write_json,
    write_parquet,
)
from rerec.errors import DataError

COLUMNS = pa.schema(
    [
        pa.field("name", pa.string(), nullable=False),
        pa.field("year", pa.int32()),
        pa.field("tags", pa.list_(pa.string()), nullable=False),
        pa.field("pairs", pa.list_(pa.struct([("a", pa.string()), ("b", pa.string())]))),
    ]
)
ROWS = [
    {"name": "Heat", "year": 1995, "tags": ["x"], "pairs": [{"a": "1", "b": "2"}]},
    {"name": "Ronin", "year": None, "tags": [], "pairs": []},
]


def table(**changes: pa.Array) -> pa.Table:
    made = pa.Table.from_pylist(ROWS, schema=COLUMNS)
    for name, column in changes.items():
        made = made.set_column(made.column_names.index(name), name, column)
    return made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shop" / "items.parquet"


def test_a_table_is_read_as_it_was_written(path):
    write_parquet(path, table())
    assert read_parquet(path, COLUMNS).to_pylist() == ROWS
    assert n_rows_of(path) == 2


def test_a_table_is_read_in_pieces_that_make_the_whole(path, monkeypatch):
    monkeypatch.setattr(files, "PIECE_ROWS", 2)
    write_parquet(path, pa.concat_tables([table(), table(), table().slice(0, 1)]))
    pieces = [*read_pieces(path, COLUMNS)]
    assert [piece.num_rows for piece in pieces] == [0, 2, 2, 1]
    assert pa.concat_tables(pieces).equals(read_parquet(path, COLUMNS))


def test_a_piece_is_checked_as_the_whole_and_names_the_row_of_the_file(path, monkeypatch):
    monkeypatch.setattr(files, "PIECE_ROWS", 2)
    rows = pa.Table.from_pylist(2 * ROWS, schema=COLUMNS)
    names = pa.array(["Heat", "Ronin", "Thief", None])
    write_parquet(path, rows.set_column(0, "name", names))
    with pytest.raises(DataError, match="'name' is empty in row 3; fill it"):
        [*read_pieces(path, COLUMNS)]
    write_parquet(path, rows.drop_columns(["tags"]))
    with pytest.raises(DataError, match="has no column 'tags', only name, year, pairs"):
        [*read_pieces(path, COLUMNS)]
    write_parquet(path, table(year=pa.array(["a", "b"])).slice(0, 0))
    with pytest.raises(DataError, match="the column 'year' holds string, not int32"):
        [*read_pieces(path, COLUMNS)]


def test_the_same_table_gives_the_same_bytes(path):
    write_parquet(path, table())
    first = path.read_bytes()
    write_parquet(path, table().replace_schema_metadata({"pandas": "something"}))
    assert path.read_bytes() == first


def test_other_columns_are_dropped_or_kept_behind(path):
    write_parquet(path, table().append_column("more", pa.array([1, 2])).select([4, 2, 1, 0, 3]))
    names = ["name", "year", "tags", "pairs"]
    assert read_parquet(path, COLUMNS).column_names == names
    assert read_parquet(path, COLUMNS, keep_others=True).column_names == [*names, "more"]


def test_types_of_the_same_kind_are_converted(path):
    wide = pa.array([["x"], []], pa.large_list(pa.large_string()))
    write_parquet(path, table(year=pa.array([1995, None], pa.int64()), tags=wide))
    found = read_parquet(path, COLUMNS)
    assert found.schema.equals(COLUMNS)
    assert found.to_pylist() == ROWS


def test_a_missing_column_is_named_with_those_that_are_there(path):
    write_parquet(path, table().drop_columns(["year"]))
    with pytest.raises(DataError, match=r"items\.parquet: has no column 'year', only name, tags"):
        read_parquet(path, COLUMNS)


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("name", pa.array([1, 2])),
        ("year", pa.array(["1995", "1998"])),
        ("year", pa.array([1995.5, 2.0])),
        ("tags", pa.array(["x", "y"])),
        ("tags", pa.array([[1], []])),
        ("pairs", pa.array([[{"a": "1"}], []])),
    ],
)
def test_a_column_of_another_kind_is_named(path, name, column):
    write_parquet(path, table(**{name: column}))
    with pytest.raises(DataError, match=f"the column '{name}' holds .*, not "):
        read_parquet(path, COLUMNS)


def test_a_value_that_does_not_fit_is_a_sentence(path):
    write_parquet(path, table(year=pa.array([2**40, None], pa.int64())))
    with pytest.raises(DataError, match=r"'year' does not fit int32"):
        read_parquet(path, COLUMNS)


def test_an_empty_value_where_none_may_be_is_named_with_its_row(path):
    write_parquet(path, table(name=pa.array(["Heat", None])))
    with pytest.raises(DataError, match="'name' is empty in row 1"):
        read_parquet(path, COLUMNS)


@pytest.mark.parametrize("spoil", [b"", b"PAR1", b"no table at all" * 50, None])
def test_a_broken_table_is_a_sentence_that_names_the_file(path, spoil):
    write_parquet(path, table())
    path.write_bytes(path.read_bytes()[:-20] if spoil is None else spoil)
    for read in (n_rows_of, lambda p: read_parquet(p, COLUMNS)):
        with pytest.raises(DataError, match=r"items\.parquet: is not a readable Parquet file"):
            read(path)


def test_a_table_with_spoilt_pages_is_a_sentence(path):
    write_parquet(path, table(name=pa.array(["Heat" * 500, "Ronin" * 500])))
    content = bytearray(path.read_bytes())
    content[4:60] = b"\xff" * 56
    path.write_bytes(bytes(content))
    with pytest.raises(DataError, match="is not a readable Parquet file"):
        read_parquet(path, COLUMNS)


def test_a_missing_table_is_named(path):
    with pytest.raises(DataError, match=r"items\.parquet: there is no such file"):
        read_parquet(path, COLUMNS)


def full(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


def half_then_full(made: pa.Table, where: Path, **_: object) -> None:
    pq.write_table(made.slice(0, 1), where)
    full()


@pytest.mark.parametrize(("place", "name"), [("pq", "write_table"), ("os", "replace")])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(path, monkeypatch, place, name):
    write_parquet(path, table())
    before = path.read_bytes()
    broken = half_then_full if name == "write_table" else full
    with monkeypatch.context() as patch:
        patch.setattr(files, place, type("Broken", (), {name: staticmethod(broken), "getpid": int}))
        with pytest.raises(DataError, match=r"cannot be written \(No space left on device\)"):
            write_parquet(path, table().slice(0, 1))
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert path.read_bytes() == before


def test_a_folder_that_is_a_file_is_a_sentence(tmp_path):
    (tmp_path / "shop").write_text("a file")
    with pytest.raises(DataError, match="cannot be written"):
        write_json(tmp_path / "shop" / "made.json", {})


def test_an_error_of_the_writer_is_passed_on_and_its_half_file_removed(tmp_path):
    def write() -> None:
        with replaced(tmp_path / "out") as temporary:
            temporary.write_text("half")
            raise KeyError("a bug")

    with pytest.raises(KeyError):
        write()
    assert not list(tmp_path.iterdir())


def test_json_is_read_as_it_was_written_keys_in_their_order(tmp_path):
    content = {"b": 1, "a": [1.5, None, "Léon"]}
    write_json(tmp_path / "made.json", content)
    assert list(read_json(tmp_path / "made.json").items()) == list(content.items())
    assert "Léon" in (tmp_path / "made.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe"])
def test_broken_json_is_a_sentence(tmp_path, content):
    (tmp_path / "made.json").write_bytes(content)
    with pytest.raises(DataError, match=r"made\.json: is not JSON"):
        read_json(tmp_path / "made.json")


def test_what_is_missing_can_be_neither_read_nor_hashed(tmp_path):
    for read in (read_json, sha256_of):
        with pytest.raises(DataError, match=r"gone: cannot be read \(No such file"):
            read(tmp_path / "gone")


def test_a_hash_is_that_of_the_bytes(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256_of(tmp_path / "abc").startswith("ba7816bf8f01cfea")  # FIPS 180-2, appendix B.1
