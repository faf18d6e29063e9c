"""A text file as bytes: whether it can be read, in which encoding, and on which line a place is.

Everything works in blocks, never line by line: a file of 100 million lines is read once, at the
speed of the disk. Files that end in `.gz` are read through gzip.
"""

import codecs
import csv
import gzip
import re
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from io import BufferedReader, TextIOWrapper
from pathlib import Path

from rerec.errors import SourceError

BLOCK = 1 << 20
UTF_8 = "utf-8"
WESTERN = "cp1252"
"""Windows-1252: latin-1 but for its 27 additional signs, so that it reads both."""
_NOT_ASCII = re.compile(rb"[\x80-\xff]+")
_UNDEFINED = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")  # no character of Windows-1252


@dataclass(frozen=True, slots=True)
class Layout:
    """How the lines of a text file are cut into columns."""

    delimiter: str
    quote: str = '"'
    """Around values that hold a delimiter or a line end; empty where the format has none."""
    names: tuple[str, ...] = ()
    """Names of the columns; empty where the first line says them."""
    has_header: bool = True


@dataclass(frozen=True, slots=True)
class Source:
    """A file that is read."""

    path: Path
    shown: str
    """Its name in messages, which may be that of a member of a zip file."""
    layout: Layout | None
    """None for Parquet, which has rows and no lines."""


@dataclass(frozen=True, slots=True)
class Bytes:
    """What was found in the bytes of a text file."""

    encoding: str
    mixed_line_ends: bool
    """Some lines end in CR LF and others in LF."""


