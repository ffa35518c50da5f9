"""The sizes of a Transformer, and how many numbers it learns, part by part.

Papers: vaswani-2017-attention (table 3), devlin-2018-bert, radford-2018-gpt1,
radford-2019-gpt2 and its repository.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Size:
    """The numbers in which two models of one kind differ."""

    d_model: int
    n_heads: int
    d_ff: int
    n_layers: int = 1
    vocab_size: int = 0  # 0: it reads vectors, no ids
    max_len: int = 0  # positions that have a learned vector
    dropout: float = 0.0  # the chance of a number to be set to 0


@dataclass(frozen=True, kw_only=True)
class Architecture(Size):
    """A size, and what else the number of parameters follows from."""

    decoder_layers: int = 0  # blocks with a second attention
    n_segments: int = 0  # BERT's learned vectors for its two texts
    bias: bool = True  # in the four projections of attention
    d_keys: int = 0  # width of all keys together, if it is not d_model
    outer_norms: int = 0  # norms outside the blocks
    poolers: int = 0  # BERT's extra matrix for its first token


def parameters(model: Architecture) -> dict[str, int]:
    """How many numbers every part learns; tied ends count once.

    GPT-2's 124,439,808 are 38,597,376 for tokens, 786,432 for places,
    28,348,416 in attention, 56,669,184 in feed-forward, 38,400 in norms.
    """
    d, keys = model.d_model, model.d_keys or model.d_model
    blocks = model.n_layers + model.decoder_layers
    attentions = model.n_layers + 2 * model.decoder_layers
    biases = 2 * (keys + d) if model.bias else 0
    norms = attentions + blocks + model.outer_norms
    return {
        "tokens": model.vocab_size * d,
        "places": (model.max_len + model.n_segments) * d,
        "attention": attentions * (2 * d * keys + 2 * d * d + biases),
        "feed-forward": blocks * (2 * d * model.d_ff + model.d_ff + d),
        "norms": norms * 2 * d,
        "pooler": model.poolers * (d * d + d),
    }


GPT = Architecture(
    d_model=768,
    n_heads=12,
    d_ff=3072,
    n_layers=12,
    vocab_size=40478,
    max_len=512,
)
GPT2 = replace(GPT, vocab_size=50257, max_len=1024, outer_norms=1)
# Chosen to be as large as GPT, says devlin-2018-bert.
BERT = replace(
    GPT, vocab_size=30522, n_segments=2, outer_norms=1, poolers=1
)
# Its positions are not learned, and its two languages share their tokens.
BASE = Architecture(
    d_model=512,
    n_heads=8,
    d_ff=2048,
    n_layers=6,
    decoder_layers=6,
    vocab_size=37000,
    bias=False,
)
BIG = replace(BASE, d_model=1024, n_heads=16, d_ff=4096)
# "base" and "big" are the two models of vaswani-2017-attention.
SIZES = {
    "BERT-base": BERT,
    "GPT-2": GPT2,
    "base": BASE,
    "big": BIG,
    "GPT": GPT,
}
# Published, in millions. GPT-2: 117 in the paper, corrected in its repository.
PUBLISHED = {"BERT-base": 110, "GPT-2": 124, "base": 65, "big": 213}

# The paper's table 3: what a row changes in "base", and its parameters in millions.
TABLE_3: list[tuple[dict[str, Any], int]] = [
    ({}, 65),
    ({"d_keys": 8 * 16}, 58),
    ({"d_keys": 8 * 32}, 60),
    ({"n_layers": 2, "decoder_layers": 2}, 36),
    ({"n_layers": 4, "decoder_layers": 4}, 50),
    ({"n_layers": 8, "decoder_layers": 8}, 80),
    ({"d_model": 256}, 28),
    ({"d_model": 1024}, 168),
    ({"d_ff": 1024}, 53),
    ({"d_ff": 4096}, 90),
]


def vocabulary_behind(
    model: Architecture, millions: int
) -> tuple[int, int]:
    """The fewest and the most tokens that round to the published number.

    At 512 numbers a token, the paper's "base" reaches 65 million with
    39,841 to 41,793 tokens.
    """
    others = sum(parameters(replace(model, vocab_size=0)).values())
    low, high = (
        (1e6 * (millions + half) - others) / model.d_model
        for half in (-0.5, 0.5)
    )
    return math.ceil(low), math.floor(high)
