"""Every model of ours has the properties of a model; known mistakes do not pass.

The planted mistakes are those that well-known teaching code once made while its own
tests were green. They are told with respect: each is an easy one to make.
"""

import math
from dataclasses import replace
from functools import partial

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from snippets.attention.attention import fused_attention
from snippets.attention.heads import MultiHeadAttention, merge
from snippets.recurrence.luong import Luong
from snippets.recurrence.multiplicative_attention import General
from snippets.text.embeddings import Embedding
from snippets.transformer.feed_forward import FeedForward
from snippets.transformer.normalization_and_residuals import LayerNorm
from snippets.transformer.transformer import TransformerBlock
from snippets.transformer.weight_tying import LanguageModel
from tests.snippets import properties
from tests.snippets.properties import (
    CASES,
    D_FF,
    D_MODEL,
    HEADS,
    SIZE,
    TRANSLATOR,
    VOCAB_SIZE,
    properties_of,
)


def test_every_model_is_registered():
    registered = {
        type(part) for case in CASES.values() for part in case.build().modules()
    }
    missing = properties.models_of_ours() - registered
    names = sorted(f"{model.__module__}.{model.__name__}" for model in missing)
    assert not names, f"add a case for each of them to properties.CASES: {names}"


HELD = [
    pytest.param(assert_holds, case, id=f"{assert_holds.__name__}-{name}")
    for name, case in CASES.items()
    for assert_holds in properties_of(case)
]


@pytest.mark.parametrize(("assert_holds", "case"), HELD)
def test_every_model_has_its_properties(assert_holds, case):
    assert_holds(case)


# --- Mistakes that ran


class MadeInForward(MultiHeadAttention):
    """Modules created in forward: drawn anew on every call, and never trained."""

    def forward(self, x, context=None, mask=None):
        query, key, value = self.project(x, context)
        mask = None if mask is None else mask.unsqueeze(-3)
        heads = merge(fused_attention(query, key, value, mask))
        # --8<-- [start:made-in-forward]
        output = nn.Linear(D_MODEL, D_MODEL, dtype=x.dtype)(heads)
        return nn.LayerNorm(D_MODEL, dtype=x.dtype)(output + x)
        # --8<-- [end:made-in-forward]


class MaskInverted(MultiHeadAttention):
    """The boolean mask the wrong way round for the fused operator."""

    def forward(self, x, context=None, mask=None):
        # --8<-- [start:mask-inverted]
        if mask is not None:
            mask = ~mask
        # --8<-- [end:mask-inverted]
        return super().forward(x, context, mask)


class LambdaInside(TransformerBlock):
    """Part of a block is a lambda over its own layers."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        # --8<-- [start:lambda-inside]
        inside = self.feed_forward
        self.through = lambda x: inside(x)
        # --8<-- [end:lambda-inside]

    def forward(self, x, mask=None):
        x = x + self.attention(self.attention_norm(x), mask=mask)
        return x + self.through(self.feed_forward_norm(x))


class NeverSet(MultiHeadAttention):
    """A parameter of torch.empty that nothing ever fills."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        # --8<-- [start:never-set]
        numbers = torch.empty(D_MODEL, D_MODEL)
        self.query.weight = nn.Parameter(numbers)
        # --8<-- [end:never-set]


class MaskedByAMillion(MultiHeadAttention):
    """What is masked gets a score of minus a million, so nothing becomes everything."""

    fill = -1e6

    def forward(self, x, context=None, mask=None):
        query, key, value = self.project(x, context)
        scores = query @ key.mT / math.sqrt(query.shape[-1])
        # --8<-- [start:by-a-million]
        if mask is not None:
            scores = scores.masked_fill(~mask.unsqueeze(-3), self.fill)
        # --8<-- [end:by-a-million]
        return self.output(merge(scores.softmax(-1) @ value))


class MaskedByInfinity(MaskedByAMillion):
    """Minus infinity in its place: a row with nothing in it is 0 / 0."""

    fill = -math.inf


class Copied(LanguageModel):
    """The two ends begin with equal numbers, and are two."""

    def __init__(self, size):
        super().__init__(size, tied=False)
        # --8<-- [start:copied]
        numbers = self.embedding.weight.detach().clone()
        self.output.weight = nn.Parameter(numbers)
        # --8<-- [end:copied]


class Untied(LanguageModel):
    """No tie, although the model it follows has one: forgotten, or in dead code."""

    def __init__(self, size):
        super().__init__(size, tied=False)


class OverTheBatch(LayerNorm):
    """Mean and variance over the rows of the batch, in place of a vector's numbers."""

    def forward(self, x):
        centred = x - x.mean(0, keepdim=True)
        variance = centred.square().mean(0, keepdim=True)
        return self.weight * centred / torch.sqrt(variance + self.eps) + self.bias


class OverTheSentence(LayerNorm):
    """The axis of the tokens in place of that of a vector's numbers."""

    def forward(self, x):
        centred = x - x.mean(-2, keepdim=True)
        variance = centred.square().mean(-2, keepdim=True)
        return self.weight * centred / torch.sqrt(variance + self.eps) + self.bias


