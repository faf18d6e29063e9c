"""MovieLens as GroupLens publishes it: 100k, 1M, 10M, 20M, 25M, 32M and latest, folder or zip.

Three forms: `u.data`, `u.item` and `u.user`; `movies.dat`, `ratings.dat` and `users.dat` with `::`;
`movies.csv` and `ratings.csv`. Titles are shown with the article in front. Tags are not read.
"""

import re
import shutil
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from rerec.catalogue.tables import ATTRIBUTES
from rerec.catalogue.titles import split_year
from rerec.errors import SourceError
from rerec.sources.assembly import assemble, give, give_items, new_domain
from rerec.sources.embedded import age_group, attributes_of, items_of
from rerec.sources.landing import Columns, land
from rerec.sources.ml100k import Film
from rerec.sources.names import tell_apart
from rerec.sources.table import bad_if, land_interactions, repeated
from rerec.sources.textfile import Layout, Source
from rerec.sources.wikidata import FilmFacts
from rerec.sources.workbench import Check, Workbench, blank, too_long

GENRES = (
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary",
    "Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi",
    "Thriller", "War", "Western",
)  # fmt: skip
"""The columns of `u.item`, in their order."""
NO_GENRES = ("(no genres listed)", "unknown", "")
OCCUPATIONS = (
    "other", "academic/educator", "artist", "clerical/admin", "college/grad student",
    "customer service", "doctor/health care", "executive/managerial", "farmer", "homemaker",
    "K-12 student", "lawyer", "programmer", "retired", "sales/marketing", "scientist",
    "self-employed", "technician/engineer", "tradesman/craftsman", "unemployed", "writer",
)  # fmt: skip
"""What the numbers in `users.dat` mean, in their order."""
ACKNOWLEDGEMENT = (
    "MovieLens by GroupLens (Harper and Konstan 2015, doi 10.1145/2827872): research use, not to "
    "be redistributed."
)
_RATING = ("user_id", "item_id", "rating", "timestamp")
_FLAGS = tuple(f"flag_{n}" for n in range(len(GENRES)))
_NUMERAL = re.compile(r"(\(\d{4}\))\s*\([IVX]+\)$")  # "... (1995) (V)"


@dataclass(frozen=True, slots=True)
class Form:
    """One way in which MovieLens is published: file names, and how their lines are cut."""

    films: str
    ratings: str
    users: str
    film_layout: Layout
    rating_layout: Layout
    user_layout: Layout


def _cut(delimiter: str, *names: str) -> Layout:
    return Layout(delimiter, quote="", names=names, has_header=False)


DAT = Form(
    "movies.dat",
    "ratings.dat",
    "users.dat",
    _cut("::", "item_id", "title", "genres"),
    _cut("::", *_RATING),
    _cut("::", "user_id", "gender", "age", "occupation", "zip_code"),
)
FORMS = (
    Form(
        "u.item",
        "u.data",
        "u.user",
        _cut("|", "item_id", "title", "release_date", "video_date", "url", *_FLAGS),
        _cut("\t", *_RATING),
        _cut("|", "user_id", "age", "gender", "occupation", "zip_code"),
    ),
    DAT,
    Form("movies.csv", "ratings.csv", "", Layout(","), Layout(","), Layout(",")),
)
FILMS = {"vocabulary": {"nouns": ["film", "movie", "picture"], "verb": "watch", "past": "watched"}}
"""What requests call the items; kept with the domain's settings."""
CSV_NAMES = {"movieId": "item_id", "userId": "user_id"}


