"""Why the counts of `parameters` can be believed."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from transformers import (
    BertConfig,
    BertModel,
    GPT2Config,
    GPT2Model,
    OpenAIGPTConfig,
    OpenAIGPTModel,
)

from snippets.transformer.parameters import (
    PUBLISHED,
    SIZES,
    TABLE_3,
    Architecture,
    parameters,
    vocabulary_behind,
)
from snippets.transformer.transformer import TransformerStack
from snippets.transformer.weight_tying import LanguageModel
from tests.snippets.peers import count


def total(model):
    return sum(parameters(model).values())


@pytest.mark.parametrize(
    ("name", "model", "config"),
    [
        ("BERT-base", BertModel, BertConfig()),
        ("GPT-2", GPT2Model, GPT2Config()),
        ("GPT", OpenAIGPTModel, OpenAIGPTConfig()),
    ],
)
def test_sizes_and_counts_are_hugging_faces(name, model, config):
    size = SIZES[name]
    with torch.device("meta"):
        theirs = model(config)
    assert total(size) == count(theirs)
    assert parameters(size)["tokens"] == theirs.get_input_embeddings().weight.numel()
    for ours, names in {
        "d_model": "hidden_size",
        "n_heads": "num_attention_heads",
        "n_layers": "num_hidden_layers",
        "vocab_size": "vocab_size",
        "max_len": "max_position_embeddings",
    }.items():
        assert getattr(size, ours) == getattr(config, names), ours


@pytest.mark.parametrize("name", ["base", "big"])
def test_counts_are_of_what_pytorch_builds(name):
    # PyTorch's projections have biases, the paper's formulas have none.
    size = replace(SIZES[name], bias=True)
    with torch.device("meta"):
        encoder = nn.TransformerEncoderLayer(size.d_model, size.n_heads, size.d_ff)
        decoder = nn.TransformerDecoderLayer(size.d_model, size.n_heads, size.d_ff)
    layers = size.n_layers * count(encoder) + size.decoder_layers * count(decoder)
    assert total(size) == size.vocab_size * size.d_model + layers


def test_counts_are_by_part():
    assert parameters(SIZES["GPT-2"]) == {
        "tokens": 38_597_376,
        "places": 786_432,
        "attention": 28_348_416,
        "feed-forward": 56_669_184,
        "norms": 38_400,
        "pooler": 0,
    }


def test_counts_are_of_what_we_build():
    with torch.device("meta"):
        assert count(LanguageModel(SIZES["GPT-2"])) == total(SIZES["GPT-2"])
        post_norm = Architecture(d_model=24, n_heads=4, d_ff=40, n_layers=3)
        assert count(TransformerStack(post_norm)) == total(post_norm)


@pytest.mark.parametrize("bias", [True, False])
def test_narrow_keys_count_as_matrices_of_that_width(bias):
    size = replace(SIZES["base"], n_layers=1, decoder_layers=0, d_keys=128, bias=bias)
    # Queries and keys are narrow; the values and the output are not.
    theirs = [nn.Linear(512, width, bias) for width in (128, 128, 512, 512)]
    assert parameters(size)["attention"] == sum(map(count, theirs))


def test_published_numbers_and_where_they_differ():
    totals = {name: total(size) / 1e6 for name, size in SIZES.items()}
    for name in ("BERT-base", "GPT-2"):
        assert abs(totals[name] - PUBLISHED[name]) < 0.6
    # 117M, which the GPT-2 paper gives, is the first GPT.
    assert round(totals["GPT"]) == 117
    # The paper's own two: the formula gives less for one and more for the other.
    assert 1.5 < PUBLISHED["base"] - totals["base"] < 2.5
    assert 0.5 < totals["big"] - PUBLISHED["big"] < 1.5


def test_one_vocabulary_explains_ten_rows_of_table_3_but_not_big():
    rows = [(replace(SIZES["base"], **row), millions) for row, millions in TABLE_3]
    ranges = [vocabulary_behind(size, millions) for size, millions in rows]
    low, high = max(low for low, _ in ranges), min(high for _, high in ranges)
    for vocab_size in (low, high):
        for size, millions in rows:
            assert round(total(replace(size, vocab_size=vocab_size)) / 1e6) == millions
    assert vocabulary_behind(SIZES["big"], PUBLISHED["big"])[1] < 37000 < low
