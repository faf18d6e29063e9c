"""What rows being generated wrote: one layer's keys and values in a dense block."""

import torch
from torch import Tensor
from transformers.cache_utils import DynamicLayer

GROWTH = 32
"""Columns by which a block grows."""


class Written(DynamicLayer):
    """What the rows wrote, one layer's keys and values, in a dense block that grows by steps.

    The growing cache of transformers copies every earlier position at every token. Here the whole
    block is given, and `Prefix.written` says how much of it counts.
    """

    keys: Tensor  # ty: ignore[incompatible-mutable-override]
    values: Tensor  # ty: ignore[incompatible-mutable-override]

    def __init__(self, like: Tensor, rows: int, length: int = 0) -> None:
        """Begin a block.

        Args:
            like: (N, K, P, D), of whose kind the block is.
            rows: R.
            length: columns that count as written; all are 0.
        """
        super().__init__()
        self.length = length
        self.keys = like.new_zeros(rows, like.shape[1], length + GROWTH, like.shape[3])
        self.values = torch.zeros_like(self.keys)
        self.is_initialized = True

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: object, **kwargs: object
    ) -> tuple[Tensor, Tensor]:
        if self.length == self.keys.shape[2]:
            self.keys, self.values = _grown(self.keys), _grown(self.values)
        self.keys[:, :, self.length] = key_states[:, :, 0]
        self.values[:, :, self.length] = value_states[:, :, 0]
        self.length += 1
        return self.keys, self.values

    def put(self, row: int, keys: Tensor, values: Tensor) -> None:
        """Write (K, T, D) of each into the last T columns of a row."""
        start = self.length - keys.shape[1]
        self.keys[row, :, start : self.length] = keys
        self.values[row, :, start : self.length] = values

    def get_seq_length(self) -> int:
        return self.length

    def keep(self, rows: Tensor) -> None:
        """Cut the block to some of its rows."""
        self.keys, self.values = self.keys[rows], self.values[rows]

    def spread(self, rows: Tensor, columns: Tensor) -> None:
        """Make rows of parts of other rows.

        Args:
            rows: (R',) which row each new one comes from.
            columns: (R', T') which of its columns.
        """
        places = columns[:, None, :, None].expand(-1, self.keys.shape[1], -1, self.keys.shape[3])
        self.keys, self.values = (
            _grown(states[rows].gather(2, places)) for states in (self.keys, self.values)
        )
        self.length = columns.shape[1]

    def forget(self, n: int) -> None:
        """Drop the first n columns."""
        self.keys, self.values = self.keys[:, :, n:].clone(), self.values[:, :, n:].clone()
        self.length -= n


def _grown(states: Tensor) -> Tensor:
    """(R, K, T, D) with zeros behind, (R, K, T + growth, D)."""
    return torch.nn.functional.pad(states, (0, 0, 0, GROWTH))
