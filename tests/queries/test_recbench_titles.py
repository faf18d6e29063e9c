"""Titles of published queries looked up in a catalogue."""

from dataclasses import replace

import pytest

from rerec.catalogue.domain import read_domain
from rerec.queries.recbench_titles import resolve
from rerec.records import Condition, Hop
from rerec.sources.recbench_queries import PublishedHop, PublishedQuery

ASKED = PublishedQuery(
    query_id="q1",
    category="implicit",
    text="?",
    conditions=(Condition("genre", "crime"), Condition("genre", "Crime")),
    hops=(),
    titles=("Heat (1995)",),
    user_id="ann",
    file="f",
    record=0,
    kinship="k",
)


@pytest.fixture
def domain(corner_shop):
    return read_domain(corner_shop)


def test_every_label_of_a_catalogue_is_resolved(domain):
    titles = tuple(item.label for item in domain.catalogue.items)
    resolved = resolve(domain, [replace(ASKED, titles=titles)])
    assert resolved.queries[0][1].ground_truth == domain.catalogue.item_ids
    assert resolved.unresolved == []


@pytest.mark.parametrize(
    ("title", "item_id"),
    [("Usual Suspects, The (1995)", "2"), ("The Professional", "9"), ("Cape Fear (1962)", "4")],
)
def test_other_names_lead_to_the_item(title, item_id, domain):
    resolved = resolve(domain, [replace(ASKED, titles=(title,))])
    assert resolved.queries[0][1].ground_truth == (item_id,)


def test_a_title_that_could_be_two_is_listed_and_not_guessed(domain):
    resolved = resolve(domain, [replace(ASKED, titles=("Cape Fear", "Heat (1995)"))])
    assert resolved.queries[0][1].ground_truth == ("1",)
    assert resolved.unresolved[0]["title"] == "Cape Fear"
    assert resolved.unresolved[0]["nearest"].startswith("Cape Fear (")


def test_conditions_of_one_spelling_are_one(domain):
    resolved = resolve(domain, [ASKED])
    assert resolved.queries[0][1].conditions == (Condition("genre", "Crime"),)
    assert resolved.facts == [("1", "genre", "Crime")]


def test_a_hop_tells_the_wrong_value_and_adds_the_true_one(domain):
    hop = PublishedHop("Die Hard (1988)", "director", "Ann Wrong", "John mctiernan")
    resolved = resolve(domain, [replace(ASKED, hops=(hop,))])
    assert resolved.queries[0][1].hops == (Hop("7", "director", "Ann Wrong"),)
    assert ("7", "director", "John McTiernan") in resolved.facts


def test_a_user_who_is_not_there_is_nobody(domain):
    users = [resolve(domain, [replace(ASKED, user_id=user)]) for user in ("ann", "zoe", None)]
    assert [resolved.queries[0][1].user_id for resolved in users] == ["ann", None, None]
