"""Sequence to sequence: one network reads a sentence, a second writes another.

Papers: sutskever-2014-seq2seq (section 2), cho-2014-rnn-encoder-decoder (section 2.2).
Ours has one layer where the first paper has four, and shows the vector to the decoder
once, where the second shows it at every step.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from snippets.recurrence.recurrent_networks import (
    LSTMCell,
    State,
    fused_lstm,
)
from snippets.text.embeddings import Embedding
from snippets.text.vocabulary import PAD


class Encoder(nn.Module):
    """An LSTM over the source: all its hidden states, and its last state."""

    def __init__(
        self, vocab_size: int, d_model: int, d_hidden: int
    ) -> None:
        super().__init__()
        self.embedding = Embedding(vocab_size, d_model)
        self.cell = LSTMCell(d_model, d_hidden)

    def forward(
        self,
        source: Int[Tensor, "batch source"],
        mask: Bool[Tensor, "batch source"] | None = None,
    ) -> tuple[Float[Tensor, "batch source d_hidden"], State]:
        x = self.embedding(source)
        return fused_lstm(self.cell, x, mask)


class Decoder(nn.Module):
    """An LSTM that reads the last word and gives the logits of the next one.

    With `d_context` a step takes a context vector as well, and both the cell and the
    output layer read it beside the word.
    """

    def __init__(
        self,
        vocab_size: int,
        d_model: int,
        d_hidden: int,
        d_context: int = 0,
    ) -> None:
        super().__init__()
        self.embedding = Embedding(vocab_size, d_model)
        self.cell = LSTMCell(d_model + d_context, d_hidden)
        self.output = nn.Linear(d_hidden + d_context, vocab_size)

    def step(
        self,
        token: Int[Tensor, " batch"],
        state: State,
        context: Float[Tensor, "batch d_context"] | None = None,
    ) -> tuple[Float[Tensor, "batch vocab_size"], State]:
        """The logits of the next word, and the new state."""
        extra = [] if context is None else [context]
        x = torch.cat([self.embedding(token), *extra], -1)
        state = self.cell(x, state)
        return self.output(torch.cat([state[0], *extra], -1)), state

    def forward(
        self, target: Int[Tensor, "batch target"], state: State
    ) -> Float[Tensor, "batch target vocab_size"]:
        """The logits of all steps in one call: all words are known."""
        x = self.embedding(target)
        hidden, _ = fused_lstm(self.cell, x, state=state)
        logits: Tensor = self.output(hidden)
        return logits


class Seq2Seq(nn.Module):
    """An encoder, a decoder, and between them one state alone."""

    # --8<-- [start:seq2seq]
    def __init__(
        self,
        source_size: int,
        target_size: int,
        d_model: int,
        d_hidden: int,
    ) -> None:
        super().__init__()
        self.encoder = Encoder(source_size, d_model, d_hidden)
        self.decoder = Decoder(target_size, d_model, d_hidden)

    def start(self, source: Int[Tensor, "batch source"]) -> State:
        """The context vector: the whole sentence in one state."""
        state: State
        _, state = self.encoder(source, mask=source != PAD)
        return state

    def step(
        self, token: Int[Tensor, " batch"], state: State
    ) -> tuple[Float[Tensor, "batch vocab_size"], State]:
        return self.decoder.step(token, state)

    def forward(
        self,
        source: Int[Tensor, "batch source"],
        target: Int[Tensor, "batch target"],
    ) -> Float[Tensor, "batch target vocab_size"]:
        """Teacher forcing: logits after the true words, not its own."""
        logits: Tensor = self.decoder(target, self.start(source))
        return logits

    # --8<-- [end:seq2seq]
