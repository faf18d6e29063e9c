"""Baselines rank the candidates, each by what it knows."""

from dataclasses import replace

import numpy as np
import pytest

from rerec.catalogue.domain import read_domain
from rerec.evaluate.baselines import nearest_to_history, ranked, scorers
from rerec.graph.attributes import AttributeGraph


@pytest.fixture
def domain(corner_shop):
    return read_domain(corner_shop)


@pytest.fixture
def graph(domain):
    return AttributeGraph.from_table(domain.catalogue, domain.attributes)


def ids(domain, rows):
    return [domain.catalogue.item_ids[row] for row in rows]


def test_every_baseline_ranks_each_candidate_once_and_always_the_same(domain, graph):
    for name, scorer in scorers(domain.catalogue, graph, domain.embeddings()).items():
        for query in domain.queries("test"):
            rows = ranked(scorer, domain.catalogue, query, seed=7, name=name)
            assert sorted(ids(domain, rows)) == sorted(query.candidates)
            assert rows == ranked(scorer, domain.catalogue, query, seed=7, name=name)


def test_popularity_ranks_by_interactions(domain, graph):
    popular = scorers(domain.catalogue, graph, None)["popularity"]
    for query in domain.queries("train"):
        rows = ranked(popular, domain.catalogue, query, seed=7, name="popularity")
        counts = [domain.catalogue.items[row].popularity for row in rows]
        assert counts == sorted(counts, reverse=True)


def test_attribute_overlap_finds_what_the_request_names(domain, graph):
    overlap = scorers(domain.catalogue, graph, None)["attribute_overlap"]
    first = {
        query.query_id: ids(domain, ranked(overlap, domain.catalogue, query, seed=7, name="x"))[0]
        for query in (*domain.queries("train"), *domain.queries("test"))
    }
    assert first["q2"] == "7"  # Bruce Willis
    assert first["q7"] == "2"  # thriller, Bryan Singer
    assert first["q1"] == "12"  # crime, and of the director only the surname


def test_attribute_overlap_counts_whole_words_only(domain, graph):
    overlap = scorers(domain.catalogue, graph, None)["attribute_overlap"]
    query = replace(domain.queries("test")[0], text="a thrillerish comedy-less drama")
    rows = domain.catalogue.rows_of(["2", "10"])  # thriller, crime; drama, romance
    thriller, drama = overlap(query, rows)
    assert drama >= 1 > thriller


def test_equal_scores_are_ordered_by_a_fair_draw_of_the_querys_own(domain, graph):
    random = scorers(domain.catalogue, graph, None)["random"]
    query = domain.queries("test")[0]
    firsts = [
        ranked(random, domain.catalogue, replace(query, query_id=f"q{i}"), seed=7, name="r")[0]
        for i in range(500)
    ]
    shares = np.bincount(firsts, minlength=domain.catalogue.n_items) / 500
    candidates = domain.catalogue.rows_of(query.candidates)
    assert shares[candidates] == pytest.approx(np.full(5, 0.2), abs=0.06)


def test_nearest_to_the_history_is_the_cosine_to_its_mean_direction(domain):
    embeddings = np.zeros((domain.catalogue.n_items, 2), dtype=np.float32)
    rows = domain.catalogue.rows_of(["1", "2", "3", "7", "8"])
    embeddings[rows] = [[5, 0], [0, 0.1], [0, -3], [1, 1], [-2, 0]]
    score = nearest_to_history(domain.catalogue, embeddings)
    query = replace(
        domain.queries("test")[0],
        history=("1", "2"),
        ground_truth=("7",),
        candidates=("7", "3", "8"),
    )
    # mean direction (0.5, 0.5); (1, 1) / sqrt 2 gives 0.707, the other two -0.5 each
    assert score(query, domain.catalogue.rows_of(query.candidates)) == pytest.approx(
        [np.sqrt(0.5), -0.5, -0.5]
    )
    assert score(replace(query, history=()), rows).tolist() == [0.0] * 5


def test_without_embeddings_there_is_no_nearest(domain, graph):
    assert list(scorers(domain.catalogue, graph, None)) == [
        "random",
        "popularity",
        "attribute_overlap",
    ]