class InFewerDigits(FeedForward):
    """A step in half precision."""

    def forward(self, x):
        return super().forward(x).bfloat16().to(x.dtype)


class DropsAlways(FeedForward):
    """Dropout as a function, which is not told that this is no training."""

    def forward(self, x):
        return F.dropout(super().forward(x), 0.1)


class Numbered(FeedForward):
    """A network of one token that knows where the token stands."""

    def forward(self, x):
        place = torch.arange(x.shape[-2], dtype=x.dtype)
        return super().forward(x + place[:, None])


class WithoutOrder(LanguageModel):
    """Neither positions nor a mask: a bag of words."""

    def forward(self, ids):
        x = self.embedding(ids) * self.scale + 0 * self.places.weight[0]
        return self.output(self.stack(x))


class AxesFromTheFront(MultiHeadAttention):
    """The axes of the heads where they are in a batch: elsewhere they are others."""

    def forward(self, x, context=None, mask=None):
        query, key, value = (
            layer(x).unflatten(-1, (self.n_heads, -1)).transpose(1, 2)
            for layer in (self.query, self.key, self.value)
        )
        heads = fused_attention(query, key, value, mask)
        return self.output(heads.transpose(1, 2).flatten(-2))


class LooksAtIds(Embedding):
    """Refuses an id below 0 by looking at all of them, on every call."""

    def forward(self, ids):
        if (ids < 0).any():
            raise IndexError("an id is a row, counted from 0")
        return super().forward(ids)


class FedDetached(Luong):
    """What one step found is fed to the next, and nothing is learned through it."""

    def look(self, token, memory):
        hidden, cell, found, *rest = memory
        return super().look(token, (hidden, cell, found.detach(), *rest))


def planted(name, mistake, *sizes, **options):
    """The case of that name, with the mistake in place of the model."""
    return replace(CASES[name], build=partial(mistake, *sizes, **options))


heads = partial(planted, "MultiHeadAttention")
network = partial(planted, "FeedForward")
language_model = partial(planted, "LanguageModel")
LUONG = (*TRANSLATOR, General(D_FF, D_FF))

# The model with the mistake, and what finds it. Those with a name ran there; of the
# others we know no project to thank.
MISTAKES = {
    "graykode/nlp-tutorial, BERT": (
        heads(MadeInForward, **HEADS),
        ["deterministic", "everything_learns", "copies_are_alike_and_apart"],
    ),
    "rasbt/LLMs-from-scratch#1062": (
        heads(MaskInverted, **HEADS),
        ["causal", "padding_changes_nothing"],
    ),
    "karpathy/minGPT, lambda": (
        planted("TransformerBlock", LambdaInside, SIZE),
        ["copies_are_alike_and_apart"],
    ),
    "pbloem/former, attention type alt": (heads(NeverSet, **HEADS), ["no_nan"]),
    "d2l-ai/d2l-en#2423, valid length 0": (
        heads(MaskedByAMillion, **HEADS),
        ["nothing_to_look_at_gives_nothing"],
    ),
    "rasbt/LLMs-from-scratch#822, tie": (language_model(Copied, SIZE), ["tied"]),
    "karpathy/minGPT, harvardnlp/annotated-transformer#93, tie": (
        language_model(Untied, SIZE),
        ["tied"],
    ),
    "minus infinity for all that is masked": (
        heads(MaskedByInfinity, **HEADS),
        ["nothing_to_look_at_gives_nothing"],
    ),
    "a norm over the batch": (
        planted("LayerNorm", OverTheBatch, D_MODEL),
        ["rows_are_alone"],
    ),
    "a norm over the sentence": (
        planted("LayerNorm", OverTheSentence, D_MODEL),
        ["position_wise"],
    ),
    "fewer digits": (network(InFewerDigits, D_MODEL, D_FF), ["float64_agrees"]),
    "dropout in evaluation": (network(DropsAlways, D_MODEL, D_FF), ["deterministic"]),
    "a place for each token": (
        network(Numbered, D_MODEL, D_FF),
        ["position_wise", "outputs_follow_a_shuffle"],
    ),
    "a bag of words": (
        language_model(WithoutOrder, SIZE),
        ["order_is_seen", "causal"],
    ),
    "axes counted from the front": (
        heads(AxesFromTheFront, **HEADS),
        ["any_batch_will_do"],
    ),
    "ids looked at on the way": (
        planted("Embedding", LooksAtIds, VOCAB_SIZE, D_MODEL),
        ["waits_for_nothing", "compiles_whole"],
    ),
    "what is fed has no gradient": (
        planted("Luong fed", FedDetached, *LUONG, input_feeding=True),
        ["gradients_are_slopes"],
    ),
}


@pytest.mark.parametrize(("case", "expected"), MISTAKES.values(), ids=MISTAKES)
def test_mistake_is_caught(case, expected):
    """Each of these properties belongs to the model's kind, and the model lacks it."""
    for name in expected:
        assert_holds = getattr(properties, f"assert_{name}")
        assert assert_holds in properties_of(case)
        with pytest.raises(AssertionError):
            assert_holds(case)
