"""Turned products are the same products."""

from typing import Any

import pytest
import torch
from torch import nn

from rerec.train import few_rows
from rerec.train.few_rows import turn_products


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("shape", [(15, 8), (16, 8), (4, 6, 8), (192, 1, 8), (193, 8), (8,)])
def test_it_is_the_same_product_for_any_number_of_rows(shape: tuple[int, ...], bias: bool):
    layer = nn.Linear(8, 5, bias=bias)
    given = torch.randn(shape)
    wanted = layer(given)
    layer.__class__ = few_rows._FewRows
    found = layer(given)
    assert found.shape == wanted.shape
    torch.testing.assert_close(found, wanted, atol=1e-6, rtol=1e-5)


def test_a_model_in_float32_is_turned_and_writes_the_same(llama):
    plain, turned = llama(), llama()
    turn_products(turned)
    assert sum(isinstance(m, few_rows._FewRows) for m in turned.modules()) == 2 * 7 + 1
    ids = torch.arange(40).view(40, 1)  # forty rows of one token
    torch.testing.assert_close(turned(ids).logits, plain(ids).logits, atol=1e-5, rtol=0)
    assert turned.state_dict().keys() == plain.state_dict().keys()


@pytest.mark.parametrize("where", ["bfloat16", "an accelerator"])
def test_elsewhere_nothing_is_changed(where: str, llama):
    model: Any = llama()
    model = model.to(torch.bfloat16) if where == "bfloat16" else model.to("meta")
    turn_products(model)
    assert not any(isinstance(m, few_rows._FewRows) for m in model.modules())
