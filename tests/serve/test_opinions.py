import pyarrow as pa
import pytest

from rerec.assistant.exchange import Opinion, State
from rerec.catalogue.tables import INTERACTIONS
from rerec.serve.feedback import Feedback
from rerec.serve.opinions import Persons, last_words, with_opinions, with_users

LOG = pa.Table.from_pylist(
    [
        {"user_id": "ann", "item_id": "1", "rating": 2.0, "timestamp": 5},
        {"user_id": "ann", "item_id": "2", "rating": 4.0, "timestamp": 6},
        {"user_id": "bob", "item_id": "1", "rating": 3.0, "timestamp": 7},
    ],
    schema=INTERACTIONS,
)
PERSONS = Persons.of({"ann", "bob"})


def said(item_id: str, opinion: Opinion | None, **who: str) -> Feedback:
    fields = {"conversation_id": None, "user_id": None, **who}
    return Feedback(item_id, opinion, text="", state=State(), time_s=100.9, **fields)


@pytest.mark.parametrize(
    ("who", "person"),
    [
        ({"user_id": "ann"}, "ann"),
        ({"user_id": "ann", "conversation_id": "c"}, "ann"),
        ({"user_id": "eve", "conversation_id": "c"}, "feedback:user:eve"),
        ({"conversation_id": "c"}, "feedback:conversation:c"),
        ({}, None),
    ],
)
def test_whose_an_opinion_is(who, person):
    assert PERSONS.person_of(said("1", "like", **who)) == person


def test_no_new_user_is_taken_for_one_that_is_there():
    there = {"ann", "feedback:user:eve", "feedback-2:x"}
    person = Persons.of(there).person_of(said("1", "like", user_id="eve"))
    assert person == "feedback-3:user:eve"
    again = Persons.of(there, prefix="feedback:").person_of(said("1", "like", user_id="eve"))
    assert again == "feedback:user:eve"


def test_the_last_word_counts_and_what_is_taken_back_does_not():
    feedback = [
        said("1", "like", user_id="ann"),
        said("2", "like", user_id="ann"),
        said("1", "dislike", user_id="ann"),
        said("2", None, user_id="ann"),
        said("1", "seen", user_id="bob"),
        said("3", "like"),
    ]
    words = last_words(feedback, PERSONS.person_of)
    assert {key: one.opinion for key, one in words.items()} == {
        ("ann", "1"): "dislike",
        ("bob", "1"): "seen",
    }


def test_a_like_is_a_five_a_dislike_a_one_and_both_replace_what_was_there():
    feedback = [
        said("1", "like", user_id="ann"),
        said("1", "dislike", user_id="eve"),
        said("1", "seen", user_id="bob"),
    ]
    log = with_opinions(LOG, last_words(feedback, PERSONS.person_of))
    assert log.schema.equals(INTERACTIONS)
    assert [tuple(row.values()) for row in log.to_pylist()] == [
        ("ann", "2", 4.0, 6),
        ("bob", "1", 3.0, 7),
        ("ann", "1", 5.0, 100),
        ("feedback:user:eve", "1", 1.0, 100),
    ]


def test_without_opinions_a_log_stays_what_it_was():
    assert with_opinions(LOG, {}).equals(LOG)


def test_new_users_are_of_no_known_group():
    users = pa.table({"user_id": ["ann"], "age": [24], "gender": ["F"]})
    both = with_users(users, ["eve"]).to_pylist()
    assert both[1] == {"user_id": "eve", "age": None, "gender": None}
    assert with_users(users, []).to_pylist() == users.to_pylist()
