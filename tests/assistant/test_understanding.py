"""Requests as the builder writes them, as people write them, and as nobody should."""

import json
from collections import Counter
from pathlib import Path
from typing import get_args

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerec.assistant.exchange import Opinion, State, Years, state_from, to_json
from rerec.assistant.understanding import MOST_CHARACTERS, Reader, with_opinion
from rerec.catalogue.domain import Domain
from rerec.catalogue.items import Catalogue
from rerec.catalogue.tables import ATTRIBUTES, USERS
from rerec.graph.attributes import AttributeGraph
from rerec.queries.hint_wordings import role_of, same_as, told
from rerec.queries.phrasing import Spoken, direct_patterns, phrase, situational_patterns
from rerec.queries.vocabulary import FILMS, Vocabulary
from rerec.queries.wordings import Wordings, spoken_value
from rerec.records import Condition, Item
from rerec.rng import stream

BOOKS = Vocabulary(("book",), "read", "read")
SHELF = """
1|Dune|1965|Frank Herbert|Chilton|Dune|English|Science Fiction
2|Dune Messiah|1969|Frank Herbert|Putnam|Dune|English|Science Fiction
3|The Trial|1925|Franz Kafka|Die Schmiede||German|Drama
4|The Castle|1926|Franz Kafka|Kurt Wolff||German|Drama,Mystery
5|Emma|1815|Jane Austen|John Murray||English|Romance,Drama
6|Persuasion|1817|Jane Austen|John Murray||English|Romance
7|The Hobbit|1937|J. R. R. Tolkien|Allen & Unwin|Middle-earth|English|Fantasy
8|The Two Towers|1954|J. R. R. Tolkien|Allen & Unwin|Middle-earth|English|Fantasy
"""
OPINIONS = (*get_args(Opinion), None)


@pytest.fixture(scope="module")
def books() -> Domain:
    """Eight books, of which some are in a series."""
    items, facts = [], []
    for line in SHELF.strip().splitlines():
        item_id, title, year, *lists = line.split("|")
        items.append(Item(item_id, title, int(year), (), 1))
        relations = ("author", "publisher", "series", "language", "genre")
        for relation, values in zip(relations, lists, strict=True):
            facts += [(item_id, relation, value) for value in values.split(",") if value]
        facts.append((item_id, "decade", f"{int(year) // 10 * 10}s"))
    table = pa.table([list(column) for column in zip(*facts, strict=True)], schema=ATTRIBUTES)
    return Domain(Path("books"), Catalogue(tuple(items)), table, USERS.empty_table())


def graph_of(domain: Domain) -> AttributeGraph:
    return AttributeGraph.from_table(domain.catalogue, domain.attributes)


def wanted(reader: Reader, text: str) -> Counter:
    """The conditions that a request wants; whatever else it leaves makes the comparison fail."""
    state = reader.read(State(), text).state
    assert (state.liked, state.disliked, state.seen, state.like_items) == ((), (), (), ()), text
    assert state.years == Years(), text
    assert all(wish.wanted for wish in state.wishes), text
    return Counter(wish.condition for wish in state.wishes)


@pytest.mark.parametrize("vocabulary", [FILMS, BOOKS], ids=["films", "books"])
@pytest.mark.parametrize("held_back", [False, True], ids=["seen", "held back"])
def test_every_pattern_of_the_builder_is_understood(vocabulary, held_back, films, books, reader):
    domain, reads = (films, reader) if vocabulary.is_film else (books, Reader.of(books))
    graph, rng = graph_of(domain), stream(5, "patterns", vocabulary.verb)
    situational = situational_patterns(held_back=held_back, vocabulary=vocabulary)
    patterns = (*direct_patterns(held_back=held_back, vocabulary=vocabulary), *situational[::11])
    for pattern in patterns:
        facts = graph.facts_of(int(rng.integers(graph.n_items)))
        chosen = [facts[at] for at in rng.permutation(len(facts))[:4].tolist()]
        text = phrase(chosen, pattern, rng, vocabulary=vocabulary)
        assert wanted(reads, text) == Counter(chosen), text


@pytest.mark.parametrize("held_back", [False, True], ids=["seen", "held back"])
@pytest.mark.parametrize("is_wrong", [False, True], ids=["implicit", "misinformed"])
def test_every_hint_of_the_builder_leads_to_its_value(held_back, is_wrong, films, reader):
    graph, rng = graph_of(films), stream(6, "hints", str(held_back), str(is_wrong))
    # Builders name only items that have a title of their own, and one value in the relation.
    rows = [row for row, item in enumerate(films.catalogue.items) if item.title != "Solaris"]
    for pattern in direct_patterns(held_back=held_back) * 2:
        row = rows[int(rng.integers(len(rows)))]
        facts = graph.facts_of(row)
        single = [f for f in facts if sum(g.relation == f.relation for g in facts) == 1]
        hop = single[int(rng.integers(len(single)))]
        title = films.catalogue.items[row].label
        said = role_of(hop, title, rng, held_back=held_back)
        others = [pair for pair in graph.pairs if pair.relation == hop.relation and pair != hop]
        lie = others[int(rng.integers(len(others)))]

        def with_lie(words: str, lie: Condition = lie) -> str:
            value = spoken_value(lie.relation, lie.value)
            return told(words, value, rng, held_back=held_back) if is_wrong else words

        if said:
            spoken = Spoken(with_lie(said))
        else:
            ways = same_as(hop, title, held_back=held_back)
            kinds = (ways.phrases, ways.clauses, ways.predicates)
            ways = Wordings(*(tuple(map(with_lie, kind)) for kind in kinds))
            spoken = Spoken(with_lie(f"as in {title}"), ways)
        text = phrase([hop], pattern, rng, spoken={hop: spoken})
        assert wanted(reader, text) == Counter([hop]), text
        understood = reader.read(State(), text)
        item_id = films.catalogue.item_ids[row]
        assert [wish.through for wish in understood.state.wishes] == [item_id]
        corrected = [(c.item_id, c.relation, c.said, c.true) for c in understood.corrections]
        assert corrected == ([(item_id, *vars_of(lie), (hop.value,))] if is_wrong else []), text


