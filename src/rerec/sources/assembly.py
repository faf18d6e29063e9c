"""Landed tables made into a domain: names that clash told apart, repeats dropped, files written.

What comes in are tables of a workbench: `items` (#row, item_id, title, year, aliases), `attributes`
(#row, item_id, relation, value), `interactions` (#row, user_id, item_id, rating, timestamp) and,
where there are any, `users` (#row, user_id, groups). The domain is written into a folder beside
its place and moved there whole at the end, so that a failure leaves nothing behind.
"""

import shutil
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from rerec.catalogue.domain import table_paths, write_manifest
from rerec.catalogue.files import write_json
from rerec.catalogue.tables import ATTRIBUTES, INTERACTIONS, ITEMS, items_table
from rerec.errors import DataError
from rerec.records import Item
from rerec.sources.workbench import Workbench, name, no_room

REPORT_FILE = "sources.json"
BATCH = 122_880
"""Rows of a row group, as DuckDB has them."""
# By number where ids are numbers, so that 9 stands before 10.
_BY_USER = "try_cast(user_id AS HUGEINT) NULLS LAST, user_id"
_BY_ITEM = "try_cast(item_id AS HUGEINT) NULLS LAST, item_id"


@contextmanager
def new_domain(
    out: Path, *, skip_bad_rows: bool = False, renames: Mapping[str, str] | None = None
) -> Generator[Workbench]:
    """A workbench whose `domain` folder becomes `out` when the block ends well.

    Args:
        out: the domain folder; it may be there if it is empty.
        skip_bad_rows: leave bad rows out and count them, instead of refusing the first.
        renames: names of columns as the files have them, with the names that are meant.

    Raises:
        DataError: `out` is there already, or the folder cannot be written.
    """
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise DataError(f"{out}: is there already; give a new folder, or remove it first")
    made = [folder for folder in out.parents if not folder.exists()]
    folder = _beside(out)
    try:
        bench = Workbench(folder, skip_bad_rows=skip_bad_rows, renames=dict(renames or {}))
        domain_folder(bench).mkdir()
        try:
            yield bench
        finally:
            bench.database.close()
        with suppress(FileNotFoundError):
            out.rmdir()
        domain_folder(bench).rename(out)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        for parent in made:
            with suppress(OSError):  # another program put something there
                parent.rmdir()
        raise
    shutil.rmtree(folder, ignore_errors=True)


def domain_folder(bench: Workbench) -> Path:
    """Where the domain is written before it is moved into its place."""
    return bench.folder / "domain"


def give_items(bench: Workbench, items: Sequence[Item]) -> None:
    """Put items made elsewhere into the table `items`, in their order."""
    give(bench, "items", items_table(items))


def give(bench: Workbench, table: str, rows: pa.Table) -> None:
    """Put rows made elsewhere into a table, in their order."""
    bench.database.register("given", rows)
    bench.run(f'CREATE TABLE {table} AS SELECT row_number() OVER () AS "#row", * FROM given')
    bench.database.unregister("given")


