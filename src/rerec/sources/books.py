"""Which editions are one book, and what they say of it together. Source: ours.

A bookseller's list names every printing by itself and spells an author in five ways. Editions are
one book only if author and title agree: a wrong merger would put untruths into fact lines.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from string import capwords

from rerec.catalogue.titles import normalise
from rerec.sources.covers import (
    bare_title,
    has_article,
    is_short,
    kinds_of,
    publisher_key,
    publisher_name,
    series_of,
    title_key,
)

FIRST_YEAR, LAST_YEAR = 1930, 2004
"""Years before are slips (Matilda of 1920); the log ends with 2004."""
MIN_RATINGS_OF_SUBTITLE = 5
MIN_PUBLISHER_SHARE = 0.1
MIN_BOOKS_OF_SERIES = 2
MOST_SERIES = 4
_NO_PUBLISHER = re.compile(r"^(?:not avail|unknown|n/?a$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Edition:
    """One printing, as a bookseller lists it."""

    isbn: str
    title: str
    author: str
    year: int | None
    publisher: str


@dataclass(frozen=True, slots=True)
class Book:
    """What several editions have in common; of every list the most prominent value first."""

    item_id: str
    """The ISBN of the edition with the most ratings."""
    title: str
    author: str
    year: int | None
    """Of the earliest edition that is known, which is not always the first one printed."""
    aliases: tuple[str, ...]
    publishers: tuple[str, ...]
    series: tuple[str, ...]
    """Series, lines and book clubs that a cover names, whoever else is in them."""
    kinds: tuple[str, ...]
    """What a cover calls it: novel, mystery, memoir."""


@dataclass(frozen=True, slots=True)
class Spellings:
    """How names are shown: the spelling that most editions have."""

    authors: Mapping[str, str]
    """By the name that `author_keys` gives."""
    publishers: Mapping[str, str]
    """By `publisher_key`."""


def title_keys(editions: Iterable[Edition]) -> dict[str, str]:
    """For each title, brackets and all, the key of its bare title."""
    return {title: title_key(bare_title(title)) for title in {e.title for e in editions}}


def author_keys(editions: Iterable[Edition], titles: Mapping[str, str]) -> dict[str, str]:
    """For each spelling of an author, the folded one that stands for the person.

    "Dean Koontz" is "Dean R. Koontz" because both wrote a "Whispers": names that differ only by
    what stands in the middle are one person's where they share a title.

    Args:
        editions: all of them, the more the better.
        titles: the keys of their titles, as `title_keys` gives them.
    """
    folded = {author: normalise(author) for author in {e.author for e in editions}}
    by_title: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    counts: Counter[str] = Counter()
    for edition in editions:
        name = folded[edition.author]
        counts[name] += 1
        words = name.split() or [""]
        by_title[words[0], words[-1], titles[edition.title]].add(name)
    stands_for = {name: name for name in counts}
    for names in sorted(tuple(sorted(group)) for group in by_title.values() if len(group) > 1):
        for one, other in combinations(names, 2):
            _unite(stands_for, one, other, counts)
    return {author: _root(stands_for, name) for author, name in folded.items()}


def spellings_of(editions: Sequence[Edition], authors: Mapping[str, str]) -> Spellings:
    """How each author and publisher is shown."""
    by_author: dict[str, Counter[str]] = defaultdict(Counter)
    by_publisher: dict[str, Counter[str]] = defaultdict(Counter)
    for edition in editions:
        by_author[authors[edition.author]][edition.author] += 1
        by_publisher[publisher_key(edition.publisher)][publisher_name(edition.publisher)] += 1
    return Spellings(
        {key: _best_spelling(counts) for key, counts in by_author.items()},
        {key: _best_spelling(counts) for key, counts in by_publisher.items()},
    )


def books_of_editions(
    editions: Sequence[Edition],
    authors: Mapping[str, str],
    titles: Mapping[str, str],
    n_ratings: Mapping[str, int],
) -> list[list[Edition]]:
    """The editions of each book, the most rated first.

    Editions are one book when author and bare title agree, whatever the article in front. A title
    with a subtitle is also the one without, where the author has no second such subtitle.

    Args:
        editions: of all books.
        authors: as `author_keys` gives them.
        titles: as `title_keys` gives them.
        n_ratings: number of ratings by ISBN.
    """
    works: dict[tuple[str, str], list[Edition]] = defaultdict(list)
    for edition in editions:
        works[authors[edition.author], titles[edition.title]].append(edition)
    for longer, shorter in _lone_subtitles(works, n_ratings):
        if longer in works and shorter in works:  # another merger may have taken it
            works[shorter] += works.pop(longer)
    return [
        sorted(work, key=lambda e: (-n_ratings.get(e.isbn, 0), e.isbn)) for work in works.values()
    ]


def book_of(
    work: Sequence[Edition], author: str, spellings: Spellings, n_ratings: Mapping[str, int]
) -> Book:
    """One book of its editions.

    Args:
        work: its editions, the most rated first.
        author: the name that stands for the person, as `author_keys` gives it.
        spellings: how authors and publishers are shown.
        n_ratings: number of ratings by ISBN; what unrated editions call the book is not taken.
    """
    rated = [edition for edition in work if n_ratings.get(edition.isbn)] or [work[0]]
    titles = list(dict.fromkeys(bare_title(edition.title) for edition in rated))
    readable = [title for title in titles if not _is_shouted(title)] or titles
    # Of the common spellings, one without subtitle goes first, then one with its article.
    shown = min(map(_calm, readable[:4]), key=lambda t: (_has_subtitle(t), not has_article(t)))
    years = [e.year for e in work if e.year and FIRST_YEAR <= e.year <= LAST_YEAR]
    return Book(
        item_id=work[0].isbn,
        title=shown,
        author=spellings.authors[author],
        year=min(years, default=None),
        aliases=_other_names(shown, titles),
        publishers=_publishers(rated, spellings, n_ratings),
        series=_most_named(series_of(edition.title) for edition in rated),
        kinds=_most_named(kinds_of(edition.title) for edition in rated),
    )


def with_shared_series(books: Sequence[Book]) -> list[Book]:
    """The books with those series that several of them share, each in its most frequent spelling.

    A "series" that is only the name of a publisher or of the author is left out.
    """
    spelled: dict[str, Counter[str]] = defaultdict(Counter)
    for book in books:
        for key, name in {_series_key(name): name for name in reversed(book.series)}.items():
            spelled[key][name] += 1
    houses = {publisher_key(name) for book in books for name in (*book.publishers, book.author)}
    shown = {
        key: _best_spelling(names)
        for key, names in spelled.items()
        if names.total() >= MIN_BOOKS_OF_SERIES and publisher_key(key) not in houses
    }
    return [replace(book, series=_shown_series(book, shown)) for book in books]


def _series_key(name: str) -> str:
    """Singular and plural are one: "Bantam Classic" and "Bantam Classics"."""
    return normalise(name).removesuffix("s")


def _shown_series(book: Book, shown: Mapping[str, str]) -> tuple[str, ...]:
    keys = dict.fromkeys(_series_key(name) for name in book.series)
    return tuple(shown[key] for key in keys if key in shown)[:MOST_SERIES]


def _unite(stands_for: dict[str, str], one: str, other: str, counts: Mapping[str, int]) -> None:
    """Let the more frequent of two names stand for both, if they can be one person's."""
    if not _differ_in_the_middle(one.split(), other.split()):
        return
    roots = {_root(stands_for, one), _root(stands_for, other)}
    kept = min(roots, key=lambda name: (-counts[name], name))
    for root in roots:
        stands_for[root] = kept


