"""Additive attention: before every word the decoder looks back at the whole source.

Paper: bahdanau-2014-align-and-translate (section 3; the scorer in appendix A.1.2). Ours
has LSTM cells where the paper has gated units of another kind, starts the decoder from
the last states of both readers, and has one linear map to the logits where the paper
has a maxout layer.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from snippets.recurrence.attentive import AttentiveTranslator
from snippets.recurrence.recurrent_networks import (
    LSTMCell,
    State,
    fused_lstm,
)
from snippets.recurrence.seq2seq import Decoder
from snippets.text.embeddings import Embedding
from snippets.text.logits import softmax
from snippets.text.search import Memory
from snippets.text.vocabulary import PAD


# --8<-- [start:score]
def additive_scores(
    query: Float[Tensor, "*batch query d_score"],
    key: Float[Tensor, "*batch key d_score"],
    v: Float[Tensor, " d_score"],
) -> Float[Tensor, "*batch query key"]:
    """Every query meets every key: add, squash, weigh by v."""
    met = query.unsqueeze(-2) + key.unsqueeze(-3)
    return torch.tanh(met) @ v


# --8<-- [end:score]


class AdditiveAttention(nn.Module):
    """A small network scores; softmax makes weights; they average."""

    def __init__(
        self, d_query: int, d_value: int, d_score: int
    ) -> None:
        super().__init__()
        self.query = nn.Linear(d_query, d_score, bias=False)
        self.key = nn.Linear(d_value, d_score, bias=False)
        self.v = nn.Parameter(torch.randn(d_score) / d_score**0.5)

    # --8<-- [start:attention]
    def forward(
        self,
        state: Float[Tensor, "*batch query d_query"],
        value: Float[Tensor, "*batch key d_value"],
        mask: Bool[Tensor, "*#batch #query key"] | None = None,
        key: Float[Tensor, "*batch key d_score"] | None = None,
    ) -> tuple[
        Float[Tensor, "*batch query d_value"],
        Float[Tensor, "*batch query key"],
    ]:
        """The contexts and the weights; mask is True where to look.

        The keys do not change from word to word: make them once.
        """
        key = self.key(value) if key is None else key
        scores = additive_scores(self.query(state), key, self.v)
        weights = softmax(scores, mask)  # over the source
        return weights @ value, weights

    # --8<-- [end:attention]


def turned(
    x: Float[Tensor, "batch seq d_model"],
    mask: Bool[Tensor, "batch seq"],
) -> Float[Tensor, "batch seq d_model"]:
    """Each row read from its end; the padding stays where it is."""
    place = torch.arange(x.shape[1], device=x.device)
    from_end = mask.sum(-1, keepdim=True) - 1 - place
    order = torch.where(mask, from_end, place)
    return x.gather(1, order[..., None].expand_as(x))


class BidirectionalEncoder(nn.Module):
    """Two readers, from both ends: a place knows what stands on either side."""

    def __init__(
        self, vocab_size: int, d_model: int, d_hidden: int
    ) -> None:
        super().__init__()
        self.embedding = Embedding(vocab_size, d_model)
        self.forth = LSTMCell(d_model, d_hidden // 2)
        self.back = LSTMCell(d_model, d_hidden // 2)

    def forward(
        self,
        source: Int[Tensor, "batch source"],
        mask: Bool[Tensor, "batch source"],
    ) -> tuple[Float[Tensor, "batch source d_hidden"], State]:
        """The annotations, one a place, and the two last states side by side."""
        x = self.embedding(source)
        forth, end = fused_lstm(self.forth, x, mask)
        back, start = fused_lstm(self.back, turned(x, mask), mask)
        both = torch.cat([forth, turned(back, mask)], -1)
        last = zip(end, start, strict=True)
        return both, tuple(torch.cat(parts, -1) for parts in last)


class RNNSearch(AttentiveTranslator):
    """The translator of the paper, by the name it has there."""

    def __init__(
        self,
        source_size: int,
        target_size: int,
        d_model: int,
        d_hidden: int,
    ) -> None:
        super().__init__()
        self.encoder = BidirectionalEncoder(
            source_size, d_model, d_hidden
        )
        self.attention = AdditiveAttention(
            d_hidden, d_hidden, d_hidden // 2
        )
        self.decoder = Decoder(
            target_size, d_model, d_hidden, d_context=d_hidden
        )

    # --8<-- [start:step]
    def start(self, source: Int[Tensor, "batch source"]) -> Memory:
        """The decoder's state, and all that it can look back at."""
        mask = source != PAD
        value, state = self.encoder(source, mask)
        return *state, value, self.attention.key(value), mask

    def look(
        self, token: Int[Tensor, " batch"], memory: Memory
    ) -> tuple[Tensor, Tensor, Memory]:
        """The logits, where it looked, and the new memory."""
        hidden, cell, value, key, mask = memory
        before = hidden[:, None]  # it has not read `token` yet
        context, weights = self.attention(
            before, value, mask[:, None], key
        )
        logits, state = self.decoder.step(
            token, (hidden, cell), context[:, 0]
        )
        return logits, weights[:, 0], (*state, value, key, mask)

    # --8<-- [end:step]
