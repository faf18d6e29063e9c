import pytest

from rerec.assistant.exchange import Reply, State
from rerec.serve.model_path import WITHOUT, ModelPath
from rerec.serve.refusals import Refusal

TEXT = "A crime film with Al Pacino."


class Clock:
    """Shows what it is set to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def reply_of(events) -> Reply:
    return [event for event in events if isinstance(event, Reply)][-1]


def never() -> bool:
    return False


def test_without_a_model_there_is_none_that_could_be_down(bare):
    path = ModelPath(bare, retry_s=10)
    assert reply_of(path.answer(State(), TEXT, 5, never)).notes == ()
    assert path.status == "none"


def test_a_model_that_failed_is_left_alone_for_a_while_and_then_asked_again(reasoning, scripted):
    clock = Clock()
    path = ModelPath(reasoning, retry_s=10, clock=clock)
    scripted.is_down = True
    assert path.status == "up"
    with pytest.raises(Refusal, match="down") as refused:
        reply_of(path.answer(State(), TEXT, 5, never))
    assert (refused.value.status, refused.value.retry_s, path.status) == (503, 10, "down")
    scripted.is_down = False
    scripted.has_begun.clear()
    clock.now = 9.0
    with pytest.raises(Refusal):
        reply_of(path.answer(State(), TEXT, 5, never))
    assert not scripted.has_begun.is_set()
    clock.now = 10.0
    assert reply_of(path.answer(State(), TEXT, 5, never)).model == "scripted"
    assert path.status == "up"


def test_an_answer_anyway_says_that_the_model_is_down_and_is_that_of_the_catalogue(
    bare, reasoning, scripted
):
    scripted.is_down = True
    anyway = reply_of(ModelPath(reasoning, retry_s=10).answer_anyway(State(), TEXT, 5, never))
    plain = reply_of(ModelPath(bare, retry_s=10).answer_anyway(State(), TEXT, 5, never))
    assert anyway.notes == (WITHOUT, *plain.notes)
    assert anyway.text == f"{WITHOUT} {plain.text}"
    assert (anyway.recommendations, anyway.model) == (plain.recommendations, "none")
