"""Why `attention` can be believed."""

import math

import pytest
import torch
from torch.nn import functional as F

from snippets.attention.attention import attention, fused_attention
from snippets.demos.attention import slopes

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


def test_slopes_without_the_root_are_nearly_none_and_a_few_shoves():
    # What the paper suspects of the root (section 3.2.1), over three seeds.
    for seed in range(3):
        for d_head in (64, 1024):
            scaled = slopes(d_head, d_head**-0.5, seed)
            assert 0.2 < scaled["low"] <= scaled["high"] < 0.5 and scaled["top"] < 0.5
        plain = slopes(1024, 1.0, seed)
        assert plain["low"] < 1e-6 and plain["median"] < scaled["median"] / 5
        assert plain["high"] > 10 * scaled["high"] and plain["top"] > 0.9


@pytest.mark.parametrize("scale", [1.0, 0.25])
def test_slopes_are_autograds(scale):
    random = torch.Generator().manual_seed(3)
    query = torch.randn(64, 16, generator=random)
    key = torch.randn(16, 16, generator=random)
    jacobian = torch.func.jacrev(lambda q: (q @ key.T * scale).softmax(-1))
    sizes = torch.stack([jacobian(q).norm() for q in query])
    found = slopes(16, scale, 3)
    levels = torch.tensor([0.1, 0.5, 0.9])
    torch.testing.assert_close(
        torch.tensor([found[name] for name in ("low", "median", "high")]),
        sizes.quantile(levels),
    )
