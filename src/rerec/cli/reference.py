"""docs/cli.md: every command's `--help` on one page; `make docs` writes it, a test compares it."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main
from typer.core import TyperGroup

from rerec.cli.app import app

WIDTH = 100
"""Columns of the help texts, whatever the terminal."""
_HEAD = """\
# The `rerec` command

Generated from `--help` by `make docs`; a test compares the two. Exit codes: 0 done, 2 and one
sentence on stderr where something given is wrong, 130 after Ctrl-C. Progress goes to stderr,
results to stdout.
"""


def commands() -> Iterator[tuple[str, str]]:
    """(full name, help text) of `rerec` and of each of its commands, in the order of the help."""
    yield from _helps("rerec", typer.main.get_command(app))


def page() -> str:
    """The whole page."""
    parts = [f"## `{name}`\n\n```text\n{text}\n```\n" for name, text in commands()]
    return "\n".join([_HEAD, *parts])


def _helps(name: str, command: Any, parent: Any = None) -> Iterator[tuple[str, str]]:
    context = command.make_context(
        name, [], parent=parent, resilient_parsing=True, terminal_width=WIDTH
    )
    yield context.command_path, command.get_help(context)
    if isinstance(command, TyperGroup):
        for child in command.list_commands(context):
            yield from _helps(child, command.commands[child], context)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
