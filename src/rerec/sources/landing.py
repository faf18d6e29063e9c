"""Files of rows (csv, tsv, jsonl, Parquet, `::`) read into tables of text on a workbench.

Which columns a file has is read first, so that a missing one is told with those that are there.
Lines that have too few or too many values, an open quote or another encoding are rejected by the
reader, which keeps the byte where each stands.
"""

import glob
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from rerec.errors import DataError, SourceError
from rerec.sources.textfile import (
    UTF_8,
    Layout,
    Source,
    first_record,
    line_of_byte,
    look_at,
    refuse_missing,
    rewrite,
)
from rerec.sources.workbench import Check, Landed, Workbench, literal, name, nearest

CSV = Layout(",")
TSV = Layout("\t")
# Its delimiter is a sign that JSON never holds unescaped: a line is one value.
JSON_LINES = Layout("\x01", quote="", names=("line",), has_header=False)
MOST_LINE_BYTES = 2_000_000
_KEYS_SEEN = 10_000  # lines of a jsonl file whose keys are its columns
_MOST_REJECTED = 1000  # lines that are counted when a row's own line is sought
_LIST_COLUMNS = ("aliases",)
_REJECTED = {
    "UNQUOTED VALUE": "a quote is opened and not closed",
    "LINE SIZE OVER MAXIMUM": f"is longer than {MOST_LINE_BYTES:,} bytes",
    "INVALID ENCODING": "is not UTF-8",
}
_N_COLUMNS = re.compile(r"Columns: (\d+) Found: (\d+)")


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of a file are wanted."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    keeps_others: bool = False


def source_of(path: Path) -> Source:
    """A file whose name tells its format: csv, tsv, jsonl (each with `.gz` or not) or parquet.

    Raises:
        SourceError: the name ends in none of them.
    """
    known = {".csv": CSV, ".tsv": TSV, ".jsonl": JSON_LINES, ".ndjson": JSON_LINES}
    packed = {f"{suffix}.gz": layout for suffix, layout in known.items()}
    for suffix, layout in {**known, **packed, ".parquet": None}.items():
        if path.name.lower().endswith(suffix):
            return Source(path, str(path), layout)
    raise SourceError(
        f"{path}: is of no known format; the name must end in .csv, .tsv or .jsonl (with .gz "
        "behind where it is packed), or in .parquet"
    )


def land(bench: Workbench, table: str, source: Source, columns: Columns) -> Landed:
    """Read a file into a table of text.

    Args:
        bench: where it is put.
        table: name of the table that is made.
        source: the file.
        columns: which ones are wanted, by the names after `renames`.

    Raises:
        SourceError: the file is missing or unreadable.
        DataError: a column is missing or stands twice, a line is malformed, or there is no row.
    """
    refuse_missing(source.path, source.shown)
    bench.files[source.shown] = {}
    if source.layout is None:
        landed = _land_parquet(bench, table, columns, source)
    else:
        source = _in_utf8(bench, table, source)
        read = _land_json if source.layout == JSON_LINES else _land_text
        landed = read(bench, table, columns, source)
    report = bench.files[source.shown]
    report["rows"] = bench.one(f"SELECT count(*) FROM {table}") + report.get("skipped", 0)
    bench.refuse_empty(landed)
    return landed


def _in_utf8(bench: Workbench, table: str, source: Source) -> Source:
    """The source, or a copy of it where it is not UTF-8 with line ends of one kind."""
    found = look_at(source.path, source.shown, tolerant=bench.skip_bad_rows)
    bench.files[source.shown]["encoding"] = found.encoding
    if found.encoding == UTF_8 and not found.mixed_line_ends:
        return source
    copy = bench.folder / f"{table}.txt"
    rewrite(source.path, copy, found, source.shown)
    return Source(copy, source.shown, source.layout)


