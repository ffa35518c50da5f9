"""Why `transformer` can be believed."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from snippets.transformer.feed_forward import gelu, relu
from snippets.transformer.normalization_and_residuals import add_branch
from snippets.transformer.parameters import Size
from snippets.transformer.transformer import TransformerBlock, TransformerStack
from tests.snippets.peers import from_torch, shaken

BATCH, SEQ = 3, 7
SIZE = Size(d_model=24, n_heads=4, d_ff=40, n_layers=3)
ACTIVATIONS = {"relu": relu, "gelu": gelu}
CAUSAL = torch.ones(SEQ, SEQ, dtype=torch.bool).tril()
REAL = torch.arange(SEQ) < torch.tensor([[SEQ], [SEQ - 2], [1]])
# What each block may see: our mask, and how it is said to PyTorch, where True is
# what it may not.
MASKS = {
    "all": (None, {}),
    "the past": (CAUSAL, {"src_mask": ~CAUSAL}),
    "no padding": (REAL[:, None], {"src_key_padding_mask": ~REAL}),
}
forms = pytest.mark.parametrize("pre_norm", [False, True], ids=["post", "pre"])


def random_x(seed, batch=BATCH):
    random = torch.Generator().manual_seed(seed)
    x = torch.randn(batch, SEQ, SIZE.d_model, generator=random, dtype=torch.float64)
    return x.requires_grad_()


def twins(pre_norm, activation="relu", dropout=0.0, block=TransformerBlock):
    """Our block and PyTorch's layer with the same random weights."""
    theirs = nn.TransformerEncoderLayer(
        SIZE.d_model, SIZE.n_heads, SIZE.d_ff, dropout, activation,
        batch_first=True, norm_first=pre_norm, dtype=torch.float64,
    )  # fmt: skip
    shaken(theirs)
    size = replace(SIZE, dropout=dropout)
    ours = block(size, ACTIVATIONS[activation], pre_norm).double()
    ours.load_state_dict(from_torch(theirs.state_dict()))
    return ours, theirs


def equals_pytorchs_layer(ours, theirs, x, mask="all", seed=0):
    """Outputs, and gradients of the weights and of x; where it drops, the same."""
    mask, said = MASKS[mask]
    outputs, gradients = [], []
    for layer, given in ((ours, {"mask": mask}), (theirs, said)):
        torch.manual_seed(seed)
        output = layer(x, **given)
        output = output[REAL[: len(x)]]  # what padding makes of itself is nobody's
        names, weights = zip(*layer.named_parameters(), strict=True)
        *found, at_x = torch.autograd.grad(output.square().sum(), [*weights, x])
        outputs.append(output)
        gradients.append({**dict(zip(names, found, strict=True)), "x": at_x})
    ours, theirs = gradients
    theirs = {**from_torch(theirs), "x": theirs["x"]}
    torch.testing.assert_close(*outputs, rtol=0, atol=1e-13)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-9)


@forms
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_block_equals_pytorchs_layer(pre_norm, activation, mask):
    equals_pytorchs_layer(*twins(pre_norm, activation), random_x(1), mask)


@forms
def test_dropout_in_training_equals_pytorchs(pre_norm):
    ours, theirs = twins(pre_norm, dropout=0.3)
    theirs.dropout = nn.Identity()  # the one in the middle of its feed-forward
    # One sequence: of several, PyTorch draws for the second axis first.
    for seed in range(3):
        equals_pytorchs_layer(ours, theirs, random_x(2, batch=1), seed=seed)


class NormAtTheEnd(TransformerBlock):
    """harvardnlp/annotated-transformer #1, #13, #92, #110: which one is it?"""

    def forward(self, x, mask=None):
        branches = [lambda x: self.attention(x, mask=mask), self.feed_forward]
        norms = self.attention_norm, self.feed_forward_norm
        for branch, norm in zip(branches, norms, strict=True):
            x = add_branch(x, branch, norm, pre_norm=not self.pre_norm)
        return x


@forms
def test_block_with_the_norm_elsewhere_is_caught(pre_norm):
    with pytest.raises(AssertionError):
        equals_pytorchs_layer(*twins(pre_norm, block=NormAtTheEnd), random_x(1))


@forms
def test_stack_equals_pytorchs_encoder(pre_norm):
    # With nothing as it is by default, so that the stack has to hand all of it on.
    eps, dropout = 0.1, 0.3
    layer = nn.TransformerEncoderLayer(
        SIZE.d_model, SIZE.n_heads, SIZE.d_ff, dropout, F.gelu, eps,
        batch_first=True, norm_first=pre_norm, dtype=torch.float64,
    )  # fmt: skip
    layer.dropout = nn.Identity()
    norm = nn.LayerNorm(SIZE.d_model, eps, dtype=torch.float64) if pre_norm else None
    theirs = nn.TransformerEncoder(
        layer, SIZE.n_layers, norm, enable_nested_tensor=False
    )
    shaken(theirs)
    size = replace(SIZE, dropout=dropout)
    ours = TransformerStack(size, gelu, pre_norm, eps).double()
    for our, their in zip(ours.blocks, theirs.layers, strict=True):
        our.load_state_dict(from_torch(their.state_dict()))
    if norm is not None:
        ours.norm.load_state_dict(theirs.norm.state_dict())
    x = random_x(5, batch=1)
    torch.manual_seed(0)
    expected = theirs(x, mask=~CAUSAL)
    torch.manual_seed(0)
    torch.testing.assert_close(ours(x, CAUSAL), expected, rtol=0, atol=1e-13)
