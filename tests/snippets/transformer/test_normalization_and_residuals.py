"""Why `normalization_and_residuals` can be believed."""

import pytest
import torch
from torch import nn
from transformers.models.llama.modeling_llama import LlamaRMSNorm

from snippets.demos.normalization_and_residuals import (
    SUB_LAYERS,
    depth,
    foreseen,
)
from snippets.transformer.normalization_and_residuals import (
    LayerNorm,
    RMSNorm,
    add_branch,
)
from tests.snippets.peers import shaken

BATCH, SEQ, D_MODEL = 3, 5, 24


def vectors(seed=0, scale=1.0, dtype=torch.float64):
    random = torch.Generator().manual_seed(seed)
    x = torch.randn(BATCH, SEQ, D_MODEL, generator=random, dtype=dtype)
    return (scale * (x + 3)).requires_grad_()  # a mean to take away


def agree(ours, theirs, x, tolerance):
    """Outputs, and gradients of x and of every weight."""
    theirs.load_state_dict(ours.state_dict())
    outputs, slopes = [], []
    for norm in (ours, theirs):
        output = norm(x)
        wanted = torch.linspace(-1, 1, output.numel(), dtype=x.dtype).view_as(output)
        outputs.append(output)
        places = [x, *norm.parameters()]
        slopes.append(torch.autograd.grad((output * wanted).sum(), places))
    torch.testing.assert_close(*outputs, rtol=0, atol=tolerance)
    torch.testing.assert_close(*slopes, rtol=tolerance, atol=tolerance)


KINDS = {LayerNorm: nn.LayerNorm, RMSNorm: nn.RMSNorm}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("eps", [1e-5, 1e-12, 0.5])
@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e3])
def test_norm_equals_pytorchs(kind, eps, scale):
    ours = shaken(kind(D_MODEL, eps)).double()
    theirs = KINDS[kind](D_MODEL, eps, dtype=torch.float64)
    agree(ours, theirs, vectors(scale=scale), 1e-9)


def test_rms_norm_equals_hugging_faces():
    # Llama's computes in float32, whatever it is given.
    ours = shaken(RMSNorm(D_MODEL, 1e-6))
    agree(ours, LlamaRMSNorm(D_MODEL, 1e-6), vectors(dtype=torch.float32), 1e-5)


# --- What must be true of a norm, and norms of which it is not


def assert_one_size(norm):
    """Without eps each vector has mean 0 and mean square 1, however long it was."""
    for scale in (1e-3, 1.0, 1e3):
        y = norm(vectors(scale=scale))
        torch.testing.assert_close(y.mean(-1), torch.zeros(BATCH, SEQ).double())
        torch.testing.assert_close(y.square().mean(-1), torch.ones(BATCH, SEQ).double())


def assert_eps_joins_the_variance(kind, eps=0.5):
    """What leaves has a variance of v / (v + eps), if v came in."""
    x = vectors()
    variance = x.var(-1, unbiased=False)
    leaves = kind(D_MODEL, eps).double()(x).var(-1, unbiased=False)
    torch.testing.assert_close(leaves, variance / (variance + eps))


class Unbiased(LayerNorm):
    """torch.var and torch.std as they come, which divide by one less."""

    def forward(self, x):
        centred = x - x.mean(-1, keepdim=True)
        normal = centred / torch.sqrt(x.var(-1, keepdim=True) + self.eps)
        return self.weight * normal + self.bias


class OverTheSentence(LayerNorm):
    """The axis of the tokens in place of that of a vector's numbers."""

    def forward(self, x):
        return super().forward(x.transpose(-1, -2)).transpose(-1, -2)


class EpsOutside(LayerNorm):
    """The small number is added to the root."""

    def forward(self, x):
        centred = x - x.mean(-1, keepdim=True)
        root = centred.square().mean(-1, keepdim=True).sqrt()
        return self.weight * centred / (root + self.eps) + self.bias


def test_layer_norm_brings_every_vector_to_one_size():
    assert_one_size(LayerNorm(D_MODEL, eps=0).double())
    assert_eps_joins_the_variance(LayerNorm)


def test_wrong_norms_are_refused():
    with pytest.raises(AssertionError):
        assert_one_size(Unbiased(D_MODEL, eps=0).double())
    over_the_sentence = OverTheSentence(SEQ, eps=0).double()
    with pytest.raises(AssertionError):
        assert_one_size(over_the_sentence)
    with pytest.raises(AssertionError):
        assert_eps_joins_the_variance(EpsOutside)


# --- The residual connection


def assert_silent_branch_leaves_the_stream(add):
    """Pre-norm: a branch that returns 0 changes nothing; else just that is added."""
    norm, x = LayerNorm(D_MODEL).double(), vectors()
    torch.testing.assert_close(add(x, torch.zeros_like, norm, True), x)
    branch = nn.Linear(D_MODEL, D_MODEL).double()
    added = add(x, branch, norm, True) - x
    torch.testing.assert_close(added, branch(norm(x)))


def after_the_norm(x, branch, norm, pre_norm):
    """The residual is taken where the branch reads: after the norm."""
    x = norm(x)
    return x + branch(x)


def test_pre_norm_leaves_the_stream_alone():
    assert_silent_branch_leaves_the_stream(add_branch)
    with pytest.raises(AssertionError):
        assert_silent_branch_leaves_the_stream(after_the_norm)


def test_post_norm_normalizes_the_sum():
    norm, x = LayerNorm(D_MODEL, eps=0).double(), vectors()
    branch = nn.Linear(D_MODEL, D_MODEL).double()
    theirs = nn.functional.layer_norm(x + branch(x), (D_MODEL,), eps=0)
    torch.testing.assert_close(add_branch(x, branch, norm, False), theirs)


# --- The pencil of the page


def test_pencil_foresees_what_deep_stacks_do():
    for seed in (1, 2):
        found = depth(seed)
        for form, (size, alike, gradient) in foreseen().items():
            row = found[form]
            assert row["size"][SUB_LAYERS].item() == pytest.approx(size, rel=0.5)
            assert row["likeness"][SUB_LAYERS].item() == pytest.approx(alike, abs=0.05)
            assert row["gradient"][0].item() == pytest.approx(gradient, rel=0.5)
