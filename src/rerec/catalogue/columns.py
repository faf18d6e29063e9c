"""Tables read for checking: piece by piece, each column as far as it is what it should be.

`read_parquet` stops at the first thing that is wrong. Here it is recorded with its row, a value
that cannot be used is left out (null), and reading goes on. A hundred million rows never stand in
memory.
"""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from rerec.catalogue.files import REBUILD, opened, same_kind, unreadable
from rerec.catalogue.findings import LIMIT, Findings, shown
from rerec.catalogue.kernels import pc
from rerec.errors import DataError

BATCH_ROWS = 1 << 20
MAX_BYTES = 1 << 16
"""A name that is longer is none: a whole file was read into one field."""


def batches_of(
    path: Path, columns: pa.Schema, findings: Findings, *, keep_others: bool = False
) -> Iterator[tuple[int, pa.Table]]:
    """The rows of a table in pieces, with what is wrong in a column recorded.

    Args:
        path: the Parquet file; one that cannot be opened is recorded and gives nothing.
        columns: what it should have.
        findings: of the file.
        keep_others: whether further columns are checked too, each as the type that it has.

    Yields:
        The first row of a piece, and the piece with those of the columns that can be used. The
        first piece comes even where there is no row.
    """
    try:
        file = opened(path)
    except DataError as error:
        findings.add_error(error)
        return
    usable = _usable(file.schema_arrow, columns, findings)
    if keep_others:
        usable += [f for f in file.schema_arrow if f.name not in columns.names]
    yield from _pieces(path, file, pa.schema(usable), findings)


def text_faults(
    findings: Findings, name: str, column: pa.Array | pa.ChunkedArray, rows: NDArray[np.intp]
) -> None:
    """Record names that are blank, too long, or hold a tab, a line end or the like.

    Args:
        findings: of the file.
        name: what a value of the column is called in a sentence.
        column: (n,) text; empty places were recorded already.
        rows: (n,) the row of each value.
    """
    blank = pc.equal(pc.utf8_trim_whitespace(column), "")
    empty = f"the {name} is empty"
    findings.add_rows(empty, rows[mask_of(blank)], lambda _: empty, "fill it or leave it out")
    long = mask_of(pc.greater(pc.binary_length(column), MAX_BYTES))
    lengths = pc.binary_length(column.filter(pa.array(long))).to_pylist()
    findings.add_rows(
        f"the {name} is longer than {MAX_BYTES} bytes",
        rows[long],
        lambda place: f"the {name} is {lengths[place]} bytes long, at most {MAX_BYTES} are a name",
        "shorten it",
    )
    spoilt = mask_of(pc.match_substring_regex(column, r"\p{Cc}")) & ~long
    values = column.filter(pa.array(spoilt)).slice(0, LIMIT)
    findings.add_rows(
        f"the {name} holds a control character",
        rows[spoilt],
        lambda place: f"the {name} {shown(values[place].as_py())} holds a control character",
        "replace it by a space",
    )


def repeats_of(column: pa.Array | pa.ChunkedArray) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows whose value stands further up already, and for each of them where it stands first."""
    encoded = pc.dictionary_encode(column, null_encoding="mask")
    whole = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
    codes = pc.fill_null(whole.indices, -1).to_numpy(zero_copy_only=False)
    _, first, place = np.unique(codes, return_index=True, return_inverse=True)
    first_of_each = first[place]
    repeated = np.flatnonzero((first_of_each < np.arange(len(codes))) & (codes >= 0))
    return repeated, first_of_each[repeated]


def places_in(known: pa.Array, column: pa.Array | pa.ChunkedArray) -> NDArray[np.int64]:
    """(n,) the place of each value among the known ones; -1 where it is none or empty."""
    places = pc.fill_null(pc.index_in(column, value_set=known), -1)
    return np.asarray(places).astype(np.int64)


def mask_of(condition: pa.Array | pa.ChunkedArray) -> NDArray[np.bool_]:
    """(n,) where a condition is true; empty places are not."""
    return np.asarray(pc.fill_null(condition, False)).astype(bool)


def _usable(found: pa.Schema, columns: pa.Schema, findings: Findings) -> list[pa.Field]:
    """The columns that are there and of the right kind."""
    usable: list[pa.Field] = []
    for wanted in columns:
        at = found.get_field_index(wanted.name)
        if at < 0:
            what = f"has no column {wanted.name!r}, only {', '.join(found.names) or 'none'}"
            findings.add(what, what, f"{REBUILD}, or rename the column")
        elif not same_kind(found.field(at).type, wanted.type):
            what = f"the column {wanted.name!r} holds {found.field(at).type}, not {wanted.type}"
            findings.add(what, what, f"{REBUILD}, or convert the column")
        else:
            usable.append(wanted)
    return usable


def _pieces(
    path: Path, file: pq.ParquetFile, columns: pa.Schema, findings: Findings
) -> Iterator[tuple[int, pa.Table]]:
    start = 0
    try:
        for batch in file.iter_batches(BATCH_ROWS, columns=columns.names):
            fitted = [_fitted(batch.column(f.name), f, start, findings) for f in columns]
            yield start, pa.table(fitted, names=columns.names)
            start += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        findings.add_error(unreadable(path, error))
    else:
        if start == 0:
            yield 0, columns.empty_table()


def _fitted(column: pa.Array, wanted: pa.Field, start: int, findings: Findings) -> pa.Array:
    """The column in its type; what is empty or does not fit is recorded, and null then."""
    if column.null_count and not wanted.nullable:
        rows = start + np.flatnonzero(mask_of(column.is_null()))
        empty = f"the column {wanted.name!r} is empty"
        findings.add_rows(empty, rows, lambda _: empty, "fill it or leave the row out")
    reasons: dict[int, str] = {}
    _try(column, 0, wanted.type, reasons)
    for place, reason in reasons.items():
        what = f"the column {wanted.name!r} does not fit {wanted.type} ({reason})"
        kind = f"the column {wanted.name!r} does not fit {wanted.type}"
        findings.add(kind, what, "mend the value", row=start + place)
    if not reasons:
        return column.cast(wanted.type)
    if len(reasons) >= LIMIT:  # nobody knows what else; enough was listed
        return pa.nulls(len(column), wanted.type)
    return _without(column, sorted(reasons)).cast(wanted.type)


def _try(column: pa.Array, at: int, kind: pa.DataType, reasons: dict[int, str]) -> None:
    """Record why values cannot be of a type, by their place; found by halving, at most LIMIT."""
    if len(reasons) >= LIMIT:
        return
    try:
        column.cast(kind).validate(full=True)
    except (pa.ArrowException, UnicodeDecodeError) as error:
        if len(column) == 1:
            reasons[at] = str(error).splitlines()[0].strip()
            return
        half = len(column) // 2
        _try(column.slice(0, half), at, kind, reasons)
        _try(column.slice(half), at + half, kind, reasons)


def _without(column: pa.Array, places: list[int]) -> pa.Array:
    """The column with nulls at some places."""
    cuts = [-1, *places, len(column)]
    parts = [column.slice(a + 1, b - a - 1) for a, b in pairwise(cuts)]
    null = pa.nulls(1, column.type)
    joined = [part for kept in parts for part in (kept, null)][:-1]
    return pa.concat_arrays(joined)
