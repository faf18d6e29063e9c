"""RecBench+ as published: its items, users and ratings, and its queries as they stand there.

A folder holds `movies.dat` or `books.dat`, `users.dat` and `ratings.dat` in the form of
MovieLens-1M, perhaps `movie_info.jsonl`, and up to five query files. What a title means is not
decided here; `rerec.queries.recbench` does. Source: jiani-huang/RecBench (Huang et al. 2025, arXiv
2503.09382). The keys of `movie_info.jsonl` are nowhere documented: every list or text in it is
taken for a relation.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rerec.errors import DataError, SourceError
from rerec.sources.assembly import give, give_items
from rerec.sources.embedded import items_of
from rerec.sources.join import join
from rerec.sources.landing import JSON_LINES, Columns, land
from rerec.sources.movielens import DAT, facts_of, read_films, read_users
from rerec.sources.table import land_interactions
from rerec.sources.textfile import Layout, Source
from rerec.sources.wheels import BOKEH_SAMPLEDATA, fetch
from rerec.sources.wikidata import FilmFacts, read_wikidata
from rerec.sources.workbench import Workbench, literal, name

QUERY_FILES = {
    "ExplicitQuery": "explicit",
    "ImplicitQuery": "implicit",
    "MisinformedQuery": "misinformed",
    "InterestBasedQuery": "interest",
    "UserBasedQuery": "demographics",
}
"""How the names of the query files begin, and the category of each."""
NOUNS = ("movie", "book")
MOST_VALUE_BYTES = 100
NO_RATINGS = "there is no ratings.dat: no interactions, and every popularity is 0"
_ID_KEYS = ("item_id", "id", "movie_id", "movieId", "book_id", "bookId")
_TITLE_KEYS = ("title", "name", "movie", "book", "movie_title", "book_title")

_NOT_WORD = re.compile(r"\W+")


@dataclass(frozen=True, slots=True)
class Folder:
    """What a folder of RecBench+ holds."""

    path: Path
    noun: str
    items: Path
    queries: tuple[Path, ...]

    def file(self, name: str) -> Path | None:
        """A file of that name, if there is one."""
        path = self.path / name
        return path if path.is_file() else None


@dataclass(frozen=True, slots=True)
class Facts:
    """Where the facts of films come from if there is no `movie_info.jsonl`."""

    wanted: bool = True
    from_files: Path | None = None
    """A folder that holds their wheel; None downloads it."""


DOWNLOADED = Facts()


def folder_of(path: Path) -> Folder:
    """Find the files of RecBench+ in a folder.

    Raises:
        SourceError: there is no such folder, or it has no items or no queries.
    """
    if not path.is_dir():
        raise SourceError(f"{path}: there is no such folder; name the one with the query files")
    found = sorted(file.name for file in path.iterdir() if file.is_file())
    listed = ", ".join(found[:10]) or "nothing"
    noun = next((noun for noun in NOUNS if f"{noun}s.dat" in found), None)
    if noun is None:
        raise SourceError(f"{path}: has no movies.dat or books.dat, only {listed}; add it")
    beginnings = tuple(QUERY_FILES)
    queries = [n for n in found if n.startswith(beginnings) and n.endswith(".json")]
    if not queries:
        raise SourceError(
            f"{path}: has no query file ({', '.join(f'{b}.json' for b in beginnings)}), only "
            f"{listed}; add one"
        )
    return Folder(path, noun, path / f"{noun}s.dat", tuple(path / name for name in queries))


def land_recbench(
    bench: Workbench,
    folder: Folder,
    *,
    facts: Facts,
    progress: Callable[[str], None],
) -> list[str]:
    """Read `items`, `attributes`, `users` and `interactions`.

    Attributes come from `movie_info.jsonl` where it is there, else from the genres of the items
    file, for films with the facts of Wikidata.

    Args:
        bench: where they are put.
        folder: the folder.
        facts: whether and whence films get the facts of Wikidata.
        progress: told what is being done.

    Returns:
        What a reader of the report should know.

    Raises:
        SourceError: a file is missing or unreadable, or the facts cannot be had.
        DataError: a row is bad.
    """
    progress(f"reading {folder.items}")
    films = read_films(bench, _source(folder.items, DAT.film_layout))
    users = folder.file("users.dat")
    if users:
        read_users(bench, _source(users, DAT.user_layout), loose=True)
    notes = _land_ratings(bench, folder, progress)
    seen = dict(bench.run("SELECT item_id, count(*) FROM interactions GROUP BY item_id"))
    popularity = {film.item_id: seen.get(film.item_id, 0) for film in films}
    info = folder.file(f"{folder.noun}_info.jsonl")
    joined: dict[str, FilmFacts] = {}
    if info is None and facts.wanted and folder.noun == "movie":
        progress("joining the films with the facts of Wikidata")
        joined = join(films, read_wikidata(_wheel(facts)), by_hand={})
        notes.append(f"{len(joined)} of {len(films)} films joined with the facts of Wikidata (CC0)")
    give_items(bench, items_of(films, joined, popularity))
    give(bench, "attributes", facts_of(films, joined, popularity))
    if info:
        _add_info(bench, info)
    return notes


def _wheel(facts: Facts) -> Path:
    try:
        return fetch(BOKEH_SAMPLEDATA, from_files=facts.from_files)
    except SourceError as error:
        raise SourceError(f"{error}; or do without the facts: --no-facts") from None


def _land_ratings(bench: Workbench, folder: Folder, progress: Callable[[str], None]) -> list[str]:
    """Read `interactions`, of which there are none where `ratings.dat` is missing."""
    ratings = folder.file("ratings.dat")
    if ratings is None:
        bench.run(
            'CREATE TABLE interactions ("#row" BIGINT, user_id VARCHAR, item_id VARCHAR, '
            "rating FLOAT, timestamp BIGINT)"
        )
        return [NO_RATINGS]
    progress(f"reading {ratings}")
    bench.run("CREATE TABLE items AS SELECT item_id FROM films")  # ids are checked against it
    notes = land_interactions(bench, _source(ratings, DAT.rating_layout))
    bench.run("DROP TABLE items")
    return notes


def relation_of(text: str) -> str:
    """The name of a relation as domains have it.

    >>> relation_of("Starring"), relation_of("WRITTEN_BY"), relation_of("Original Language")
    ('starring', 'written_by', 'original_language')
    """
    return _NOT_WORD.sub("_", text.strip().casefold()).strip("_")


def _add_info(bench: Workbench, path: Path) -> None:
    """Put the relations of `movie_info.jsonl` into `attributes`, in place of those it tells anew.

    Numbers and long texts (a year, a plot) are no values that one could ask for.
    """
    columns = Columns((), (*_ID_KEYS, *_TITLE_KEYS), keeps_others=True)
    landed = land(bench, "info", _source(path, JSON_LINES), columns)
    ids = [key for key in _ID_KEYS if key in landed.columns]
    titles = [key for key in _TITLE_KEYS if key in landed.columns]
    if not ids and not titles:
        raise DataError(
            f"{path}: names no item, only {', '.join(landed.columns)}; it needs one of "
            f"{', '.join((*_ID_KEYS, *_TITLE_KEYS))}"
        )
    same = f"films.item_id = info.{name(ids[0])}" if ids else _same_title(titles[0])
    relations = [column for column in landed.columns if column not in (*_ID_KEYS, *_TITLE_KEYS)]
    for relation in relations:
        text = f"info.{name(relation)}"
        is_list = f"CASE WHEN json_valid({text}) THEN json_type({text}) = 'ARRAY' ELSE false END"
        bench.run(
            f"CREATE TEMP TABLE told AS SELECT item_id, trim(value) AS value FROM (SELECT "
            f"films.item_id, unnest(CASE WHEN {is_list} THEN CAST({text}::JSON AS VARCHAR[]) "
            f"ELSE [{text}] END) AS value FROM info JOIN films ON {same} "
            f'WHERE {text} IS NOT NULL ORDER BY films."#row") '
            f"WHERE trim(value) <> '' AND strlen(value) <= {MOST_VALUE_BYTES} "
            "AND try_cast(value AS DOUBLE) IS NULL AND left(trim(value), 1) NOT IN ('{', '[')"
        )
        label = literal(relation_of(relation))
        bench.run(
            f"DELETE FROM attributes WHERE relation = {label} AND item_id IN "
            "(SELECT item_id FROM told)"
        )
        bench.run(
            'INSERT INTO attributes SELECT row_number() OVER () + (SELECT coalesce(max("#row"), 0) '
            f"FROM attributes), item_id, {label}, value FROM told"
        )
        bench.run("DROP TABLE told")


def _same_title(column: str) -> str:
    """Whether a film of `films` and a row of `info` have one title and year, in SQL."""
    keys = (
        f"normalise(regexp_replace({title}, '\\s*\\(\\d{{4}}\\)$', '')) || "
        f"regexp_extract({title}, '\\(\\d{{4}}\\)$')"
        for title in ("films.title", f"info.{name(column)}")
    )
    return " = ".join(keys)


def _source(path: Path, layout: Layout) -> Source:
    return Source(path, str(path), layout)