def assemble(
    bench: Workbench,
    *,
    named: Mapping[str, Any],
    source: str,
    notes: Sequence[str] = (),
    settings: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write the four tables, the report and the manifest of a domain.

    Of several interactions of a user with an item the latest is kept, and each attribute once. An
    item with a year and no decade gets its decade.

    Args:
        bench: holds the tables, and what `rerec.sources.names.tell_apart` made of `items`.
        named: what that returned.
        source: what was imported, in a word.
        notes: what a reader of the report should know.
        settings: more for the manifest, ready for JSON.

    Returns:
        The report, which is also written as `sources.json`.

    Raises:
        DataError: there is one user only, or the disk is full.
    """
    report = {"source": source, "files": bench.files, "notes": list(notes), **named}
    report["interactions_repeated"] = _drop_repeats(
        bench, "interactions", ("user_id", "item_id"), keep='timestamp DESC, "#row" DESC'
    )
    report["attributes_repeated"] = _drop_repeats(
        bench, "attributes", ("item_id", "relation", "value"), keep='"#row"'
    )
    has_users = bench.one("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'users'")
    if not has_users:
        bench.run(
            'CREATE TABLE users AS SELECT row_number() OVER () AS "#row", user_id FROM '
            f"(SELECT DISTINCT user_id FROM interactions ORDER BY {_BY_USER})"
        )
    _refuse_one_user(bench)
    _write(bench)
    report |= _counts(bench)
    domain = domain_folder(bench)
    write_json(domain / REPORT_FILE, report)
    write_manifest(domain, {"source": source, **(settings or {})})
    return report


def _drop_repeats(bench: Workbench, table: str, key: Sequence[str], *, keep: str) -> int:
    """List in `<table>_dropped` the rows of a key that are not its first in an order; how many.

    Hashes are grouped first: they are a fraction of the keys, and few keys stand twice.
    """
    columns = ", ".join(key)
    bench.run(
        f"CREATE TEMP TABLE twice AS SELECT hash({columns}) AS hashed FROM {table} "
        "GROUP BY hashed HAVING count(*) > 1"
    )
    bench.run(
        f'CREATE TABLE {table}_dropped AS SELECT "#row" FROM (SELECT "#row", row_number() OVER '
        f"(PARTITION BY {columns} ORDER BY {keep}) AS nth FROM {table} "
        f"WHERE hash({columns}) IN (SELECT hashed FROM twice)) WHERE nth > 1"
    )
    bench.run("DROP TABLE twice")
    bench.run(
        f'CREATE VIEW kept_{table} AS SELECT * FROM {table} WHERE "#row" NOT IN '
        f'(SELECT "#row" FROM {table}_dropped)'
    )
    return bench.one(f"SELECT count(*) FROM {table}_dropped")


def _refuse_one_user(bench: Workbench) -> None:
    users = bench.run("SELECT DISTINCT user_id FROM interactions LIMIT 2")
    if len(users) == 1:
        raise DataError(
            f"all interactions are of one user, {users[0][0]!r}; what to recommend is learnt from "
            "several, add the interactions of others"
        )


def _write(bench: Workbench) -> None:
    items, attributes, interactions, users = table_paths(domain_folder(bench))
    _stream(
        bench,
        "SELECT item_id, title, year, coalesce(k.aliases, []) AS aliases, "
        "coalesce(n, 0) AS popularity FROM titled LEFT JOIN kept_names k USING (item_id) LEFT JOIN "
        "(SELECT item_id, count(*) AS n FROM kept_interactions GROUP BY item_id) USING (item_id) "
        'ORDER BY "#row"',
        items,
        ITEMS,
    )
    bench.run(
        "CREATE TABLE decades AS SELECT \"#row\", item_id, (year // 10 * 10) || 's' AS value FROM "
        "titled WHERE year IS NOT NULL AND item_id NOT IN "
        "(SELECT item_id FROM attributes WHERE relation = 'decade')"
    )
    _stream(
        bench,
        'SELECT item_id, relation, value FROM (SELECT a.*, i."#row" AS place FROM '
        "kept_attributes a JOIN titled i USING (item_id) UNION ALL SELECT "
        f'{(1 << 63) - 1}, item_id, \'decade\', value, "#row" FROM decades) ORDER BY place, "#row"',
        attributes,
        ATTRIBUTES,
    )
    _stream(
        bench,
        "SELECT user_id, item_id, rating, timestamp FROM kept_interactions "
        f"ORDER BY {_BY_USER}, timestamp, {_BY_ITEM}",
        interactions,
        INTERACTIONS,
    )
    _stream(bench, _typed_users(bench), users, None)


def _typed_users(bench: Workbench) -> str:
    """The users with each group that holds nothing but whole numbers as such."""
    columns = bench.run("SELECT column_name FROM (DESCRIBE users) WHERE column_name <> '#row'")
    picked = []
    for (column,) in columns:
        quoted = name(column)
        has_text = f"{quoted} IS NOT NULL AND try_cast({quoted} AS BIGINT) IS NULL"
        is_number = column != "user_id" and bench.one(
            f"SELECT count({quoted}) > 0 AND NOT bool_or({has_text}) FROM users"
        )
        picked.append(f"CAST({quoted} AS BIGINT) AS {quoted}" if is_number else quoted)
    return f'SELECT {", ".join(picked)} FROM users ORDER BY "#row"'


def _stream(bench: Workbench, sql: str, path: Path, schema: pa.Schema | None) -> None:
    """Write what a query gives as Parquet, a batch at a time."""
    try:
        batches = bench.database.sql(sql).to_arrow_reader(BATCH)
        schema = schema or batches.schema
        with pq.ParquetWriter(path, schema, compression="zstd") as writer:
            for batch in batches:
                arrays = [a.cast(f.type) for a, f in zip(batch.columns, schema, strict=True)]
                writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
    except (OSError, duckdb.IOException, duckdb.OutOfMemoryException) as error:
        raise no_room(bench.folder, error) from None


def _counts(bench: Workbench) -> dict[str, int]:
    def count(what: str) -> int:
        return bench.one(f"SELECT count(*) FROM {what}")

    n_decades = count("decades")
    return {
        "items": count("titled"),
        "attributes": count("kept_attributes") + n_decades,
        "interactions": count("kept_interactions"),
        "users": count("users"),
        "decades_derived": n_decades,
        "items_without_attributes": count(
            "titled WHERE item_id NOT IN (SELECT item_id FROM attributes) AND item_id NOT IN "
            "(SELECT item_id FROM decades)"
        ),
    }


def _beside(out: Path) -> Path:
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        return Path(mkdtemp(prefix=f".{out.name}.", suffix=".partial", dir=out.parent))
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"{out}: cannot be written ({reason}); choose another folder") from None
