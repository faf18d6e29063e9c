"""Training LightGCN: draws of what a user has against what they have not, and when to stop."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from rerec.errors import SettingsError
from rerec.graph.interactions import Split
from rerec.graph.lightgcn import INITIAL_STD, LightGCN
from rerec.graph.ranking import Ranked, rank_held_out
from rerec.rng import stream
from rerec.settings import LightGCNSettings

Progress = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Embeddings:
    """What training left: the propagated embeddings of its best validation."""

    users: NDArray[np.float32]
    """(n_users, d)."""
    items: NDArray[np.float32]
    """(n_items, d), rows in the order of the catalogue."""
    epoch: int
    """After how many epochs they were taken."""
    valid: Ranked

    def scores(self) -> NDArray[np.float32]:
        """(n_users, n_items) what the model thinks of every item for every user."""
        return self.users @ self.items.T


def fit(split: Split, settings: LightGCNSettings, *, seed: int, progress: Progress) -> Embeddings:
    """Train on `split.train` until Recall@20 on `split.valid` no longer rises.

    An epoch draws every training interaction once, in a new order, each against one item drawn
    uniformly from those that the user has not. The same seed gives the same bytes.

    Raises:
        SettingsError: the loss is no longer a number.
        ValueError: nothing is held out for validation.
    """
    draws = stream(seed, "LightGCN", "draws")
    model = _new_model(split.train.matrix, settings, seed)
    optimiser = torch.optim.Adam(model.parameters(), lr=settings.learning_rate)
    best, worse = _judged(model, split, 0), 0
    for epoch in range(1, settings.max_epochs + 1):
        loss = _epoch(model, optimiser, split, settings, draws)
        if epoch % settings.validate_every and epoch != settings.max_epochs:
            continue
        current = _judged(model, split, epoch)
        progress(f"epoch {epoch}: loss {loss:.4f}, validation Recall@20 {current.valid.recall:.4f}")
        worse = 0 if current.valid.recall > best.valid.recall else worse + 1
        best = current if worse == 0 else best
        if worse == settings.patience:
            break
    return best


def negatives(
    users: NDArray[np.intp], interactions: csr_matrix, draws: np.random.Generator
) -> NDArray[np.intp]:
    """For each user an item drawn uniformly from those that the user does not have.

    Exact and without trial and error: draw r among the n - d absent items; the r-th absent one is
    r + (number of the user's sorted items s_0 < s_1 < ... with s_j - j <= r).

    Args:
        users: (B,) user rows, none of whom has every item.
        interactions: (n_users, n_items) with sorted columns.
        draws: where the randomness comes from.

    Returns:
        (B,) item rows.

    >>> absent = negatives(np.zeros(50, int), csr_matrix([[1, 0, 1, 0]]), np.random.default_rng(1))
    >>> sorted(set(absent.tolist()))
    [1, 3]
    """
    n_items, indptr = interactions.shape[1], interactions.indptr.astype(np.intp)
    degrees = np.diff(indptr)
    owners = np.repeat(np.arange(len(degrees)), degrees)
    skipped = interactions.indices - (np.arange(len(owners)) - indptr[owners])  # s_j - j
    draw = draws.integers(n_items - degrees[users])
    # One sorted list for all users: a user's part of it starts at user * n_items.
    upto = np.searchsorted(owners * n_items + skipped, users * n_items + draw, side="right")
    return draw + upto - indptr[users]


def _new_model(matrix: csr_matrix, settings: LightGCNSettings, seed: int) -> LightGCN:
    shape = (sum(matrix.shape), settings.dim)
    initial = stream(seed, "LightGCN", "initial").normal(scale=INITIAL_STD, size=shape)
    return LightGCN(matrix, initial.astype(np.float32), n_layers=settings.n_layers)


def _epoch(
    model: LightGCN,
    optimiser: torch.optim.Optimizer,
    split: Split,
    settings: LightGCNSettings,
    draws: np.random.Generator,
) -> float:
    """One pass over the training interactions; returns the mean loss of its batches."""
    train = split.train
    # Whoever has every item has nothing to be ranked below it.
    pairs = np.flatnonzero(np.diff(train.indptr)[train.users] < train.n_items)
    order = draws.permutation(pairs)
    users, liked = train.users[order], train.indices[order]
    others = negatives(users, train.matrix, draws)
    losses = []
    for start in range(0, len(order), settings.batch_size):
        batch = slice(start, start + settings.batch_size)
        rows = (torch.from_numpy(part[batch]) for part in (users, liked, others))
        loss = model.loss(*rows, l2=settings.l2)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    if not np.isfinite(losses).all():
        raise SettingsError(
            f"LightGCN's loss is no longer a number with learning_rate {settings.learning_rate}; "
            "set a smaller one"
        )
    return float(np.mean(losses))


@torch.no_grad()
def _judged(model: LightGCN, split: Split, epoch: int) -> Embeddings:
    users, items = (rows.numpy().copy() for rows in model())
    valid = rank_held_out(users @ items.T, known=split.train.matrix, held_out=split.valid.matrix)
    return Embeddings(users, items, epoch, valid)
