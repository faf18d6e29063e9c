"""What an installation rests on: pins, floors, version, the rules that the tools hold."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import rerec

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
PINS = {
    canonicalize_name(name): version
    for name, _, version in (
        line.partition("==")
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    )
}

OF_A_CUDA_BUILD = ("nvidia-", "cuda-", "triton")
"""What torch brings along where it is not the CPU build."""


def asked_for() -> list[Requirement]:
    """What `.[test]` installs directly."""
    lines = (*PROJECT["project"]["dependencies"], *EXTRAS["test"], *EXTRAS["tensorboard"])
    return [found for found in map(Requirement, lines) if found.name != "rerec"]


def closure() -> set[str]:
    """Names of every distribution that `.[test]` installs, itself or through another."""
    found: set[str] = set()
    todo = asked_for()
    while todo:
        requirement = todo.pop()
        name = canonicalize_name(requirement.name)
        if name not in found and not name.startswith(OF_A_CUDA_BUILD):
            found.add(name)
            todo += [
                further
                for further in map(Requirement, distribution(name).requires or [])
                if further.marker is None or further.marker.evaluate({"extra": ""})
            ]
    return found


def test_every_package_that_is_installed_is_pinned():
    assert closure() - set(PINS) == set()


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="pinned on Python 3.11")
def test_every_pin_is_of_a_package_that_is_installed():
    assert set(PINS) - closure() == set()


def test_every_pin_is_exact_and_names_no_build_of_one_machine():
    assert all(re.fullmatch(r"\d+(\.\d+)*(\.?(post|rc|a|b)\d+)?", pin) for pin in PINS.values())
    assert PINS[canonicalize_name("torch")] == "2.13.0"


@pytest.mark.parametrize("requirement", asked_for(), ids=lambda requirement: requirement.name)
def test_a_pin_is_above_its_floor(requirement: Requirement):
    assert requirement.specifier, "a floor is missing"
    assert requirement.specifier.contains(PINS[canonicalize_name(requirement.name)])


def test_what_is_installed_is_what_is_pinned():
    installed = {name: distribution(name).version.partition("+")[0] for name in PINS}
    assert installed == PINS


def test_what_the_package_imports_is_what_it_depends_on():
    names = {
        node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
        for path in (ROOT / "src").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom | ast.Import)
    }
    tops = {name.partition(".")[0] for name in names if name} - {"rerec", *sys.stdlib_module_names}
    tops -= {"verl"}  # its environment installs this package (docs/verl.md), not this one it
    providers = packages_distributions()
    imported = {canonicalize_name(provider) for top in tops for provider in providers[top]}
    asked = {canonicalize_name(Requirement(r).name) for r in PROJECT["project"]["dependencies"]}
    assert imported == asked - {"gguf"}  # transformers imports that one for us


def test_every_floor_has_its_reason_beside_it():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = text.partition("\ndependencies = [\n")[2].partition("\n]")[0]
    assert [line for line in block.splitlines() if "  # " not in line] == []


def test_the_newest_heading_of_the_changelog_is_the_version():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## (\S+) - (\d{4}-\d\d-\d\d|unreleased)$", text, re.MULTILINE)
    assert newest is not None
    assert newest[1] == rerec.__version__


def test_the_licence_is_apache_2():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert text.split()[:4] == ["Apache", "License", "Version", "2.0,"]
    assert len(text.splitlines()) == 201


def test_types_are_promised_to_those_who_import_us():
    assert (Path(rerec.__file__).parent / "py.typed").is_file()


def test_every_floor_is_named_in_the_contract_that_holds_the_floors():
    (layers,) = (
        contract["layers"]
        for contract in PROJECT["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers"
    )
    named = {name.strip("() ") for layer in layers for name in layer.split("|")}
    package = Path(rerec.__file__).parent
    there = {path.stem for path in package.glob("[!.]*") if path.suffix == ".py" or path.is_dir()}
    assert there - {"__init__", "__pycache__"} <= named


def test_imports_go_down_the_floors():
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [linter, "--no-logo", "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", sorted((ROOT / "src").rglob("*.py")), ids=lambda path: path.name)
def test_no_file_is_longer_than_300_lines(path: Path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300
