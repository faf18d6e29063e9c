"""Wikidata facts of films, as bokeh_sampledata ships them: a SQLite table of 17,472 films.

Values are lists in one text, separated by ", ". The cast stands in alphabetical order there: who is
prominent is worked out later, from the films that a catalogue holds.
"""

import re
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rerec.errors import SourceError
from rerec.sources.wheels import read_member

MEMBER = "bokeh_sampledata/_data/movies.db"
_DISAMBIGUATION = re.compile(r"\s*\((?:\d{4} )?film\)$")
_COLUMNS = 'imdbID, Title, Year, Genre, Director, Writer, "Cast", Country, Language'
# "Robert Downey, Jr." is one name.
_SEPARATOR = re.compile(r",\s+(?!(?:Jr|Sr)\b\.?|I{2,3}\b)")


@dataclass(frozen=True, slots=True)
class FilmFacts:
    """What Wikidata says of one film; every list is in the order of the source."""

    imdb_id: str
    title: str
    year: int
    genres: tuple[str, ...]
    directors: tuple[str, ...]
    writers: tuple[str, ...]
    cast: tuple[str, ...]
    """In alphabetical order."""
    countries: tuple[str, ...]
    languages: tuple[str, ...]


def read_wikidata(wheel: Path) -> tuple[FilmFacts, ...]:
    """Read the films from the bokeh_sampledata wheel, in the order of their IMDb ids.

    Films without an IMDb id, title or year are left out; of two under one id the first is kept.

    Raises:
        SourceError: the wheel or its database cannot be read, or has other columns.
    """
    rows = _select(wheel, read_member(wheel, MEMBER))
    films: dict[str, FilmFacts] = {}
    for imdb_id, title, year, *lists in rows:
        if imdb_id and title and year:
            plain = _DISAMBIGUATION.sub("", title.strip())
            values = (values_of(text) for text in lists)
            films.setdefault(imdb_id, FilmFacts(imdb_id, plain, int(year), *values))
    return tuple(films.values())


def values_of(text: str | None) -> tuple[str, ...]:
    """The values in one text, each once, in its order.

    >>> values_of("Robert Downey, Jr., Jude Law, Jude Law"), values_of(None)
    (('Robert Downey, Jr.', 'Jude Law'), ())
    """
    names: Iterable[str] = (name.strip() for name in _SEPARATOR.split(text or ""))
    return tuple(dict.fromkeys(name for name in names if name))


def _select(wheel: Path, database: bytes) -> list[tuple]:
    connection = sqlite3.connect(":memory:")
    try:
        connection.deserialize(database)
        return connection.execute(f"SELECT {_COLUMNS} FROM omdb ORDER BY imdbID, ID").fetchall()
    except (sqlite3.Error, MemoryError) as error:  # the latter is said of an empty database
        raise SourceError(
            f"{wheel}: {MEMBER} is not the film database ({error}); fetch the pinned release again"
        ) from None
    finally:
        connection.close()