def refuse_missing(path: Path, shown: str) -> None:
    """Raise a SourceError where there is no such file; it names the nearest one of the folder."""
    if path.is_file():
        return
    if path.is_dir():
        raise SourceError(f"{shown}: is a folder, not a file; name the file in it")
    names = [file.name for file in path.parent.iterdir()] if path.parent.is_dir() else []
    near = get_close_matches(path.name, names, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else "check the name"
    raise SourceError(f"{shown}: there is no such file; {hint}")


@contextmanager
def opened(path: Path, shown: str) -> Generator[gzip.GzipFile | BufferedReader]:
    """The bytes of a file, unpacked where its name ends in `.gz`.

    Raises:
        SourceError: the file cannot be read, or is no whole gzip file.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            yield file
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise SourceError(f"{shown}: is no whole gzip file ({error}); fetch it again") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise SourceError(f"{shown}: cannot be read ({reason}); check the file") from None


def look_at(path: Path, shown: str, *, tolerant: bool) -> Bytes:
    """Read a file once: its encoding, and whether its line ends agree.

    UTF-8 if all of it is; else Windows-1252 (latin-1) if none of it can only be UTF-8.

    Args:
        path: the file.
        shown: its name in messages.
        tolerant: take a file of mixed encodings as UTF-8; its other lines are rejected later.

    Raises:
        SourceError: the file cannot be read, is no text, or has lines in both encodings.
    """
    decoder = codecs.getincrementaldecoder(UTF_8)()
    is_utf8, n_lf, n_crlf, last = True, 0, 0, b""
    with opened(path, shown) as file:
        for block in iter(lambda: file.read(BLOCK), b""):
            if b"\0" in block:
                line = n_lf + block.count(b"\n", 0, block.index(b"\0")) + 1
                raise SourceError(
                    f"{shown}, line {line}: holds a zero byte, so it is no text in UTF-8 or "
                    "latin-1; save it as UTF-8"
                )
            n_lf += block.count(b"\n")
            n_crlf += block.count(b"\r\n") + (last + block[:1] == b"\r\n")
            last = block[-1:]
            is_utf8 = is_utf8 and _decodes(decoder, block)
    is_utf8 = is_utf8 and _decodes(decoder, b"", final=True)
    encoding = UTF_8 if is_utf8 else _other_encoding(path, shown, tolerant=tolerant)
    return Bytes(encoding, mixed_line_ends=0 < n_crlf < n_lf)


def rewrite(path: Path, target: Path, found: Bytes, shown: str) -> None:
    """Write a file anew in UTF-8, its lines ending in LF."""
    with opened(path, shown) as file, target.open("wb") as out:
        for block in _whole_lines(file):
            text = block if found.encoding == UTF_8 else block.decode(WESTERN).encode()
            out.write(text.replace(b"\r\n", b"\n"))


def first_record(path: Path, layout: Layout, shown: str) -> list[str]:
    """The values of a file's first line, which may hold quoted line ends; none of an empty file.

    Raises:
        SourceError: the file cannot be read.
    """
    with _lines(path, shown) as lines:
        if not layout.quote:
            line = next(lines, "").rstrip()
            return line.split(layout.delimiter) if line else []
        try:
            return next(_parsed(lines, layout), [])
        except csv.Error as error:
            raise SourceError(f"{shown}, line 1: is no header ({error}); mend it") from None


def line_of_byte(path: Path, position: int, shown: str) -> int:
    """The line, from 1, in which the byte of a position, from 1, stands."""
    n_before, left = 0, position - 1
    with opened(path, shown) as file:
        while left > 0 and (block := file.read(min(BLOCK, left))):
            n_before += block.count(b"\n")
            left -= len(block)
    return n_before + 1


def line_of_row(
    path: Path, row: int, layout: Layout, *, rejected: frozenset[int], shown: str
) -> int:
    """The line on which a row starts, counting rows from 1 without header and rejected lines.

    Only asked once something is wrong, as the one place that reads record by record.
    """
    with _lines(path, shown) as lines:
        starts = _record_starts(lines, layout)
        if layout.has_header:
            next(starts, None)
        kept = (start for start in starts if start not in rejected)
        return next((start for n, start in enumerate(kept, start=1) if n == row), row)


@contextmanager
def _lines(path: Path, shown: str) -> Generator[Iterator[str]]:
    """The lines of a file as DuckDB counts them: they end in LF, and no other sign ends one."""
    with (
        opened(path, shown) as file,
        TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="\n") as text,
    ):
        yield (line.replace("\r", " ") for line in text)


def _record_starts(lines: Iterator[str], layout: Layout) -> Iterator[int]:
    if not layout.quote:
        keeps_blank = len(layout.names) == 1
        yield from (n for n, line in enumerate(lines, start=1) if keeps_blank or line.strip())
        return
    records = _parsed(lines, layout)
    before = 0
    for record in records:
        if record:
            yield before + 1
        before = records.line_num


def _parsed(lines: Iterator[str], layout: Layout):
    csv.field_size_limit(1 << 30)
    return csv.reader(lines, delimiter=layout.delimiter, quotechar=layout.quote)


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return True


def _other_encoding(path: Path, shown: str, *, tolerant: bool) -> str:
    """The encoding of a file that is not UTF-8 throughout."""
    first: dict[str, int] = {}
    line = 1
    with opened(path, shown) as file:
        for block in _whole_lines(file):
            for run in _NOT_ASCII.finditer(block):
                kind = _kind_of(run.group())
                if kind not in first:
                    first[kind] = line + block.count(b"\n", 0, run.start())
            line += block.count(b"\n")
    if first.keys() == {WESTERN}:
        return WESTERN
    if tolerant:
        return UTF_8
    if UTF_8 in first:
        at = min(n for kind, n in first.items() if kind != UTF_8)
        raise SourceError(
            f"{shown}, line {at}: is not UTF-8, but line {first[UTF_8]} is; save the file in one "
            "encoding, or leave such rows out with --skip-bad-rows"
        )
    raise SourceError(
        f"{shown}, line {first['neither']}: is neither UTF-8 nor latin-1; save the file as UTF-8, "
        "or leave such rows out with --skip-bad-rows"
    )


def _kind_of(run: bytes) -> str:
    try:
        run.decode(UTF_8)
    except UnicodeDecodeError:
        return "neither" if _UNDEFINED.search(run) else WESTERN
    return UTF_8


def _whole_lines(file: gzip.GzipFile | BufferedReader) -> Iterator[bytes]:
    """Blocks that end where a line does, as far as lines are shorter than a block."""
    while block := file.read(BLOCK):
        yield block + file.readline(BLOCK)
