"""Products of weights with the few rows that are being written, the weights laid out for them.

At every token a model multiplies as many rows as responses are being written. Of some dozens of
rows the libraries make slow work: most of the time goes into laying out the weights anew, at every
product. Here they are laid out once for as many rows as there are, and again where rows have ended
(benchmarks/packed.py). The numbers are the same but for rounding.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

Layers = tuple[nn.Linear, ...]
"""Layers that read the same input."""
_FEWEST = 2
"""A single row reads every weight once, however it lies."""
_MOST_BYTES = 2 * 1024**3
"""Of weights: laid out they take as much memory once more."""


def can_pack(model: Any) -> bool:
    """Whether a model's weights can be laid out: float32 on a processor that torch has MKL for."""
    plain = model.device.type == "cpu" and model.dtype == torch.float32
    small = sum(p.nbytes for p in model.parameters()) <= _MOST_BYTES
    return plain and small and torch.backends.mkl.is_available()


class Plain:
    """Products of any number of rows, by the layers themselves."""

    def __call__(self, layers: Layers, rows: Tensor) -> Sequence[Tensor]:
        """One (R, out) for each layer, from the same (R, in)."""
        return [layer(rows) for layer in layers]


class Packed:
    """Products of so many rows, and no others; weights are laid out when they are first used."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._weights: dict[Layers, tuple[Tensor, Tensor, Tensor | None]] = {}

    def __call__(self, layers: Layers, rows: Tensor) -> Sequence[Tensor]:
        """One (R, out) for each layer, from the same (R, in); they lie side by side.

        Weights that have changed since the first call are not seen.
        """
        if layers not in self._weights:
            self._weights[layers] = self._laid_out(layers)
        weight, shape, bias = self._weights[layers]
        found = torch.ops.mkl._mkl_linear(rows, weight, shape, bias, self._rows)
        if len(layers) == 1:
            return (found,)
        # Not `split`, which is written in Python: it took as long as a small operation.
        return found.split_with_sizes([layer.out_features for layer in layers], -1)

    def _laid_out(self, layers: Layers) -> tuple[Tensor, Tensor, Tensor | None]:
        """The weights, a stand-in of their shape, and the biases."""
        plain = torch.cat([layer.weight for layer in layers])
        biases: list[Tensor] = [layer.bias for layer in layers if layer.bias is not None]
        if biases and len(biases) < len(layers):
            raise ValueError("layers that read the same input all have a bias, or none has")
        weight = torch.ops.mkl._mkl_reorder_linear_weight(plain, self._rows)
        return weight, plain.new_empty(1).expand_as(plain), torch.cat(biases) if biases else None


def products_of(rows: int) -> Packed | Plain:
    """The faster of both for a model that can pack."""
    return Packed(rows) if rows >= _FEWEST else Plain()
