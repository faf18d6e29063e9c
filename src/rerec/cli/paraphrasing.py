"""`rerec data paraphrase`: a domain's queries in other words, by a model behind an endpoint."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from rerec.cli.options import DomainFolder, JsonOutput, progress, show

KEY = "REREC_PARAPHRASE_KEY"


def paraphrase(
    folder: DomainFolder,
    paraphrase_url: Annotated[
        str, typer.Option(metavar="URL", help="OpenAI-compatible endpoint, up to /v1.")
    ],
    paraphrase_model: Annotated[str, typer.Option(metavar="NAME", help="Model to ask there.")],
    splits: Annotated[
        str | None,
        typer.Option(metavar="SPLIT,...", help="Which splits; without it, all that are there."),
    ] = None,
    per_minute: Annotated[float, typer.Option(help="Requests a minute at most.")] = 60.0,
    as_json: JsonOutput = False,
) -> None:
    """Have a model say the queries in other words.

    A rewrite is kept only if every condition is still found in it and no other value of the
    catalogue slipped in; queries/paraphrase.json counts and shows what was refused. Answers are
    kept as they come: run again after a stop, the same command asks for nothing twice. The key of
    the endpoint is read from REREC_PARAPHRASE_KEY.

    \b
    Example:
      rerec data paraphrase data/ml-100k --paraphrase-url http://localhost:8000/v1 \\
        --paraphrase-model qwen3-8b --splits train --per-minute 300
    """
    import httpx2

    from rerec.queries.paraphrase import TIMEOUT_S, Paraphraser
    from rerec.queries.rewriting import CACHE_FILE
    from rerec.queries.rewriting import paraphrase as rewrite

    key = os.environ.get(KEY, "").strip() or None
    cache = Path(folder) / "queries" / CACHE_FILE
    chosen = None if splits is None else [split.strip() for split in splits.split(",")]
    with httpx2.Client(timeout=TIMEOUT_S) as client:
        asker = Paraphraser(paraphrase_url, paraphrase_model, key, per_minute, cache, client)
        report = rewrite(folder, asker, splits=chosen, progress=progress)
    show(report, _text(report), as_json=as_json)


def _text(report: Mapping[str, Any]) -> str:
    lines: list[str] = []
    for split, its in report.get("splits", {}).items():
        lines.append(f"{split}: {its['kept']} of {its['n']} queries rewritten by {its['model']}")
        lines += [f"  {n} not: {why}" for why, n in its["refused"].items()]
    return "\n".join(lines) or "there is no query to rewrite"
