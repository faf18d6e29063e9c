"""Drafts in words: titles that could mean two items are told with their year."""

import pyarrow as pa

from rerec.catalogue.items import Catalogue
from rerec.catalogue.tables import ATTRIBUTES
from rerec.graph.attributes import AttributeGraph
from rerec.queries.askable import askable
from rerec.queries.drafts import Draft
from rerec.queries.hints import Hint
from rerec.queries.spoken import Speaker
from rerec.queries.vocabulary import FILMS, Vocabulary
from rerec.records import Condition, Item
from rerec.rng import stream
from rerec.settings import QuerySettings

ITEMS = (
    Item("a", "Heat", 1995, (), 3),
    Item("b", "Heat", 1986, (), 2),
    Item("c", "Ronin", 1998, (), 1),
)
FACTS = [
    ("a", "director", "Ann Lee"),
    ("b", "director", "Bo Ruiz"),
    ("c", "director", "Ann Lee"),
    ("c", "genre", "Crime"),
    ("a", "genre", "Crime"),
]


def speaker(vocabulary: Vocabulary = FILMS) -> Speaker:
    table = pa.table([list(column) for column in zip(*FACTS, strict=True)], schema=ATTRIBUTES)
    catalogue = Catalogue(ITEMS)
    graph = AttributeGraph.from_table(catalogue, table)
    return Speaker(catalogue, askable(graph, QuerySettings(common_share=1.0)), vocabulary)


def draft(**what: object) -> Draft:
    base = Draft("explicit", None, (), 2, (2,), (), 7)
    return Draft(**({name: getattr(base, name) for name in base.__slots__} | what))  # ty: ignore


def said(made: Draft, by: Speaker, *, held_back: bool = False) -> set[str]:
    return {by.speak(made, stream(n), held_back=held_back)[1] for n in range(60)}


def test_a_title_that_two_items_have_is_told_with_its_year() -> None:
    assert [speaker().title(row) for row in range(3)] == ["Heat (1995)", "Heat (1986)", "Ronin"]


def test_a_hint_says_the_role_and_a_misinformed_one_the_wrong_name_too() -> None:
    by = speaker()
    ann, bo = (by.asked.pairs.index(Condition("director", name)) for name in ("Ann Lee", "Bo Ruiz"))
    hinted = draft(category="implicit", columns=(ann,), hints=(Hint(ann, 0, ann, None),))
    wrong = draft(category="misinformed", columns=(ann,), hints=(Hint(ann, 0, ann, bo),))
    for text in said(hinted, by) | said(hinted, by, held_back=True):
        assert "Heat (1995)" in text
        assert "Ann Lee" not in text
    for text in said(wrong, by) | said(wrong, by, held_back=True):
        assert "Heat (1995)" in text
        assert "Bo Ruiz" in text
        assert "Ann Lee" not in text


def test_an_interest_names_both_items_and_what_all_three_share_at_most() -> None:
    by = speaker()
    texts = said(draft(category="interest", named=(0, 1)), by)
    assert all("Heat (1995)" in text and "Heat (1986)" in text for text in texts)
    assert not any("crime" in text.lower() for text in texts)  # the film of 1986 is none
    shared = said(draft(category="interest", named=(0, 2)), by)
    assert any("crime" in text.lower() for text in shared)


def test_a_group_is_told_in_the_words_of_the_domain() -> None:
    by = speaker(Vocabulary(("book",), "read", "read"))
    women = draft(category="demographics", group=(Condition("gender", "F"),))
    texts = said(women, by) | said(women, by, held_back=True)
    assert all("woman" in text.lower() for text in texts)
    assert any("book" in text for text in texts)
    assert not any("film" in text or "watch" in text for text in texts)


def test_ids_of_patterns_tell_held_back_ones_apart() -> None:
    by = speaker()
    for held_back in (False, True):
        for what in ({"named": (0, 2)}, {"group": (Condition("town", "X"),)}):
            pattern, _ = by.speak(draft(**what), stream(3), held_back=held_back)
            assert pattern.endswith("u") == held_back
