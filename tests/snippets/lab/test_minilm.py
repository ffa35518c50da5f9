"""MiniLM as we read it is Hugging Face's, and MiniLM in the chapters' own stack."""

import json

import torch
from safetensors.torch import load_file
from transformers import BertConfig, BertModel

from snippets.corpora.robot import SENTENCE, robot
from snippets.lab import weights
from snippets.lab.minilm import EPS, N_HEADS, N_LAYERS, MiniLM
from snippets.text.wordpiece import WordPiece
from snippets.transformer.feed_forward import gelu
from snippets.transformer.parameters import Size
from snippets.transformer.transformer import TransformerStack

NAMES = {
    "attention.query": "attention.self.query",
    "attention.key": "attention.self.key",
    "attention.value": "attention.self.value",
    "attention.output": "attention.output.dense",
    "attention_norm": "attention.output.LayerNorm",
    "feed_forward.widen": "intermediate.dense",
    "feed_forward.narrow": "output.dense",
    "feed_forward_norm": "output.LayerNorm",
}


def test_reading_equals_our_stack_with_the_same_weights():
    size = Size(d_model=384, n_heads=N_HEADS, d_ff=1536, n_layers=N_LAYERS)
    stack = TransformerStack(size, gelu, eps=EPS).requires_grad_(False)
    state = {}
    for layer in range(N_LAYERS):
        for ours, theirs in NAMES.items():
            for kind in ("weight", "bias"):
                name = f"encoder.layer.{layer}.{theirs}.{kind}"
                (state[f"blocks.{layer}.{ours}.{kind}"],) = weights.tensors(name)
    stack.load_state_dict(state)
    model = MiniLM()
    ids = [101, 1996, 8957, 3333, 1996, 3221, 102]
    expected = stack.stream(model.embed(ids)[None])
    blocks = model.read(ids)
    for block, state in zip(blocks, expected[1:], strict=True):
        torch.testing.assert_close(block.output, state[0], rtol=0, atol=1e-4)
    first = stack.blocks[0]
    neurons = gelu(first.feed_forward.widen(blocks[0].middle))
    torch.testing.assert_close(blocks[0].neurons, neurons, rtol=0, atol=1e-5)


def test_reading_equals_hugging_faces_model():
    folder = weights.minilm()
    published = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config = BertConfig(**published)
    assert (config.num_hidden_layers, config.num_attention_heads) == (N_LAYERS, N_HEADS)
    assert config.layer_norm_eps == EPS
    theirs = BertModel(config, add_pooling_layer=False).eval()
    state = load_file(folder / "model.safetensors")
    assert not theirs.load_state_dict(state, strict=False).missing_keys
    model, bert = MiniLM(), WordPiece(weights.vocabulary())
    for text in (SENTENCE, robot()[:400]):
        ids = bert.for_bert(text)[1]
        with torch.no_grad():
            first, *after = theirs(
                torch.tensor([ids]), output_hidden_states=True
            ).hidden_states
        torch.testing.assert_close(model.embed(ids), first[0], rtol=0, atol=3e-5)
        for block, state in zip(model.read(ids), after, strict=True):
            torch.testing.assert_close(block.output, state[0], rtol=0, atol=3e-5)
