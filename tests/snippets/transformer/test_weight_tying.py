"""Why `weight-tying` can be believed."""

import copy
import math

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
from snippets.demos.transformer import from_torch
from snippets.demos.weight_tying import small_model, step
from snippets.transformer.parameters import SIZES, parameters
from snippets.transformer.weight_tying import (
    LanguageModel,
    gradients,
    is_tied,
    surprise,
    untied_twin,
)

SIZE = {"vocab_size": 12, "max_len": 9, "d_model": 16}
BLOCKS = {"n_heads": 2, "d_ff": 40, "n_layers": 2}


def tiny(tied=True):
    torch.manual_seed(0)
    return LanguageModel(**SIZE, **BLOCKS, tied=tied)


def random_ids(seed):
    random = torch.Generator().manual_seed(seed)
    ids = torch.randint(SIZE["vocab_size"], (3, SIZE["max_len"]), generator=random)
    return ids[:, :-1], ids[:, 1:]


class Reference(nn.Module):
    """The tied model from PyTorch's own parts, its matrix used by name, twice."""

    def __init__(self):
        super().__init__()
        d_model = SIZE["d_model"]
        self.matrix = nn.Parameter(torch.randn(SIZE["vocab_size"], d_model))
        self.places = nn.Parameter(torch.randn(SIZE["max_len"], d_model))
        layer = nn.TransformerEncoderLayer(
            d_model,
            BLOCKS["n_heads"],
            BLOCKS["d_ff"],
            dropout=0.0,
            batch_first=True,
            norm_first=True,
        )
        self.encoder = nn.TransformerEncoder(
            layer,
            BLOCKS["n_layers"],
            nn.LayerNorm(d_model),
            enable_nested_tensor=False,
        )

    def forward(self, ids):
        seq = ids.shape[1]
        x = F.embedding(ids, self.matrix) * math.sqrt(self.matrix.shape[1])
        x = x + self.places[:seq]
        future = torch.ones(seq, seq, dtype=torch.bool).triu(1)
        return F.linear(self.encoder(x, mask=future), self.matrix)


def same_numbers(theirs):
    """Our tied model with the reference's weights."""
    ours = tiny().to(theirs.matrix.dtype)
    with torch.no_grad():
        ours.embedding.weight.copy_(theirs.matrix)
        ours.places.weight.copy_(theirs.places)
    for our, their in zip(ours.stack.blocks, theirs.encoder.layers, strict=True):
        our.load_state_dict(from_torch(their.state_dict()))
    ours.stack.norm.load_state_dict(theirs.encoder.norm.state_dict())
    return ours


def test_equals_the_model_built_from_pytorchs_parts():
    torch.manual_seed(1)
    theirs = Reference().double()
    ours = same_numbers(theirs)
    ids, _ = random_ids(1)
    torch.testing.assert_close(ours(ids), theirs(ids), rtol=0, atol=1e-12)


def test_the_tied_gradient_equals_that_of_the_matrix_used_twice():
    torch.manual_seed(2)
    theirs = Reference().double()
    ours = same_numbers(theirs)
    ids, targets = random_ids(2)
    F.cross_entropy(theirs(ids).flatten(0, 1), targets.flatten()).backward()
    for gradient in gradients(ours, ids, targets):
        torch.testing.assert_close(gradient, theirs.matrix.grad, rtol=0, atol=1e-12)


def test_the_tied_gradient_is_the_sum_of_both_ends():
    for seed in range(3):
        torch.manual_seed(seed)
        model = LanguageModel(**SIZE, **BLOCKS).double()
        ids, targets = random_ids(seed)
        look_up, logits = gradients(untied_twin(model), ids, targets)
        together, _ = gradients(model, ids, targets)
        assert look_up.abs().max() > 1e-3 and logits.abs().max() > 1e-3
        torch.testing.assert_close(together, look_up + logits, rtol=0, atol=1e-12)


def test_the_look_up_reaches_the_rows_of_the_text_the_logits_reach_all():
    ends = demo.both_ends()
    _, ids, _ = demo.sentence()
    seen = set(ids.flatten().tolist())
    assert len(seen) < len(ends["tokens"])
    for row in range(len(ends["tokens"])):
        assert (ends["look_up"][row] > 0) == (row in seen)
        assert ends["logits"][row] > 0
    assert ends["difference"] < 1e-6


