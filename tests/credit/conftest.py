"""The corner shop in memory, and a judge of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rerec.catalogue.domain import Domain, read_domain
from rerec.catalogue.grounding import TitleIndex
from rerec.credit.judge import Judge
from rerec.graph.attributes import AttributeGraph
from rerec.records import Query, Scored
from rerec.settings import CreditSettings, RewardSettings

MakeJudge = Callable[..., Judge]
Score = Callable[..., Scored]


@pytest.fixture(scope="session")
def domain(corner_shop_made: Path) -> Domain:
    """Twelve films; not to be changed."""
    return read_domain(corner_shop_made)


@pytest.fixture(scope="session")
def queries(domain: Domain) -> dict[str, Query]:
    """The corner shop's queries by their ids."""
    return {q.query_id: q for split in ("train", "valid", "test") for q in domain.queries(split)}


@pytest.fixture(scope="session")
def make_judge(domain: Domain) -> MakeJudge:
    """A judge with some settings of the reward."""
    index = TitleIndex(domain.catalogue)
    graph = AttributeGraph.from_table(domain.catalogue, domain.attributes)
    embeddings = domain.embeddings()

    def make(*, embeddings: np.ndarray | None = embeddings, **reward: Any) -> Judge:
        settings = RewardSettings(**reward)
        return Judge(domain.catalogue, index, graph, embeddings, settings, CreditSettings())

    return make


@pytest.fixture(scope="session")
def score(make_judge: MakeJudge, queries: dict[str, Query]) -> Score:
    """Score one response to a query, by default with the default settings."""
    default = make_judge()

    def one(query_id: str, response: str, judge: Judge = default) -> Scored:
        (scored,) = judge.judge([queries[query_id]], [response])
        return scored

    return one
