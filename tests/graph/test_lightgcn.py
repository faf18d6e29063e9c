"""Propagation and loss are the formulas of the paper, worked out densely and slowly."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from rerec.graph.lightgcn import LightGCN, normalised_adjacency, propagate


def a_graph(seed: int, n_users: int = 5, n_items: int = 7) -> np.ndarray:
    """0/1 interactions; the last user and the last item have none."""
    rng = np.random.default_rng(seed)
    edges = (rng.random((n_users, n_items)) < 0.4).astype(np.float32)
    edges[-1], edges[:, -1] = 0, 0
    edges[0, 0] = 1
    return edges


def smoothed(edges: np.ndarray, initial: np.ndarray, n_layers: int) -> np.ndarray:
    """Equation 3 of He et al. 2020 neighbour by neighbour, and the mean of its layers (eq. 4)."""
    n_users, n_items = edges.shape
    layers = [initial.astype(np.float64)]
    for _ in range(n_layers):
        before, after = layers[-1], np.zeros_like(layers[-1])
        for user in range(n_users):
            for item in range(n_items):
                if edges[user, item]:
                    weight = 1 / np.sqrt(edges[user].sum() * edges[:, item].sum())
                    after[user] += weight * before[n_users + item]
                    after[n_users + item] += weight * before[user]
        layers.append(after)
    return np.mean(layers, axis=0)


def a_model(seed: int, n_layers: int) -> tuple[LightGCN, np.ndarray, np.ndarray]:
    edges = a_graph(seed)
    initial = np.random.default_rng(seed).normal(size=(sum(edges.shape), 3)).astype(np.float32)
    return LightGCN(csr_matrix(edges), initial, n_layers=n_layers), edges, initial


@given(seed=st.integers(0, 1000), n_layers=st.integers(0, 4))
@settings(max_examples=40, deadline=None)
def test_propagation_is_the_papers_neighbour_by_neighbour(seed, n_layers):
    model, edges, initial = a_model(seed, n_layers)
    users, items = model()
    expected = smoothed(edges, initial, n_layers)
    np.testing.assert_allclose(users.detach().numpy(), expected[: len(users)], atol=1e-6)
    np.testing.assert_allclose(items.detach().numpy(), expected[len(users) :], atol=1e-6)


def test_propagation_is_that_of_pytorch_geometric():
    pyg = pytest.importorskip("torch_geometric.nn")
    model, edges, initial = a_model(4, n_layers=3)
    n_users = edges.shape[0]
    user, item = (torch.tensor(rows) for rows in np.nonzero(edges))
    both = torch.stack([torch.cat([user, item + n_users]), torch.cat([item + n_users, user])])
    theirs = pyg.LightGCN(len(initial), 3, num_layers=3)
    theirs.embedding.weight.data = torch.tensor(initial)
    torch.testing.assert_close(torch.cat(model()), theirs.get_embedding(both))


@given(seed=st.integers(0, 1000), n_layers=st.integers(0, 3))
@settings(max_examples=15, deadline=None)
def test_the_gradient_of_propagation_is_right(seed, n_layers):
    adjacency = torch.tensor(normalised_adjacency(csr_matrix(a_graph(seed))).toarray()).double()
    initial = torch.randn(len(adjacency), 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda rows: propagate(adjacency, rows, n_layers=n_layers), initial
    )


def test_the_loss_is_the_papers_pair_by_pair():
    model, edges, initial = a_model(2, n_layers=2)
    n_users = edges.shape[0]
    triples = [(0, 1, 4), (2, 0, 3), (0, 1, 5)]
    final = smoothed(edges, initial, 2)
    expected = 0.0
    for user, good, bad in triples:
        margin = final[user] @ (final[n_users + good] - final[n_users + bad])
        drawn = initial[[user, n_users + good, n_users + bad]]
        expected += np.log1p(np.exp(-margin)) + 0.5 * 0.3 * (drawn**2).sum()
    loss = model.loss(*torch.tensor(triples).T, l2=0.3)
    assert loss.item() == pytest.approx(expected / len(triples), rel=1e-5)


def test_the_adjacency_is_symmetric_and_a_lonely_node_has_no_edge():
    dense = normalised_adjacency(csr_matrix(a_graph(1))).toarray()
    np.testing.assert_array_equal(dense, dense.T)
    assert not dense[4].any()
    assert not dense[-1].any()
