"""Names found in running text, at the places where they stand in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerec.catalogue.grounding import TitleIndex
from rerec.catalogue.items import Catalogue
from rerec.catalogue.mentions import Mention, fold
from rerec.records import Item

SHELF = (
    Item("0", "Heat", 1995, (), 0),
    Item("1", "It", 1927, (), 0),
    Item("2", "Cape Fear", 1991, (), 0),
    Item("3", "Cape Fear", 1962, (), 0),
    Item("4", "Star Trek: First Contact", 1996, (), 0),
    Item("5", "Contact", 1997, (), 0),
    Item("6", "La Cérémonie", 1995, ("Cérémonie, La",), 0),
    Item("7", "Sense and Sensibility", 1995, (), 0),
    Item("8", "Ulee's Gold", 1997, (), 0),
    Item("9", "8½", 1963, (), 0),
)
INDEX = TitleIndex(Catalogue(SHELF))


def named(text: str) -> list[tuple[int, str]]:
    return [(m.row, text[m.start : m.end]) for m in INDEX.mentions(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("I like HEAT.", [(0, "HEAT")]),
        ("Heat (1995) is long", [(0, "Heat (1995)")]),
        ("Heat\u2019s end, 'heat', heat-wave", [(0, "Heat"), (0, "heat"), (0, "heat")]),
        ("Heathers, reheat, heat2", []),
        ("it is It", [(1, "it"), (1, "It")]),
        ("Cape Fear", [(2, "Cape Fear"), (3, "Cape Fear")]),
        ("Cape Fear (1962)!", [(3, "Cape Fear (1962)")]),
        ("Cape Fear (1963)!", [(3, "Cape Fear (1963)")]),
        ("Cape Fear (1920)!", []),
        ("Star Trek: First Contact", [(4, "Star Trek: First Contact")]),
        ("Star Trek: first, Contact", [(5, "Contact")]),
        ("La Ceremonie; Cérémonie, La (1995)", [(6, "La Ceremonie"), (6, "Cérémonie, La (1995)")]),
        ("Sense & Sensibility", [(7, "Sense & Sensibility")]),
        ("Ulee\u2019s\nGold", [(8, "Ulee\u2019s\nGold")]),
        ("8½ of them", [(9, "8½")]),
        ("", []),
    ],
)
def test_names_count_between_word_boundaries_and_in_their_longest_form(text, found):
    assert named(text) == found


@given(st.text(max_size=20), st.text(max_size=20))
def test_offsets_are_those_of_the_text_whatever_stands_around(before, behind):
    text = f"{before}\nHeat (1995)\n{behind}"
    start = len(before) + 1
    assert Mention(0, start, start + len("Heat (1995)")) in INDEX.mentions(text)


@pytest.mark.parametrize("around", ["İİİ", "ßẞ", "👩‍🚒", "Ǆ", "ﬁ", "\ud83d", "\x00", "e\u0301"])
def test_characters_that_change_length_when_lowered_shift_nothing(around):
    assert named(f"{around} Heat {around}") == [(0, "Heat")]


@given(st.text())
def test_folding_keeps_the_length_and_is_done_once(text):
    assert len(fold(text)) == len(text)
    assert fold(fold(text)) == fold(text)


def test_a_long_text_is_scanned_in_little_time():
    text = "It is Heat. " * 8_000  # 96 kB
    assert len(INDEX.mentions(text)) == 16_000
