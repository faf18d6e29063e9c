"""Which queries are answered: the same for everyone, with companions where they are wanted."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from rerec.catalogue.domain import read_domain, write_manifest, write_queries
from rerec.errors import SettingsError
from rerec.evaluate.asked import Choice, asked_fingerprint, asked_queries, chosen
from rerec.graph.attributes import AttributeGraph
from rerec.queries.companions import asked_by
from rerec.records import Query, list_of
from rerec.settings import PromptSettings


def test_a_limit_takes_the_same_queries_for_everyone_and_more_of_them_when_larger(corner_shop):
    queries = [
        query
        for split in ("train", "valid", "test")
        for query in read_domain(corner_shop).queries(split)
    ]
    five = [query.query_id for query in chosen(queries, limit=5, seed=7)]
    mixed = random.Random(0).sample(queries, k=len(queries))
    assert [query.query_id for query in chosen(mixed, limit=5, seed=7)] == five
    assert [query.query_id for query in chosen(queries, limit=3, seed=7)] == five[:3]
    assert [query.query_id for query in chosen(queries, limit=5, seed=8)] != five
    assert chosen(queries, limit=None, seed=7) == queries
    assert len(chosen(queries, limit=99, seed=7)) == len(queries)
    with pytest.raises(SettingsError, match="limit is 0"):
        chosen(queries, limit=0, seed=7)


def test_what_was_asked_stays_the_same_beside_other_categories(corner_shop):
    domain = read_domain(corner_shop)
    queries = domain.queries("train")
    choice, prompt = Choice("train", 7), PromptSettings()
    before = asked_fingerprint(corner_shop, queries, prompt, choice)
    more = [replace(query, query_id=f"{query.query_id}b", category="implicit") for query in queries]
    write_queries(corner_shop, "train", [*queries, *more])
    write_manifest(corner_shop)
    after = read_domain(corner_shop).queries("train", ["explicit"])
    assert asked_fingerprint(corner_shop, after, prompt, choice) == before
    other = [replace(queries[0], text="Something else."), *queries[1:]]
    assert asked_fingerprint(corner_shop, other, prompt, choice) != before


def asked(folder: Path, choice: Choice, prompt: PromptSettings | None = None) -> list[Query]:
    domain = read_domain(folder)
    graph = AttributeGraph.from_table(domain.catalogue, domain.attributes)
    queries = domain.queries(choice.split)
    return asked_queries(domain, graph, queries, prompt or PromptSettings(), choice)


def test_companions_stand_behind_their_query_and_ask_about_its_list(corner_shop_made: Path):
    own = asked(corner_shop_made, Choice("test", 7))
    found = asked(corner_shop_made, Choice("test", 7, requests_per_list=4))
    assert [query for query in found if query in own] == own
    assert len(found) > len(own)
    for query in found:
        if query not in own:
            (first,) = [one for one in own if one.query_id == list_of(query.query_id)]
            assert query.candidates == first.candidates
            assert len(query.ground_truth) == 1


def test_a_limit_counts_all_requests_and_a_smaller_one_takes_the_first(corner_shop_made: Path):
    many = asked(corner_shop_made, Choice("train", 7, 9, 4))
    assert len(many) == 9
    assert asked(corner_shop_made, Choice("train", 7, 5, 4)) == many[:5]
    lists = [list_of(query.query_id) for query in many]
    assert len(set(lists)) < len(lists)
    with pytest.raises(SettingsError, match="limit is 0"):
        asked(corner_shop_made, Choice("train", 7, 0, 4))


def test_nothing_is_asked_that_is_to_be_avoided_or_that_training_asks(corner_shop_made: Path):
    free = asked(corner_shop_made, Choice("test", 7, requests_per_list=6))
    companions = [query for query in free if query.query_id != list_of(query.query_id)]
    train = {asked_by(query) for query in read_domain(corner_shop_made).queries("train")}
    assert not train & {asked_by(query) for query in companions}
    barred = {asked_by(companions[0])}
    kept = asked(corner_shop_made, Choice("test", 7, requests_per_list=6, avoid=barred))
    assert barred.isdisjoint(asked_by(query) for query in kept if "+" in query.query_id)


def test_a_request_that_only_hints_has_no_companions(corner_shop_made: Path):
    domain = read_domain(corner_shop_made)
    graph = AttributeGraph.from_table(domain.catalogue, domain.attributes)
    hinted = [replace(query, category="implicit") for query in domain.queries("train")]
    choice = Choice("train", 7, requests_per_list=4)
    assert asked_queries(domain, graph, hinted, PromptSettings(), choice) == hinted


def test_what_companions_are_drawn_by_is_part_of_what_was_asked(corner_shop_made: Path):
    queries = read_domain(corner_shop_made).queries("train")

    def mark(choice: Choice, **prompt: int) -> str:
        settings = PromptSettings.model_validate(prompt)
        return asked_fingerprint(corner_shop_made, queries, settings, choice)

    plain, more = Choice("train", 7), Choice("train", 7, None, 3)
    assert mark(plain) == mark(replace(plain, seed=8)) == mark(plain, shown_values=1)
    others = [mark(more), mark(replace(more, seed=8)), mark(more, shown_values=1)]
    others.append(mark(replace(more, avoid=[asked_by(queries[0])])))
    assert len({mark(plain), *others}) == 5
    assert mark(replace(more, limit=2)) == mark(more)
