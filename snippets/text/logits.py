"""Logits become probabilities by softmax; the surprise at the truth is the loss.

Papers: bengio-2003-neural-language-model (section 2: softmax over a vocabulary,
perplexity), szegedy-2015-label-smoothing (section 7).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from snippets.text.embeddings import Embedding


def check_mask(mask: Tensor) -> Tensor:
    """Give back a mask of True and False, refuse one of numbers.

    Of the numbers 0 and 1, `~` would make -1 and -2, and PyTorch's operator would add
    them to the scores.

    Raises:
        TypeError: the mask is not boolean.
    """
    if mask.dtype != torch.bool:
        raise TypeError(
            f"mask is {mask.dtype}, and has to be bool: True where it may look;"
            " an additive mask is `mask == 0`"
        )
    return mask


def softmax(
    logits: Float[Tensor, "*batch choices"],
    mask: Bool[Tensor, "*#batch choices"] | None = None,
) -> Float[Tensor, "*batch choices"]:
    """Positive numbers that sum to 1 over the last dimension.

    Where `mask` is False the probability is 0. A row with nothing
    allowed is all zeros, so that it adds nothing and is never NaN.
    """
    if mask is not None:
        logits = logits.masked_fill(~check_mask(mask), -math.inf)
    # Subtracting the largest changes nothing, but exp cannot overflow.
    largest = logits.detach().amax(-1, keepdim=True)
    powers = (
        logits - largest.masked_fill(largest == -math.inf, 0)
    ).exp()
    total = powers.sum(-1, keepdim=True)
    return powers / total.masked_fill(total == 0, 1)


# --8<-- [start:loss]
def log_softmax(
    logits: Float[Tensor, "*batch vocab_size"],
) -> Float[Tensor, "*batch vocab_size"]:
    """The logarithm of softmax; never the logarithm of 0."""
    shifted = logits - logits.detach().amax(-1, keepdim=True)
    return shifted - shifted.exp().sum(-1, keepdim=True).log()


def cross_entropy(
    logits: Float[Tensor, "*batch vocab_size"],
    targets: Int[Tensor, "*batch"],
    smoothing: float = 0.0,
) -> Float[Tensor, ""]:
    """The mean surprise at the true tokens, in nats.

    `smoothing` is the share of each target that is spread evenly
    over the vocabulary.
    """
    surprise = -log_softmax(logits)
    at_target = surprise.gather(-1, targets.unsqueeze(-1)).mean()
    if not smoothing:
        return at_target
    return (1 - smoothing) * at_target + smoothing * surprise.mean()


# --8<-- [end:loss]


class Bigram(nn.Module):
    """The next token's logits are a row, picked by this token."""

    # --8<-- [start:bigram]
    def __init__(self, vocab_size: int) -> None:
        super().__init__()
        self.table = Embedding(vocab_size, vocab_size)
        nn.init.zeros_(self.table.weight)  # at first all are alike

    def forward(
        self, ids: Int[Tensor, "*batch"]
    ) -> Float[Tensor, "*batch vocab_size"]:
        logits: Tensor = self.table(ids)
        return logits


def fit(model: nn.Module, ids: Int[Tensor, " seq"]) -> Iterator[float]:
    """Step by step lower the surprise at each next token."""
    optimizer = torch.optim.Adam(model.parameters(), lr=0.3)
    while True:
        loss = cross_entropy(model(ids[:-1]), ids[1:])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield loss.item()


# --8<-- [end:bigram]


def bigram_shares(
    ids: Int[Tensor, " seq"], vocab_size: int
) -> Float[Tensor, "vocab_size vocab_size"]:
    """What a bigram model can learn at best, by counting.

    Row i, column j: of all tokens that follow i, the share that are j. In the
    text 0 1 0 2, row 0 has one half for 1 and one half for 2; row 2, which
    nothing follows, is zeros.
    """
    pairs = torch.zeros(vocab_size, vocab_size)
    one = torch.ones(len(ids) - 1)
    pairs.index_put_((ids[:-1], ids[1:]), one, accumulate=True)
    return pairs / pairs.sum(-1, keepdim=True).clamp(min=1)


def sample(
    model: nn.Module,
    ids: list[int],
    count: int,
    temperature: float,
    random: torch.Generator,
) -> list[int]:
    """Draw `count` tokens to follow `ids`, one after another.

    Each is drawn by the probabilities that the model gives after the last
    one. Returns `ids` with the new tokens behind them.
    """
    for _ in range(count):
        logits = model(torch.tensor(ids[-1]))
        chances = softmax(logits / temperature)
        drawn = torch.multinomial(chances, 1, generator=random)
        ids = [*ids, int(drawn)]
    return ids
