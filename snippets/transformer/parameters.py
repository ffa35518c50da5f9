"""How many numbers a Transformer learns, part by part, from its sizes alone.

Papers: vaswani-2017-attention (table 3), devlin-2018-bert, radford-2018-gpt1,
radford-2019-gpt2 and its repository.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Size:
    """All that a number of parameters follows from."""

    vocab_size: int
    d_model: int
    d_ff: int
    encoder: int = 0  # blocks with one attention
    decoder: int = 0  # blocks with two, one looks at the encoder
    places: int = 0  # learned vectors for positions, segments
    bias: bool = True  # in the four projections of attention
    keys: int = 0  # width of all keys, if it is not d_model
    outer_norms: int = 0  # norms outside the blocks
    poolers: int = 0  # BERT's extra matrix for its first token


def parameters(size: Size) -> dict[str, int]:
    """How many numbers every part learns; tied ends count once."""
    d, keys = size.d_model, size.keys or size.d_model
    blocks = size.encoder + size.decoder
    attentions = size.encoder + 2 * size.decoder
    biases = 2 * (keys + d) if size.bias else 0
    norms = attentions + blocks + size.outer_norms
    return {
        "tokens": size.vocab_size * d,
        "places": size.places * d,
        "attention": attentions * (2 * d * keys + 2 * d * d + biases),
        "feed-forward": blocks * (2 * d * size.d_ff + size.d_ff + d),
        "norms": norms * 2 * d,
        "pooler": size.poolers * (d * d + d),
    }


# "base" and "big" are the two models of vaswani-2017-attention.
SIZES = {
    "BERT-base": Size(
        30522,
        768,
        3072,
        encoder=12,
        places=512 + 2,
        outer_norms=1,
        poolers=1,
    ),
    "GPT-2": Size(
        50257, 768, 3072, encoder=12, places=1024, outer_norms=1
    ),
    "base": Size(37000, 512, 2048, encoder=6, decoder=6, bias=False),
    "big": Size(37000, 1024, 4096, encoder=6, decoder=6, bias=False),
    "GPT": Size(40478, 768, 3072, encoder=12, places=512),
}
# Published, in millions. GPT-2: 117 in the paper, corrected in its repository.
PUBLISHED = {"BERT-base": 110, "GPT-2": 124, "base": 65, "big": 213}

# The paper's table 3: what a row changes in "base", and its parameters in millions.
TABLE_3: list[tuple[dict[str, Any], int]] = [
    ({}, 65),
    ({"keys": 8 * 16}, 58),
    ({"keys": 8 * 32}, 60),
    ({"encoder": 2, "decoder": 2}, 36),
    ({"encoder": 4, "decoder": 4}, 50),
    ({"encoder": 8, "decoder": 8}, 80),
    ({"d_model": 256}, 28),
    ({"d_model": 1024}, 168),
    ({"d_ff": 1024}, 53),
    ({"d_ff": 4096}, 90),
]


def vocabulary_behind(size: Size, millions: int) -> tuple[int, int]:
    """The fewest and the most tokens that round to the published number."""
    d = size.d_model
    others = sum(parameters(replace(size, vocab_size=0)).values())
    low, high = (
        1e6 * (millions + half) - others for half in (-0.5, 0.5)
    )
    return math.ceil(low / d), math.floor(high / d)
