"""Anybody's own catalogue: items, attributes and interactions as plain tables.

Columns: item_id, title[, year][, aliases separated by |]; item_id, relation, value; user_id,
item_id[, rating][, timestamp]; and, where users are told apart, user_id with a column for each
group. Files are csv, tsv, jsonl or Parquet, whichever their names end in.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rerec.errors import DataError
from rerec.sources.assembly import assemble, new_domain
from rerec.sources.landing import Columns, land, source_of
from rerec.sources.names import tell_apart
from rerec.sources.textfile import Source
from rerec.sources.workbench import Check, Landed, Workbench, blank, name, too_long

LIKED = 5.0
"""The rating of an interaction that has none: what somebody chose counts as liked."""
IMPLICIT = f"interactions have no rating: each is written as {LIKED}, which counts as liked"
UNTIMED = "interactions have no timestamp: the order of the file stands for it"
_YEAR_BEHIND = r"'^(.*\S)\s*\(\s*((?:18|19|20)\d\d)\s*\)$'"
_NUMBER = "try_cast(try_cast({0} AS DOUBLE) AS {1})"

Progress = Callable[[str], None]


def import_table(
    out: Path,
    *,
    files: Mapping[str, Path],
    renames: Mapping[str, str] | None = None,
    words: Mapping[str, Any] | None = None,
    skip_bad_rows: bool = False,
    progress: Progress,
) -> dict[str, Any]:
    """Make a domain of plain tables.

    Args:
        out: the domain folder; it must not be there yet.
        files: `items`, `attributes`, `interactions` and, where there is one, `users`.
        renames: names of columns as the files have them, with the names that are meant.
        words: what the items are called: `nouns`, and what one does with them, `verb` and `past`;
            None leaves them items that one tries.
        skip_bad_rows: leave bad rows out and count them, instead of refusing the first.
        progress: told what is being done, a sentence at a time.

    Returns:
        The report, which is also written as `sources.json`.

    Raises:
        SourceError: a file is missing, unreadable or of no known format.
        DataError: a column is missing, a row is bad, or the folder cannot be written.
    """
    with new_domain(out, skip_bad_rows=skip_bad_rows, renames=renames) as bench:
        progress(f"reading {files['items']}")
        land_items(bench, source_of(files["items"]))
        progress(f"reading {files['attributes']}")
        land_attributes(bench, source_of(files["attributes"]))
        if "users" in files:
            progress(f"reading {files['users']}")
            land_users(bench, source_of(files["users"]))
        progress(f"reading {files['interactions']}")
        notes = land_interactions(bench, source_of(files["interactions"]))
        bench.refuse_unused_renames()
        progress(f"sorting and writing {out}")
        settings = {"vocabulary": dict(words)} if words else {}
        return assemble(
            bench, named=tell_apart(bench), source="table", notes=notes, settings=settings
        )


def land_items(
    bench: Workbench, source: Source, *, more: Sequence[str] = (), loose_years: bool = False
) -> Landed:
    """Read the table `items`, from item_id, title[, year][, aliases].

    A year in brackets behind a title is taken as its year where there is no other.

    Args:
        bench: where it is put.
        source: the file.
        more: columns to read besides, into `items_read`.
        loose_years: take a year that is no number for none, instead of a fault.

    Raises:
        SourceError: the file is missing or unreadable.
        DataError: a column is missing or a row is bad.
    """
    columns = Columns(("item_id", "title"), ("year", "aliases", *more))
    landed = land(bench, "items_read", source, columns)
    year = _NUMBER.format("year", "INTEGER") if "year" in landed.columns else "NULL::INTEGER"
    checks = [blank("item_id"), blank("title"), *too_long(landed.columns)]
    if "year" in landed.columns and not loose_years:
        is_whole = f"coalesce({year} = try_cast(year AS DOUBLE), false)"
        is_bad = f"year IS NOT NULL AND NOT {is_whole}"
        checks.append(bad_if(is_bad, "year", "is no whole number"))
    bench.drop_bad(landed, [*checks, repeated("item_id")])
    bench.refuse_empty(landed)
    aliases = "string_split(coalesce(aliases, ''), '|')" if "aliases" in landed.columns else "[]"
    title = one_line("title")
    bench.run(
        f'CREATE TABLE items AS SELECT "#row", item_id, coalesce(nullif('
        f"regexp_extract({title}, {_YEAR_BEHIND}, 1), ''), {title}) AS title, coalesce({year}, "
        f"try_cast(regexp_extract({title}, {_YEAR_BEHIND}, 2) AS INTEGER)) AS year, "
        f"list_transform(CAST({aliases} AS VARCHAR[]), lambda x: trim({one_line('x')})) AS aliases "
        "FROM items_read"
    )
    return landed


def land_attributes(bench: Workbench, source: Source) -> None:
    """Read the table `attributes`, from item_id, relation, value; `items` must be there.

    Raises:
        SourceError: the file is missing or unreadable.
        DataError: a column is missing or a row is bad.
    """
    columns = ("item_id", "relation", "value")
    landed = land(bench, "attributes_read", source, Columns(columns))
    unknown_item = unknown("item_id", "items", "item")
    bench.drop_bad(landed, [*map(blank, columns), *too_long(columns), unknown_item])
    bench.run(
        f'CREATE VIEW attributes AS SELECT "#row", item_id, {one_line("relation")} AS relation, '
        f"{one_line('value')} AS value FROM attributes_read"
    )


def land_users(bench: Workbench, source: Source) -> None:
    """Read the table `users`, from user_id and a column for each group.

    Raises:
        SourceError: the file is missing or unreadable.
        DataError: a column is missing or a row is bad.
    """
    landed = land(bench, "users", source, Columns(("user_id",), keeps_others=True))
    bench.drop_bad(landed, [blank("user_id"), *too_long(landed.columns), repeated("user_id")])


def land_interactions(bench: Workbench, source: Source) -> list[str]:
    """Read the table `interactions`, from user_id, item_id[, rating][, timestamp].

    Timestamps are seconds since 1970, or dates as in 2024-05-17 or 2024-05-17T12:30:00Z.

    Args:
        bench: where it is put; `items` must be there, and `users` if they are to be checked.
        source: the file.

    Returns:
        What a reader of the report should know of them.

    Raises:
        SourceError: the file is missing or unreadable.
        DataError: a column is missing or a row is bad.
    """
    columns = Columns(("user_id", "item_id"), ("rating", "timestamp"))
    landed = land(bench, "interactions_read", source, columns)
    checks = [blank("user_id"), blank("item_id"), *too_long(("user_id", "item_id"))]
    rating, timestamp, notes = f"{LIKED}::FLOAT", '"#row"', []
    if "rating" in landed.columns:
        rating = "try_cast(rating AS FLOAT)"
        is_bad = f"NOT coalesce(isfinite({rating}), false)"
        checks.append(bad_if(is_bad, "rating", "is no number"))
    else:
        notes.append(IMPLICIT)
    if "timestamp" in landed.columns:
        number = _NUMBER.format("timestamp", "BIGINT")
        timestamp = f"coalesce({number}, epoch(try_cast(timestamp AS TIMESTAMPTZ))::BIGINT)"
        told = "is neither seconds since 1970 nor a date"
        checks.append(bad_if(f"{timestamp} IS NULL", "timestamp", told))
    else:
        notes.append(UNTIMED)
    checks.append(unknown("item_id", "items", "item"))
    if bench.one("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'users'"):
        checks.append(unknown("user_id", "users", "user"))
    bench.drop_bad(landed, checks)
    bench.refuse_empty(landed)
    bench.run(
        f'CREATE VIEW interactions AS SELECT "#row", user_id, item_id, {rating} AS rating, '
        f"{timestamp} AS timestamp FROM interactions_read"
    )
    return notes


def renames_of(texts: list[str]) -> dict[str, str]:
    """What `--map old=new` says, given several times.

    Raises:
        DataError: one is not of that form.

    >>> renames_of(["movieId=item_id"])
    {'movieId': 'item_id'}
    """
    renames = {}
    for text in texts:
        old, _, new = text.partition("=")
        if not old.strip() or not new.strip():
            raise DataError(f"--map {text!r} is not of the form old=new, as in movieId=item_id")
        renames[old.strip()] = new.strip()
    return renames


def bad_if(condition: str, column: str, told: str) -> Check:
    """A check of a column's value; what is told stands behind the value."""
    return Check(condition, f"the {column} '{{}}' {told}", f"coalesce({name(column)}, '')")


def repeated(column: str) -> Check:
    """A check that no value of a column stands twice; the first row with it is good."""
    nth = f'row_number() OVER (PARTITION BY {column} ORDER BY "#row")'
    return bad_if(f"{nth} > 1", column, "stands there a second time")


def unknown(column: str, table: str, kind: str) -> Check:
    """A check that every id of a column is in a table."""
    condition = f"{column} NOT IN (SELECT {column} FROM {table})"
    return Check(condition, f"the {kind} '{{}}' is not among the {table}", column)


def one_line(text: str) -> str:
    """A text in SQL with every run of white space made one space."""
    has_more = f"regexp_matches({text}, '[\\t\\r\\n]|  ')"
    return f"CASE WHEN {has_more} THEN regexp_replace({text}, '\\s+', ' ', 'g') ELSE {text} END"