def _land_text(bench: Workbench, table: str, columns: Columns, source: Source) -> Landed:
    layout = source.layout or CSV
    header = layout.names or first_record(source.path, layout, source.shown)
    names = [column.strip() for column in header]
    chosen = _chosen(bench, names, columns, source.shown)
    picked = ", ".join(f"{_bare(f'c{at}')} AS {name(wanted)}" for wanted, at in chosen.items())
    rejected = _read(bench, table, picked, source, layout, n_columns=len(names))
    if len(names) == 1:  # a blank line is a row only where there is one column
        bench.run(f"DELETE FROM {table} WHERE {name(next(iter(chosen)))} IS NULL")
    return Landed(table, tuple(chosen), source, rejected)


def _land_json(bench: Workbench, table: str, columns: Columns, source: Source) -> Landed:
    lines = f"{table}_lines"
    rejected = _read(bench, lines, "trim(c0) AS line", source, JSON_LINES, n_columns=1)
    bench.run(f"DELETE FROM {lines} WHERE coalesce(line, '') = ''")
    landed = Landed(lines, (), source, rejected)
    is_object = "CASE WHEN json_valid(line) THEN json_type(line) = 'OBJECT' ELSE false END"
    bench.drop_bad(landed, [Check(f"NOT ({is_object})", "is no JSON object: {}", "line")])
    names = _json_keys(bench, lines)
    chosen = _chosen(bench, names, columns, source.shown)
    picked = ", ".join(
        f"{_bare(_json_value(names[at], wanted))} AS {name(wanted)}"
        for wanted, at in chosen.items()
    )
    bench.run(f'CREATE TABLE {table} AS SELECT "#row", {picked} FROM {lines}')
    bench.run(f"DROP TABLE {lines}")
    return Landed(table, tuple(chosen), source, rejected)


def _json_keys(bench: Workbench, lines: str) -> list[str]:
    """The keys of the first objects, in the order in which they come up."""
    keys = bench.run(
        'SELECT key, min("#row" * 1000 + nth) FROM (SELECT "#row", unnest(json_keys(line)) AS key, '
        "generate_subscripts(json_keys(line), 1) AS nth FROM "
        f'(SELECT * FROM {lines} ORDER BY "#row" LIMIT {_KEYS_SEEN})) GROUP BY key ORDER BY 2'
    )
    return [key for key, _ in keys]


def _land_parquet(bench: Workbench, table: str, columns: Columns, source: Source) -> Landed:
    try:
        schema = pq.read_schema(source.path)
        chosen = _chosen(bench, schema.names, columns, source.shown)
        picked = ", ".join(
            f"{_bare(_text_of(schema.field(at)))} AS {name(wanted)}"
            for wanted, at in chosen.items()
        )
        bench.run(
            f'CREATE TABLE {table} AS SELECT file_row_number + 1 AS "#row", {picked} '
            f"FROM read_parquet({_file(source.path)}, file_row_number=true)"
        )
    except (pa.ArrowException, OSError, duckdb.Error) as error:
        reason = str(error).splitlines()[0]
        raise SourceError(
            f"{source.shown}: is no readable Parquet file ({reason}); write or fetch it again"
        ) from None
    return Landed(table, tuple(chosen), source)


def _read(
    bench: Workbench, table: str, picked: str, source: Source, layout: Layout, *, n_columns: int
) -> frozenset[int]:
    """Fill a table from a text file; the lines that were rejected."""
    columns = ", ".join(f"'c{at}': 'VARCHAR'" for at in range(n_columns))
    quote = literal(layout.quote)
    rejects = f"{table}_rejects"
    is_packed = source.path.suffix == ".gz"
    rows = (
        f"read_csv({_file(source.path)}, columns={{{columns}}}, auto_detect=false, "
        f"header={layout.has_header}, delim={literal(layout.delimiter)}, quote={quote}, "
        f"escape={quote}, compression='{'gzip' if is_packed else 'none'}', "
        f"max_line_size={MOST_LINE_BYTES}, store_rejects=true, rejects_limit=0, "
        f"rejects_table='{rejects}', rejects_scan='{rejects}_scan')"
    )
    try:
        bench.run(
            f'CREATE TABLE {table} AS SELECT row_number() OVER () AS "#row", {picked} FROM {rows}'
        )
    except duckdb.InvalidInputException as error:
        reason = str(error).splitlines()[0].removeprefix("Invalid Input Error: ").rstrip(":")
        raise SourceError(f"{source.shown}: cannot be read ({reason}); mend its quotes") from None
    return _rejected(bench, rejects, source)


