"""Bytes of text files: encodings told apart, places found again."""

import csv
import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerec.errors import SourceError
from rerec.sources import textfile
from rerec.sources.textfile import (
    Bytes,
    Layout,
    first_record,
    line_of_byte,
    line_of_row,
    look_at,
    rewrite,
)

QUOTED = Layout(",")
PLAIN = Layout("::", quote="", names=("a", "b"), has_header=False)
VALUES = st.text(
    st.sampled_from(["a", "é", ",", '"', "\n", "\u2028", "\x0b"]), min_size=1, max_size=5
)


def written(tmp_path, content: bytes, name: str = "file.csv"):
    path = tmp_path / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


@pytest.mark.parametrize("name", ["file.csv", "file.csv.gz"])
@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"a\nb\n", Bytes("utf-8", False)),
        ("é\n".encode(), Bytes("utf-8", False)),
        ("é\n".encode("latin-1"), Bytes("cp1252", False)),
        ("“é”\n".encode("cp1252"), Bytes("cp1252", False)),
        (b"a\r\nb\r\n", Bytes("utf-8", False)),
        (b"a\r\nb\n", Bytes("utf-8", True)),
        (b"", Bytes("utf-8", False)),
    ],
)
def test_the_encoding_and_line_ends_of_a_file_are_found(content, found, name, tmp_path):
    assert look_at(written(tmp_path, content, name), "file", tolerant=False) == found


@given(texts=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), max_size=9))
def test_a_letter_that_two_blocks_share_is_still_utf8(texts, tmp_path_factory):
    path = tmp_path_factory.mktemp("texts") / "file.csv"
    path.write_bytes("".join(texts).encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(textfile, "BLOCK", 3)
        assert look_at(path, "file", tolerant=False).encoding == "utf-8"


def test_a_last_letter_that_is_cut_is_no_utf8(tmp_path):
    path = written(tmp_path, "né\nné".encode()[:-1])
    with pytest.raises(SourceError, match="line 2: is not UTF-8, but line 1 is"):
        look_at(path, "file", tolerant=False)
    assert look_at(path, "file", tolerant=True).encoding == "utf-8"


def test_a_copy_is_utf8_with_line_ends_of_one_kind(tmp_path):
    path = written(tmp_path, "é\r\nü\n".encode("latin-1"))
    rewrite(path, tmp_path / "copy", look_at(path, "file", tolerant=False), "file")
    assert (tmp_path / "copy").read_bytes() == "é\nü\n".encode()


def test_a_header_may_hold_a_mark_quotes_and_line_ends(tmp_path):
    path = written(tmp_path, '\ufeffid,"a\nb"\n1,2\n'.encode())
    assert first_record(path, QUOTED, "file") == ["id", "a\nb"]
    assert first_record(written(tmp_path, b"a::b\n"), Layout("::", quote=""), "f") == ["a", "b"]
    assert first_record(written(tmp_path, b""), QUOTED, "file") == []


@given(rows=st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=8))
def test_a_row_is_found_on_the_line_where_it_starts(rows, tmp_path_factory):
    path = tmp_path_factory.mktemp("rows") / "file.csv"
    lines, text = [], "one,two\n"
    for row in rows:
        lines.append(text.count("\n") + 1)
        record = io.StringIO()
        csv.writer(record, lineterminator="\n").writerow(row)
        text += record.getvalue()
    path.write_text(text, encoding="utf-8", newline="")
    found = [
        line_of_row(path, n, QUOTED, rejected=frozenset(), shown="f")
        for n in range(1, len(rows) + 1)
    ]
    assert found == lines


def test_blank_and_rejected_lines_are_no_rows(tmp_path):
    path = written(tmp_path, b"a::b\n\nc\nd::e\n")
    assert line_of_row(path, 2, PLAIN, rejected=frozenset({3}), shown="f") == 4


@given(content=st.binary(max_size=40), position=st.integers(1, 40))
def test_the_line_of_a_byte_is_one_more_than_the_line_ends_before_it(
    content, position, tmp_path_factory
):
    path = tmp_path_factory.mktemp("bytes") / "file.csv"
    path.write_bytes(content)
    assert line_of_byte(path, position, "f") == content[: position - 1].count(b"\n") + 1
