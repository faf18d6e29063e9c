import pytest

from rerec.assistant.parts import Line, cut
from rerec.assistant.stance import stance_of


def stance_in(text: str) -> str:
    """What a text makes of the word "it" at its end."""
    line = Line(tuple(cut(text)))
    return stance_of(line, len(line.parts) - 1)[0]


@pytest.mark.parametrize(
    "text",
    [
        "no X",
        "not a X",
        "nothing with X",
        "without X",
        "I do not want to watch any film with X",
        "anything but X",
        "any language but X",
        "everything except X",
        "I'm tired of X",
        "I can't stand X",
        "not too violent or X",
        "films other than X",
        "stay away from X",
    ],
)
def test_what_is_refused_is_unwanted(text):
    assert stance_in(text) == "unwanted"


@pytest.mark.parametrize(
    "text",
    [
        "a film with X",
        "nothing but X",
        "not only X",
        "I can't get enough of X",
        "no idea. X",
        "not a comedy but X",
        "I can't sleep, so I'd like X",
        "no horror, please show me X",
        "I don't mind X",
    ],
)
def test_a_refusal_of_something_else_leaves_it_wanted(text):
    assert stance_in(text) == "wanted"


@pytest.mark.parametrize(
    "text",
    ["forget X", "never mind X", "instead of X", "it doesn't have to be X", "drop the X"],
)
def test_what_is_let_go_is_withdrawn(text):
    assert stance_in(text) == "withdrawn"
