"""Queries as rows for the trainer, and what their scores teach the curriculum."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rerec.catalogue.domain import read_domain
from rerec.curriculum.sampler import CurriculumSampler
from rerec.graph.attributes import AttributeGraph
from rerec.records import Scored
from rerec.settings import CurriculumSettings, PromptSettings
from rerec.train.feed import QueryFeed
from rerec.train.prompts import PromptWriter
from rerec.train.rft import Observer

Make = Callable[[], QueryFeed]


@pytest.fixture
def make(corner_shop_made: Path) -> Make:
    """Makes a feed of the corner shop's four training queries."""
    domain = read_domain(corner_shop_made)
    graph = AttributeGraph.from_table(domain.catalogue, domain.attributes)
    queries = domain.queries("train")
    writer = PromptWriter(domain, graph, PromptSettings())

    def feed() -> QueryFeed:
        sampler = CurriculumSampler([q.query_id for q in queries], CurriculumSettings(), seed=7)
        return QueryFeed(queries, writer, sampler)

    return feed


def ids(feed: QueryFeed, n: int) -> list[str]:
    return [row["query_id"] for row in feed.next_rows(n)]


def test_a_row_is_a_query_with_its_messages(make: Make):
    feed = make()
    (row,) = feed.next_rows(1)
    assert [message["role"] for message in row["prompt"]] == ["system", "user"]
    assert "Request: " in row["prompt"][1]["content"]
    assert {row["query_id"], *ids(feed, 3)} == {"q1", "q2", "q3", "q4"}


def test_a_restored_feed_goes_on_where_the_other_was_saved(make: Make):
    first = make()
    taken = ids(first, 2)
    first.observe([taken[0], taken[0], taken[1], taken[1]], np.array([1.0, 1.0, 0.0, 0.5]))
    second = make()
    second.restore(json.loads(json.dumps(first.state())))
    assert [ids(first, 3) for _ in range(4)] == [ids(second, 3) for _ in range(4)]
    assert first.sampler.counts() == {"mastered": 1, "open": 1, "unseen": 2}


def scored(query_id: str, ndcg: float, reward: float) -> Scored:
    return Scored(query_id, (), "wrong", ndcg, 0.0, 0.0, 0.5, reward, (), ())


@pytest.mark.parametrize(
    ("by_task", "counts"),
    [
        (True, {"mastered": 1.0, "open": 1.0, "unseen": 2.0}),  # q1 is right, q2 is not
        (False, {"mastered": 2.0, "open": 0.0, "unseen": 2.0}),  # both earn 0.95 or more
    ],
)
def test_difficulty_is_of_the_task_or_of_the_reward_cut_to_one(
    make: Make, by_task: bool, counts: dict[str, float]
):
    observe = Observer(make(), by_task=by_task)
    answers = [scored("q1", 1.0, 1.25), scored("q2", 0.0, 0.95)]
    found = observe([answer.query_id for answer in answers], answers)
    assert found == {f"curriculum/{name}": n for name, n in counts.items()}
