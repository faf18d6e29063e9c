"""More requests over a query's own candidates: each decides, none was held out."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from numpy.random import Generator

from rerec.catalogue.domain import Domain, read_domain
from rerec.graph.attributes import AttributeGraph
from rerec.queries import companions as companions_module
from rerec.queries.companions import Companions, asked_by
from rerec.queries.phrasing import Pattern, draw_pattern
from rerec.records import Query
from rerec.settings import PromptSettings, QuerySettings


@pytest.fixture
def domain(corner_shop_made: Path) -> Domain:
    return read_domain(corner_shop_made)


def companions(domain: Domain, **prompt: object) -> tuple[Companions, AttributeGraph]:
    graph = AttributeGraph.from_table(domain.catalogue, domain.attributes)
    return Companions(domain, graph, PromptSettings.model_validate(prompt)), graph


def query_of(domain: Domain, query_id: str) -> Query:
    (query,) = [query for query in domain.queries("train") if query.query_id == query_id]
    return query


@pytest.mark.parametrize("query_id", ["q1", "q2", "q3", "q4"])
def test_exactly_one_candidate_meets_what_a_companion_asks(domain: Domain, query_id: str):
    made, graph = companions(domain)
    query = query_of(domain, query_id)
    found = made.of(query, 12, seed=7)
    assert len(found) >= 3
    assert len({companion.query_id for companion in (query, *found)}) == len(found) + 1
    for companion in found:
        assert companion.candidates == query.candidates
        meeting = [
            item_id
            for item_id in companion.candidates
            if set(companion.conditions) <= set(graph.facts_of(domain.catalogue.row_of(item_id)))
        ]
        assert tuple(meeting) == companion.ground_truth
        for condition in companion.conditions:
            assert condition.value.casefold() in companion.text.casefold()
        assert companion.user_id is None
        assert companion.history == ()


def test_no_set_is_asked_twice_nor_the_querys_own(domain: Domain):
    made, _ = companions(domain)
    query = query_of(domain, "q1")
    sets = [frozenset(c.conditions) for c in made.of(query, 40, seed=7)]
    assert len(sets) == len(set(sets))
    assert frozenset(query.conditions) not in sets


def test_what_valid_and_test_ask_is_never_asked(domain: Domain, monkeypatch: pytest.MonkeyPatch):
    query = query_of(domain, "q1")
    first = companions(domain)[0].of(query, 40, seed=7)
    barred = first[0]
    queries = domain.queries

    def with_barred(_: Domain, split: str) -> Sequence[Query]:
        return [barred] if split == "test" else queries(split)

    monkeypatch.setattr(Domain, "queries", with_barred)
    again = companions(domain)[0].of(query, 40, seed=7)
    asked = {frozenset(companion.conditions) for companion in again}
    assert asked
    assert frozenset(barred.conditions) not in asked


def test_some_are_contested_and_some_are_not(domain: Domain):
    """Heat and Goodfellas share their genres and Robert De Niro: no value decides between them."""
    made, graph = companions(domain)
    catalogue = domain.catalogue
    held = []
    for query in domain.queries("train"):
        for companion in made.of(query, 12, seed=7):
            rows = catalogue.rows_of(companion.candidates).tolist()
            columns = [graph.column_of(c) for c in companion.conditions]
            held.append(graph.fewest_holders(columns, rows))
    assert {1, 2} <= set(held)


def test_the_same_seed_draws_the_same_and_another_seed_others(domain: Domain):
    query = query_of(domain, "q4")
    first = companions(domain)[0].of(query, 12, seed=7)
    assert companions(domain)[0].of(query, 12, seed=7) == first
    assert companions(domain)[0].of(query, 12, seed=8) != first
    fewer = companions(domain)[0].of(query, 4, seed=7)
    assert fewer == first[: len(fewer)]


def test_only_shown_facts_are_asked(domain: Domain):
    made, _ = companions(domain, shown_values=1)
    values = {
        condition.value
        for query in domain.queries("train")
        for companion in made.of(query, 12, seed=7)
        for condition in companion.conditions
    }
    assert not values & {"Val Kilmer", "Robert Mitchum", "Alan Rickman", "English"}


def test_companions_of_test_queries_shun_what_training_asks(domain: Domain):
    graph = AttributeGraph.from_table(domain.catalogue, domain.attributes)
    made = Companions(domain, graph, PromptSettings(), split="test")
    trained = {asked_by(query) for query in domain.queries("train")}
    for query in domain.queries("test"):
        found = made.of(query, 12, seed=7)
        assert found
        assert trained.isdisjoint(map(asked_by, found))


def test_some_companions_of_test_queries_are_worded_as_training_never_is(domain: Domain):
    graph = AttributeGraph.from_table(domain.catalogue, domain.attributes)
    made = Companions(domain, graph, PromptSettings(), split="test")
    queries = domain.queries("test")
    drawn: list[bool] = []
    with pytest.MonkeyPatch.context() as patched:

        def noted(rng: Generator, *, held_back: bool) -> Pattern:
            drawn.append(held_back)
            return draw_pattern(rng, held_back=held_back)

        patched.setattr(companions_module, "draw_pattern", noted)
        for seed in range(12):
            for query in queries:
                made.of(query, 12, seed=seed)
    share = sum(drawn) / len(drawn)
    assert abs(share - QuerySettings().unseen_pattern_share) < 0.1


def test_a_set_that_is_to_be_avoided_is_not_asked(domain: Domain):
    graph = AttributeGraph.from_table(domain.catalogue, domain.attributes)
    query = query_of(domain, "q1")
    barred = asked_by(companions(domain)[0].of(query, 40, seed=7)[0])
    found = Companions(domain, graph, PromptSettings(), avoid=[barred]).of(query, 40, seed=7)
    assert found
    assert barred not in map(asked_by, found)
