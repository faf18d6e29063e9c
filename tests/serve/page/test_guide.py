"""What docs/assistant.md and the README tell people to type is typed."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main

from rerec.assistant.assistant import Assistant
from rerec.catalogue.domain import read_domain
from rerec.cli.app import app

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "docs" / "assistant.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
FILMS = ROOT / "data" / "ml-100k"
ADDRESS = "http://127.0.0.1:8000/"


def blocks(language: str, page: str = GUIDE) -> list[str]:
    found = re.findall(rf"^ *```{language}\n(.*?)^ *```$", page, re.MULTILINE | re.DOTALL)
    return [block for block in found if block.strip()]


LINES = [line.strip() for block in blocks("sh") for line in block.splitlines()]


@pytest.mark.parametrize("line", [line for line in LINES if line.startswith("rerec ")])
def test_a_command_of_the_guide_is_one_that_we_have(line: str):
    command: Any = typer.main.get_command(app)
    name, *rest = shlex.split(line)
    while hasattr(command, "commands"):
        name, *rest = rest
        command = command.commands[name]
    command.make_context(name, rest)  # refuses an unknown option or a missing one


@pytest.mark.slow
@pytest.mark.skipif(not FILMS.is_dir(), reason="data/ml-100k is not there: `make demo` builds it")
def test_requests_of_the_guide_are_answered(serve_page):
    served = serve_page(Assistant.of(read_domain(FILMS)))
    shown = [*LINES, *(line for block in blocks("bash", README) for line in block.splitlines())]
    requests = [line for line in shown if line.startswith("curl ")]
    assert len(requests) >= 7
    for line in requests:
        words = [word.replace(ADDRESS, served.address) for word in shlex.split(line)]
        answer = subprocess.run([*words, "-s", "--fail"], capture_output=True, check=True)
        assert answer.stdout
    programs = [*blocks("python"), *blocks("python", README)]
    assert len(programs) == 2
    for program in programs:
        run = subprocess.run(
            [sys.executable, "-c", program.replace(ADDRESS, served.address)],
            capture_output=True,
            check=True,
            text=True,
        )
        assert "Heat (1995) ['Crime', 'Al Pacino']" in run.stdout.splitlines()
