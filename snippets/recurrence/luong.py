"""The translator of Luong and others: read the last word, then look.

Paper: luong-2015-effective-attention (section 3). Ours reads the source from both ends,
in one layer, where the paper stacks four that read it from left to right.
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
from snippets.text.search import Memory
from snippets.text.vocabulary import PAD


class Luong(AttentiveTranslator):
    """The translator of the paper: read the last word, then look.

    With `reach` it looks at a window. With `input_feeding` the last step's findings are
    read with the next word; without it all steps run in one go.
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

    def start(self, source: Int[Tensor, "batch source"]) -> Memory:
        mask = source != PAD
        value, state = self.encoder(source, mask)
        return *state, torch.zeros_like(state[0]), value, mask

    def look(
        self, token: Int[Tensor, " batch"], memory: Memory
    ) -> tuple[Tensor, Tensor, Memory]:
        """The logits, where it looked, and the new memory."""
        hidden, cell, found, value, mask = memory
        fed = [found] if self.input_feeding else []
        x = torch.cat([self.embedding(token), *fed], -1)
        hidden, cell = self.cell(x, (hidden, cell))
        steps, weights = self.attention(hidden[:, None], value, mask)
        found = steps[:, 0]
        memory = (hidden, cell, found, value, mask)
        return self.output(found), weights[:, 0], memory

    def aligned(
        self,
        source: Int[Tensor, "batch source"],
        target: Int[Tensor, "batch target"],
    ) -> tuple[
        Float[Tensor, "batch target vocab_size"],
        Float[Tensor, "batch target source"],
    ]:
        """Teacher forcing: the logits and the weights."""
        # A step that is fed waits for what the last one found.
        if self.input_feeding:
            return super().aligned(source, target)
        hidden, cell, _, value, mask = self.start(source)
        states, _ = fused_lstm(
            self.cell, self.embedding(target), state=(hidden, cell)
        )
        found, weights = self.attention(states, value, mask)
        return self.output(found), weights
