"""The user-item graph holds each edge once, in the order of time, and splits without loss."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerec.catalogue.tables import INTERACTIONS
from rerec.errors import DataError
from rerec.graph.interactions import InteractionGraph

ROWS = st.lists(
    st.tuples(
        st.sampled_from(["ann", "bob", "cat"]),
        st.sampled_from(["i0", "i1", "i2", "i3"]),
        st.sampled_from([1.0, 3.5, 5.0]),
        st.integers(0, 6),
    ),
    min_size=1,
    max_size=30,
)


def edges(graph: InteractionGraph) -> list[tuple[str, int, float, int]]:
    names = [graph.user_ids[user] for user in graph.users]
    columns = (graph.indices.tolist(), graph.ratings.tolist(), graph.timestamps.tolist())
    return list(zip(names, *columns, strict=True))


@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_the_table_does_not_matter(make_catalogue, make_table, rows, shuffler):
    graph = InteractionGraph.from_table(make_catalogue(4), make_table(*rows))
    shuffler.shuffle(rows)
    again = InteractionGraph.from_table(make_catalogue(4), make_table(*rows))
    assert edges(again) == edges(graph)


@given(ROWS)
def test_each_edge_stands_once_with_its_latest_rating_oldest_first(
    make_catalogue, make_table, rows
):
    graph = InteractionGraph.from_table(make_catalogue(4), make_table(*rows))
    latest = {}
    for user, item, rating, time in sorted(rows, key=lambda row: (row[3], row[2])):
        latest[user, int(item[1])] = (rating, time)
    expected = [(user, item, *seen) for (user, item), seen in latest.items()]
    assert sorted(edges(graph)) == sorted(expected)
    for user in range(graph.n_users):
        times = graph.timestamps[graph.indptr[user] : graph.indptr[user + 1]]
        assert all(before <= after for before, after in pairwise(times.tolist()))


@given(ROWS)
def test_the_matrix_and_the_lists_say_the_same(make_catalogue, make_table, rows):
    graph = InteractionGraph.from_table(make_catalogue(4), make_table(*rows))
    dense = np.zeros((graph.n_users, 4))
    for user in range(graph.n_users):
        dense[user, graph.items_of(user)] = 1
    assert graph.matrix.toarray().tolist() == dense.tolist()
    assert graph.matrix.has_sorted_indices


@given(ROWS)
def test_liked_keeps_users_and_items_and_only_the_high_ratings(make_catalogue, make_table, rows):
    graph = InteractionGraph.from_table(make_catalogue(4), make_table(*rows))
    liked = graph.liked(3.5)
    assert (liked.user_ids, liked.n_items) == (graph.user_ids, graph.n_items)
    assert edges(liked) == [edge for edge in edges(graph) if edge[2] >= 3.5]


@pytest.mark.parametrize("seed", [1, 7])
def test_a_split_loses_nothing_and_holds_out_a_tenth_of_each_user(tastes, seed):
    split = tastes.split(seed)
    parts = [
        set(zip(p.users, p.indices, strict=True)) for p in (split.train, split.valid, split.test)
    ]
    assert sum(map(len, parts)) == len(tastes.indices)
    assert set().union(*parts) == set(zip(tastes.users, tastes.indices, strict=True))
    assert np.diff(split.valid.indptr).tolist() == [1] * tastes.n_users  # of 13 each
    assert np.diff(split.test.indptr).tolist() == [1] * tastes.n_users


def test_another_seed_holds_out_others_and_the_same_seed_the_same(tastes):
    assert edges(tastes.split(1).test) == edges(tastes.split(1).test)
    assert edges(tastes.split(1).test) != edges(tastes.split(2).test)


@pytest.mark.parametrize(
    ("n_likes", "held_out"), [(1, 0), (2, 0), (3, 1), (19, 1), (20, 2), (35, 3)]
)
def test_everyone_keeps_something_to_train_on(make_catalogue, make_table, n_likes, held_out):
    rows = [("ann", f"i{item}", 5.0, item) for item in range(n_likes)]
    split = InteractionGraph.from_table(make_catalogue(n_likes), make_table(*rows)).split(7)
    sizes = [len(part.indices) for part in (split.train, split.valid, split.test)]
    assert sizes == [n_likes - 2 * held_out, held_out, held_out]


def test_an_item_that_is_not_in_the_catalogue_is_named(make_catalogue, make_table):
    with pytest.raises(DataError, match="'i9' is not in the catalogue of 4 items"):
        InteractionGraph.from_table(make_catalogue(4), make_table(("ann", "i9", 5.0, 1)))


def test_a_domain_without_interactions_gives_an_empty_graph(make_catalogue):
    graph = InteractionGraph.from_table(make_catalogue(4), INTERACTIONS.empty_table())
    assert (graph.n_users, graph.n_items, len(graph.indices)) == (0, 4, 0)
    assert graph.split(7).test.matrix.shape == (0, 4)
