"""Which group of users a request speaks of, and what that group likes."""

from pathlib import Path

import pytest

from rerec.assistant import askers as module
from rerec.assistant.askers import Askers
from rerec.assistant.exchange import State
from rerec.assistant.groups import Groups
from rerec.assistant.history import Log
from rerec.catalogue.domain import Domain, read_domain

STUDENT = "a person who is a student"


@pytest.fixture(scope="module")
def shop(corner_shop_made: Path) -> Domain:
    return read_domain(corner_shop_made)


@pytest.fixture(scope="module")
def askers(shop: Domain) -> Askers:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "FEWEST", 1)
        return Askers.of(shop)


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("I'm a student. What now?", STUDENT),
        ("Something for a Woman, please", "a woman"),
        ("Which film suits a woman who is a student?", "a woman who is a student"),
        ("My friend is an engineer.", "a person who works as an engineer"),
        ("A film about a student and a woman", ""),
        ("I am no doctor", ""),
        ("", ""),
    ],
)
def test_a_group_is_told_where_somebody_of_it_asks(askers, text, phrase):
    assert askers.told(text) == phrase


def test_a_group_is_remembered_until_another_is_spoken_of(askers):
    state = askers.heard(State(words=("heist",)), "I'm a student")
    assert state.words == ("heist", STUDENT)
    assert askers.heard(state, "in the snow") == state
    assert askers.heard(state, "no, for a woman").words == ("heist", "a woman")
    assert askers.remembered(state.words) == STUDENT
    assert askers.remembered(("heist", "woman")) == ""


def test_a_group_values_what_its_members_like_above_others(shop, askers):
    groups = Groups.of(shop, Log.of(shop))
    worth = Groups(askers, groups.likes, groups.n_fans).worth("a woman")
    best = {shop.catalogue.item_ids[row] for row in worth.argsort()[::-1][:4]}
    # Ann and Cat alone like 10, 11 and 5; both like 3, but so does Dan.
    assert {"10", "11", "5"} <= best


def test_a_small_group_is_nobody(shop):
    assert not Askers.of(shop).members
