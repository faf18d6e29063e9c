"""The box and the paragraphs of whatever a model wrote."""

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerec.prompting import Boxed, boxed_titles, find_box, segments, write_answer

PIECES = st.lists(
    st.sampled_from(
        ["\\boxed{", "{", "}", "Heat", "\n", "\n\n", " \t\n", "</think>", "<think>", ";", "é東",
         "\x00", "\r\n", "\u2028", "\\", "\ud800"]
    ),
    max_size=25,
).map("".join)  # fmt: skip
TITLES = st.lists(st.sampled_from(["Dune", "Se{v}en", "八月", "Léon (1994)"]), min_size=1)


def last_box(text: str) -> Boxed:
    """The box of a text that has one."""
    box = find_box(text)
    assert box is not None
    return box


@given(titles=TITLES, thought=PIECES)
def test_an_answer_reads_back_whatever_was_thought(titles, thought):
    # A thought may end in open braces; only a box that it leaves open could swallow the answer.
    assert boxed_titles(last_box(thought + "\n" + write_answer(titles)).text) == titles


def test_the_last_of_several_boxes_counts():
    assert last_box("\\boxed{Heat} no, \\boxed{Ronin} it is").text == "Ronin"


def test_nested_braces_belong_to_the_title():
    assert last_box("\\boxed{a {b {c}} d}").text == "a {b {c}} d"


def test_a_box_that_is_never_closed_is_none():
    assert find_box("\\boxed{Heat (1995)") is None


def test_a_closed_box_before_an_unclosed_one_counts():
    assert last_box("\\boxed{Heat} or \\boxed{Ron").text == "Heat"


def test_a_box_rehearsed_inside_a_thought_is_not_paid():
    assert find_box("<think>\\boxed{Heat}</think>none") is None
    assert last_box("<think>\\boxed{Heat}</think>\\boxed{Ronin}").text == "Ronin"


def test_a_box_of_spaces_holds_nothing():
    assert last_box("\\boxed{  }").text == ""
    assert boxed_titles(" ;; ") == []


def test_the_offsets_of_a_box_cover_it_braces_included():
    text = "so:\n\\boxed{ Heat }."
    box = last_box(text)
    assert text[box.start : box.end] == "\\boxed{ Heat }"


def test_paragraphs_are_split_at_blank_lines_and_the_answer_line_stands_apart():
    text = "One.\nStill one.\n \n\nTwo.\nAnswer: \\boxed{Heat}.\nAfter."
    assert [(text[s.start : s.end], s.is_answer) for s in segments(text)] == [
        ("One.\nStill one.", False),
        ("Two.", False),
        ("Answer: \\boxed{Heat}.", True),
        ("After.", False),
    ]


def test_a_response_without_a_box_has_no_answer_segment():
    assert [s.is_answer for s in segments("One.\n\nTwo.")] == [False, False]


@pytest.mark.parametrize("text", ["", " \n\n ", "\n"])
def test_nothing_written_has_no_segments(text):
    assert segments(text) == []


@given(text=PIECES)
def test_every_visible_character_is_in_exactly_one_segment_and_none_is_blank(text):
    covered = [0] * len(text)
    for segment in segments(text):
        assert text[segment.start : segment.end].strip() == text[segment.start : segment.end] != ""
        for place in range(segment.start, segment.end):
            covered[place] += 1
    assert all(
        n == 1 or (n == 0 and character.isspace())
        for n, character in zip(covered, text, strict=True)
    )


@given(text=PIECES)
def test_segments_stand_in_reading_order_and_at_most_one_is_the_answer(text):
    found = segments(text)
    assert all(a.end <= b.start for a, b in pairwise(found))
    assert sum(s.is_answer for s in found) == (find_box(text) is not None)


@pytest.mark.parametrize(
    "piece",
    [
        "\\boxed{",
        "{",
        "}",
        "\n",
        "\n \n",
        "\\boxed{a}\n",
        "a\n\n",
        " \t\r\n",
        "\\boxed",
        "é{",
        "\r",
    ],
)
def test_a_hundred_kilobytes_of_anything_are_read_in_linear_time(piece):
    def seconds(n: int) -> float:
        text = piece * (n // len(piece))
        started = time.process_time()
        find_box(text)
        segments(text)
        return time.process_time() - started

    seconds(10_000)  # the first call pays for caches
    assert seconds(100_000) < 1.0  # measured: 0.2 s at most; quadratic time takes a minute
