import pytest

from rerec.assistant.exchange import State


def named(reader, text: str) -> list[str]:
    """Titles of the items that a request is understood to name in any way."""
    state, catalogue = reader.read(State(), text).state, reader.catalogue
    ids = (*state.like_items, *state.liked, *state.disliked, *state.seen)
    return [catalogue.items[catalogue.row_of(item_id)].title for item_id in ids]


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ('I watched "It" and "her"', ["It", "Her"]),
        ("I watched It and Her", ["It", "Her"]),
        ("something like it (1990)", ["It"]),
        ("I liked speed", ["Speed"]),
        ("Heat was great", ["Heat"]),
        ("have you got the fifth element?", ["The Fifth Element"]),
        ("like When Harry Met Sally...", ["When Harry Met Sally..."]),
        ("like when harry met sally", ["When Harry Met Sally..."]),
        ("I loved FACE/OFF", ["Face/Off"]),
        ("like «Солярис»", ["Solaris"]),
        ("千と千尋の神隠し が好き", ["Spirited Away"]),
    ],
)
def test_a_title_that_is_marked_is_one(text, titles, reader):
    assert named(reader, text) == titles


@pytest.mark.parametrize(
    "text",
    [
        "I would like it, and I told her so",
        "It must be good",
        "the heat of the day, at full speed",
        "I met Emma Heat Smith",
        "I ran home",
        "混乱",
        "a western from the union",
        "it's Monday",
    ],
)
def test_everyday_words_are_no_titles(text, reader):
    assert named(reader, text) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("with cher in it", "Cher"),
        ("with Cher", "Cher"),
        ("by hitchcock", "Alfred Hitchcock"),
        ("Hitchcock", "Alfred Hitchcock"),
        ("Hitchcock films", "Alfred Hitchcock"),
        ("with de niro", "Robert De Niro"),
        ("from the US", "United States"),
        ("von harbou's films", "Thea von Harbou"),
    ],
)
def test_single_names_count_where_something_marks_them(text, value, reader):
    wishes = reader.read(State(), text).state.wishes
    assert [wish.condition.value for wish in wishes] == [value]


@pytest.mark.parametrize(
    "text",
    ["Could you find us a film?", "My family is here", "a hunt for a grant", "by John Scott"],
)
def test_everyday_words_are_no_names(text, reader):
    assert reader.read(State(), text).state.wishes == ()