def vars_of(condition: Condition) -> tuple[str, str]:
    return condition.relation, condition.value


@pytest.mark.parametrize(
    ("category", "least"), [("explicit", 0.97), ("implicit", 0.95), ("misinformed", 0.95)]
)
def test_held_out_requests_over_real_films_are_understood(category, least, real, real_reader):
    queries = real.queries("test", [category])[::20]
    right = [
        {wish.condition for wish in real_reader.read(State(), query.text).state.wishes}
        == set(query.conditions)
        for query in queries
    ]
    assert sum(right) >= least * len(queries)


PIECES = """
no not without horror comedy Heat Titanic (1997) like that older than the second it him directed by
whoever Tom Hanks Hanks , . ; ( ) 90s 1980 before between and forget never mind the decade start
over make it instead of 's " loved seen 七人の侍 🎬
"""
TEXTS = st.one_of(
    st.text(max_size=200),
    st.lists(st.sampled_from(PIECES.split()), max_size=25).map(" ".join),
)


@settings(max_examples=50)
@given(st.lists(TEXTS, min_size=1, max_size=3))
def test_any_text_is_read_the_same_way_again_and_leaves_a_state_that_can_be_kept(reader, texts):
    ids = reader.catalogue.item_ids
    one = other = State(focus=ids[:3], shown=ids[:3])
    for text in texts:
        one, other = reader.read(one, text).state, reader.read(other, text).state
        assert one == other
        assert state_from(json.loads(json.dumps(to_json(one)))) == one
        assert not set(one.liked) & set(one.disliked)
        conditions = [wish.condition for wish in one.wishes]
        assert len(conditions) == len(set(conditions))
        assert set(one.like_items) | set(one.seen) <= set(ids)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(OPINIONS))))
def test_an_item_is_never_liked_and_disliked(said):
    state = State(seen=("a",))
    for item_id, opinion in said:
        state = with_opinion(state, item_id, opinion)
        assert not set(state.liked) & set(state.disliked)
        assert all(len(ids) == len(set(ids)) for ids in (state.liked, state.disliked, state.seen))
        if opinion is None:
            assert item_id not in {*state.liked, *state.disliked, *state.seen}


@pytest.mark.parametrize(
    "piece",
    ["M and ", "90s ", "no horror, ", "((((", "like it ", "not ", "a", "乱", "\x00", "👩‍👩‍👧"],
)
def test_ten_thousand_characters_leave_a_small_state(piece, reader):
    text = piece * MOST_CHARACTERS
    understood = reader.read(State(focus=("1", "2")), text)
    assert len(json.dumps(to_json(understood.state))) < 2_000
    assert sum(map(len, understood.notes)) < 1_000


def test_what_nobody_knows_of_is_passed_over(reader):
    gone = State(focus=("no such item",), like_items=("no such item",), shown=("no such item",))
    state = reader.read(gone, "older than that, like the second, by the same director").state
    assert state.years == Years()
    assert state.like_items == gone.like_items


def test_a_domain_without_attributes_still_knows_its_titles(books):
    bare = Domain(books.folder, books.catalogue, ATTRIBUTES.empty_table(), books.users)
    state = Reader.of(bare).read(State(), "Something like Emma, before 1900").state
    assert (state.like_items, state.years) == (("5",), Years(None, 1899))


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("nothing with him", "I do not know whom you mean; say the name."),
        ("directed by Tom Hanks", "Tom Hanks is in the catalogue, but not as director"),
        ("by Scott", "I took it for Ridley Scott; Tony Scott has the same name."),
    ],
)
def test_what_was_only_guessed_is_said(text, note, reader):
    assert any(one.startswith(note) for one in reader.read(State(), text).notes)


def test_what_was_withdrawn_is_said(reader):
    state = reader.read(State(), "a western from the 1960s").state
    notes = reader.read(state, "never mind the decade").notes
    assert notes == ("The decade 1960s is no longer asked for.",)


def test_another_request_starts_what_was_shown_anew_and_another_one_does_not(reader):
    state = State(shown=("1",), focus=("1",))
    assert reader.read(state, "another one, please").state.shown == ("1",)
    assert reader.read(state, "a comedy").state.shown == ()
    assert reader.read(state, "I have seen that").state == State(
        shown=("1",), focus=("1",), seen=("1",), turns=1
    )
