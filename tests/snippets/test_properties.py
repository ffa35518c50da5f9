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

from snippets.attention.attention import fused_attention
from snippets.attention.heads import MultiHeadAttention, merge
from snippets.recurrence.luong import Luong
from snippets.recurrence.multiplicative_attention import General
from snippets.text.embeddings import Embedding
from snippets.transformer.feed_forward import FeedForward
from snippets.transformer.transformer import (
    LayerNorm,
    TransformerBlock,
)
from snippets.transformer.weight_tying import LanguageModel
from tests.snippets import properties
from tests.snippets.properties import (
    BLOCK,
    CASES,
    D_FF,
    D_MODEL,
    LANGUAGE,
    SIZE,
    TRANSLATOR,
    VOCAB_SIZE,
    properties_of,
)


def test_every_model_is_registered():
    registered = {type(case.build()) for case in CASES.values()}
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


def test_a_mask_of_nothing_leaves_heads_with_zeros():
    heads = MultiHeadAttention(**SIZE)
    x = torch.randn(2, 5, D_MODEL)
    steps = heads.steps(x, mask=torch.zeros(5, 5, dtype=torch.bool))
    assert steps.weights.eq(0).all() and steps.heads.eq(0).all()
    alone = heads(x, mask=torch.zeros(5, 5, dtype=torch.bool))
    torch.testing.assert_close(alone, heads.output.bias.expand_as(alone))


# --- Mistakes that ran


class MadeInForward(MultiHeadAttention):
    """Modules created in forward: drawn anew on every call, and never trained."""

    def forward(self, x, context=None, mask=None):
        query, key, value = self.project(x, context)
        mask = None if mask is None else mask.unsqueeze(-3)
        heads = merge(fused_attention(query, key, value, mask))
        output = nn.Linear(D_MODEL, D_MODEL, dtype=x.dtype)(heads)
        return nn.LayerNorm(D_MODEL, dtype=x.dtype)(output + x)


class MaskInverted(MultiHeadAttention):
    """The boolean mask the wrong way round for the fused operator."""

    def forward(self, x, context=None, mask=None):
        return super().forward(x, context, None if mask is None else ~mask)


class LambdaInside(TransformerBlock):
    """Part of a block is a lambda over its own layers."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        inside = self.feed_forward
        self.through = lambda x: inside(x)

    def forward(self, x, mask=None):
        x = x + self.attention(self.attention_norm(x), mask=mask)
        return x + self.through(self.feed_forward_norm(x))


class NeverSet(MultiHeadAttention):
    """A parameter of torch.empty that nothing ever fills."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.query.weight = nn.Parameter(torch.empty(D_MODEL, D_MODEL))


class MaskedByAMillion(MultiHeadAttention):
    """What is masked gets a score of minus a million, so nothing becomes everything."""

    fill = -1e6

    def forward(self, x, context=None, mask=None):
        query, key, value = self.project(x, context)
        scores = query @ key.mT / math.sqrt(query.shape[-1])
        if mask is not None:
            scores = scores.masked_fill(~mask.unsqueeze(-3), self.fill)
        return self.output(merge(scores.softmax(-1) @ value))


class MaskedByInfinity(MaskedByAMillion):
    """Minus infinity in its place: a row with nothing in it is 0 / 0."""

    fill = -math.inf


class Copied(LanguageModel):
    """The two ends begin with equal numbers, and are two."""

    def __init__(self, **size):
        super().__init__(**size, tied=False)
        numbers = self.embedding.weight.detach().clone()
        self.output.weight = nn.Parameter(numbers)


class Untied(LanguageModel):
    """No tie, although the model it follows has one."""

    def __init__(self, **size):
        super().__init__(**size, tied=False)


class TiedInDeadCode(LanguageModel):
    """The tie stands where nothing runs it, with names that do not exist."""

    def __init__(self, **size):
        super().__init__(**size, tied=False)
        if False:
            self.generator.lut.weight = self.tgt_embeddings.lut.weight


