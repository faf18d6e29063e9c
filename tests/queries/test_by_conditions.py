"""Implicit, misinformed and personalised requests, against brute force over the tables."""

from collections import defaultdict
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerec.catalogue.domain import Domain
from rerec.catalogue.titles import normalise
from rerec.queries.build import queries_of
from rerec.records import SPLITS, Condition, Query
from rerec.settings import QuerySettings

MakeDomain = Callable[..., Domain]
any_domain = given(seed=st.integers(0, 10**6), n_items=st.integers(14, 26))
few = settings(max_examples=10, deadline=None)


def facts_of(domain: Domain) -> dict[str, list[Condition]]:
    facts = defaultdict(list)
    for row in domain.attributes.to_pylist():
        facts[row["item_id"]].append(Condition(row["relation"], row["value"]))
    return facts


def made(domain: Domain, its_settings: QuerySettings, *categories: str) -> list[Query]:
    wanted = its_settings.model_copy(update={"categories": categories})
    by_split = queries_of(domain, wanted, seed=7)
    return [query for split in SPLITS for query in by_split[split]]


def liked(domain: Domain, user_id: str | None) -> set[str]:
    rows = domain.interactions.to_pylist()
    return {r["item_id"] for r in rows if r["user_id"] == user_id and r["rating"] >= 4}


@any_domain
@few
def test_a_hint_names_the_one_value_of_an_item_that_is_not_offered(
    small_domain: MakeDomain, small_settings: QuerySettings, seed: int, n_items: int
) -> None:
    domain = small_domain(seed, n_items=n_items, n_users=9)
    facts = facts_of(domain)
    title_of = {item.item_id: item.title for item in domain.catalogue.items}
    for query in made(domain, small_settings, "implicit"):
        (hop,) = query.hops
        of_relation = [f.value for f in facts[hop.item_id] if f.relation == hop.relation]
        assert of_relation == [hop.value]
        (hidden,) = [c for c in query.conditions if c.value == hop.value]
        assert hop.item_id not in {*query.candidates, *query.ground_truth}
        assert title_of[hop.item_id] in query.text
        assert hidden.value.casefold() not in query.text.casefold()
        for condition in query.conditions:
            assert condition == hidden or condition.value.casefold() in query.text.casefold()


@any_domain
@few
def test_a_misinformed_request_tells_what_is_true_neither_there_nor_of_the_answer(
    small_domain: MakeDomain, small_settings: QuerySettings, seed: int, n_items: int
) -> None:
    domain = small_domain(seed, n_items=n_items, n_users=9)
    facts = facts_of(domain)
    for query in made(domain, small_settings, "misinformed"):
        (hop,) = query.hops
        values = {fact.value.casefold() for fact in facts[hop.item_id]}
        assert hop.value.casefold() not in values
        assert hop.value.casefold() in query.text.casefold()
        (placed,) = set(query.ground_truth) & set(query.candidates)
        assert hop.value.casefold() not in {fact.value.casefold() for fact in facts[placed]}
        true = [f.value for f in facts[hop.item_id] if f.relation == hop.relation]
        assert len(true) == 1
        assert true[0] in {condition.value for condition in query.conditions}
        assert true[0].casefold() not in query.text.casefold()


@pytest.mark.parametrize("category", ["implicit", "misinformed", "implicit_personal"])
@any_domain
@few
def test_the_ground_truth_follows_the_true_conditions(
    small_domain: MakeDomain, small_settings: QuerySettings, category: str, seed: int, n_items: int
) -> None:
    domain = small_domain(seed, n_items=n_items, n_users=9)
    facts = facts_of(domain)
    for query in made(domain, small_settings, category):
        right = {i for i in liked(domain, query.user_id) if set(query.conditions) <= set(facts[i])}
        assert set(query.ground_truth) == right


@any_domain
@few
def test_a_personalised_request_offers_what_fits_and_its_user_did_not_like(
    small_domain: MakeDomain, small_settings: QuerySettings, seed: int, n_items: int
) -> None:
    # At most a tenth of the items meets a request: three of them take thirty.
    domain = small_domain(seed, n_items=40 + n_items, n_users=9)
    facts = facts_of(domain)
    roomy = small_settings.model_copy(update={"n_candidates": 6})
    name_of = {item.item_id: normalise(item.title) for item in domain.catalogue.items}
    for query in made(domain, roomy, "explicit_personal"):
        (placed,) = set(query.ground_truth) & set(query.candidates)
        others = set(query.candidates) - {placed}
        fitting = {i for i in others if set(query.conditions) <= set(facts[i])}
        assert len(fitting) >= 2
        assert not fitting & liked(domain, query.user_id)
        assert not {name_of[i] for i in others} & {name_of[i] for i in query.ground_truth}
        assert len(query.candidates) == len(set(query.candidates)) == 6


def test_every_kind_is_made_where_the_data_allow(
    small_domain: MakeDomain, small_settings: QuerySettings
) -> None:
    """What the tests above hold of all queries is held of some."""
    roomy = small_settings.model_copy(update={"n_candidates": 6})
    n_of: dict[str, int] = defaultdict(int)
    for seed in range(6):
        domain = small_domain(seed, n_items=60, n_users=9)
        for query in made(domain, roomy, "implicit", "misinformed", "explicit_personal"):
            n_of[query.category] += 1
    assert min(n_of[c] for c in ("implicit", "misinformed", "explicit_personal")) >= 5


def test_condition_sets_of_one_split_are_asked_in_no_other_whatever_the_category(
    small_domain: MakeDomain, small_settings: QuerySettings
) -> None:
    domain = small_domain(3, n_items=26, n_users=9)
    wanted = small_settings.model_copy(update={"categories": ("explicit", "implicit")})
    by_split = queries_of(domain, wanted, seed=7)
    sets = {s: {frozenset(q.conditions) for q in queries} for s, queries in by_split.items()}
    assert not sets["train"] & sets["test"]
    assert not sets["train"] & sets["valid"]
    users = {s: {q.user_id for q in queries} for s, queries in by_split.items()}
    assert not users["train"] & users["test"]
