"""Why `weight-tying` can be believed."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from snippets.demos import weight_tying as demo
from snippets.transformer.parameters import Size
from snippets.transformer.weight_tying import (
    LanguageModel,
    gradients,
    is_tied,
    untied_twin,
)
from tests.snippets.peers import from_torch

SIZE = Size(d_model=16, n_heads=2, d_ff=40, n_layers=2, vocab_size=12, max_len=9)


def random_ids(seed, batch=3):
    random = torch.Generator().manual_seed(seed)
    ids = torch.randint(SIZE.vocab_size, (batch, SIZE.max_len), generator=random)
    return ids[:, :-1], ids[:, 1:]


class Reference(nn.Module):
    """The tied model from PyTorch's own parts, its matrix used by name, twice."""

    def __init__(self, dropout):
        super().__init__()
        self.matrix = nn.Parameter(torch.randn(SIZE.vocab_size, SIZE.d_model))
        self.places = nn.Parameter(torch.randn(SIZE.max_len, SIZE.d_model))
        layer = nn.TransformerEncoderLayer(
            SIZE.d_model, SIZE.n_heads, SIZE.d_ff, dropout,
            batch_first=True, norm_first=True,
        )  # fmt: skip
        layer.dropout = nn.Identity()  # the one in the middle of its feed-forward
        self.encoder = nn.TransformerEncoder(
            layer, SIZE.n_layers, nn.LayerNorm(SIZE.d_model), enable_nested_tensor=False
        )
        self.dropout = dropout

    def forward(self, ids):
        seq = ids.shape[1]
        x = F.embedding(ids, self.matrix) * math.sqrt(self.matrix.shape[1])
        x = F.dropout(x + self.places[:seq], self.dropout)
        future = torch.ones(seq, seq, dtype=torch.bool).triu(1)
        return F.linear(self.encoder(x, mask=future), self.matrix)


@pytest.mark.parametrize(("dropout", "batch"), [(0.0, 3), (0.3, 1)])
def test_model_equals_the_one_built_from_pytorchs_parts(dropout, batch):
    torch.manual_seed(1)
    theirs = Reference(dropout).double()
    ours = LanguageModel(replace(SIZE, dropout=dropout)).double()
    with torch.no_grad():
        ours.embedding.weight.copy_(theirs.matrix)
        ours.places.weight.copy_(theirs.places)
    for our, their in zip(ours.stack.blocks, theirs.encoder.layers, strict=True):
        our.load_state_dict(from_torch(their.state_dict()))
    ours.stack.norm.load_state_dict(theirs.encoder.norm.state_dict())
    ids, targets = random_ids(1, batch)
    torch.manual_seed(2)
    expected = theirs(ids)
    torch.manual_seed(2)
    torch.testing.assert_close(ours(ids), expected, rtol=0, atol=1e-12)
    F.cross_entropy(expected.flatten(0, 1), targets.flatten()).backward()
    torch.manual_seed(2)
    for gradient in gradients(ours, ids, targets):
        torch.testing.assert_close(gradient, theirs.matrix.grad, rtol=0, atol=1e-12)


def test_tied_gradient_is_the_sum_of_both_ends():
    for seed in range(3):
        torch.manual_seed(seed)
        model = LanguageModel(SIZE).double()
        twin = untied_twin(model)
        assert is_tied(model) and not is_tied(twin)
        ids, targets = random_ids(seed)
        assert torch.equal(twin(ids), model(ids))
        look_up, logits = gradients(twin, ids, targets)
        together, _ = gradients(model, ids, targets)
        assert look_up.abs().max() > 1e-3 and logits.abs().max() > 1e-3
        torch.testing.assert_close(together, look_up + logits, rtol=0, atol=1e-12)


def test_logits_begin_small_and_the_look_up_as_large_as_the_positions():
    size = Size(d_model=64, n_heads=4, d_ff=128, vocab_size=500, max_len=8)
    for seed in range(3):
        torch.manual_seed(seed)
        model = LanguageModel(size)
        ids = torch.randint(500, (4, 8))
        assert 0.8 < model(ids).std() < 1.2
        assert 0.9 < (model.embedding(ids) * model.scale).std() < 1.1
        assert 0.9 < model.places.weight.std() < 1.1


def test_gradients_by_hand_are_those_of_automatic_differentiation():
    hand = demo.by_hand()
    ends = [demo.MATRIX.clone().requires_grad_() for _ in range(2)]
    read, answer = demo.TOKENS.index("it"), demo.TOKENS.index("robot")
    loss = F.cross_entropy(ends[1] @ ends[0][read], torch.tensor(answer))
    look_up, logits = torch.autograd.grad(loss, ends)
    # By hand it has three decimals, and three errors of them are added.
    torch.testing.assert_close(hand["at_look_up"], look_up, rtol=0, atol=1e-3)
    torch.testing.assert_close(hand["at_output"], logits, rtol=0, atol=1e-3)


def test_likeness_of_two_matrices_knows_no_rotation():
    random = torch.Generator().manual_seed(0)
    matrix, other = torch.randn(2, 50, 8, generator=random)
    rotation, _ = torch.linalg.qr(torch.randn(8, 8, generator=random))
    assert demo.alike(matrix, 3 * matrix @ rotation) == pytest.approx(1, abs=1e-4)
    assert abs(demo.alike(matrix, other)) < 0.15
