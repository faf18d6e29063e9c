"""Full-text search, against bm25s's own index and by hand."""

import numpy as np
import pyarrow as pa
import pytest
from bm25s import BM25
from hypothesis import given, settings
from hypothesis import strategies as st

from rerec.assistant.lexical import COMMON, FullText, words_of
from rerec.catalogue.items import Catalogue
from rerec.catalogue.tables import ATTRIBUTES
from rerec.graph.attributes import AttributeGraph
from rerec.records import Item

WORDS = ("heat", "ronin", "crime", "mann", "de", "niro", "paris", "chase")
WORD_LISTS = st.lists(st.lists(st.sampled_from(WORDS), max_size=6), min_size=1, max_size=8)


def full_text(titles: list[str], facts: list[tuple[str, str, str]], aliases=()) -> FullText:
    """An index over items with ids 0, 1, ... and (item id, relation, value) facts."""
    names = dict(aliases)
    items = [
        Item(str(at), title, 1900 + at, names.get(at, ()), 0) for at, title in enumerate(titles)
    ]
    catalogue = Catalogue(tuple(items))
    columns = [list(column) for column in zip(*facts, strict=True)] or [[], [], []]
    table = pa.table(columns, schema=ATTRIBUTES)
    return FullText(catalogue, AttributeGraph.from_table(catalogue, table))


@settings(max_examples=40)
@given(lists=WORD_LISTS, asked=st.lists(st.sampled_from(WORDS), max_size=4, unique=True))
def test_scores_are_those_of_bm25s_where_no_word_is_common(lists, asked):
    facts = [(str(at), f"r{n}", w) for at, ws in enumerate(lists) for n, w in enumerate(ws)]
    ours = full_text(["?" for _ in lists], facts).scores(asked)
    stock = BM25()
    stock.index([["?", *words] for words in lists], show_progress=False)
    shares = {word: sum(word in words for words in lists) / len(lists) for word in asked}
    searched = [word for word in asked if 0 < shares[word] <= COMMON]
    theirs = stock.get_scores(searched) if searched else np.zeros(len(lists))
    assert ours == pytest.approx(theirs, abs=1e-5)


def test_titles_other_names_and_values_are_found_however_they_are_spelled():
    shop = full_text(
        ["Cérémonie, La", "Heat", "Ronin", "Go"],
        [("1", "director", "Michael Mann")],
        aliases={2: ("Rônin: The Chase",)},
    )
    for text, row in (("la CEREMONIE!", 0), ("mann", 1), ("a chase", 2)):
        assert int(shop.scores([text]).argmax()) == row


def test_a_title_without_spaces_is_found_by_a_part_of_it():
    shop = full_text(["\u5343\u3068\u5343\u5c0b", "\u540d\u63a2\u5075", "Go"], [])
    assert int(shop.scores(["\u5343\u5c0b"]).argmax()) == 0


def test_a_word_that_most_items_have_counts_for_nothing():
    shop = full_text(["The Heat", "The Ronin", "The Chase"], [])
    assert not shop.scores(["the"]).any()


def test_words_left_out_are_not_searched_for():
    shop = full_text(["Heat", "Ronin", "Go"], [])
    scores = shop.scores(["heat ronin"], without={"heat"})
    assert scores[0] == 0 < scores[1]


@pytest.mark.parametrize("texts", [[], [""], ["nothing known"], ["\u2026 \u200d \U0001f600"]])
def test_what_no_item_has_scores_nothing(texts):
    assert full_text(["Heat", "Ronin"], []).scores(texts).tolist() == [0.0, 0.0]


@settings(max_examples=40)
@given(st.text(max_size=40))
def test_any_text_has_words_that_are_found_in_itself(text):
    assert words_of([text, text]) == words_of([text])
    shop = full_text([text or "?", "Ronin", "Go"], [])
    assert shop.scores([text]).shape == (3,)
