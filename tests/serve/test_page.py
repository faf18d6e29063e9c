"""What holds of the page's files without a browser; `page/` tries it in one."""

import re
from pathlib import Path

import pytest

from rerec.serve.guards import OPEN_PATHS

PAGE = Path(__file__).parents[2] / "src" / "rerec" / "serve" / "page"
FILES = sorted(PAGE.iterdir())
SCRIPTS = [path for path in FILES if path.suffix == ".js"]
INDEX = (PAGE / "index.html").read_text(encoding="utf-8")
TO_MARKUP = (
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|setAttribute\(\"on|srcdoc"
)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_script_makes_markup_of_text(path: Path):
    assert re.findall(TO_MARKUP, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_file_names_another_host(path: Path):
    text = path.read_text(encoding="utf-8").replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert re.findall(r"(?:https?:)?//[\w.-]+\.\w+", text) == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_what_a_script_imports_is_there_and_open_to_who_has_no_key_yet(path: Path):
    for name in re.findall(r'from "\./([\w.]+)"', path.read_text(encoding="utf-8")):
        assert (PAGE / name).is_file()
        assert f"/{name}" in OPEN_PATHS


def test_the_page_has_neither_script_nor_style_of_its_own():
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=", INDEX) == []
    for name in re.findall(r'(?:src|href)="([\w.]+\.\w+)"', INDEX):
        assert f"/{name}" in OPEN_PATHS


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_every_element_that_a_script_looks_for_is_on_the_page(path: Path):
    for name in re.findall(r'(?:byId|getElementById)\("(\w+)"\)', path.read_text(encoding="utf-8")):
        assert f'id="{name}"' in INDEX