def _root(stands_for: Mapping[str, str], name: str) -> str:
    while stands_for[name] != name:
        name = stands_for[name]
    return name


def _differ_in_the_middle(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether the middle names of one are left out or abbreviated in the other."""
    shorter, longer = sorted((one[1:-1], other[1:-1]), key=lambda words: (len(words), words))
    left = iter(longer)
    return all(any(word.startswith(w) or w.startswith(word) for w in left) for word in shorter)


def _lone_subtitles(
    works: Mapping[tuple[str, str], Sequence[Edition]], n_ratings: Mapping[str, int]
) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """Works that are another without its subtitle, with that other, where there is only one."""
    longer: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for key, work in works.items():
        if sum(n_ratings.get(e.isbn, 0) for e in work) < MIN_RATINGS_OF_SUBTITLE:
            continue
        mains = {bare_title(edition.title).partition(": ")[0] for edition in work}
        for main in {(key[0], title_key(title)) for title in mains} - {key}:
            longer[main].append(key)
    return ((keys[0], main) for main, keys in longer.items() if len(keys) == 1)


def _best_spelling(counts: Mapping[str, int]) -> str:
    return _calm(
        min(counts, key=lambda name: (_is_shouted(name), is_short(name), -counts[name], name))
    )


def _calm(text: str) -> str:
    """A text with each part that is all capitals in the capitals of a name."""
    return ": ".join(capwords(p) if _is_shouted(p) else p for p in text.split(": "))


def _is_shouted(text: str) -> bool:
    return len(text) > 3 and (text.isupper() or text.islower())


def _has_subtitle(title: str) -> bool:
    return ": " in title


def _other_names(shown: str, titles: Iterable[str]) -> tuple[str, ...]:
    """Names that are not the shown one in another spelling, each once."""
    by_key = {normalise(title): title for title in reversed(list(titles))}
    by_key.pop(normalise(shown), None)
    return tuple(reversed(by_key.values()))


def _publishers(
    rated: Sequence[Edition], spellings: Spellings, n_ratings: Mapping[str, int]
) -> tuple[str, ...]:
    """Those whose editions have a fair share of the ratings."""
    weight: Counter[str] = Counter()
    for edition in rated:
        weight[publisher_key(edition.publisher)] += n_ratings.get(edition.isbn, 0)
    least = MIN_PUBLISHER_SHARE * weight.total()
    names = (spellings.publishers[key] for key, n in _ranked(weight) if n >= least)
    return tuple(name for name in names if not _NO_PUBLISHER.match(name))


def _most_named(lists: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(name for name, _ in _ranked(Counter(name for names in lists for name in names)))


def _ranked(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