def test_the_same_matrix_is_not_the_same_function():
    hand = demo.by_hand()
    it = hand["tokens"].index("it")
    torch.testing.assert_close(hand["vector"], hand["matrix"][it])
    expected = [
        sum(a * b for a, b in zip(r, (1, 1), strict=True)) for r in hand["matrix"]
    ]
    assert hand["logits"].tolist() == expected
    # In at one end and out at the other: another word comes back.
    assert hand["logits"].argmax() != it


@pytest.mark.parametrize("travel", demo.SURVIVALS.values(), ids=demo.SURVIVALS)
def test_the_numbers_come_through_every_journey(travel):
    model = small_model()
    _, ids, _ = demo.sentence()
    before = copy.deepcopy(model)
    after = travel(model)
    expected = model if travel is step else before
    torch.testing.assert_close(after(ids), expected(ids), rtol=0, atol=1e-6)
    torch.testing.assert_close(after.output.weight, after.embedding.weight)


@pytest.mark.parametrize(
    "name", [name for name in demo.SURVIVALS if "assign" not in name]
)
def test_the_tie_survives(name):
    travelled = demo.SURVIVALS[name](small_model())
    assert is_tied(travelled)
    # It also works as one: a step moves both ends alike.
    before = travelled.output.weight.detach().clone()
    step(travelled)
    assert not torch.equal(before, travelled.output.weight)
    assert torch.equal(travelled.embedding.weight, travelled.output.weight)


def test_assign_leaves_two_parameters_over_the_same_numbers():
    loaded = demo.load_state(small_model(), assign=True)
    assert not is_tied(loaded)
    assert loaded.output.weight.data_ptr() == loaded.embedding.weight.data_ptr()
    names = dict(loaded.named_parameters())
    assert "output.weight" in names  # an optimizer would move the numbers twice


def test_an_untied_twin_is_left_untied_and_its_ends_part():
    twin = step(untied_twin(small_model()))
    assert not is_tied(twin)
    assert (twin.output.weight - twin.embedding.weight).abs().max() > 1e-3


def test_safetensors_refuses_to_save_the_tie_twice():
    with pytest.raises(RuntimeError, match="share memory"):
        safetensors.torch.save(small_model().state_dict())


def test_the_logits_begin_small_and_the_look_up_begins_as_large_as_the_positions():
    for seed in range(3):
        torch.manual_seed(seed)
        model = LanguageModel(500, 8, 64, 4, 128, 1)
        ids = torch.randint(500, (4, 8))
        assert 0.8 < model(ids).std() < 1.2
        assert 0.9 < (model.embedding(ids) * model.scale).std() < 1.1
        assert 0.9 < model.places.weight.std() < 1.1


def count(module):
    return sum(weight.numel() for weight in module.parameters())


def test_a_tie_saves_one_matrix():
    assert count(tiny(tied=False)) - count(tiny()) == 12 * 16


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
    row = next(row for row in demo.saved() if row["name"] == name)
    shape = tied.get_input_embeddings().weight.shape
    matrices = [
        sum(weight.numel() for weight in theirs.parameters() if weight.shape == shape)
        for theirs in (tied, untied)
    ]
    assert matrices == [row["matrix"], 2 * row["matrix"]]
    assert row["untied"] - sum(parameters(SIZES[name]).values()) == row["matrix"]


def test_the_papers_model_uses_its_matrix_three_times():
    size = SIZES["base"]
    config = MarianConfig(
        vocab_size=size.vocab_size,
        pad_token_id=0,
        decoder_start_token_id=0,
        d_model=size.d_model,
        encoder_layers=1,
        decoder_layers=1,
        tie_word_embeddings=True,
    )
    with torch.device("meta"):
        theirs = MarianMTModel(config)
    uses = [
        module.weight
        for module in (
            theirs.get_encoder().embed_tokens,
            theirs.get_decoder().embed_tokens,
            theirs.lm_head,
        )
    ]
    assert all(weight is uses[0] for weight in uses)
    row = next(row for row in demo.saved() if row["name"] == "base")
    assert row["uses"] == len(uses) and row["matrix"] == uses[0].numel()
    assert row["share"] == pytest.approx(2 * row["matrix"] / row["untied"])


def test_the_model_and_its_loss_compile_to_one_graph(unchecked):
    model, (ids, targets) = tiny(), random_ids(3)
    whole = torch.compile(surprise, fullgraph=True, backend="aot_eager")
    ours, theirs = (loss(model, ids, targets) for loss in (whole, surprise))
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)
    for one, other in zip(
        torch.autograd.grad(ours, list(model.parameters())),
        torch.autograd.grad(theirs, list(model.parameters())),
        strict=True,
    ):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-5)
