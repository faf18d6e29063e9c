"""What a rewrite must keep, and what must not slip in."""

from dataclasses import replace
from typing import Any

import pytest

from rerec.catalogue.domain import read_domain
from rerec.queries.resolving import (
    EMPTY,
    LOST,
    SLIPPED_IN,
    TOO_LONG,
    UNCHANGED,
    Resolver,
)
from rerec.records import Condition, Hop, Query


@pytest.fixture(scope="module")
def resolver(corner_shop_made) -> Resolver:
    return Resolver.of(read_domain(corner_shop_made))


def asked(text: str, *pairs: str, **values: Any) -> Query:
    """A query; conditions as `relation=value`."""
    conditions = tuple(Condition(*pair.split("=")) for pair in pairs)
    query = Query("q", "explicit", text, conditions, (), ("1",), (), None, (), 7)
    return replace(query, **values)


THRILLER = asked("A thriller by Bryan Singer.", "genre=Thriller", "director=Bryan Singer")
HINT = asked(
    "A crime film by the director of Die Hard.",
    "genre=Crime",
    "director=John McTiernan",
    category="implicit",
    hops=(Hop("7", "director", "John McTiernan"),),
)
WRONG = asked(
    "A film by the director of Die Hard, Ang Lee.",
    "director=John McTiernan",
    category="misinformed",
    hops=(Hop("7", "director", "Ang Lee"),),
)
INTEREST = asked(
    "I liked Heat and Sense & Sensibility. What next?", category="interest", history=("1", "10")
)
GROUP = asked("What does a woman who is a student like?", category="demographics")


@pytest.mark.parametrize(
    ("query", "rewrite", "why"),
    [
        (THRILLER, "Got any thrillers that bryan singer directed?", ""),
        (THRILLER, "BRYAN SINGER, and a thriller at that", ""),
        (THRILLER, "Something tense that Bryan Singer directed?", LOST),
        (THRILLER, "A thriller that Singer directed?", LOST),
        (THRILLER, "A thrilling one by Bryan Singer", LOST),
        (THRILLER, "A thriller by Bryan Singers", LOST),
        (THRILLER, "A crime thriller by Bryan Singer", SLIPPED_IN),
        (THRILLER, "A 1990s thriller by Bryan Singer", SLIPPED_IN),
        (THRILLER, "Bryan Singer thriller, not comedies", SLIPPED_IN),
        (THRILLER, "A thriller by Bryan Singer with Kevin Spacey", SLIPPED_IN),
        (THRILLER, "A thriller by Bryan Singer.", UNCHANGED),
        (THRILLER, " ", EMPTY),
        (THRILLER, None, EMPTY),
        (THRILLER, "A thriller by Bryan Singer" + " please" * 20, TOO_LONG),
        (HINT, "Whoever made Die Hard: a crime film of theirs", ""),
        (HINT, "Die Hard (1988) had a director. Crime by the same one?", ""),
        (HINT, "A crime film by John McTiernan, of Die Hard", SLIPPED_IN),
        (HINT, "A crime film by the director of Heat", LOST),
        (WRONG, "Ang Lee made Die Hard; what else did he make?", ""),
        (WRONG, "By the director of Die Hard, please", LOST),
        (WRONG, "Not Ang Lee but John McTiernan made Die Hard; more?", SLIPPED_IN),
        (INTEREST, "Loved Sense and Sensibility! And Heat (1995). Now?", LOST),
        (INTEREST, "Loved sense & sensibility! And Heat (1995). Now?", ""),
        (GROUP, "Tell me what a woman who is a student enjoys", ""),
        (GROUP, "Tell me what students enjoy", LOST),
    ],
)
def test_a_rewrite_is_of_use_if_it_says_the_same(resolver, query, rewrite, why):
    told = resolver.told(query)
    assert told is not None
    assert resolver.refusal(query, told, rewrite) == why


def test_what_a_rewrite_must_say_is_what_the_request_says(resolver):
    said = {tuple(some) for some in resolver.told(HINT)}
    assert said == {("Crime", "Crimes"), ("Die Hard (1988)", "Die Hard")}


@pytest.mark.parametrize(
    "query",
    [
        replace(THRILLER, text="A thriller by Singer."),
        replace(HINT, text="A crime film by the director of that one."),
        replace(HINT, text="A film by the director of Die Hard."),
    ],
)
def test_a_request_that_does_not_say_it_all_has_nothing_to_hold_a_rewrite_to(resolver, query):
    assert resolver.told(query) is None
