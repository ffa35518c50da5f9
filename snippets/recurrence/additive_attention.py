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
from snippets.text.search import DecoderState
from snippets.text.vocabulary import PAD


# --8<-- [start:score]
def additive_scores(
    query: Float[Tensor, "*batch query d_score"],
    key: Float[Tensor, "*batch key d_score"],
    v: Float[Tensor, " d_score"],
) -> Float[Tensor, "*batch query key"]:
    """tanh(q + k) · v for every query q and every key k.

    q = (2, 0), k = (2, 0), v = (-2, -2) give -2 tanh 4 = -2.00.
    """
    sums = query.unsqueeze(-2) + key.unsqueeze(-3)
    return torch.tanh(sums) @ v


# --8<-- [end:score]


# --8<-- [start:attention]
class AdditiveAttention(nn.Module):
    """Score every annotation; average them by the softmax."""

    def __init__(
        self, d_query: int, d_value: int, d_score: int
    ) -> None:
        super().__init__()
        self.query = nn.Linear(d_query, d_score, bias=False)
        self.key = nn.Linear(d_value, d_score, bias=False)
        self.v = nn.Parameter(torch.randn(d_score) / d_score**0.5)

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

        `key`, if given, is `self.key(value)`: the keys are the same
        for every word that is written, so a decoder makes them once.
        """
        key = self.key(value) if key is None else key
        scores = additive_scores(self.query(state), key, self.v)
        weights = softmax(scores, mask)  # over the source
        return weights @ value, weights


# --8<-- [end:attention]


def reverse_sequence(
    x: Float[Tensor, "batch seq d_model"],
    mask: Bool[Tensor, "batch seq"],
) -> Float[Tensor, "batch seq d_model"]:
    """Each row from its last token to its first; the padding stays at the end.

    With "-" for padding, a b c - becomes c b a -.
    """
    place = torch.arange(x.shape[1], device=x.device)
    from_end = mask.sum(-1, keepdim=True) - 1 - place
    order = torch.where(mask, from_end, place)
    return x.gather(1, order[..., None].expand_as(x))


class BidirectionalEncoder(nn.Module):
    """Two LSTMs, one from each end: an annotation knows both sides of its place."""

    def __init__(
        self, vocab_size: int, d_model: int, d_hidden: int
    ) -> None:
        super().__init__()
        self.embedding = Embedding(vocab_size, d_model)
        self.forward_cell = LSTMCell(d_model, d_hidden // 2)
        self.backward_cell = LSTMCell(d_model, d_hidden // 2)

    def forward(
        self,
        source: Int[Tensor, "batch source"],
        mask: Bool[Tensor, "batch source"],
    ) -> tuple[Float[Tensor, "batch source d_hidden"], State]:
        """The annotations, one a place, and both last states side by side."""
        x = self.embedding(source)
        forward, last = fused_lstm(self.forward_cell, x, mask)
        from_end = reverse_sequence(x, mask)
        backward, first = fused_lstm(self.backward_cell, from_end, mask)
        backward = reverse_sequence(backward, mask)
        states = zip(last, first, strict=True)
        annotations = torch.cat([forward, backward], -1)
        return annotations, tuple(torch.cat(s, -1) for s in states)


class RNNSearch(AttentiveTranslator):
    """The paper's translator: bidirectional encoder, additive attention, decoder."""

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

    def start(
        self, source: Int[Tensor, "batch source"]
    ) -> DecoderState:
        """Hidden and cell state, annotations, their keys, mask."""
        mask = source != PAD
        value, state = self.encoder(source, mask)
        return *state, value, self.attention.key(value), mask

    # --8<-- [start:step]
    def look(
        self, token: Int[Tensor, " batch"], state: DecoderState
    ) -> tuple[Tensor, Tensor, DecoderState]:
        """The logits, the weights of the source, and the new state."""
        hidden, cell, value, key, mask = state
        previous = hidden[:, None]  # it has not read `token` yet
        context, weights = self.attention(
            previous, value, mask[:, None], key
        )
        logits, after = self.decoder.step(
            token, (hidden, cell), context[:, 0]
        )
        return logits, weights[:, 0], (*after, value, key, mask)

    # --8<-- [end:step]
