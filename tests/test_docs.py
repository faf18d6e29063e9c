"""What the README and docs claim is run, or at least looked up."""

import re
import shlex
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer.main

from rerec.cli import main
from rerec.cli.app import app
from rerec.settings import read_recipe

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
LINES = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
    if line and not line.startswith("#")
]
DATA_LINES = [
    line.partition(" ")[2] if line.startswith("REREC_") else line
    for block in re.findall(
        r"^```sh\n(.*?)^```$",
        (ROOT / "docs" / "data.md").read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
    for line in block.splitlines()
]
RUN_ON_THE_CORNER_SHOP = ("data info", "data check", "data export", "score")
NAMES = sorted(
    {
        name
        for page in ("papers.md", "design.md")
        for name in re.findall(
            r"`(rerec(?:\.\w+)+)`", (ROOT / "docs" / page).read_text(encoding="utf-8")
        )
    }
)


def words_of(command: str) -> list[str]:
    return [word for word in shlex.split(command) if not word.startswith("-")]


@pytest.mark.parametrize(
    "line", [line for line in (*LINES, *DATA_LINES) if line.startswith("rerec ")]
)
def test_a_command_of_the_readme_is_one_that_we_have(line: str):
    command: Any = typer.main.get_command(app)
    name, *rest = shlex.split(line)
    while hasattr(command, "commands"):
        name, *rest = rest
        command = command.commands[name]
    command.make_context(name, rest)  # refuses an unknown option or a missing one


@pytest.mark.parametrize("line", [line for line in LINES if not line.startswith("rerec ")])
def test_every_other_line_of_the_readme_is_a_target_of_make(line: str):
    make, target = line.split()
    assert make == "make"
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize(
    "line",
    [line for line in LINES if line.removeprefix("rerec ").startswith(RUN_ON_THE_CORNER_SHOP)],
)
def test_a_cheap_command_of_the_readme_runs(line, corner_shop, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    corner_shop.rename("data/ml-100k")
    Path("answers.jsonl").write_text('{"query_id": "q7", "response": "\\\\boxed{Heat}"}\n')
    assert main(shlex.split(line)[1:]) == 0
    assert capsys.readouterr().out


@pytest.mark.parametrize(
    "recipe", sorted({w for line in LINES for w in words_of(line) if "recipes/" in w})
)
def test_a_recipe_that_the_readme_names_is_there(recipe: str):
    assert (ROOT / recipe).is_file()


@pytest.mark.parametrize(
    "path", sorted((ROOT / "recipes").glob("*.yaml")), ids=lambda path: path.name
)
def test_a_recipe_says_nothing_that_we_do_not_know(path: Path):
    read_recipe(path)


def test_every_link_of_the_documents_leads_somewhere():
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    missing = [
        (page.name, link)
        for page in pages
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
        if not (page.parent / link).exists()
    ]
    assert missing == []


@pytest.mark.parametrize("name", NAMES)
def test_what_the_documents_call_ours_exists(name: str):
    parts = name.split(".")
    for n_module in range(len(parts), 0, -1):
        try:
            found: Any = import_module(".".join(parts[:n_module]))
        except ModuleNotFoundError:
            continue
        for attribute in parts[n_module:]:
            found = getattr(found, attribute)
        return
    pytest.fail(f"{name} is not there")


def tree() -> dict[str, str]:
    """Path below src/rerec -> its line, read from the README's indented list."""
    block = README.partition("\nsrc/rerec/\n")[2].partition("\n```")[0]
    found, folder = {}, ""
    for line in block.splitlines():
        name, _, said = line.strip().partition(" ")
        if line.startswith("  ") and not line.startswith("   "):
            folder = name if name.endswith("/") else ""
        if name.endswith(".py"):
            found[folder + name] = said.strip()
    return found


def test_the_readme_has_a_line_for_each_file_of_the_package():
    package = ROOT / "src" / "rerec"
    files = {path.relative_to(package).as_posix() for path in package.rglob("*.py")}
    assert set(tree()) == {file for file in files if not file.endswith("__init__.py")}
    assert [name for name, said in tree().items() if not said] == []


def test_the_log_is_dated_and_newest_first():
    text = (ROOT / "docs" / "log.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert all(re.match(r"\d{4}-\d\d-\d\d: \S", heading) for heading in headings)
    dates = [heading[:10] for heading in headings]
    assert dates == sorted(dates, reverse=True)


def test_the_readme_leaves_no_figure_to_be_filled_in():
    assert "FIGURE" not in README
