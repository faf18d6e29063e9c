"""What a model's answer may change, and what it may not."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerec.assistant.exchange import Found
from rerec.assistant.weighing import paragraphs_about, weigh
from rerec.catalogue.domain import read_domain
from rerec.catalogue.grounding import TitleIndex

# Rows of the corner shop: Heat 0, The Usual Suspects 1, Cape Fear (1991) 2, Goodfellas 11.
HEAT, SUSPECTS, FEAR, GOODFELLAS = Found(0, 3.0, 2), Found(1, 2.0, 2), Found(2, 1.0, 1), 11
CANDIDATES = [HEAT, SUSPECTS, FEAR]


@pytest.fixture(scope="module")
def index(corner_shop_made: Path) -> TitleIndex:
    return TitleIndex(read_domain(corner_shop_made).catalogue)


def test_without_a_box_the_order_of_retrieval_stands(index: TitleIndex):
    weighed = weigh(CANDIDATES, "I cannot decide.", index)
    assert weighed.found == tuple(CANDIDATES)
    assert not weighed.chosen


def test_the_choice_stands_before_what_meets_no_more(index: TitleIndex):
    weighed = weigh(CANDIDATES, "\\boxed{The Usual Suspects (1995)}", index)
    assert [found.row for found in weighed.found] == [1, 0, 2]
    assert weighed.chosen == {1}


def test_a_choice_that_meets_less_stays_behind_what_meets_more(index: TitleIndex):
    weighed = weigh(CANDIDATES, "\\boxed{Cape Fear (1991)}", index)
    assert [found.row for found in weighed.found] == [0, 1, 2]
    assert weighed.chosen == {2}


def test_a_title_that_is_not_there_is_dropped_by_name(index: TitleIndex):
    weighed = weigh(CANDIDATES, "\\boxed{Heat (1995); Heat 2 (2031)}", index)
    assert weighed.dropped == ("Heat 2 (2031)",)
    assert weighed.chosen == {0}
    alone = weigh(CANDIDATES, "\\boxed{Nothing Like It (1900)}", index)
    assert alone.dropped == ("Nothing Like It (1900)",)
    assert alone.found == tuple(CANDIDATES)


def test_an_item_that_is_no_candidate_is_refused(index: TitleIndex):
    weighed = weigh(CANDIDATES, "\\boxed{Goodfellas (1990)}", index)
    assert weighed.refused == (GOODFELLAS,)
    assert GOODFELLAS not in [found.row for found in weighed.found]


@given(response=st.text() | st.text().map(lambda text: f"\\boxed{{{text}}}"))
def test_whatever_was_written_the_candidates_are_the_same(index: TitleIndex, response: str):
    weighed = weigh(CANDIDATES, response, index)
    assert sorted(found.row for found in weighed.found) == [0, 1, 2]
    assert weighed.found[2] == FEAR  # it meets less than the two others


def test_paragraphs_go_to_the_items_that_they_name_but_not_the_answer(index: TitleIndex):
    response = "Heat fits.\n\nCape Fear (1991) and Heat differ.\n\n\\boxed{Heat (1995)}"
    about = paragraphs_about(response, [0, 1, 2], index)
    assert about[0] == "Heat fits.\n\nCape Fear (1991) and Heat differ."
    assert about[1] == ""
    assert about[2] == "Cape Fear (1991) and Heat differ."
    assert paragraphs_about("", [0], index) == {}
