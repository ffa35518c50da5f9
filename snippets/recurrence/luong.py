"""The translator of Luong and others: read the last word, then look.

Paper: luong-2015-effective-attention (section 3). Ours reads the source from both ends,
in one layer, where the paper stacks four that read it in one direction.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from snippets.recurrence.additive_attention import BidirectionalEncoder
from snippets.recurrence.attentive import AttentiveTranslator
from snippets.recurrence.multiplicative_attention import (
    LuongAttention,
    Score,
)
from snippets.recurrence.recurrent_networks import LSTMCell, fused_lstm
from snippets.text.embeddings import Embedding
from snippets.text.search import DecoderState
from snippets.text.vocabulary import PAD


class Luong(AttentiveTranslator):
    """The paper's translator: the state that has read the last word scores.

    With `reach` it looks at a window. With `input_feeding` a step reads the attentional
    state of the step before beside its word; without it all steps run in one go.
    """

    def __init__(
        self,
        source_size: int,
        target_size: int,
        d_model: int,
        d_hidden: int,
        score: Score,
        reach: int | None = None,
        input_feeding: bool = False,
    ) -> None:
        super().__init__()
        self.input_feeding = input_feeding
        self.encoder = BidirectionalEncoder(
            source_size, d_model, d_hidden
        )
        self.embedding = Embedding(target_size, d_model)
        d_fed = d_hidden if input_feeding else 0
        self.cell = LSTMCell(d_model + d_fed, d_hidden)
        self.attention = LuongAttention(d_hidden, score, reach)
        self.output = nn.Linear(d_hidden, target_size)

    def start(
        self, source: Int[Tensor, "batch source"]
    ) -> DecoderState:
        """Hidden and cell state, attentional state, annotations, mask."""
        mask = source != PAD
        value, state = self.encoder(source, mask)
        return *state, torch.zeros_like(state[0]), value, mask

    def look(
        self, token: Int[Tensor, " batch"], state: DecoderState
    ) -> tuple[Tensor, Tensor, DecoderState]:
        """The logits, the weights of the source, and the new state."""
        hidden, cell, attentional, value, mask = state
        fed = [attentional] if self.input_feeding else []
        x = torch.cat([self.embedding(token), *fed], -1)
        hidden, cell = self.cell(x, (hidden, cell))
        steps, weights = self.attention(hidden[:, None], value, mask)
        attentional = steps[:, 0]
        state = (hidden, cell, attentional, value, mask)
        return self.output(attentional), weights[:, 0], state

    def aligned(
        self,
        source: Int[Tensor, "batch source"],
        target: Int[Tensor, "batch target"],
    ) -> tuple[
        Float[Tensor, "batch target vocab_size"],
        Float[Tensor, "batch target source"],
    ]:
        """Teacher forcing: the logits and the weights."""
        if self.input_feeding:  # a step waits for the one before
            return super().aligned(source, target)
        hidden, cell, _, value, mask = self.start(source)
        states, _ = fused_lstm(
            self.cell, self.embedding(target), state=(hidden, cell)
        )
        attentional, weights = self.attention(states, value, mask)
        return self.output(attentional), weights
