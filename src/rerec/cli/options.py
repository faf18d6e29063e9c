"""What several commands share: their options, progress on stderr, results on stdout."""

import json
from collections.abc import Sequence
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:  # settings needs pydantic, a third of what `--help` may take
    from rerec.sections import Section

    S = TypeVar("S", bound=Section)

DomainFolder = Annotated[
    Path, typer.Argument(metavar="DIR", help="Domain folder, as `rerec data build` writes it.")
]
JsonOutput = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Set one setting; may be given several times."),
]
Seed = Annotated[int, typer.Option(help="Seed of every random draw.")]


def progress(line: str) -> None:
    """Show how far a long command is: on stderr, so that stdout holds the result alone."""
    typer.echo(line, err=True)


def show(result: object, text: str, *, as_json: bool) -> None:
    """Print a command's result: its text, or the whole of it as JSON."""
    typer.echo(json.dumps(_plain(result), indent=2) if as_json else text)


def section(kind: "type[S]", overrides: Sequence[str] | None) -> "S":
    """The settings of one section, from `--set` alone."""
    from rerec.sections import merged, read_section

    return read_section(kind, merged({}, overrides or ()), where="--set")


def _plain(result: object) -> Any:
    return asdict(result) if is_dataclass(result) and not isinstance(result, type) else result
