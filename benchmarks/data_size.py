"""Seconds and peak memory of an import and of making requests, on invented catalogues.

Every item has 20 attributes and 100 interactions; a hundredth as many users as interactions, and
items are drawn by a power law. `rerec data import table` and `rerec data queries` (600 explicit and
600 implicit requests to train on) each run in a process of their own. A hundred million
interactions are gigabytes of csv, and as many again while they are sorted: name a roomy --folder.

    python benchmarks/data_size.py [--items 10000 100000] [--folder DIR] [--json]
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

SIZES = (10_000, 100_000)
RELATIONS = ("genre", "material", "colour", "place")


def main() -> None:
    """Measure each size once and print a line for it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, nargs="+", default=SIZES, help="catalogue sizes")
    parser.add_argument("--attributes", type=int, default=20, help="attributes of an item")
    parser.add_argument("--interactions", type=int, default=100, help="interactions of an item")
    parser.add_argument("--folder", type=Path, help="where there is room; a temporary one if left")
    parser.add_argument("--json", action="store_true", help="print one JSON list")
    given = parser.parse_args()
    with TemporaryDirectory(prefix="rerec-sizes-", dir=given.folder) as folder:
        figures = []
        for n_items in given.items:
            work = Path(folder) / str(n_items)
            n_attributes, n_interactions = given.attributes, given.interactions
            write(work, n_items, n_attributes=n_attributes, n_interactions=n_interactions)
            figures.append(measured(work, n_items))
            shutil.rmtree(work)
            if not given.json:
                print(line(figures[-1]), flush=True)
    if given.json:
        print(json.dumps(figures, indent=2))


def write(folder: Path, n_items: int, *, n_attributes: int, n_interactions: int) -> None:
    """Write items.csv, attributes.csv and interactions.csv of an invented catalogue.

    Values are drawn by hashes, so that the same size gives the same files.
    """
    folder.mkdir(parents=True)
    relations = ", ".join(f"'{relation}'" for relation in RELATIONS)
    n_users = max(2, n_items)
    copies = {
        "items": "SELECT i AS item_id, 'Thing no. ' || i AS title, 1950 + hash(i) % 70 AS year, "
        f"'Name ' || i || '|Other ' || i AS aliases FROM range({n_items}) t(i)",
        "attributes": f"SELECT n // {n_attributes} AS item_id, "
        # One maker each, so that an item can stand for its maker.
        f"CASE WHEN n % {n_attributes} = 0 THEN 'maker' ELSE "
        f"list_extract([{relations}], 1 + (n % {len(RELATIONS)})::INTEGER) END AS relation, "
        f"'value ' || hash(n) % {max(10, n_items // 10)} AS value "
        f"FROM range({n_items * n_attributes}) t(n)",
        "interactions": f"SELECT 'u' || hash(n) % {n_users} AS user_id, "
        # The cube of an even draw: a few items have most of the interactions.
        f"least({n_items - 1}, floor({n_items} * "
        "pow((hash(n + 1000000007) % 1000000) / 1000000.0, 3)))::BIGINT AS item_id, "
        "1 + hash(n + 7) % 5 AS rating, 1600000000 + n AS timestamp "
        f"FROM range({n_items * n_interactions}) t(n)",
    }
    database = duckdb.connect()
    for table, sql in copies.items():
        database.execute(f"COPY ({sql}) TO '{folder / table}.csv' (HEADER)")
    database.close()


def measured(folder: Path, n_items: int) -> dict[str, Any]:
    """Import the three files and make requests: seconds, peak memory, what came out."""
    domain = folder / "domain"
    command = ["import", "table", "--out", str(domain)]
    for table in ("items", "attributes", "interactions"):
        command += [f"--{table}", str(folder / f"{table}.csv")]
    found, imported = run(folder, command)
    few = ("n_train=600", "n_valid=60", "n_test=100", "categories=[explicit, implicit]")
    settings = [word for setting in few for word in ("--set", setting)]
    made, asked = run(folder, ["queries", str(domain), *settings])
    return {
        "items": n_items,
        "attributes": found["attributes"],
        "interactions": found["interactions"],
        "csv_mb": sum(path.stat().st_size for path in folder.glob("*.csv")) >> 20,
        **imported,
        "queries": sum(split["n"] for split in made["queries"].values()),
        **{f"queries_{name}": figure for name, figure in asked.items()},
    }


def run(folder: Path, command: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What `rerec data ...` prints as JSON, and what it took in a process of its own."""
    whole = [sys.executable, "-m", "rerec", "data", *command, "--json"]
    with (folder / "report.json").open("w") as report, (folder / "progress.txt").open("w") as told:
        started = time.perf_counter()
        child = subprocess.Popen(whole, stdout=report, stderr=told)
        _, status, usage = os.wait4(child.pid, 0)  # the peak of this child alone
        seconds = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit((folder / "progress.txt").read_text())
    kilobytes = usage.ru_maxrss // 1024 if sys.platform == "darwin" else usage.ru_maxrss
    took = {
        "seconds": round(seconds, 1),
        "processor_seconds": round(usage.ru_utime + usage.ru_stime, 1),
        "peak_memory_mb": kilobytes >> 10,
    }
    return json.loads((folder / "report.json").read_text()), took


def line(figures: dict[str, Any]) -> str:
    """One size in words."""
    return (
        f"{figures['items']:>9,} items, {figures['attributes']:>10,} attributes, "
        f"{figures['interactions']:>11,} interactions: {figures['seconds']:>7.1f} s, "
        f"{figures['peak_memory_mb']:,} MB; {figures['queries']:,} requests: "
        f"{figures['queries_seconds']:.1f} s, {figures['queries_peak_memory_mb']:,} MB"
    )


if __name__ == "__main__":
    main()
