"""Why `attention` can be believed."""

import math

import pytest
import torch
from torch.nn import functional as F

from snippets.attention.attention import attention, fused_attention

BATCH, HEADS, QUERIES, KEYS, D_HEAD, D_VALUE = 2, 3, 5, 7, 8, 6
TOLERANCE = {torch.float32: 1e-6, torch.float64: 1e-14}


def random_inputs(seed, dtype=torch.float64):
    random = torch.Generator().manual_seed(seed)
    query = torch.randn(BATCH, HEADS, QUERIES, D_HEAD, generator=random, dtype=dtype)
    key = torch.randn(BATCH, HEADS, KEYS, D_HEAD, generator=random, dtype=dtype)
    value = torch.randn(BATCH, HEADS, KEYS, D_VALUE, generator=random, dtype=dtype)
    # Every query may look at one key at least.
    mask = torch.rand(BATCH, 1, QUERIES, KEYS, generator=random) < 0.5
    mask[..., 0] = True
    return query, key, value, mask


def formula(*arguments):
    return attention(*arguments)[0]


@pytest.mark.parametrize("attend", [formula, fused_attention])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_attention_equals_pytorchs_operator(attend, masked, dropout, dtype):
    *inputs, mask = random_inputs(0, dtype)
    inputs = [tensor.requires_grad_() for tensor in inputs]
    outputs, gradients = [], []
    for operator in (attend, F.scaled_dot_product_attention):
        torch.manual_seed(7)  # the same weights are dropped
        outputs.append(operator(*inputs, mask if masked else None, dropout))
        gradients.append(torch.autograd.grad(outputs[-1].square().mean(), inputs))
    close = {"rtol": 0, "atol": TOLERANCE[dtype]}
    torch.testing.assert_close(*outputs, **close)
    torch.testing.assert_close(*gradients, **close)


def test_attention_of_nothing_gives_zeros_and_finite_gradients():
    query, key, value, mask = random_inputs(1)
    mask[:, :, 2] = False
    query.requires_grad_()
    output, weights = attention(query, key, value, mask)
    output.sum().backward()
    assert output[:, :, 2].eq(0).all() and weights[:, :, 2].eq(0).all()
    assert query.grad.isfinite().all()
    assert query.grad[:, :, 3].ne(0).any()


@pytest.mark.parametrize("attend", [attention, fused_attention])
def test_attention_refuses_an_additive_mask(attend, unchecked):
    query, key, value, mask = random_inputs(2)
    additive = torch.where(mask, 0.0, -math.inf)
    with pytest.raises(TypeError, match="additive mask is `mask == 0`"):
        attend(query, key, value, additive)
    ours, theirs = (attend(query, key, value, m) for m in (additive == 0, mask))
    torch.testing.assert_close(ours, theirs, rtol=0, atol=0)
