"""Positional encoding: how attention, which sees a bag of words, gets an order.

Papers: vaswani-2017-attention (section 3.5: sinusoids), su-2021-rope (section 3.2:
rotary), press-2021-alibi (section 3: slopes). A learned encoding needs no code of its
own: it is an `Embedding` that is asked for the position in place of the token.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from snippets.attention.heads import MultiHeadAttention


# --8<-- [start:sinusoids]
def speeds(d: int, base: float = 10_000.0) -> Float[Tensor, " hand"]:
    """Radians a position, for d / 2 hands: 1 to nearly 1 / base.

    In float64, because late positions need the digits.
    """
    hand = torch.arange(0, d, 2, dtype=torch.float64)
    return base ** (-hand / d)


def sinusoids(
    position: Float[Tensor, " seq"], speed: Float[Tensor, " hand"]
) -> Float[Tensor, "seq d_model"]:
    """Where the hands point: sin, cos, sin, cos ..."""
    angle = position[:, None] * speed
    pairs = torch.stack([angle.sin(), angle.cos()], -1)
    return pairs.flatten(-2)


# --8<-- [end:sinusoids]


# --8<-- [start:rotary]
def rotary(
    x: Float[Tensor, "*batch seq d_head"],
    position: Float[Tensor, " seq"],
    speed: Float[Tensor, " hand"],
    halves: bool = False,
) -> Float[Tensor, "*batch seq d_head"]:
    """Turn each pair of numbers in x by its hand's angle.

    A pair is 0 and 1, 2 and 3 and so on, as in the paper; with
    `halves` it is i and i + d_head / 2, as in Hugging Face's Llama.
    """
    angle = position[:, None] * speed
    cos, sin = angle.cos().to(x), angle.sin().to(x)
    axis = -2 if halves else -1  # of the two numbers of a pair
    shape = (2, -1) if halves else (-1, 2)
    a, b = x.unflatten(-1, shape).unbind(axis)
    turned = [a * cos - b * sin, a * sin + b * cos]
    return torch.stack(turned, axis).flatten(-2)


# --8<-- [end:rotary]


# --8<-- [start:rotary-attention]
class RotaryAttention(MultiHeadAttention):
    """Heads whose scores depend on how far apart two tokens are."""

    def project(
        self,
        x: Float[Tensor, "*batch query d_model"],
        context: Float[Tensor, "*batch key d_model"] | None = None,
    ) -> tuple[
        Float[Tensor, "*batch n_heads query d_head"],
        Float[Tensor, "*batch n_heads key d_head"],
        Float[Tensor, "*batch n_heads key d_head"],
    ]:
        """Queries and keys turned by position, values not."""
        query, key, value = super().project(x, context)
        return self.turn(query), self.turn(key), value

    def turn(
        self, x: Float[Tensor, "*batch seq d_head"]
    ) -> Float[Tensor, "*batch seq d_head"]:
        """Position 0 stays, position 1 turns by one step."""
        seq, d_head = x.shape[-2:]
        # bfloat16 has no 257: positions get 32 bits at least.
        wide = torch.promote_types(x.dtype, torch.float32)
        position = torch.arange(seq, device=x.device, dtype=wide)
        return rotary(x, position, speeds(d_head).to(position))


# --8<-- [end:rotary-attention]


def slopes(n_heads: int) -> Float[Tensor, " n_heads"]:
    """ALiBi's fixed slopes: 1/2, 1/4 ... 1/256 for eight heads.

    For a power of two this is the paper's series, which starts at 2^(-8 / n_heads) and
    is multiplied by it. For other numbers the authors' code, and models trained with
    it, take the series of the next smaller power and then every other slope of twice
    as many heads, where the paper's sentence would have one series.
    """
    power = 2 ** math.floor(math.log2(n_heads))
    series = [2 ** (-8 * i / power) for i in range(1, power + 1)]
    between = [2 ** (-4 * i / power) for i in range(1, 2 * power, 2)]
    return torch.tensor((series + between)[:n_heads])


def alibi(n_heads: int, seq: int) -> Float[Tensor, "n_heads seq seq"]:
    """What ALiBi adds to the scaled scores: minus slope times distance.

    The paper has it under a causal mask, for the tokens before; here the tokens after
    are as far away as those before.
    """
    position = torch.arange(seq)
    distance = (position[:, None] - position).abs()
    return -slopes(n_heads)[:, None, None] * distance