def _rejected(bench: Workbench, rejects: str, source: Source) -> frozenset[int]:
    """Tell of the lines that the reader left out; their numbers, as far as they are few."""
    # The reader's own line numbers do not count line ends in quotes; its bytes are exact.
    groups = bench.run(
        "SELECT error_type, count(DISTINCT line_byte_position), min(byte_position), "
        f"arg_min(error_message, byte_position) FROM {rejects} GROUP BY 1 ORDER BY 3"
    )
    for kind, n_rows, position, message in groups:
        line = line_of_byte(source.path, position, source.shown)
        bench.fault(source.shown, f"line {line}", _told(kind, message), n_rows=n_rows)
    positions = bench.run(
        f"SELECT DISTINCT line_byte_position + 1 FROM {rejects} ORDER BY 1 LIMIT {_MOST_REJECTED}"
    )
    return frozenset(line_of_byte(source.path, at, source.shown) for (at,) in positions)


def _chosen(bench: Workbench, found: Sequence[str], columns: Columns, shown: str) -> dict[str, int]:
    """The wanted columns with their positions in the file.

    Raises:
        DataError: a required one is missing, or one stands twice.
    """
    names = bench.meant(found)
    folded = [column.casefold() for column in names]
    if not names:
        raise DataError(f"{shown}: is empty; give the whole file")
    repeated = next((n for at, n in enumerate(names) if folded[at] in folded[:at]), None)
    if repeated is not None:
        raise DataError(f"{shown}: has the column {repeated!r} twice; rename or remove one")
    for wanted in columns.required:
        if wanted not in names:
            raise DataError(
                f"{shown}: has no column {wanted!r}, only {', '.join(names)}"
                f"{nearest(wanted, names)}; name it so, or use --map"
            )
    wanted = (*columns.required, *columns.optional)
    wanted = [column for column in wanted if column in names]
    others = [column for column in names if column not in wanted]
    if columns.keeps_others:
        wanted += others
    elif others:
        bench.files[shown]["columns_not_used"] = others
    return {column: names.index(column) for column in wanted}


def _file(path: Path) -> str:
    """A path in SQL, its signs not taken for wildcards."""
    return literal(glob.escape(str(path)))


def _bare(value: str) -> str:
    """A value in SQL without space around it; nothing where nothing else is left."""
    return f"nullif(trim({value}), '')"


def _json_value(key: str, column: str) -> str:
    path = literal('$."' + key.replace('"', '\\"') + '"')
    text = f"json_extract_string(line, {path})"
    if column not in _LIST_COLUMNS:
        return text
    texts = f"array_to_string(CAST(json_extract(line, {path}) AS VARCHAR[]), '|')"
    return f"CASE WHEN json_type(line, {path}) = 'ARRAY' THEN {texts} ELSE {text} END"


def _text_of(column: pa.Field) -> str:
    quoted = name(column.name)
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        return f"array_to_string({quoted}, '|')"
    return f"CAST({quoted} AS VARCHAR)"


def _told(kind: str, message: str) -> str:
    counts = _N_COLUMNS.search(message)
    if counts:
        wanted, found = counts.groups()
        return f"has {found} values, but the file has {wanted} columns"
    return _REJECTED.get(kind, "has a quote in the middle of a value")
