"""Spellings of one title are equal, and titles of two films are not."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerec.catalogue.titles import aliases_of, article_first, normalise, plain_title, split_year

TITLE = st.text(max_size=30)
WORDS = st.lists(st.text("abcdefgxyzé", min_size=1, max_size=8), min_size=1, max_size=4)


@pytest.mark.parametrize(
    ("text", "title", "year"),
    [
        ("Heat (1995)", "Heat", 1995),
        ("Heat ( 1995 ) ", "Heat", 1995),
        ("Usual Suspects, The (1995)", "Usual Suspects, The", 1995),
        ("Seven (Se7en) (1995)", "Seven (Se7en)", 1995),
        ("1984", "1984", None),
        ("(1984)", "(1984)", None),
        ("Heat (95)", "Heat (95)", None),
        ("Heat (1995) again", "Heat (1995) again", None),
        ("", "", None),
    ],
)
def test_a_year_is_taken_off_only_where_it_stands_in_brackets_behind_a_title(text, title, year):
    assert split_year(text) == (title, year)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Usual Suspects, The", "The Usual Suspects"),
        ("USUAL SUSPECTS, THE", "the usual suspects"),
        ("Sense & Sensibility", "Sense and Sensibility"),
        ("Misérables, Les", "Les Miserables"),
        ("Ulee\u2019s Gold", "Ulee's Gold"),
        ("Uomo delle stelle, L'", "L\u2019uomo delle stelle"),
        ("Spider-Man", "Spider Man"),
        ("Dr. Strangelove", "Dr Strangelove"),
        ("Naked Gun 33\u2153", "Naked Gun 33 1/3"),
        ("Smørrebrød", "Smorrebrod"),
        ("Prêt-à-Porter", "Pre\u0302t-a\u0300-Porter"),
        ("  Heat \n", "heat"),
    ],
)
def test_spellings_of_one_title_are_equal(one, other):
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Pinocchio", "The Adventures of Pinocchio"),
        ("Rocky II", "Rocky III"),
        ("Alien", "Aliens"),
        ("The Rock", "Rock"),
        ("M", "M*A*S*H"),
        ("四月物語", "花様年華"),
        ("???", "!!!"),
    ],
)
def test_titles_of_two_films_are_not(one, other):
    assert normalise(one) != normalise(other)


@given(TITLE)
def test_what_is_evened_out_stays_so(title):
    assert normalise(normalise(title)) == normalise(title)


@given(TITLE)
def test_case_around_and_decomposition_never_matter(title):
    assert normalise(f"  {title}\t") == normalise(title)
    assert normalise(unicodedata.normalize("NFD", title)) == normalise(
        unicodedata.normalize("NFC", title)
    )


@given(WORDS, st.sampled_from(["The", "A", "La", "Der", "L'"]))
def test_an_article_behind_is_the_article_in_front(words, article):
    name = " ".join(words)
    space = "" if article == "L'" else " "
    assert article_first(f"{name}, {article}") == f"{article}{space}{name}"
    assert normalise(f"{name}, {article}") == normalise(f"{article}{space}{name}")


@pytest.mark.parametrize("title", ["Cat, Dog, Bird", "Oh, God", "O Brother", "The, "])
def test_other_commas_stay(title):
    assert article_first(title) == title.strip()


def test_a_title_gives_its_plain_name_and_those_in_brackets():
    title = "Horseman on the Roof, The (Hussard sur le toit, Le)"
    assert aliases_of(title)[1:] == ("The Horseman on the Roof", "Le Hussard sur le toit")
    assert aliases_of("Angel (a.k.a. Devil) (1990)") == ("Angel (a.k.a. Devil)", "Angel", "Devil")
    assert plain_title(title) == "The Horseman on the Roof"


@given(TITLE)
def test_every_title_has_a_name_to_show_and_it_is_one_of_its_names(title):
    if split_year(title)[0]:
        assert plain_title(title) in aliases_of(title)
