"""Products of a few rows on a processor, computed from the side of the weights.

At every token a model multiplies as many rows as answers are being written. Of some dozens of rows
the libraries make slow work: through the layers of SmolLM2-135M `x @ W.T` took 1.4 to 1.5 times as
long as `W @ x.T` for 16 to 96 rows, and 1.1 to 1.2 times as long for 128 to 256 (two cores with
AVX2, float32; benchmarks/few_rows.py). The numbers are the same but for rounding.
"""

from typing import Any

import torch
from torch import Tensor, nn

_FEWEST, _MOST = 16, 192
"""Single products of 8 rows were slower turned, and those of 512 as fast."""


class _FewRows(nn.Linear):
    """`nn.Linear` whose product is turned where that is faster."""

    def forward(self, input: Tensor) -> Tensor:
        rows = input.numel() // input.shape[-1]
        if not _FEWEST <= rows <= _MOST:
            return super().forward(input)
        out = (self.weight @ input.reshape(rows, -1).t()).t()
        if self.bias is not None:
            out = out + self.bias
        return out.view(*input.shape[:-1], -1)


def turn_products(model: Any) -> None:
    """Let a model that only writes compute the products of few rows from the other side.

    Only in float32 on a processor: elsewhere nothing is changed.

    Args:
        model: whose plain linear layers are turned; layers under an adapter are none.
    """
    if model.device.type != "cpu" or model.dtype != torch.float32:
        return
    for module in model.modules():
        if type(module) is nn.Linear:
            module.__class__ = _FewRows
