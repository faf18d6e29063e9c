"""Wheels small enough to read: the two sources in their own form, with every oddity they have."""

import io
import sqlite3
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rerec.catalogue.files import sha256_of
from rerec.sources import embedded, wheels
from rerec.sources.ml100k import FOLDER
from rerec.sources.wheels import BOKEH_SAMPLEDATA, RECBOLE, Pin
from rerec.sources.wikidata import MEMBER

ITEMS = """item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq
1\tHeat\t1995\tAction Crime
2\tUsual Suspects, The\t1995\tCrime
3\tHate (Haine, La)\t1995\tDrama
4\tHeat\t1995\tAction
5\tunkonwn\tunkonwn\tunknown
6\tLand Before Time III (1995)\tV\tAnimation Children's
7\tNobody Knows It\t1994\tFilm-Noir
"""
USERS = """user_id:token\tage:token\tgender:token\toccupation:token\tzip_code:token
1\t24\tM\ttechnician\t85711
2\t57\tF\tother\t94043
"""
RATINGS = """user_id:token\titem_id:token\trating:float\ttimestamp:float
2\t1\t3\t50
1\t4\t5\t30
1\t1\t2\t20
1\t5\t4\t10
1\t2\t4\t40
2\t3\t4\t60
2\t7\t1\t70
1\t3\t5\t45
2\t2\t5\t80
"""
FACTS = [
    ("tt1", "Heat", 1995, "Crime, Action", "Michael Mann", "Michael Mann",
     "Al Pacino, Jon Voight, Robert De Niro", "United States", "English, Spanish"),
    ("tt2", "The Usual Suspects", 1996, "Crime", "Bryan Singer", None,
     "Gabriel Byrne, Robert Downey, Jr., Zoe Both", "United States", "English"),
    ("tt3", "La Haine", 1995, "", "Mathieu Kassovitz", "",
     "Vincent Cassel, Zoe Both", "France", ""),
    ("tt4", "Somewhere Else", 1995, "Drama", "Ann Other", "", "", "", ""),
    (None, "No Id", 1995, "Drama", "", "", "", "", ""),
]  # fmt: skip


@pytest.fixture
def movielens_members() -> dict[str, bytes]:
    """The members of the MovieLens wheel; a test may spoil them before they are packed."""
    tables = {"item": ITEMS, "user": USERS, "inter": RATINGS}
    return {f"{FOLDER}.{name}": text.encode() for name, text in tables.items()}


@pytest.fixture(name="pack")
def pack_() -> Callable[[Path, dict[str, bytes]], Path]:
    """A function that writes a wheel with some members."""
    return pack


@pytest.fixture(name="repinned")
def repinned_() -> Callable[[Pin, Path], Pin]:
    """A function that gives a pin the hash of the file that stands in a folder."""
    return repinned


@pytest.fixture
def small_wheels(
    tmp_path: Path, movielens_members: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A folder with both wheels; the pins of the embedded domain are those of these files."""
    folder = tmp_path / "wheels"
    pack(folder / RECBOLE.file_name, movielens_members)
    pack(folder / BOKEH_SAMPLEDATA.file_name, {MEMBER: film_database()})
    monkeypatch.setattr(embedded, "RECBOLE", repinned(RECBOLE, folder))
    monkeypatch.setattr(embedded, "BOKEH_SAMPLEDATA", repinned(BOKEH_SAMPLEDATA, folder))
    return folder


@pytest.fixture(scope="session")
def real_wheels() -> Path:
    """The folder of the two pinned wheels; skips where they were never fetched."""
    folder = wheels.cache_folder()
    if not all((folder / pin.file_name).is_file() for pin in (RECBOLE, BOKEH_SAMPLEDATA)):
        pytest.skip("the wheels are not in the cache; building the domain puts them there")
    return folder


def pack(path: Path, members: dict[str, bytes]) -> Path:
    """A wheel with some members."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.getvalue())
    return path


def repinned(pin: Pin, folder: Path) -> Pin:
    """The pin with the hash of the file that stands in a folder."""
    return replace(pin, sha256=sha256_of(folder / pin.file_name))


def film_database() -> bytes:
    """A film database with the columns that are read, as bytes."""
    connection = sqlite3.connect(":memory:")
    columns = 'imdbID, Title, Year, Genre, Director, Writer, "Cast", Country, Language'
    connection.execute(f"CREATE TABLE omdb (ID INTEGER PRIMARY KEY, {columns})")
    connection.executemany(f"INSERT INTO omdb ({columns}) VALUES (?,?,?,?,?,?,?,?,?)", FACTS)
    connection.commit()
    return connection.serialize()
