"""`rerec data import ...`: files as they were published made into a domain folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from rerec.cli.options import JsonOutput, Seed, progress, show

app = typer.Typer(
    no_args_is_help=True,
    help="""Make a domain folder of files as published.

    \b
    Example:
      rerec data import movielens ml-1m.zip --out data/ml-1m
    """,
)

Out = Annotated[Path, typer.Option(metavar="DIR", help="Domain folder to write; it is new.")]
SkipBadRows = Annotated[
    bool, typer.Option("--skip-bad-rows", help="Leave bad rows out and count them.")
]
Renames = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="OLD=NEW", help="Read column OLD as NEW; may be repeated."),
]


@app.command()
def table(
    items: Annotated[Path, typer.Option(metavar="FILE", help="item_id,title[,year][,aliases]")],
    attributes: Annotated[Path, typer.Option(metavar="FILE", help="item_id,relation,value")],
    interactions: Annotated[
        Path, typer.Option(metavar="FILE", help="user_id,item_id[,rating][,timestamp]")
    ],
    out: Out,
    users: Annotated[
        Path | None, typer.Option(metavar="FILE", help="user_id and a column for each group")
    ] = None,
    renames: Renames = None,
    noun: Annotated[
        list[str] | None, typer.Option(help="What an item is called; may be repeated.")
    ] = None,
    verb: Annotated[str, typer.Option(help="What one does with an item.")] = "try",
    past: Annotated[str, typer.Option(help="The same, done.")] = "tried",
    skip_bad_rows: SkipBadRows = False,
    as_json: JsonOutput = False,
) -> None:
    """Import your own catalogue: csv, tsv, jsonl or Parquet.

    csv, tsv and jsonl may be packed (.gz). Aliases stand in one value, | between them. Without
    ratings every interaction counts as liked; without timestamps the order of the file counts.
    Requests speak of the items by their noun and verb.

    \b
    Example:
      rerec data import table --items items.csv --attributes attributes.csv \\
        --interactions log.csv --map movieId=item_id --out data/mine
      rerec data import table --items books.csv --attributes facts.csv \\
        --interactions loans.csv --noun book --verb read --past read --out data/library
    """
    from rerec.sources.table import import_table, renames_of

    files = {"items": items, "attributes": attributes, "interactions": interactions}
    report = import_table(
        out,
        files=files if users is None else {**files, "users": users},
        renames=renames_of(renames or []),
        words={"nouns": noun, "verb": verb, "past": past} if noun else None,
        skip_bad_rows=skip_bad_rows,
        progress=progress,
    )
    show(report, _text(out, report), as_json=as_json)


@app.command()
def movielens(
    source: Annotated[Path, typer.Argument(metavar="DIR", help="Folder or zip file.")],
    out: Out,
    skip_bad_rows: SkipBadRows = False,
    as_json: JsonOutput = False,
) -> None:
    """Import MovieLens: 100k, 1M, 10M, 20M, 25M, 32M, latest.

    DIR is the folder or the zip file as GroupLens publishes it. Genres and decades are the
    attributes; tags are not read.

    \b
    Example:
      rerec data import movielens ml-25m.zip --out data/ml-25m
    """
    from rerec.sources.movielens import import_movielens

    report = import_movielens(out, source, skip_bad_rows=skip_bad_rows, progress=progress)
    show(report, _text(out, report), as_json=as_json)


@app.command()
def recbole(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of atomic files.")],
    out: Out,
    renames: Renames = None,
    skip_bad_rows: SkipBadRows = False,
    as_json: JsonOutput = False,
) -> None:
    """Import RecBole's atomic files.

    DIR holds .inter and .item, perhaps .user, .kg and .link. Sequences of .item (token_seq) and
    what the graph says of items become attributes.

    \b
    Example:
      rerec data import recbole dataset/ml-100k --map class=genre --out data/mine
    """
    from rerec.sources.recbole import import_recbole
    from rerec.sources.table import renames_of

    report = import_recbole(
        out,
        folder,
        renames=renames_of(renames or []),
        skip_bad_rows=skip_bad_rows,
        progress=progress,
    )
    show(report, _text(out, report), as_json=as_json)


@app.command()
def recbench(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of RecBench+ files.")],
    out: Out,
    facts: Annotated[
        bool, typer.Option(help="Join films with Wikidata if there is no movie_info.jsonl.")
    ] = True,
    from_files: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder that holds the pinned wheel of the facts."),
    ] = None,
    seed: Seed = 7,
    skip_bad_rows: SkipBadRows = False,
    as_json: JsonOutput = False,
) -> None:
    """Import RecBench+, its queries included.

    DIR holds movies.dat or books.dat and the query files, perhaps users.dat, ratings.dat and
    movie_info.jsonl. Candidates and splits are not published: they are drawn with the seed.

    \b
    Example:
      rerec data import recbench RecBench/data/movie --out data/recbench-movie
    """
    from rerec.queries.recbench import import_recbench
    from rerec.sources.recbench import Facts

    report = import_recbench(
        out,
        folder,
        seed=seed,
        facts=Facts(facts, from_files),
        skip_bad_rows=skip_bad_rows,
        progress=progress,
    )
    show(report, "\n".join([_text(out, report), *_query_lines(report["queries"])]), as_json=as_json)


def _text(out: Path, report: Mapping[str, Any]) -> str:
    counts = (f"{report[n]:,} {n}" for n in ("items", "attributes", "interactions", "users"))
    lines = [f"{out}: {', '.join(counts)}"]
    for file, found in report["files"].items():
        if found.get("encoding", "utf-8") != "utf-8":
            lines.append(f"{file}: read as {found['encoding']}, it is not UTF-8")
        if found.get("skipped"):
            lines.append(f"{file}: {found['skipped']:,} of {found['rows']:,} rows left out")
            lines += [f"  {f['rows']:,} rows; first {f['first']}" for f in found["faults"]]
    for key, told in _TOLD.items():
        if report[key]:
            lines.append(f"{report[key]:,} {told}")
    return "\n".join([*lines, *report["notes"]])


_TOLD = {
    "titles_told_apart": "titles are shared with another item: the item_id stands behind them",
    "aliases_dropped": "aliases dropped, as they could name two items",
    "interactions_repeated": "interactions left out for a later one with the same item",
    "attributes_repeated": "attributes stood there twice",
    "decades_derived": "decades derived from the year",
    "items_without_attributes": "items have no attribute",
}


def _query_lines(queries: Mapping[str, Any]) -> list[str]:
    splits = ", ".join(f"{n} {split}" for split, n in queries["splits"].items())
    lines = [
        f"{queries['queries']:,} queries ({splits}); {queries['truths_resolved']:.1%} of their "
        f"{queries['truths']:,} titles resolved"
    ]
    lines += [
        f"  {entry['query_id']}: {entry['title']!r} is no item; nearest is {entry['nearest']!r}"
        for entry in (*queries["unresolved"], *queries["hops_unresolved"])
    ]
    if queries["left_out"]:
        lines.append(f"left out, as no title is known: {', '.join(queries['left_out'])}")
    return lines
