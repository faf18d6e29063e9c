"""Files of a domain or a run: read with checks, written whole or not at all.

Everything is written under another name in the same folder and then moved into place, so that a
full disk or a kill never leaves half a file under the name that a reader looks for.
"""

import json
import os
import shutil
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rerec.errors import DataError

REBUILD = "build the domain again"
PIECE_ROWS = 1 << 21
"""Rows of a long table that stand in memory at a time."""


@contextmanager
def new_folder(path: Path) -> Generator[Path]:
    """A folder to fill, beside `path`, that becomes `path` when the block ends well.

    If the block fails, what it wrote is removed and nothing stands at `path`.

    Raises:
        DataError: something stands at `path` already, the disk is full, or it may not be written.
    """
    if path.is_file() or (path.is_dir() and any(path.iterdir())):
        raise DataError(f"{path}: is there already; remove it or choose another folder")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        temporary.mkdir(parents=True)
        yield temporary
        os.replace(temporary, path)  # takes the place of an empty folder
    except OSError as error:
        raise _unwritable(path, error) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def replaced(path: Path) -> Generator[Path]:
    """A name to write to, in the folder of `path`, that becomes `path` when the block ends well.

    The folder is made where it is missing. If the block fails, what it wrote is removed and `path`
    is left as it was.

    Raises:
        DataError: the disk is full, or the folder may not be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise _unwritable(path, error) from None
    finally:
        with suppress(OSError):  # not there, or its folder is none
            temporary.unlink()


def _unwritable(path: Path, error: OSError) -> DataError:
    return DataError(
        f"{path}: cannot be written ({error.strerror or error}); nothing was changed, "
        "free some space or choose another folder"
    )


def write_parquet(path: Path, table: pa.Table) -> None:
    """Write a table; the same table gives the same bytes.

    Raises:
        DataError: the file cannot be written.
    """
    with replaced(path) as temporary:
        # The sorting schema of pandas is of no use to a reader, and changes with its version.
        pq.write_table(table.replace_schema_metadata(None), temporary, compression="zstd")


def read_parquet(path: Path, columns: pa.Schema, *, keep_others: bool = False) -> pa.Table:
    """Read the columns of a schema, in its order and types.

    Kinds must agree (text with text, whole numbers with whole numbers, a list with a list of the
    same); a narrower or wider type of the same kind is converted. A field of the schema that is
    not nullable must have no empty value. Other columns are dropped, or kept behind with
    `keep_others`.

    Raises:
        DataError: the file is missing or no Parquet file, a column is missing, of another kind, or
            empty where it must not be.
    """
    table = _whole(path)
    names = list(columns.names)
    _refuse_missing(path, table.column_names, columns)
    table = _converted(path, table, columns)
    if not keep_others:
        return table.select(names)
    return table.select(names + [name for name in table.column_names if name not in names])


def read_pieces(path: Path, columns: pa.Schema) -> Iterator[pa.Table]:
    """What `read_parquet` reads, some rows at a time, for tables that may not fit in memory.

    Yields:
        Tables of at most `PIECE_ROWS` rows; at least one, if only an empty one.

    Raises:
        DataError: as `read_parquet`, when the piece is reached.
    """
    file = opened(path)
    _refuse_missing(path, file.schema_arrow.names, columns)
    yield _converted(path, file.schema_arrow.empty_table(), columns).select(columns.names)
    row = 0
    try:
        for batch in file.iter_batches(PIECE_ROWS, columns=columns.names):
            piece = pa.Table.from_batches([batch])
            yield _converted(path, piece, columns, first_row=row).select(columns.names)
            row += piece.num_rows
    except (pa.ArrowException, OSError) as error:
        raise unreadable(path, error) from None


def n_rows_of(path: Path) -> int:
    """Number of rows of a Parquet file, from its footer alone.

    Raises:
        DataError: the file is missing or no Parquet file.
    """
    return opened(path).metadata.num_rows


def _whole(path: Path) -> pa.Table:
    try:
        return opened(path).read()
    except (pa.ArrowException, OSError) as error:
        raise unreadable(path, error) from None


def opened(path: Path) -> pq.ParquetFile:
    """A Parquet file, its footer read and nothing else.

    Raises:
        DataError: it is missing or no Parquet file.
    """
    if not path.is_file():
        raise DataError(f"{path}: there is no such file; {REBUILD}, or give another folder")
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise unreadable(path, error) from None


def unreadable(path: Path, error: Exception) -> DataError:
    """What to say of a file that Parquet's reader refused."""
    reason = " ".join(str(error).split())
    return DataError(f"{path}: is not a readable Parquet file ({reason}); {REBUILD}")


def _refuse_missing(path: Path, found: Sequence[str], columns: pa.Schema) -> None:
    missing = [name for name in columns.names if name not in found]
    if missing:
        raise DataError(
            f"{path}: has no column {missing[0]!r}, only {', '.join(found) or 'none'};"
            f" {REBUILD}, or rename the column"
        )


def _converted(path: Path, table: pa.Table, columns: pa.Schema, *, first_row: int = 0) -> pa.Table:
    for wanted in columns:
        at = table.column_names.index(wanted.name)
        column = table.column(at)
        if not same_kind(column.type, wanted.type):
            raise DataError(
                f"{path}: the column {wanted.name!r} holds {column.type}, not {wanted.type}; "
                f"{REBUILD}, or convert the column"
            )
        if column.null_count and not wanted.nullable:
            empty = first_row + column.is_null().to_pylist().index(True)
            raise DataError(
                f"{path}: the column {wanted.name!r} is empty in row {empty}; fill it or leave the "
                "row out"
            )
        try:
            fitted = column.cast(wanted.type)
            fitted.validate(full=True)  # Parquet's reader takes text that is not UTF-8
            table = table.set_column(at, wanted, fitted)
        except pa.ArrowException as error:
            reason = str(error).splitlines()[0].strip()
            raise DataError(
                f"{path}: the column {wanted.name!r} does not fit {wanted.type} ({reason}); "
                "mend the value"
            ) from None
    return table


def same_kind(found: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether a column can be meant as another type: the same kind, whatever its width."""
    kind = pa.types
    if kind.is_null(found):
        return True
    if kind.is_list(wanted):
        return (kind.is_list(found) or kind.is_large_list(found)) and same_kind(
            found.value_type, wanted.value_type
        )
    if kind.is_struct(wanted):
        names = {field.name: field.type for field in found} if kind.is_struct(found) else {}
        return all(f.name in names and same_kind(names[f.name], f.type) for f in wanted)
    if kind.is_string(wanted):
        return kind.is_string(found) or kind.is_large_string(found)
    if kind.is_floating(wanted):
        return kind.is_floating(found) or kind.is_integer(found)
    return kind.is_integer(found) if kind.is_integer(wanted) else found == wanted


def write_json(path: Path, content: Any) -> None:
    """Write JSON, indented and with a final line end; keys stay in the order given.

    Raises:
        DataError: the file cannot be written.
        ValueError: the content is not a number where one is meant (nan, infinity).
    """
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    with replaced(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read JSON.

    Raises:
        DataError: the file is missing or no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({error.strerror}); make it again, or give another file"
        ) from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: is not JSON ({error}); make it again") from None


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, as 64 hexadecimal digits.

    Raises:
        DataError: the file cannot be read.
    """
    digest = sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({error.strerror}); make it again, or give another file"
        ) from None
    return digest.hexdigest()
