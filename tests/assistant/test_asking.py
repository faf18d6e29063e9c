"""The request as the model reads it."""

from rerec.assistant.asking import request_text
from rerec.assistant.exchange import State, Wish, Years
from rerec.queries.vocabulary import FILMS
from rerec.records import Condition

CRIME, MANN = Condition("genre", "Crime"), Condition("director", "Michael Mann")


def test_every_wish_is_named_whatever_the_last_words_were():
    state = State(wishes=(Wish(CRIME), Wish(MANN)))
    text = request_text(state, "something older", FILMS)
    assert "crime" in text
    assert "Michael Mann" in text
    assert "older" not in text


def test_the_same_wishes_are_said_the_same_way_in_any_conversation():
    first = request_text(State(wishes=(Wish(CRIME), Wish(MANN))), "a", FILMS)
    later = request_text(State(wishes=(Wish(CRIME), Wish(MANN)), turns=4), "b", FILMS)
    assert first == later


def test_what_no_candidate_can_have_is_not_said():
    state = State(wishes=(Wish(CRIME), Wish(MANN, wanted=False)), years=Years(1980, 1989))
    assert request_text(state, "", FILMS) == request_text(State(wishes=(Wish(CRIME),)), "", FILMS)


def test_words_that_are_no_values_are_said_as_they_were():
    assert request_text(State(words=("time travel",)), "time travel?", FILMS) == "time travel"
    assert request_text(State(), "surprise me", FILMS) == "surprise me"
