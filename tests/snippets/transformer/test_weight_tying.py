"""Why `weight-tying` can be believed."""

import copy
import math
from dataclasses import replace

import pytest
import safetensors.torch
import torch
from torch import nn
from torch.nn import functional as F
from transformers import (
    BertConfig,
    BertForMaskedLM,
    GPT2Config,
    GPT2LMHeadModel,
    MarianConfig,
    MarianMTModel,
)

from snippets.demos import weight_tying as demo
from snippets.demos.weight_tying import small_model, step
from snippets.transformer.parameters import SIZES, Size, parameters
from snippets.transformer.weight_tying import (
    LanguageModel,
    gradients,
    is_tied,
    untied_twin,
)
from tests.snippets.peers import count, from_torch

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
        ids, targets = random_ids(seed)
        look_up, logits = gradients(untied_twin(model), ids, targets)
        together, _ = gradients(model, ids, targets)
        assert look_up.abs().max() > 1e-3 and logits.abs().max() > 1e-3
        torch.testing.assert_close(together, look_up + logits, rtol=0, atol=1e-12)


def test_look_up_reaches_the_rows_of_the_text_and_the_logits_reach_all():
    ends = demo.both_ends()
    _, ids, _ = demo.sentence()
    seen = set(ids.flatten().tolist())
    rows = range(len(ends["tokens"]))
    assert {row for row in rows if ends["look_up"][row] > 0} == seen < set(rows)
    assert (ends["logits"] > 0).all()


def test_same_matrix_is_not_the_same_function():
    hand = demo.by_hand()
    it = hand["tokens"].index("it")
    # Of the row (1, 1) every logit is the sum of a row.
    torch.testing.assert_close(hand["logits"], hand["matrix"].sum(-1))
    # In at one end and out at the other: another word comes back.
    assert hand["logits"].argmax() != it


@pytest.mark.parametrize("name", demo.SURVIVALS)
def test_numbers_survive_every_journey_and_the_tie_all_but_one(name):
    model, travel = small_model(), demo.SURVIVALS[name]
    _, ids, _ = demo.sentence()
    before = copy.deepcopy(model)
    after = travel(model)
    expected = model if travel is step else before
    torch.testing.assert_close(after(ids), expected(ids), rtol=0, atol=1e-6)
    assert is_tied(after) == ("assign" not in name)


def test_assign_leaves_two_parameters_over_the_same_numbers():
    loaded = demo.load_state(small_model(), assign=True)
    assert loaded.output.weight.data_ptr() == loaded.embedding.weight.data_ptr()
    names = dict(loaded.named_parameters())
    assert "output.weight" in names  # an optimizer would move the numbers twice


def test_untied_twin_computes_the_same_until_its_ends_part():
    model = small_model()
    twin = untied_twin(model)
    _, ids, _ = demo.sentence()
    assert torch.equal(twin(ids), model(ids)) and not is_tied(twin)
    step(twin)
    assert (twin.output.weight - twin.embedding.weight).abs().max() > 1e-3


def test_safetensors_refuses_to_save_the_tie_twice():
    with pytest.raises(RuntimeError, match="share memory"):
        safetensors.torch.save(small_model().state_dict())


def test_logits_begin_small_and_the_look_up_as_large_as_the_positions():
    size = Size(d_model=64, n_heads=4, d_ff=128, vocab_size=500, max_len=8)
    for seed in range(3):
        torch.manual_seed(seed)
        model = LanguageModel(size)
        ids = torch.randint(500, (4, 8))
        assert 0.8 < model(ids).std() < 1.2
        assert 0.9 < (model.embedding(ids) * model.scale).std() < 1.1
        assert 0.9 < model.places.weight.std() < 1.1


def test_tie_saves_one_matrix():
    assert (
        count(LanguageModel(SIZE, tied=False)) - count(LanguageModel(SIZE)) == 12 * 16
    )


def saved(name):
    return next(row for row in demo.saved() if row["name"] == name)


@pytest.mark.parametrize(
    ("name", "model", "config"),
    [
        ("BERT-base", BertForMaskedLM, BertConfig),
        ("GPT-2", GPT2LMHeadModel, GPT2Config),
    ],
)
def test_hugging_faces_models_save_what_the_formula_says(name, model, config):
    with torch.device("meta"):
        tied = model(config(tie_word_embeddings=True))
        untied = model(config(tie_word_embeddings=False))
    row = saved(name)
    shape = tied.get_input_embeddings().weight.shape
    matrices = [
        sum(weight.numel() for weight in theirs.parameters() if weight.shape == shape)
        for theirs in (tied, untied)
    ]
    assert matrices == [row["matrix"], 2 * row["matrix"]]
    assert row["untied"] - sum(parameters(SIZES[name]).values()) == row["matrix"]


def test_papers_model_uses_its_matrix_three_times():
    size = SIZES["base"]
    config = MarianConfig(
        vocab_size=size.vocab_size, d_model=size.d_model, pad_token_id=0,
        decoder_start_token_id=0, encoder_layers=1, decoder_layers=1,
        tie_word_embeddings=True,
    )  # fmt: skip
    with torch.device("meta"):
        theirs = MarianMTModel(config)
    readers = theirs.get_encoder().embed_tokens, theirs.get_decoder().embed_tokens
    uses = [module.weight for module in (*readers, theirs.lm_head)]
    assert all(weight is uses[0] for weight in uses)
    row = saved("base")
    assert row["uses"] == len(uses) and row["matrix"] == uses[0].numel()
    assert row["share"] == pytest.approx(2 * row["matrix"] / row["untied"])
