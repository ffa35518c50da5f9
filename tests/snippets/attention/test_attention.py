"""Why `attention` can be believed."""

import json
import math

import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from torch.autograd.functional import jacobian
from torch.nn import functional as F
from transformers import BertConfig, BertModel

from snippets.attention.attention import attention, fused_attention, self_attention
from snippets.corpora.robot import SENTENCE
from snippets.demos import attention as demo
from snippets.lab import weights
from snippets.lab.minilm import MiniLM
from snippets.text.wordpiece import WordPiece

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


@pytest.mark.parametrize("masked", [False, True])
def test_self_attention_equals_pytorchs_module_with_one_head(masked):
    torch.manual_seed(3)
    module = nn.MultiheadAttention(D_HEAD, 1, bias=False, batch_first=True).double()
    with torch.no_grad():
        module.out_proj.weight.copy_(torch.eye(D_HEAD))
    matrices = [matrix.mT for matrix in module.in_proj_weight.chunk(3)]
    x = torch.randn(BATCH, KEYS, D_HEAD, dtype=torch.float64)
    mask = torch.ones(KEYS, KEYS, dtype=torch.bool).tril() if masked else None
    ours = self_attention(x, *matrices, mask)
    theirs = module(x, x, x, attn_mask=None if mask is None else ~mask)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("scale", [1.0, 0.25])
def test_slopes_of_the_page_are_those_of_automatic_differentiation(scale):
    random = torch.Generator().manual_seed(0)
    query = torch.randn(20, 16, generator=random)
    key = torch.randn(20, 16, 16, generator=random)
    expected = [
        jacobian(lambda q, k=keys: (k @ q * scale).softmax(0), one).norm()
        for one, keys in zip(query, key, strict=True)
    ]
    found = demo.strengths(query, key, scale)
    torch.testing.assert_close(found, torch.stack(expected), rtol=1e-4, atol=1e-6)


def test_scores_of_minilm_give_the_weights_of_hugging_faces_code():
    folder = weights.minilm()
    published = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config = BertConfig(**published, attn_implementation="eager")
    bert = BertModel(config, add_pooling_layer=False).eval()
    state = load_file(folder / "model.safetensors")
    assert not bert.load_state_dict(state, strict=False).missing_keys
    _, ids = WordPiece(weights.vocabulary()).for_bert(SENTENCE)
    with torch.no_grad():
        theirs = bert(torch.tensor([ids]), output_attentions=True).attentions
    d_head = config.hidden_size // config.num_attention_heads
    for scores, expected in zip(
        demo.scores_of_heads(MiniLM(), ids), theirs, strict=True
    ):
        ours = (scores / math.sqrt(d_head)).softmax(-1)
        torch.testing.assert_close(ours, expected[0], rtol=0, atol=1e-5)


def test_weight_is_shared_by_as_many_keys_as_have_equal_shares():
    looks = torch.tensor([[1.0, 0.0, 0.0, 0.0], [0.5, 0.5, 0.0, 0.0], [0.25] * 4])
    assert demo.shared_by(looks).tolist() == pytest.approx([1, 2, 4])
