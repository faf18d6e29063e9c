import sqlite3
import threading

import pytest

from rerec.assistant.exchange import State, Wish, Years
from rerec.assistant.memory import Conversations
from rerec.errors import DataError
from rerec.records import Condition

STATE = State(
    wishes=(Wish(Condition("director", "Jean-Luc Godard"), wanted=False, through="7"),),
    years=Years(None, 1979),
    words=("七人", "heist"),
    liked=("1",),
    turns=3,
)


def test_a_conversation_outlives_the_process_that_held_it(tmp_path):
    first = Conversations(tmp_path / "talk.db")
    conversation_id = first.new("ann")
    first.save(conversation_id, STATE, said="No Godard 🎬", replied="Heat (1995).")
    first.save(conversation_id, STATE, said="more")
    first.close()
    again = Conversations(tmp_path / "talk.db")
    assert again.state(conversation_id) == STATE
    said = [(turn.said, turn.replied) for turn in again.turns(conversation_id)]
    assert said == [("No Godard 🎬", "Heat (1995)."), ("more", "")]


def test_a_new_conversation_knows_only_its_user():
    conversations = Conversations(None)
    assert conversations.state(conversations.new("ann")) == State(user_id="ann")
    assert conversations.state("of nobody") is None
    assert conversations.turns("of nobody") == []


def test_an_opinion_is_kept_without_a_turn():
    conversations = Conversations(None)
    conversation_id = conversations.new()
    conversations.save(conversation_id, STATE)
    assert conversations.state(conversation_id) == STATE
    assert conversations.turns(conversation_id) == []


def test_what_is_forgotten_is_gone_and_does_not_come_back(tmp_path):
    conversations = Conversations(tmp_path / "talk.db")
    one, other = conversations.new(), conversations.new()
    for conversation_id in (one, other):
        conversations.save(conversation_id, STATE, said="hello")
    conversations.forget(one)
    conversations.forget(one)
    assert conversations.state(one) is None
    assert conversations.turns(one) == []
    assert len(conversations.turns(other)) == 1
    with pytest.raises(DataError, match="there is no conversation"):
        conversations.save(one, STATE, said="still here")
    assert conversations.turns(one) == []


def test_ids_are_long_and_differ():
    conversations = Conversations(None)
    ids = {conversations.new() for _ in range(50)}
    assert len(ids) == 50
    assert min(map(len, ids)) >= 20


def test_threads_and_processes_write_side_by_side(tmp_path):
    here, there = Conversations(tmp_path / "talk.db"), Conversations(tmp_path / "talk.db")
    conversation_id = here.new()

    def talk(conversations: Conversations, name: str) -> None:
        for number in range(10):
            conversations.save(conversation_id, STATE, said=f"{name} {number}")

    names = ["a", "b", "c", "d"]
    threads = [
        threading.Thread(target=talk, args=(here if name < "c" else there, name)) for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    said = [turn.said for turn in here.turns(conversation_id)]
    assert sorted(said) == sorted(f"{name} {number}" for name in names for number in range(10))
    assert [one for one in said if one.startswith("a")] == [f"a {number}" for number in range(10)]


def test_half_a_character_is_kept_as_a_question_mark():
    conversations = Conversations(None)
    conversation_id = conversations.new()
    conversations.save(conversation_id, State(words=("\ud800",)), said="\ud800 and \x00")
    assert conversations.turns(conversation_id)[0].said == "? and \x00"


def test_a_file_of_something_else_is_an_error_in_one_sentence(tmp_path):
    other = tmp_path / "talk.db"
    other.write_text("not a database, but long enough to be looked at " * 10)
    with pytest.raises(DataError, match=r"talk\.db: conversations cannot be kept there"):
        Conversations(other)
    with pytest.raises(DataError, match="cannot be kept there"):
        Conversations(tmp_path / "no such folder" / "talk.db")


def test_a_state_that_cannot_be_read_is_an_error(tmp_path):
    conversations = Conversations(tmp_path / "talk.db")
    conversation_id = conversations.new()
    with sqlite3.connect(tmp_path / "talk.db") as database:
        database.execute('UPDATE conversations SET state = \'{"turns": "many"}\'')
    with pytest.raises(DataError, match="the state of a conversation cannot be read"):
        conversations.state(conversation_id)
