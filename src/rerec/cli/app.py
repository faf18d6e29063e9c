"""The commands put together, and how they end: 0, one sentence and 2, or a bug's traceback."""

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Annotated

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from rerec import __version__
from rerec.cli import asking, data, evaluation, serving, training
from rerec.errors import ReRecError, Terminated

REFUSED = 2
"""Exit code where the user can mend what was wrong."""
TERMINATED = 143
"""Exit code after SIGTERM, once everything is saved: 128 + SIGTERM."""
INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 + SIGINT, as shells have it."""


class _Stages(TyperGroup):
    """Lists the commands as the stages follow each other: typer would put `data` last."""

    def list_commands(self, ctx: object) -> list[str]:
        del ctx
        return sorted(self.commands, key=lambda name: name != "data")


# Plain help: rich takes longer to import than the whole of the rest of `--help`.
app = typer.Typer(
    cls=_Stages,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"max_content_width": 100, "help_option_names": ["-h", "--help"]},
)
app.add_typer(data.app, name="data")
app.command()(data.embed)
app.command()(training.sft)
app.command()(training.train)
app.command()(training.average)
app.command()(evaluation.evaluate)
app.command()(evaluation.compare)
app.command()(evaluation.report)
app.command()(evaluation.score)
app.command()(evaluation.demo)
app.command()(asking.recommend)
app.command()(asking.chat)
app.command()(serving.serve)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rerec {__version__}")
        raise typer.Exit


@app.callback()
def rerec(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and stop."
        ),
    ] = False,
) -> None:
    """Language models that reason about what to recommend: data, training, evaluation.

    The stages in order: data build, embed, sft, train, evaluate, compare, report. Each reads
    folders and writes one; `rerec demo` runs them all on a small scale.

    \b
    Example:
      rerec demo
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code.

    0 where it did what was asked; 2 and one sentence on stderr where the user can mend what was
    wrong; 130 after Ctrl-C; 143 after a SIGTERM, once a run has saved itself. Any other exception
    is a bug and keeps its traceback.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    _never_fail_on_a_character()
    try:
        code = app(given or ["--help"], prog_name="rerec", standalone_mode=False) or 0
        sys.stdout.flush()
    except ReRecError as error:
        return _refuse(str(error))
    except Terminated as ended:
        _say(str(ended))
        return TERMINATED
    except TyperException as error:
        return _refuse(_usage(error))
    except BrokenPipeError:  # the reader of `rerec ... | head` has gone: nobody to tell
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1  # as typer ends it
    except OSError as error:  # a full disk, a folder without permission
        return _refuse(_os_sentence(error))
    except KeyboardInterrupt:
        code = INTERRUPTED
    if code == INTERRUPTED:
        _say("stopped; what was finished is kept, and the same command goes on from there")
    return code


def _refuse(sentence: str) -> int:
    _say(" ".join(sentence.split()))
    return REFUSED


def _say(sentence: str) -> None:
    typer.echo(f"rerec: {sentence}", err=True)


def _usage(error: TyperException) -> str:
    context = getattr(error, "ctx", None)
    command = "rerec" if context is None else context.command_path
    sentence = " ".join(error.format_message().split()).rstrip(".")
    return f"{sentence}{'' if sentence.endswith('?') else ';'} see `{command} --help`"


def _os_sentence(error: OSError) -> str:
    what = error.strerror or str(error)
    return f"the system refused: {what}" if error.filename is None else f"{error.filename}: {what}"


def _never_fail_on_a_character() -> None:
    """Titles hold any script; a terminal that cannot show one gets `?`, not an error."""
    for output in (sys.stdout, sys.stderr):
        if isinstance(output, TextIOWrapper):
            output.reconfigure(errors="replace")
