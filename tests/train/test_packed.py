"""Products of weights laid out for a number of rows are the same products."""

from typing import Any

import pytest
import torch
from torch import nn

from rerec.train import packed
from rerec.train.packed import Packed, Plain, can_pack, products_of

pytestmark = pytest.mark.skipif(not torch.backends.mkl.is_available(), reason="torch without MKL")


def layers_of(*widths: int, bias: bool = False) -> tuple[nn.Linear, ...]:
    return tuple(nn.Linear(8, width, bias=bias) for width in widths)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("rows", [1, 2, 7, 64, 300])
@torch.inference_mode()
def test_it_is_the_same_product_for_any_number_of_rows(rows: int, bias: bool):
    layers, given = layers_of(5, 3, 3, bias=bias), torch.randn(rows, 8)
    found, wanted = Packed(rows)(layers, given), Plain()(layers, given)
    assert [x.shape for x in found] == [(rows, 5), (rows, 3), (rows, 3)]
    for ours, theirs in zip(found, wanted, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-5)


@torch.inference_mode()
def test_weights_are_laid_out_once_for_each_set_of_layers():
    products, first, second = Packed(4), layers_of(5), layers_of(5)
    given = torch.randn(4, 8)
    before = products(first, given)[0].clone()
    torch.testing.assert_close(products(second, given)[0], second[0](given), atol=1e-6, rtol=1e-5)
    first[0].weight.zero_()  # not seen: whoever changes weights begins anew
    assert torch.equal(products(first, given)[0], before)
    assert not Packed(4)(first, given)[0].any()


def test_layers_of_which_only_some_have_a_bias_are_refused():
    mixed = layers_of(5) + layers_of(5, bias=True)
    with pytest.raises(ValueError, match="all have a bias, or none has"):
        Packed(4)(mixed, torch.randn(4, 8))


def test_a_single_row_is_left_to_the_layers():
    assert isinstance(products_of(1), Plain)
    assert isinstance(products_of(2), Packed)


@pytest.mark.parametrize("where", ["here", "bfloat16", "an accelerator", "large"])
def test_only_small_models_in_float32_on_a_processor_are_packed(where: str, llama, monkeypatch):
    model: Any = llama()
    if where == "bfloat16":
        model = model.to(torch.bfloat16)
    elif where == "an accelerator":
        model = model.to("meta")
    elif where == "large":
        monkeypatch.setattr(packed, "_MOST_BYTES", 1000)
    assert can_pack(model) == (where == "here")
