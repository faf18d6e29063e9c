import re
from pathlib import Path

import pytest

from rerec.cli import main
from rerec.cli.reference import commands, page

COMMANDS = dict(commands())
PAGE = Path(__file__).parents[2] / "docs" / "cli.md"


def test_every_command_of_the_line_is_there():
    assert list(COMMANDS) == [
        "rerec",
        "rerec data",
        *(f"rerec data {name}" for name in ("build", "queries", "info", "check")),
        *(
            f"rerec data {name}"
            for name in ("export", "export-verl", "paraphrase", "from-feedback")
        ),
        *(f"rerec data {name}" for name in ("shortcuts", "import")),
        *(f"rerec data import {name}" for name in ("table", "movielens", "recbole", "recbench")),
        *(f"rerec {name}" for name in ("embed", "sft", "train", "average", "evaluate")),
        *(f"rerec {name}" for name in ("compare", "report", "score", "demo")),
        *(f"rerec {name}" for name in ("recommend", "chat", "serve")),
    ]


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "rerec data"])
def test_a_command_shows_an_example_of_itself(name):
    assert re.search(rf"Example:\n    {name}\b", COMMANDS[name])


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_prints_its_help(name, capsys):
    assert main([*name.split()[1:], "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: {name} ")


def test_a_list_of_commands_cuts_no_summary_short():
    assert "..." not in COMMANDS["rerec"].replace("[ARGS]...", "")


def test_the_page_in_docs_is_what_the_commands_say():
    assert PAGE.read_text(encoding="utf-8") == page(), "docs/cli.md is out of date; run `make docs`"
