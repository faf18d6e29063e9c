"""A database on disk in which one import is put together, and the faults of its rows.

DuckDB reads, spills and sorts, so that memory stays bounded however long a file is. Every value is
landed as text beside its row number; what a value should have been is asked by `Check`s, so that
each fault can be told with its file, line and value. One fault ends an import, or is left out and
counted where bad rows are to be skipped.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import duckdb

from rerec.catalogue.titles import normalise
from rerec.errors import DataError
from rerec.sources.textfile import Source, line_of_row

MEMORY_LIMIT = "1500MB"
THREADS = 4
"""Each needs buffers of its own: more of them would not fit into the memory limit."""
MOST_BYTES = 1 << 16
"""Of one value: what is longer is a text that was pasted into the wrong column."""
SKIP = "leave such rows out with --skip-bad-rows"


@dataclass(frozen=True, slots=True)
class Check:
    """Something that no row may be: a condition in SQL, and how it is told."""

    condition: str
    told: str
    """With `{}` where the value stands."""
    value: str = "NULL"


@dataclass(frozen=True)
class Landed:
    """A file as a table of text: `#row`, then the columns that were wanted and are there."""

    table: str
    columns: tuple[str, ...]
    source: Source
    rejected: frozenset[int] = frozenset()
    """Lines that the reader left out."""

    @property
    def shown(self) -> str:
        """The file's name in messages."""
        return self.source.shown

    def place(self, row: int) -> str:
        """Where a row stands in its file, in words."""
        path, layout = self.source.path, self.source.layout
        if layout is None:
            return f"row {row}"
        line = line_of_row(path, row, layout, rejected=self.rejected, shown=self.shown)
        return f"line {line}"


@dataclass
class Workbench:
    """A database in a folder of its own, in which one import is put together."""

    folder: Path
    skip_bad_rows: bool = False
    renames: Mapping[str, str] = field(default_factory=dict)
    """Names of columns as the files have them, with the names that are meant."""
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What is reported of each file."""
    database: duckdb.DuckDBPyConnection = field(init=False)
    _renamed: set[str] = field(default_factory=set)
    _seen: dict[str, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.database = duckdb.connect(str(self.folder / "import.duckdb"))
        for setting in (
            f"memory_limit='{MEMORY_LIMIT}'",
            f"threads={THREADS}",
            f"temp_directory={literal(str(self.folder / 'spilled'))}",
            "TimeZone='UTC'",
            "enable_progress_bar=false",
        ):
            self.database.execute(f"SET {setting}")
        self.database.create_function("normalise", normalise, ["VARCHAR"], "VARCHAR")

    def run(self, sql: str) -> list[tuple]:
        """Run one statement; its rows.

        Raises:
            DataError: the disk or the memory is full.
        """
        try:
            return self.database.execute(sql).fetchall()
        except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
            raise no_room(self.folder, error) from None

    def one(self, sql: str) -> Any:
        """The first value of a statement's first row."""
        return self.run(sql)[0][0]

    def drop_bad(self, landed: Landed, checks: Sequence[Check]) -> None:
        """Refuse the first row that a check finds; or, to skip them, delete and count all.

        Raises:
            DataError: a row is bad, and bad rows are not skipped.
        """
        conditions = " ".join(f"WHEN {c.condition} THEN {n}" for n, c in enumerate(checks))
        values = " ".join(f"WHEN {n} THEN CAST({c.value} AS VARCHAR)" for n, c in enumerate(checks))
        self.run(
            f'CREATE TEMP TABLE bad AS SELECT "#row", fault, '
            f"left(CASE fault {values} END, 60) AS value FROM "
            f"(SELECT *, CASE {conditions} END AS fault FROM {landed.table}) "
            "WHERE fault IS NOT NULL"
        )
        faults = self.run(
            'SELECT fault, count(*), min("#row"), arg_min(coalesce(value, \'\'), "#row") '
            "FROM bad GROUP BY fault ORDER BY 3"
        )
        for fault, n_rows, row, value in faults:
            told = checks[fault].told.replace("{}", value)
            self.fault(landed.shown, landed.place(row), told, n_rows=n_rows)
        if faults:
            self.run(f'DELETE FROM {landed.table} WHERE "#row" IN (SELECT "#row" FROM bad)')
        self.run("DROP TABLE bad")

    def fault(self, shown: str, place: str, told: str, *, n_rows: int) -> None:
        """Refuse some bad rows of a file, or count them where bad rows are skipped.

        Raises:
            DataError: bad rows are not skipped.
        """
        if not self.skip_bad_rows:
            more = f" (one of {n_rows:,} such rows)" if n_rows > 1 else ""
            raise DataError(f"{shown}, {place}: {told}{more}; mend it, or {SKIP}")
        report = self.files[shown]
        report["skipped"] = report.get("skipped", 0) + n_rows
        report.setdefault("faults", []).append({"first": f"{place}: {told}", "rows": n_rows})

    def refuse_empty(self, landed: Landed) -> None:
        """Raise a DataError where no row of a file is left."""
        if self.one(f"SELECT count(*) FROM {landed.table}") == 0:
            left = " that is not bad" if self.files[landed.shown].get("skipped") else ""
            raise DataError(f"{landed.shown}: holds no row{left}; give the whole file")

    def refuse_unused_renames(self) -> None:
        """Raise a DataError where a name to be replaced is in no file."""
        for old in self.renames:
            if old not in self._renamed:
                raise DataError(f"--map: no file has the column {old!r}{nearest(old, self._seen)}")

    def meant(self, found: Sequence[str]) -> list[str]:
        """The names of columns after `renames`."""
        self._seen.update(dict.fromkeys(found))
        self._renamed.update(old for old in self.renames if old in found)
        return [self.renames.get(column, column) for column in found]


def too_long(columns: Iterable[str]) -> list[Check]:
    """Checks that no value is gigantic."""
    return [
        Check(
            f"strlen({name(column)}) > {MOST_BYTES}",
            f"the {column} has {{}} bytes, more than {MOST_BYTES:,}",
            f"strlen({name(column)})",
        )
        for column in columns
    ]


def blank(column: str) -> Check:
    """A check that a column has a value."""
    return Check(f"{name(column)} IS NULL", f"the {column} is empty")


def literal(text: str) -> str:
    """A text in SQL.

    >>> literal("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def name(column: str) -> str:
    """A column's name in SQL.

    >>> name('4" nails')
    '"4"" nails"'
    """
    return '"' + column.replace('"', '""') + '"'


def no_room(folder: Path, error: Exception) -> DataError:
    """What to say when the disk or the memory is full."""
    reason = " ".join(str(error).split())[:200]
    return DataError(
        f"{folder.parent}: the import does not fit there ({reason}); nothing was written, free "
        "some space or choose another folder"
    )


def nearest(wanted: str, names: Iterable[str]) -> str:
    near = get_close_matches(wanted, list(names), n=1, cutoff=0.5)
    return f" (did you mean {near[0]!r}?)" if near else ""
