"""What a translator that looks back can do: write a word, and say where it looked.

A translator brings `start`, what it remembers of a source, and `look`, one step.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from snippets.text.search import Memory


class AttentiveTranslator(nn.Module, ABC):
    """An encoder-decoder with attention; it can be searched and drawn."""

    @abstractmethod
    def start(self, source: Int[Tensor, "batch source"]) -> Memory:
        """The decoder's state, and all that it can look back at."""

    @abstractmethod
    def look(
        self, token: Int[Tensor, " batch"], memory: Memory
    ) -> tuple[
        Float[Tensor, "batch vocab_size"],
        Float[Tensor, "batch source"],
        Memory,
    ]:
        """The logits, where it looked, and the new memory."""

    def step(
        self, token: Int[Tensor, " batch"], state: Memory
    ) -> tuple[Float[Tensor, "batch vocab_size"], Memory]:
        """What a search asks for."""
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
        memory = self.start(source)
        logits, weights = [], []
        for token in target.unbind(1):
            now, where, memory = self.look(token, memory)
            logits.append(now)
            weights.append(where)
        return torch.stack(logits, 1), torch.stack(weights, 1)

    def forward(
        self,
        source: Int[Tensor, "batch source"],
        target: Int[Tensor, "batch target"],
    ) -> Float[Tensor, "batch target vocab_size"]:
        return self.aligned(source, target)[0]
