"""`rerec data from-feedback`: what people liked, made into a domain for the next round."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from rerec.cli.options import JsonOutput, Overrides, Seed, section, show


def from_feedback(
    feedback: Annotated[
        Path, typer.Argument(metavar="FEEDBACK.DB", help="Written by `rerec serve --feedback`.")
    ],
    data: Annotated[
        Path, typer.Option("--data", metavar="DIR", help="The domain that was served; only read.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Domain folder to write.")],
    seed: Seed = 7,
    overrides: Overrides = None,
    as_json: JsonOutput = False,
) -> None:
    """Make a domain of stored likes and dislikes.

    A like becomes a rating of 5, a dislike one of 1; having seen an item is no rating. Whoever is
    no user of the domain becomes a new one. What was asked before a like becomes a training query
    with the liked item as its truth; validation and test queries stay as they are, and what they
    ask is not learned. Go on with `rerec embed`. --set takes the keys of the query settings.

    \b
    Example:
      rerec data from-feedback feedback.db --data data/ml-100k --out data/ml-100k-2
    """
    from rerec.serve.next_round import from_feedback as make
    from rerec.settings import QuerySettings

    report = make(feedback, data, out, section(QuerySettings, overrides), seed=seed)
    show(report, _text(report, out), as_json=as_json)


def _text(report: Mapping[str, Any], out: Path) -> str:
    left_out = [f"  {n} likes: {why}" for why, n in report["likes_without_query"].items()]
    return "\n".join(
        [
            f"{report['likes']} likes and {report['dislikes']} dislikes of"
            f" {report['opinions']} stored opinions; {report['new_users']} new users,"
            f" {report['queries']} new training queries",
            *left_out,
            f"{out}: written; go on with `rerec embed {out}`",
        ]
    )
