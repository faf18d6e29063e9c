"""The scripted conversations: what is remembered after each turn."""

import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from rerec.assistant.exchange import State, Wish, Years
from rerec.assistant.understanding import Reader
from rerec.catalogue.domain import Domain
from rerec.catalogue.items import Catalogue
from rerec.catalogue.tables import ATTRIBUTES, USERS
from rerec.records import Condition, Item

HERE = Path(__file__).parent
CONVERSATIONS = yaml.safe_load((HERE / "conversations.yaml").read_text("utf-8"))
RELATIONS = ("genre", "director", "writer", "starring", "country", "language")
SAME_AS_BEFORE = ("wishes", "years", "like", "liked", "disliked", "seen", "words")
NOTHING = {"wishes": [], "years": [None, None], "like": [], "liked": [], "disliked": [],
           "seen": [], "words": []}  # fmt: skip


@cache
def films() -> Domain:
    """The films of films.txt as a domain in memory; the earlier ones are the more popular."""
    lines = (HERE / "films.txt").read_text("utf-8").splitlines()[1:]
    items, facts = [], []
    for place, line in enumerate(lines):
        item_id, title, year, others, *lists = line.split("|")
        names = tuple(filter(None, others.split(";")))
        items.append(Item(item_id, title, int(year), names, len(lines) - place))
        decade = f"{int(year) // 10 * 10}s"
        for relation, values in zip((*RELATIONS, "decade"), (*lists, decade), strict=True):
            facts += [(item_id, relation, value) for value in values.split(",")]
    attributes = pa.table([list(column) for column in zip(*facts, strict=True)], schema=ATTRIBUTES)
    return Domain(HERE, Catalogue(tuple(items)), attributes, USERS.empty_table())


@cache
def reader() -> Reader:
    return Reader.of(films())


def id_of(name: str) -> str:
    """The id of a title or label."""
    return next(i.item_id for i in films().catalogue.items if name in (i.label, i.title))


def wish_of(text: str) -> Wish:
    """A wish as conversations.yaml writes it."""
    found = re.fullmatch(r"(not )?(\w+)=(.+?)(?: via (.+))?", text)
    assert found is not None, text
    through = id_of(found[4]) if found[4] else None
    return Wish(Condition(found[2], found[3]), not found[1], through)


def ids_of(names: list[str]) -> tuple[str, ...]:
    return tuple(id_of(name) for name in names)


def expected(turn: dict[str, Any]) -> dict[str, Any]:
    return {
        "wishes": tuple(wish_of(text) for text in turn["wishes"]),
        "years": Years(*turn["years"]),
        "like_items": ids_of(turn["like"]),
        "liked": ids_of(turn["liked"]),
        "disliked": ids_of(turn["disliked"]),
        "seen": ids_of(turn["seen"]),
        "words": tuple(turn["words"]),
    }


def request_of(state: State) -> tuple[Any, ...]:
    return state.wishes, state.years, state.words, state.like_items


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda one: one["name"])
def test_a_conversation_is_remembered_as_it_was_meant(conversation):
    state, known = State(), NOTHING
    for number, turn in enumerate(conversation["turns"]):
        before = state
        known = {**known, **{key: turn[key] for key in SAME_AS_BEFORE if key in turn}}
        understood = reader().read(before, turn["say"])
        state = understood.state
        got = {key: getattr(state, key) for key in expected(known)}
        assert got == expected(known), f"turn {number + 1}: {turn['say']}"
        corrected = [
            f"{films().catalogue.items[films().catalogue.row_of(one.item_id)].title} "
            f"{one.relation} {one.said}"
            for one in understood.corrections
        ]
        assert corrected == turn.get("corrections", []), turn["say"]
        assert state.turns == number + 1
        same = request_of(before) == request_of(state)
        assert state.shown == (before.shown if same else ())
        shown = ids_of(turn.get("show", []))
        if shown:
            state = replace(state, shown=(*state.shown, *shown), focus=shown)


def test_there_are_forty_conversations_of_three_turns_and_more():
    assert len(CONVERSATIONS) == 40
    assert all(3 <= len(one["turns"]) <= 5 for one in CONVERSATIONS)
