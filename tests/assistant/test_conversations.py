"""The scripted conversations: what is remembered after each turn."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from rerec.assistant.exchange import State, Wish, Years
from rerec.assistant.understanding import Reader
from rerec.catalogue.items import Catalogue
from rerec.records import Condition

HERE = Path(__file__).parent
CONVERSATIONS = yaml.safe_load((HERE / "conversations.yaml").read_text("utf-8"))
REAL = [one for one in CONVERSATIONS if one.get("real")]
NOTHING: dict[str, Any] = {
    "wishes": [], "years": [None, None], "like": [], "liked": [], "disliked": [], "seen": [],
    "words": [],
}  # fmt: skip


def id_of(catalogue: Catalogue, name: str) -> str:
    """The id of a title or label."""
    return next(i.item_id for i in catalogue.items if name in (i.label, i.title))


def wish_of(catalogue: Catalogue, text: str) -> Wish:
    """A wish as conversations.yaml writes it."""
    found = re.fullmatch(r"(not )?(\w+)=(.+?)(?: via (.+))?", text)
    assert found is not None, text
    through = id_of(catalogue, found[4]) if found[4] else None
    return Wish(Condition(found[2], found[3]), not found[1], through)


def expected(catalogue: Catalogue, known: dict[str, Any]) -> dict[str, Any]:
    """The fields of a state that a turn is to leave."""
    fields = {"like_items": "like", "liked": "liked", "disliked": "disliked", "seen": "seen"}
    ids = {field: tuple(id_of(catalogue, name) for name in known[key])
           for field, key in fields.items()}  # fmt: skip
    wishes = tuple(wish_of(catalogue, text) for text in known["wishes"])
    return {
        **ids,
        "wishes": wishes,
        "years": Years(*known["years"]),
        "words": tuple(known["words"]),
    }


def hold(reader: Reader, turns: list[dict[str, Any]]) -> None:
    """Say all turns of a conversation, and compare what is remembered after each."""
    catalogue, state, known = reader.catalogue, State(), NOTHING
    for number, turn in enumerate(turns, start=1):
        before = state
        known = {key: turn.get(key, value) for key, value in known.items()}
        understood = reader.read(before, turn["say"])
        state = understood.state
        wanted = expected(catalogue, known)
        assert {key: getattr(state, key) for key in wanted} == wanted, (number, turn["say"])
        corrected = [
            f"{catalogue.items[catalogue.row_of(one.item_id)].title} {one.relation} {one.said}"
            for one in understood.corrections
        ]
        assert corrected == turn.get("corrections", []), (number, turn["say"])
        assert state.turns == number
        is_same = request_of(before) == request_of(state)
        assert state.shown == (before.shown if is_same else ())
        shown = tuple(id_of(catalogue, name) for name in turn.get("show", []))
        if shown:
            state = replace(state, shown=(*state.shown, *shown), focus=shown)


def request_of(state: State) -> tuple[Any, ...]:
    return state.wishes, state.years, state.words, state.like_items


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda one: one["name"])
def test_a_conversation_is_remembered_as_it_was_meant(conversation, reader):
    hold(reader, conversation["turns"])


@pytest.mark.parametrize("conversation", REAL, ids=lambda one: one["name"])
def test_it_is_so_over_real_films_too(conversation, real_reader):
    hold(real_reader, conversation["turns"])


def test_there_are_forty_conversations_of_three_turns_and_more():
    assert len(CONVERSATIONS) == 40
    assert len(REAL) >= 12
    assert all(3 <= len(one["turns"]) <= 5 for one in CONVERSATIONS)
