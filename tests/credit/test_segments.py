"""Tokens to paragraphs, and paragraphs to the items that they discuss."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerec.catalogue.grounding import TitleIndex
from rerec.catalogue.items import Catalogue
from rerec.credit.segments import discussed, token_segments
from rerec.prompting import segments
from rerec.records import Item, Segment

SUSPECTS, HEAT, FEAR_62, FEAR_91 = range(4)


@pytest.fixture(scope="module")
def index() -> TitleIndex:
    return TitleIndex(
        Catalogue(
            (
                Item("1", "The Usual Suspects", 1995, ("Usual Suspects, The",), 0),
                Item("2", "Heat", 1995, (), 0),
                Item("3", "Cape Fear", 1962, (), 0),
                Item("4", "Cape Fear", 1991, (), 0),
            )
        )
    )


def spans(pattern: str, text: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(pattern, text, re.DOTALL)]


def test_words_belong_to_the_paragraph_that_they_stand_in():
    text = "One two.\n\nThree.\n\\boxed{Heat}"
    offsets = spans(r"\s*\w+|\W", text)
    places = token_segments(segments(text), offsets)
    by_segment = ["".join(text[a:b] for (a, b), p in zip(offsets, places, strict=True) if p == s)
                  for s in (0, 1, 2)]  # fmt: skip
    assert [part.strip() for part in by_segment] == ["One two.", "Three.", "\\boxed{Heat}"]


def test_white_space_between_paragraphs_is_in_none():
    text = "One.\n\nTwo."
    assert token_segments(segments(text), [(0, 4), (4, 6), (6, 10)]).tolist() == [0, -1, 1]


def test_a_token_that_ends_a_paragraph_with_its_blank_line_belongs_to_it():
    text = "One.\n\nTwo."
    assert token_segments(segments(text), [(0, 3), (3, 6), (6, 10)]).tolist() == [0, 0, 1]


def test_tokens_of_one_multi_byte_character_share_its_span_and_its_paragraph():
    text = "八月\n\n東"
    offsets = [(0, 1), (0, 1), (0, 1), (1, 2), (2, 4), (4, 5), (4, 5)]
    assert token_segments(segments(text), offsets).tolist() == [0, 0, 0, 0, -1, 1, 1]


def test_special_tokens_and_padding_have_empty_spans_and_are_in_none():
    assert token_segments([Segment(0, 4)], [(0, 0), (2, 2), (4, 4), (0, 4)]).tolist() == [
        -1, -1, -1, 0,
    ]  # fmt: skip


def test_no_segments_and_no_tokens_are_no_trouble():
    assert token_segments([], [(0, 3)]).tolist() == [-1]
    assert token_segments([Segment(0, 3)], np.zeros((0, 2))).shape == (0,)
    assert token_segments([], []).shape == (0,)


@st.composite
def layouts(draw):
    """Segments with gaps, and tokens that tile the whole text."""
    cuts = sorted(draw(st.sets(st.integers(0, 40), max_size=10)))
    pairs = zip(cuts[::2], cuts[1::2], strict=False)
    ends = sorted(draw(st.sets(st.integers(1, 40), max_size=12)))
    return [Segment(a, b) for a, b in pairs], list(zip([0, *ends[:-1]], ends, strict=False))


@given(layout=layouts())
def test_every_token_is_in_the_first_segment_that_it_shares_a_character_with(layout):
    cut, offsets = layout
    expected = []
    for start, end in offsets:
        touching = [
            n for n, s in enumerate(cut) if set(range(s.start, s.end)) & set(range(start, end))
        ]
        expected.append(touching[0] if touching else -1)
    assert token_segments(cut, offsets).tolist() == expected


def named(index: TitleIndex, text: str, row: int) -> list[bool]:
    return discussed(text, segments(text), index, row).tolist()


def test_a_paragraph_discusses_an_item_by_any_of_its_names_with_or_without_its_year(index):
    text = (
        "Usual Suspects, The (1995) fits.\n\nthe usual suspects fits.\n\n"
        "The Usual Suspects (1995)?\n\nHeat fits.\n\nNothing at all.\n\n\\boxed{Heat}"
    )
    assert named(index, text, SUSPECTS) == [True, True, True, False, False, False]
    assert named(index, text, HEAT) == [False, False, False, True, False, True]


def test_a_name_that_two_items_share_discusses_both_unless_a_year_tells_them_apart(index):
    text = "Cape Fear is tense.\n\nCape Fear (1962) is older."
    assert named(index, text, FEAR_62) == [True, True]
    assert named(index, text, FEAR_91) == [True, False]


def test_a_name_inside_a_longer_word_is_not_discussed(index):
    assert named(index, "Heathers and preheated.", HEAT) == [False]


def test_offsets_stay_right_behind_characters_that_lower_case_makes_longer(index):
    # The capital I with a dot becomes two characters in lower case.
    assert named(index, "İİİİİİİİ\n\nHeat\n\nend", HEAT) == [False, True, False]