class OverTheBatch(LayerNorm):
    """Mean and variance over the rows of the batch, in place of a vector's numbers."""

    def forward(self, x):
        centred = x - x.mean(0, keepdim=True)
        variance = centred.square().mean(0, keepdim=True)
        return self.weight * centred / torch.sqrt(variance + self.eps) + self.bias


class InFewerDigits(FeedForward):
    """A step in half precision."""

    def forward(self, x):
        return super().forward(x).bfloat16().to(x.dtype)


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


def luong(kind):
    return kind(*TRANSLATOR, General(D_FF, D_FF), input_feeding=True)


def block(kind):
    return replace(CASES["TransformerBlock"], build=partial(kind, **BLOCK))


def heads(kind):
    return replace(CASES["MultiHeadAttention"], build=partial(kind, **SIZE))


def language_model(kind):
    return replace(CASES["LanguageModel"], build=partial(kind, **LANGUAGE))


# The model with the mistake, and what finds it. Those with a name ran there; of the
# others we know no project to thank.
MISTAKES = {
    "graykode/nlp-tutorial, BERT": (
        heads(MadeInForward),
        {
            properties.assert_deterministic,
            properties.assert_everything_learns,
            properties.assert_copies_are_alike_and_apart,
        },
    ),
    "rasbt/LLMs-from-scratch#1062": (
        heads(MaskInverted),
        {properties.assert_causal, properties.assert_padding_changes_nothing},
    ),
    "karpathy/minGPT, lambda": (
        block(LambdaInside),
        {properties.assert_copies_are_alike_and_apart},
    ),
    "pbloem/former, attention type alt": (
        heads(NeverSet),
        {properties.assert_no_nan},
    ),
    "d2l-ai/d2l-en#2423, valid length 0": (
        heads(MaskedByAMillion),
        {properties.assert_nothing_to_look_at_gives_nothing},
    ),
    "rasbt/LLMs-from-scratch#822, tie": (
        language_model(Copied),
        {properties.assert_tied},
    ),
    "karpathy/minGPT, tie": (
        language_model(Untied),
        {properties.assert_tied},
    ),
    "harvardnlp/annotated-transformer#93, tie": (
        language_model(TiedInDeadCode),
        {properties.assert_tied},
    ),
    "minus infinity for all that is masked": (
        heads(MaskedByInfinity),
        {properties.assert_nothing_to_look_at_gives_nothing},
    ),
    "a norm over the batch": (
        replace(CASES["LayerNorm"], build=partial(OverTheBatch, D_MODEL)),
        {properties.assert_rows_are_alone},
    ),
    "fewer digits": (
        replace(CASES["FeedForward"], build=partial(InFewerDigits, D_MODEL, D_FF)),
        {properties.assert_float64_agrees},
    ),
    "a place for each token": (
        replace(CASES["FeedForward"], build=partial(Numbered, D_MODEL, D_FF)),
        {properties.assert_position_wise, properties.assert_outputs_follow_a_shuffle},
    ),
    "a bag of words": (
        language_model(WithoutOrder),
        {properties.assert_order_is_seen, properties.assert_causal},
    ),
    "axes counted from the front": (
        heads(AxesFromTheFront),
        {properties.assert_any_batch_will_do},
    ),
    "ids looked at on the way": (
        replace(CASES["Embedding"], build=partial(LooksAtIds, VOCAB_SIZE, D_MODEL)),
        {properties.assert_waits_for_nothing},
    ),
    "what is fed has no gradient": (
        replace(CASES["Luong fed"], build=partial(luong, FedDetached)),
        {properties.assert_gradients_are_slopes},
    ),
}


@pytest.mark.parametrize(("case", "expected"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_caught(case, expected):
    """Each of these properties belongs to the model's kind, and the model lacks it."""
    for assert_holds in expected:
        assert assert_holds in properties_of(case)
        with pytest.raises(AssertionError):
            assert_holds(case)
