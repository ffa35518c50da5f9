"""A translator with attention: at every step it gives the weights of the source too.

A subclass brings `start`, the state before the first word, and `look`, one step.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from snippets.text.search import DecoderState


class AttentiveTranslator(nn.Module, ABC):
    """An encoder-decoder with attention; it can be searched and drawn."""

    @abstractmethod
    def start(
        self, source: Int[Tensor, "batch source"]
    ) -> DecoderState:
        """The decoder's state, with all that it looks back at."""

    @abstractmethod
    def look(
        self, token: Int[Tensor, " batch"], state: DecoderState
    ) -> tuple[
        Float[Tensor, "batch vocab_size"],
        Float[Tensor, "batch source"],
        DecoderState,
    ]:
        """The logits, the weights of the source, and the new state."""

    def step(
        self, token: Int[Tensor, " batch"], state: DecoderState
    ) -> tuple[Float[Tensor, "batch vocab_size"], DecoderState]:
        """A step without the weights, as a search asks for it."""
        logits, _, state = self.look(token, state)
        return logits, state

    def aligned(
        self,
        source: Int[Tensor, "batch source"],
        target: Int[Tensor, "batch target"],
    ) -> tuple[
        Float[Tensor, "batch target vocab_size"],
        Float[Tensor, "batch target source"],
    ]:
        """Teacher forcing, step by step: the logits and the weights."""
        state = self.start(source)
        logits, weights = [], []
        for token in target.unbind(1):
            step_logits, step_weights, state = self.look(token, state)
            logits.append(step_logits)
            weights.append(step_weights)
        return torch.stack(logits, 1), torch.stack(weights, 1)

    def forward(
        self,
        source: Int[Tensor, "batch source"],
        target: Int[Tensor, "batch target"],
    ) -> Float[Tensor, "batch target vocab_size"]:
        return self.aligned(source, target)[0]