def import_movielens(
    out: Path, source: Path, *, skip_bad_rows: bool = False, progress: Callable[[str], None]
) -> dict[str, Any]:
    """Make a domain of a MovieLens folder or zip file.

    Args:
        out: the domain folder; it must not be there yet.
        source: the folder or zip file as published.
        skip_bad_rows: leave bad rows out and count them, instead of refusing the first.
        progress: told what is being done, a sentence at a time.

    Returns:
        The report, which is also written as `sources.json`.

    Raises:
        SourceError: the files are missing or unreadable.
        DataError: a row is bad, or the folder cannot be written.
    """
    with new_domain(out, skip_bad_rows=skip_bad_rows, renames=CSV_NAMES) as bench:
        files = files_of(source, bench.folder)
        form = _form_of(source, files)
        progress(f"reading {form.films}")
        films = read_films(bench, _source(source, files[form.films], form.film_layout))
        give_items(bench, items_of(films, {}, Counter()))
        give(bench, "attributes", facts_of(films, {}, Counter()))
        if form.users in files:
            read_users(bench, _source(source, files[form.users], form.user_layout))
        progress(f"reading {form.ratings}")
        ratings = _source(source, files[form.ratings], form.rating_layout)
        notes = land_interactions(bench, ratings)
        progress(f"sorting and writing {out}")
        return assemble(
            bench,
            named=tell_apart(bench),
            source="movielens",
            notes=[*notes, ACKNOWLEDGEMENT],
            settings=FILMS,
        )


def files_of(source: Path, folder: Path) -> dict[str, Path]:
    """The files of MovieLens by their names, those of a zip file unpacked.

    They may stand in a folder of their own inside the source, as in the published zip files.

    Args:
        source: a folder or zip file.
        folder: where a zip file is unpacked.

    Raises:
        SourceError: there is no such source, or it is no whole zip file.
    """
    wanted = {name for form in FORMS for name in (form.films, form.ratings, form.users)} - {""}
    if source.is_file():
        return _unpacked(source, folder, wanted)
    if not source.is_dir():
        raise SourceError(f"{source}: there is no such folder or zip file; check the name")
    inner = [inside for inside in sorted(source.iterdir()) if inside.is_dir()]
    for place in (source, *inner):
        files = {path.name: path for path in sorted(place.iterdir()) if path.name in wanted}
        if files:
            return files
    return {}


def read_films(bench: Workbench, source: Source) -> list[Film]:
    """The films of `u.item`, `movies.dat` or `movies.csv`.

    Raises:
        SourceError: the file is missing or unreadable.
        DataError: a row is bad.
    """
    optional = ("genres", "release_date", *_FLAGS)
    landed = land(bench, "films", source, Columns(("item_id", "title"), optional))
    checks = [blank("item_id"), blank("title"), *too_long(landed.columns), repeated("item_id")]
    bench.drop_bad(landed, checks)
    bench.refuse_empty(landed)
    rows = bench.run(f'SELECT {", ".join(landed.columns)} FROM films ORDER BY "#row"')
    return [_film(dict(zip(landed.columns, row, strict=True))) for row in rows]


def read_users(bench: Workbench, source: Source, *, loose: bool = False) -> None:
    """Read the table `users`: age_group, gender, occupation, and age where it is one.

    `users.dat` has the first year of an age group, and a number for an occupation.

    Args:
        bench: where it is put.
        source: `u.user` or `users.dat`.
        loose: take an age or occupation that is no number for the group itself, or for none.

    Raises:
        SourceError: the file is missing or unreadable.
        DataError: a row is bad.
    """
    columns = Columns(("user_id", "age", "gender", "occupation"))
    landed = land(bench, "people", source, columns)
    is_coded = source.layout == DAT.user_layout
    checks = [blank("user_id"), repeated("user_id"), *too_long(landed.columns)]
    if not loose:
        checks += [_not_within("age", 150, "is no age in years")]
    if is_coded and not loose:
        told = "is not among the numbers of occupations"
        checks += [_not_within("occupation", len(OCCUPATIONS) - 1, told)]
    bench.drop_bad(landed, checks)
    rows = bench.run('SELECT user_id, age, gender, occupation FROM people ORDER BY "#row"')
    give(bench, "users", _people(rows, is_coded=is_coded))


