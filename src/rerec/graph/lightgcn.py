"""LightGCN: user and item embeddings smoothed over the user-item graph, and its BPR loss.

A sparse product of our own: propagation is linear and its matrix symmetric, so that the gradient
is one more propagation and nothing is kept in between.
"""

import warnings
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import bmat, csr_matrix, diags
from torch import Tensor, nn
from torch.nn import functional

INITIAL_STD = 0.1
"""Standard deviation of the initial embeddings, as in the authors' code."""


def normalised_adjacency(interactions: csr_matrix) -> csr_matrix:
    r"""The symmetric normalised adjacency of the user-item graph.

    $$\hat A = D^{-1/2} \begin{pmatrix} 0 & R \\ R^\top & 0 \end{pmatrix} D^{-1/2}$$

    Source: He et al. 2020, arXiv 2002.02126, eq. 7. A node without any edge has an empty row.

    Args:
        interactions: R, (n_users, n_items), 1 where there is an edge.

    Returns:
        (n, n) float32 with n = n_users + n_items, users first; columns sorted in each row.

    >>> normalised_adjacency(csr_matrix([[1.0, 1.0]])).toarray().round(3)  # degrees 2, 1, 1
    array([[0.   , 0.707, 0.707],
           [0.707, 0.   , 0.   ],
           [0.707, 0.   , 0.   ]], dtype=float32)
    """
    edges = csr_matrix(bmat([[None, interactions], [interactions.T, None]], dtype=np.float64))
    degrees = np.asarray(edges.sum(axis=1)).ravel()
    scale = diags(1.0 / np.sqrt(np.maximum(degrees, 1.0)))
    adjacency = csr_matrix(scale @ edges @ scale, dtype=np.float32)
    adjacency.sort_indices()
    return adjacency


def propagate(adjacency: Tensor, embeddings: Tensor, *, n_layers: int) -> Tensor:
    r"""The mean of the embeddings and their first `n_layers` neighbourhood sums.

    $$E = \frac{1}{K+1} \sum_{k=0}^{K} \hat A^k E^{(0)}$$

    Source: He et al. 2020, arXiv 2002.02126, eq. 8 with its uniform layer weights.

    Args:
        adjacency: (n, n) sparse and *symmetric*: the gradient relies on it.
        embeddings: (n, d) E^(0).
        n_layers: K; 0 returns the embeddings.

    Returns:
        (n, d); differentiable in `embeddings`.
    """
    return _Propagation.apply(adjacency, embeddings, n_layers)


class _Propagation(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, adjacency: Tensor, embeddings: Tensor, n_layers: int) -> Tensor:
        ctx.adjacency, ctx.n_layers = adjacency, n_layers
        return _layer_mean(adjacency, embeddings, n_layers)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, Tensor, None]:  # ty: ignore[incompatible-method-override]
        return None, _layer_mean(ctx.adjacency, gradient, ctx.n_layers), None


def _layer_mean(adjacency: Tensor, layer: Tensor, n_layers: int) -> Tensor:
    total = layer
    for _ in range(n_layers):
        layer = adjacency @ layer
        total = total + layer
    return total / (n_layers + 1)


class LightGCN(nn.Module):
    """Embeddings of the users and items of one graph.

    Source: He et al. 2020, arXiv 2002.02126; no difference intended. The only weights are the
    initial embeddings.
    """

    def __init__(self, interactions: csr_matrix, initial: NDArray[np.float32], *, n_layers: int):
        """Store the graph and where training starts.

        Args:
            interactions: (n_users, n_items), 1 where a user has an item.
            initial: (n_users + n_items, d) E^(0), users first.
            n_layers: how many times embeddings travel along the edges.
        """
        super().__init__()
        self.n_users, self.n_items = interactions.shape
        self.n_layers = n_layers
        self.initial = nn.Parameter(torch.tensor(initial))
        self.adjacency = _as_tensor(normalised_adjacency(interactions))

    def forward(self) -> tuple[Tensor, Tensor]:
        """The propagated embeddings: (n_users, d) and (n_items, d)."""
        users, items = propagate(self.adjacency, self.initial, n_layers=self.n_layers).split(
            [self.n_users, self.n_items]
        )
        return users, items

    def loss(self, users: Tensor, liked: Tensor, others: Tensor, *, l2: float) -> Tensor:
        r"""Bayesian personalised ranking: what a user has should score above what they have not.

        $$L = \frac{1}{B} \sum_{(u,i,j)} -\ln \sigma(e_u^\top e_i - e_u^\top e_j)
            + \frac{\lambda}{2} \bigl(|e^{(0)}_u|^2 + |e^{(0)}_i|^2 + |e^{(0)}_j|^2\bigr)$$

        Source: Rendle et al. 2009, arXiv 1205.2618; regularised as in eq. 15 of He et al. 2020, on
        the drawn rows alone, as the authors' code does.

        Args:
            users: (B,) user rows.
            liked: (B,) item rows that the users have.
            others: (B,) item rows that they have not.
            l2: the weight lambda.
        """
        user_rows, item_rows = self()
        # `embedding` and not indexing: its gradient adds up in one order, whatever the threads.
        user, good, bad = (
            functional.embedding(users, user_rows),
            functional.embedding(liked, item_rows),
            functional.embedding(others, item_rows),
        )
        ranking = functional.softplus((user * (bad - good)).sum(1)).mean()
        drawn = torch.cat([users, liked + self.n_users, others + self.n_users])
        size = functional.embedding(drawn, self.initial).square().sum() / len(users)
        return ranking + l2 / 2 * size


def _as_tensor(matrix: csr_matrix) -> Tensor:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sparse CSR tensor support is in beta state")
        return torch.sparse_csr_tensor(
            torch.tensor(matrix.indptr, dtype=torch.int64),
            torch.tensor(matrix.indices, dtype=torch.int64),
            torch.tensor(matrix.data),
            size=matrix.shape,
            check_invariants=True,
        )
