import pytest

from rerec.assistant.parts import Line, cut
from rerec.assistant.times import spells

FOCUS = (1990, 1994)


def years_of(text: str, *, has_decades: bool = False) -> list[tuple[int | None, int | None]]:
    """The spans of time of a text; what was shown is of 1990 to 1994, the newest item of 2020."""
    found = spells(
        Line(tuple(cut(text))),
        year_of=lambda _: None,
        focus=FOCUS,
        newest=2020,
        has_decade=lambda _: has_decades,
    )
    return [(spell.years.first, spell.years.last) for spell in found]


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("a film before 1980", (None, 1979)),
        ("after 2000, please", (2001, None)),
        ("since 2000", (2000, None)),
        ("up to 1990", (None, 1990)),
        ("no later than 1990", (None, 1990)),
        ("older than 1950", (None, 1949)),
        ("between 1970 and 1985", (1970, 1985)),
        ("from 1985 to 1970", (1970, 1985)),
        ("from 1994", (1994, 1994)),
        ("a 1994 film", (1994, 1994)),
        ("from 1994 on", (1994, None)),
        ("1994 or later", (1994, None)),
        ("1994 and before", (None, 1994)),
        ("nothing made before 1980", (1980, None)),
        ("not after 1980", (None, 1980)),
        ("from the nineties", (1990, 1999)),
        ("the '90s", (1990, 1999)),
        ("the 1930's", (1930, 1939)),
        ("the early 90s", (1990, 1993)),
        ("late seventies", (1977, 1979)),
        ("before the 90s", (None, 1989)),
        ("after the 80s", (1990, None)),
        ("the 60s or 70s", (1960, 1979)),
        ("something older", (None, 1989)),
        ("newer ones", (1995, None)),
        ("a recent film", (2011, None)),
    ],
)
def test_a_span_of_time_is_read(text, span):
    assert years_of(text) == [span]


@pytest.mark.parametrize(
    "text",
    [
        "a person 56 or older",
        "between 18 and 24",
        "my older brother",
        "older than last year",
        "four films in 90 minutes",
        "room 4050",
    ],
)
def test_other_numbers_and_ages_are_no_years(text):
    assert years_of(text) == []


def test_a_decade_that_is_a_value_is_left_to_be_found_as_one():
    assert years_of("from the 90s", has_decades=True) == []
    assert years_of("the early 90s, not before the 90s", has_decades=True) == [
        (1990, 1993),
        (1990, None),
    ]