def facts_of(
    films: Sequence[Film], joined: Mapping[str, FilmFacts], popularity: Mapping[str, int]
) -> pa.Table:
    """The `attributes` of films, which may have none."""
    has_any = any(film.genres or film.year is not None for film in films) or joined
    return attributes_of(films, joined, popularity) if has_any else ATTRIBUTES.empty_table()


def film_of(item_id: str, title: str, genres: Sequence[str], *, year: int | None = None) -> Film:
    """One film, its year taken from behind its title.

    >>> film_of("1", "Toy Story (1995)", ["Animation", "(no genres listed)"])
    Film(item_id='1', title='Toy Story', year=1995, genres=('Animation',))
    """
    bare, behind = split_year(_NUMERAL.sub(r"\1", title))
    kept = tuple(genre for genre in genres if genre not in NO_GENRES)
    return Film(item_id, bare, year if behind is None else behind, kept)


def _film(row: Mapping[str, str | None]) -> Film:
    item_id, title = row["item_id"] or "", row["title"] or ""
    if "genres" in row:
        return film_of(item_id, title, (row["genres"] or "").split("|"))
    date = row["release_date"] or ""
    year = int(date[-4:]) if date[-4:].isdigit() else None
    genres = [genre for genre, flag in zip(GENRES, _FLAGS, strict=True) if row[flag] == "1"]
    return film_of(item_id, title, genres, year=year)


def _people(rows: Sequence[tuple[str | None, ...]], *, is_coded: bool) -> pa.Table:
    columns = [list(column) for column in zip(*rows, strict=True)] or [[], [], [], []]
    user_ids, ages, genders, occupations = columns
    own = {} if is_coded else {"age": pa.array([int(age) for age in ages], pa.int64())}
    return pa.table(
        {
            "user_id": pa.array(user_ids, pa.string()),
            **own,
            "age_group": pa.array([_age_group(age) for age in ages], pa.string()),
            "gender": pa.array(genders, pa.string()),
            "occupation": pa.array([_occupation(o) for o in occupations], pa.string()),
        }
    )


def _age_group(age: str | None) -> str | None:
    return age_group(int(age)) if age and age.isdecimal() else age


def _occupation(text: str | None) -> str | None:
    is_code = text and text.isdecimal() and int(text) < len(OCCUPATIONS)
    return OCCUPATIONS[int(text)] if text and is_code else text


def _not_within(column: str, most: int, told: str) -> Check:
    is_within = f"coalesce(try_cast({column} AS INTEGER) BETWEEN 0 AND {most}, false)"
    return bad_if(f"NOT {is_within}", column, told)


def _form_of(source: Path, files: Mapping[str, Path]) -> Form:
    for form in FORMS:
        if form.films in files and form.ratings in files:
            return form
    for form in FORMS:
        for here, missing in ((form.films, form.ratings), (form.ratings, form.films)):
            if here in files:
                raise SourceError(f"{source}: has {here} but no {missing}; fetch it again")
    pairs = ", ".join(f"{form.films} and {form.ratings}" for form in FORMS)
    raise SourceError(f"{source}: holds no MovieLens; it has {pairs} in one of its forms")


def _source(source: Path, path: Path, layout: Layout) -> Source:
    """A file of MovieLens; one of a zip file is shown as a member of it."""
    return Source(path, str(path) if source.is_dir() else f"{source}/{path.name}", layout)


def _unpacked(source: Path, folder: Path, wanted: set[str]) -> dict[str, Path]:
    """The wanted members of a zip file, written into a folder under their own names."""
    files: dict[str, Path] = {}
    try:
        with zipfile.ZipFile(source) as archive:
            for member in archive.infolist():
                base = member.filename.rpartition("/")[2]
                if base in wanted and base not in files:
                    files[base] = folder / base
                    with archive.open(member) as packed, files[base].open("wb") as out:
                        shutil.copyfileobj(packed, out, 1 << 20)
    except (zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise SourceError(f"{source}: is no whole zip file ({error}); fetch it again") from None
    return files
