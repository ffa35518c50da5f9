"""Why `attention` can be believed."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from snippets.attention.attention import attention, fused_attention
from snippets.demos import attention as demo
from snippets.demos.attention import slopes

BATCH, HEADS, QUERIES, KEYS, D_HEAD, D_VALUE = 2, 3, 5, 7, 8, 6
TOLERANCE = {torch.float32: 1e-6, torch.float64: 1e-14}


def random_inputs(seed, dtype=torch.float32):
    random = torch.Generator().manual_seed(seed)
    query = torch.randn(BATCH, HEADS, QUERIES, D_HEAD, generator=random, dtype=dtype)
    key = torch.randn(BATCH, HEADS, KEYS, D_HEAD, generator=random, dtype=dtype)
    value = torch.randn(BATCH, HEADS, KEYS, D_VALUE, generator=random, dtype=dtype)
    # Every query may look at one key at least.
    mask = torch.rand(BATCH, 1, QUERIES, KEYS, generator=random) < 0.5
    mask[..., 0] = True
    return query, key, value, mask


def one_by_one(query, key, value, mask):
    """The formula for one sequence, with loops over plain numbers."""
    outputs = []
    for q, allowed in zip(query.tolist(), mask.tolist(), strict=True):
        powers = [
            math.exp(sum(a * b for a, b in zip(q, k, strict=True)) / len(q) ** 0.5)
            * may
            for k, may in zip(key.tolist(), allowed, strict=True)
        ]
        outputs.append(
            [
                sum(p * v[column] for p, v in zip(powers, value.tolist(), strict=True))
                / sum(powers)
                for column in range(value.shape[-1])
            ]
        )
    return torch.tensor(outputs, dtype=torch.float64)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("masked", [False, True])
def test_equals_pytorchs_operator(dtype, masked):
    query, key, value, mask = random_inputs(0, dtype)
    mask = mask if masked else None
    ours, _ = attention(query, key, value, mask)
    theirs = F.scaled_dot_product_attention(query, key, value, mask)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=TOLERANCE[dtype])


def test_equals_the_formula_written_out_in_loops():
    query, key, value, mask = random_inputs(1, torch.float64)
    ours, _ = attention(query, key, value, mask)
    by_loops = one_by_one(query[1, 2], key[1, 2], value[1, 2], mask[1, 0])
    torch.testing.assert_close(ours[1, 2], by_loops, rtol=0, atol=1e-14)


def test_gradients_equal_those_of_pytorchs_operator():
    query, key, value, mask = random_inputs(2, torch.float64)
    inputs = [tensor.requires_grad_() for tensor in (query, key, value)]
    ours = torch.autograd.grad(attention(*inputs, mask)[0].square().sum(), inputs)
    theirs = F.scaled_dot_product_attention(*inputs, mask).square().sum()
    for our, their in zip(ours, torch.autograd.grad(theirs, inputs), strict=True):
        torch.testing.assert_close(our, their, rtol=0, atol=1e-12)


def test_the_fused_path_is_the_formula():
    query, key, value, mask = random_inputs(3)
    plain, _ = attention(query, key, value, mask)
    fused = fused_attention(query, key, value, mask)
    torch.testing.assert_close(fused, plain, rtol=0, atol=1e-6)


@given(st.integers(0, 2**32 - 1))
def test_weights_are_shares_of_what_may_be_looked_at(seed):
    query, key, value, mask = random_inputs(seed)
    _, weights = attention(query, key, value, mask)
    torch.testing.assert_close(weights.sum(-1), torch.ones(BATCH, HEADS, QUERIES))
    assert weights[~mask.expand_as(weights)].eq(0).all()
    assert weights[mask.expand_as(weights)].gt(0).all()


@given(st.permutations(range(KEYS)))
def test_the_order_of_the_keys_does_not_matter(order):
    query, key, value, mask = random_inputs(4, torch.float64)
    straight, _ = attention(query, key, value, mask)
    shuffled, _ = attention(
        query, key[..., order, :], value[..., order, :], mask[..., order]
    )
    torch.testing.assert_close(straight, shuffled, rtol=0, atol=1e-14)


def test_nothing_to_look_at_gives_zeros_and_finite_gradients():
    query, key, value, mask = random_inputs(5)
    mask[:, :, 2] = False
    query.requires_grad_()
    output, weights = attention(query, key, value, mask)
    output.sum().backward()
    assert output[:, :, 2].eq(0).all() and weights[:, :, 2].eq(0).all()
    assert query.grad.isfinite().all()
    assert query.grad[:, :, 3].ne(0).any()


def test_what_is_printed_follows_from_the_code_also_after_an_edit(monkeypatch, capsys):
    def unscaled(query, key, value, mask=None):
        return attention(query * math.sqrt(query.shape[-1]), key, value, mask)

    monkeypatch.setattr(demo, "attention", unscaled)
    demo.show(demo.demo())
    _, _, *rows = capsys.readouterr().out.splitlines()[:5]
    scores, weights = zip(*(map(float, row.split()[1:]) for row in rows), strict=True)
    expected = torch.tensor(scores).softmax(-1)
    torch.testing.assert_close(torch.tensor(weights), expected, rtol=0, atol=0.006)


def test_without_the_root_most_queries_get_no_gradient_and_a_few_a_shove():
    # What the paper suspects of the root (section 3.2.1), over three seeds.
    for seed in range(3):
        for d_head in (64, 1024):
            scaled = slopes(d_head, d_head**-0.5, seed)
            assert 0.2 < scaled["low"] <= scaled["high"] < 0.5 and scaled["top"] < 0.5
        plain = slopes(1024, 1.0, seed)
        assert plain["low"] < 1e-6 and plain["median"] < scaled["median"] / 5
        assert plain["high"] > 10 * scaled["high"] and plain["top"] > 0.9


@pytest.mark.parametrize("scale", [1.0, 0.25])
def test_the_slopes_are_autograds(scale):
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


@pytest.mark.parametrize("attend", [attention, fused_attention])
def test_an_additive_mask_is_refused_with_the_way_to_turn_it(attend, unchecked):
    query, key, value, mask = random_inputs(0)
    additive = torch.where(mask, 0.0, -math.inf)
    with pytest.raises(TypeError, match="additive mask is `mask == 0`"):
        attend(query, key, value, additive)
    ours, theirs = (attend(query, key, value, m) for m in (additive == 0, mask))
    torch.testing.assert_close(ours, theirs, rtol=0, atol=0)


@pytest.mark.parametrize("attend", [lambda *a: attention(*a)[0], fused_attention])
def test_dropout_draws_what_pytorchs_operator_draws(attend):
    query, key, value, mask = random_inputs(6, torch.float64)
    inputs = [tensor.requires_grad_() for tensor in (query, key, value)]
    outputs = []
    for operator in (attend, F.scaled_dot_product_attention):
        torch.manual_seed(7)
        output = operator(*inputs, mask, 0.3)
        outputs += [output, *torch.autograd.grad(output.square().sum(), inputs)]
    for ours, theirs in zip(outputs[:4], outputs[4:], strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)
