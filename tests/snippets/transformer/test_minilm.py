"""Why MiniLM on our blocks can be believed: it is Hugging Face's, layer by layer."""

import json

import pytest
import torch
from safetensors.torch import load_file
from transformers import BertConfig, BertModel

from snippets.corpora.robot import SENTENCE, robot
from snippets.lab import weights
from snippets.transformer.minilm import minilm, padded, tokenizer


@pytest.fixture(scope="module")
def theirs():
    folder = weights.minilm()
    published = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    # Only the eager attention returns its weights.
    config = BertConfig(**published, attn_implementation="eager")
    model = BertModel(config, add_pooling_layer=False).eval()
    missing, _ = model.load_state_dict(
        load_file(folder / "model.safetensors"), strict=False
    )
    assert not missing
    return model


def test_minilm_equals_hugging_faces_with_padding_and_without(theirs):
    ours, bert = minilm(), tokenizer()
    ids, mask = padded([bert.for_bert(text)[1] for text in (SENTENCE, robot()[:400])])
    with torch.no_grad():
        expected = theirs(
            ids,
            attention_mask=mask[:, 0].long(),
            output_attentions=True,
            output_hidden_states=True,
        )
    states, looks = ours.states(ids, mask), ours.looks(ids, mask)
    real = mask[:, 0]
    for state, hidden in zip(states, expected.hidden_states, strict=True):
        torch.testing.assert_close(state[real], hidden[real], rtol=0, atol=3e-5)
    for layer, weight in enumerate(expected.attentions):
        ours_here = looks[:, layer].transpose(1, 2)[real]
        torch.testing.assert_close(
            ours_here, weight.transpose(1, 2)[real], rtol=0, atol=3e-5
        )


def test_minilm_alone_equals_minilm_among_others():
    ours, bert = minilm(), tokenizer()
    one = bert.for_bert(SENTENCE)[1]
    ids, mask = padded([one, bert.for_bert(robot()[:300])[1]])
    alone = ours.looks(torch.tensor([one]))[0]
    among = ours.looks(ids, mask)[0, :, :, : len(one), : len(one)]
    torch.testing.assert_close(alone, among, rtol=0, atol=1e-5)
