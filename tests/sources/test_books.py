"""Editions brought together as books, and what stands on their covers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerec.sources.books import (
    Book,
    Edition,
    author_keys,
    book_of,
    books_of_editions,
    spellings_of,
    title_keys,
    with_shared_series,
)
from rerec.sources.covers import (
    bare_title,
    kinds_of,
    publisher_key,
    publisher_name,
    series_of,
    title_key,
)


def edition(isbn: str, title: str, author: str = "Ann Other", year: int | None = 1990) -> Edition:
    return Edition(isbn, title, author, year, "Dell")


def works(editions: list[Edition], **n_ratings: int) -> list[list[str]]:
    titles = title_keys(editions)
    found = books_of_editions(editions, author_keys(editions, titles), titles, n_ratings)
    return sorted(sorted(e.isbn for e in work) for work in found)


def keys_of(editions: list[Edition]) -> dict[str, str]:
    return author_keys(editions, title_keys(editions))


def book(editions: list[Edition], n_ratings: dict[str, int]) -> Book:
    authors = keys_of(editions)
    author = authors[editions[0].author]
    return book_of(editions, author, spellings_of(editions, authors), n_ratings)


@pytest.mark.parametrize(
    ("title", "bare"),
    [
        ("Emma", "Emma"),
        ("Year of Wonders : A Novel of the Plague", "Year of Wonders"),
        ("Angela's Ashes: A Memoir (Touchstone (Paperback))", "Angela's Ashes"),
        ("Lasher: Lives of the Mayfair Witches", "Lasher: Lives of the Mayfair Witches"),
        ("Twelfth Night, or What You Will", "Twelfth Night"),
        ("Moby Dick; or, The Whale", "Moby Dick"),
        ("The Green Mile: Coffey's Hands (Green Mile Series)", "The Green Mile: Coffey's Hands"),
        ("A bracket (without an end", "A bracket"),
        ("(Nothing else)", "(Nothing else)"),
    ],
)
def test_a_bare_title_is_what_people_call_the_book(title, bare):
    assert bare_title(title) == bare


@pytest.mark.parametrize(
    ("title", "kinds"),
    [
        ("Maus : A Graphic Novel", ("graphic novel",)),
        ("Zodiac (St. Martin's True Crime Library)", ("true crime",)),
        ("F Is for Fugitive (Kinsey Millhone Mysteries (Paperback))", ("mystery",)),
        ("The Mystery of Edwin Drood", ()),
        ("Emma (Bantam Classics)", ("classic",)),
        ("Novellas and novels", ()),
    ],
)
def test_kinds_are_read_beside_the_title_alone(title, kinds):
    assert kinds_of(title) == kinds


@pytest.mark.parametrize(
    ("title", "series"),
    [
        ("One for the Money (A Stephanie Plum Novel)", ("Stephanie Plum",)),
        ("The Amber Spyglass (His Dark Materials, Book 3)", ("His Dark Materials",)),
        ("Memnoch (Vampire Chronicles, Book V)", ("Vampire Chronicles",)),
        ("H Is for Homicide (Grafton, Sue. Kinsey Millhone Mysteries)", ("Kinsey Millhone",)),
        ("A Cold Heart: An Alex Delaware Novel", ("Alex Delaware",)),
        ("Ruby: a murder mystery", ()),
        ("Goblet of Fire (Book 4)", ()),
        ("Cold Mountain (MTI)", ()),
        ("Emma (Large Print)", ()),
    ],
)
def test_a_series_is_named_without_volume_and_format(title, series):
    assert series_of(title) == series


@given(title=st.text(alphabet="aAbB :;,()'#1 Novel", max_size=40))
def test_every_title_can_be_read_and_none_is_lost(title):
    assert bare_title(title) or not title
    kinds_of(title)
    series_of(title)


@given(name=st.text(max_size=30))
def test_what_a_publisher_is_called_is_still_that_publisher(name):
    assert not publisher_name(name) or publisher_key(publisher_name(name)) == publisher_key(name)


def test_titles_with_and_without_article_are_one_key():
    assert title_key("The Picture of Dorian Gray") == title_key("Picture of Dorian Gray")


def test_names_are_one_persons_where_they_share_a_title():
    keys = keys_of(
        [
            edition("1", "Whispers", "Dean R. Koontz"),
            edition("2", "WHISPERS : A Novel", "DEAN KOONTZ"),
            edition("3", "Intensity", "Dean Koontz"),
            edition("4", "Poems", "John Smith"),
            edition("5", "Essays", "John R. Smith"),
            edition("6", "Whispers", "Dean Q. Koontz"),
        ]
    )
    assert keys["Dean Koontz"] == keys["DEAN KOONTZ"] == keys["Dean R. Koontz"]
    assert keys["John Smith"] != keys["John R. Smith"]


def test_middle_names_that_differ_are_two_people():
    keys = keys_of([edition("1", "Emma", "Ann B. Other"), edition("2", "Emma", "Ann C. Other")])
    assert len(set(keys.values())) == 2


def test_editions_of_one_title_and_author_are_one_book():
    editions = [
        edition("1", "The Hobbit : A Novel"),
        edition("2", "HOBBIT, THE (Ballantine (Paperback))"),
        edition("3", "The Hobbit", "Somebody Else"),
    ]
    assert works(editions) == [["1", "2"], ["3"]]


def test_a_lone_subtitle_is_left_out_and_one_of_two_is_not():
    lone = [edition("1", "Seabiscuit"), edition("2", "Seabiscuit: An American Legend")]
    assert works(lone, **{"2": 5}) == [["1", "2"]]
    parts = [*lone, edition("3", "Seabiscuit: The Other Half")]
    assert works(parts, **{"2": 5, "3": 5}) == [["1"], ["2"], ["3"]]
    assert works(parts, **{"2": 5, "3": 4}) == [["1", "2"], ["3"]]  # too rare to count


def test_a_book_is_shown_as_its_most_read_readable_edition_spells_it():
    editions = [
        edition("1", "JURASSIC PARK : A Novel", "MICHAEL CRICHTON", 1999),
        edition("2", "Jurassic Park", "Michael Crichton", 1991),
        edition("3", "Jurassic Park (Classics)", "Michael Crichton", 1920),
    ]
    found = book(editions, {"1": 9, "2": 3})
    assert (found.item_id, found.title, found.author, found.year) == (
        "1", "Jurassic Park", "Michael Crichton", 1991
    )  # fmt: skip
    assert found.kinds == ("novel",)  # nobody rated the "classic"


def test_a_title_that_is_all_capitals_everywhere_is_calmed():
    assert (
        book([edition("1", "SILENT NIGHT: The Story")], {"1": 1}).title == "Silent Night: The Story"
    )


def test_a_series_of_one_book_or_of_a_publisher_is_none():
    def with_series(item_id: str, *series: str) -> Book:
        return Book(item_id, item_id, "Ann Other", 1990, (), ("Mira",), series, ())

    shelf = [
        with_series("1", "Discworld", "Mira", "Only Here"),
        with_series("2", "Discworlds", "Discworld", "MIRA"),
    ]
    assert [b.series for b in with_shared_series(shelf)] == [("Discworld",), ("Discworld",)]
