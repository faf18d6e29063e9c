"""The sentences of a reply."""

import pytest

from rerec.assistant.exchange import Correction, Recommendation
from rerec.assistant.saying import Words
from rerec.queries.vocabulary import FILMS, THINGS
from rerec.records import Condition

CRIME, MANN = Condition("genre", "Crime"), Condition("director", "Michael Mann")
PACINO, NIRO = Condition("starring", "Al Pacino"), Condition("starring", "Robert De Niro")
WORDS = Words(FILMS)


def card(label: str, matches=(), misses=()) -> Recommendation:
    return Recommendation("7", label, tuple(matches), tuple(misses), ())


def test_values_of_one_relation_are_said_together():
    assert WORDS.facts([PACINO, CRIME, NIRO]) == (
        "stars Al Pacino and Robert De Niro and is in the crime genre"
    )


def test_the_first_card_is_explained_and_the_others_are_named():
    text = WORDS.answer([card("Heat (1995)", [MANN]), card("Ronin (1998)", [MANN])])
    assert text == "Heat (1995). It was directed by Michael Mann. Also: Ronin (1998)."


def test_where_nothing_fits_the_nearest_is_called_that_and_what_it_lacks_is_said():
    text = WORDS.answer([card("Heat (1995)", [CRIME], [MANN, NIRO])])
    assert text == (
        "Nothing here meets all of that. The nearest is Heat (1995). It is in the crime genre."
        " Missing: Michael Mann and Robert De Niro."
    )


def test_nothing_left_is_said_with_the_domains_own_noun():
    assert WORDS.answer([]) == "There is no film left that I could recommend."
    assert Words(THINGS).answer([]) == "There is no item left that I could recommend."


@pytest.mark.parametrize(
    ("relation", "true", "sentence"),
    [
        ("director", ("Michael Mann",), "Heat was directed by Michael Mann, not Al Gore."),
        ("starring", ("Al Pacino", "Val Kilmer"), "Heat stars Al Pacino and Val Kilmer, not"),
        ("colour", ("red",), "Heat has red as its colour, not Al Gore."),
        ("director", (), "No director of Heat is known, so Al Gore cannot be meant."),
    ],
)
def test_a_correction_says_what_is_true(relation, true, sentence):
    wrong = Correction("7", relation, "Al Gore", true)
    assert WORDS.corrected(wrong, "Heat").startswith(sentence)
