"""Encoder and decoder: one stack reads the source, a second one writes the target.

Paper: vaswani-2017-attention (sections 3.1, 3.2.3, 3.4 and 3.5). Post-norm as there,
unless pre-norm is asked for, which puts one more norm behind each stack; PyTorch's
nn.Transformer has these two in either form. The projections of attention have biases,
which the paper's formulas do not. Dropout as in `TransformerBlock`.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from snippets.attention.attention import fused_attention
from snippets.attention.heads import MultiHeadAttention, merge, split
from snippets.attention.masking import causal_mask, padding_mask
from snippets.attention.positional_encoding import sinusoids, speeds
from snippets.text.embeddings import Embedding
from snippets.text.search import DecoderState
from snippets.text.vocabulary import PAD
from snippets.transformer.normalization_and_residuals import LayerNorm
from snippets.transformer.parameters import Size
from snippets.transformer.transformer import (
    TransformerBlock,
    TransformerStack,
)

# Keys or values for every head: of what is written, of that and
# one word more, of the source.
Past = Float[Tensor, "batch n_heads key d_head"]
Longer = Float[Tensor, "batch n_heads _ d_head"]
Source = Float[Tensor, "batch n_heads source d_head"]


# --8<-- [start:decoder-block]
class DecoderBlock(TransformerBlock):
    """A block with one attention more: to what the encoder gave."""

    def __init__(self, size: Size, pre_norm: bool = False) -> None:
        super().__init__(size, pre_norm=pre_norm)
        width, heads, drop = size.d_model, size.n_heads, size.dropout
        self.cross = MultiHeadAttention(width, heads, dropout=drop)
        self.cross_norm = LayerNorm(width)

    def forward(  # type: ignore[override]  # it needs a source
        self,
        x: Float[Tensor, "batch target d_model"],
        past: Bool[Tensor, "target target"],
        memory: Float[Tensor, "batch source d_model"],
        real: Bool[Tensor, "batch 1 source"],
    ) -> Float[Tensor, "batch target d_model"]:
        x = self.add(x, self.attention, self.attention_norm, mask=past)
        x = self.add(
            x, self.cross, self.cross_norm, context=memory, mask=real
        )
        return self.add(x, self.feed_forward, self.feed_forward_norm)

    # --8<-- [end:decoder-block]

    def step(
        self,
        x: Float[Tensor, "batch 1 d_model"],
        key: Past,
        value: Past,
        source_key: Source,
        source_value: Source,
        real: Bool[Tensor, "batch 1 source"],
    ) -> tuple[Float[Tensor, "batch 1 d_model"], Longer, Longer]:
        """One position: it looks back at keys and values kept."""

        def look_back(x: Tensor) -> Tensor:
            nonlocal key, value
            query, new_key, new_value = self.attention.project(x)
            key = torch.cat([key, new_key], -2)
            value = torch.cat([value, new_value], -2)
            heads = fused_attention(query, key, value)
            output: Tensor = self.attention.output(merge(heads))
            return output

        def look_across(x: Tensor) -> Tensor:
            query = split(self.cross.query(x), self.cross.n_heads)
            heads = fused_attention(
                query, source_key, source_value, real.unsqueeze(-3)
            )
            output: Tensor = self.cross.output(merge(heads))
            return output

        x = self.add(x, look_back, self.attention_norm)
        x = self.add(x, look_across, self.cross_norm)
        x = self.add(x, self.feed_forward, self.feed_forward_norm)
        return x, key, value


class EncoderDecoder(nn.Module):
    """The Transformer of 2017; `size.n_layers` blocks in each stack.

    One table of embeddings serves three times: it looks up the source and the target,
    and scores the next word. Its d_model is even.
    """

    def __init__(self, size: Size, pre_norm: bool = False) -> None:
        super().__init__()
        self.embedding = Embedding(size.vocab_size, size.d_model)
        nn.init.normal_(self.embedding.weight, std=size.d_model**-0.5)
        self.dropout = nn.Dropout(size.dropout)
        self.encoder = TransformerStack(size, pre_norm=pre_norm)
        self.decoder = nn.ModuleList(
            DecoderBlock(size, pre_norm) for _ in range(size.n_layers)
        )
        last = LayerNorm if pre_norm else nn.Identity
        self.norm = last(size.d_model)

    def embed(
        self, ids: Int[Tensor, "batch seq"], start: int = 0
    ) -> Float[Tensor, "batch seq d_model"]:
        seq, width = ids.shape[1], self.embedding.weight.shape[1]
        place = torch.arange(start, start + seq, dtype=torch.float64)
        x = self.embedding(ids) * math.sqrt(width)
        x = x + sinusoids(place, speeds(width)).to(x)
        dropped: Tensor = self.dropout(x)
        return dropped

    def encode(
        self, source: Int[Tensor, "batch source"]
    ) -> tuple[
        Float[Tensor, "batch source d_model"],
        Bool[Tensor, "batch 1 source"],
    ]:
        real = padding_mask(source, PAD)
        return self.encoder(self.embed(source), real), real

    # --8<-- [start:decode]
    def decode(
        self,
        target: Int[Tensor, "batch target"],
        memory: Float[Tensor, "batch source d_model"],
        real: Bool[Tensor, "batch 1 source"],
    ) -> Float[Tensor, "batch target vocab_size"]:
        x = self.embed(target)
        past = causal_mask(target.shape[1], device=x.device)
        for block in self.decoder:
            x = block(x, past, memory, real)
        return self.logits(x)

    def logits(
        self, x: Float[Tensor, "batch target d_model"]
    ) -> Float[Tensor, "batch target vocab_size"]:
        scores: Tensor = self.norm(x) @ self.embedding.weight.T
        return scores

    def forward(
        self,
        source: Int[Tensor, "batch source"],
        target: Int[Tensor, "batch target"],
    ) -> Float[Tensor, "batch target vocab_size"]:
        """Teacher forcing: all positions of the target at once."""
        return self.decode(target, *self.encode(source))

    # --8<-- [end:decode]

    # --8<-- [start:cache]
    def start(
        self, source: Int[Tensor, "batch source"]
    ) -> DecoderState:
        """The mask; for each block its keys and values, none as yet,
        and those of the source, which stay as they are."""
        memory, real = self.encode(source)
        state = [real]
        for block in self.decoder:
            _, key, value = block.cross.project(memory)  # type: ignore
            state += [key[..., :0, :], value[..., :0, :], key, value]
        return tuple(state)

    def step(
        self, token: Int[Tensor, " batch"], state: DecoderState
    ) -> tuple[Float[Tensor, "batch vocab_size"], DecoderState]:
        """The logits of the next word: what `forward` gives last."""
        real, *kept = state
        x = self.embed(token[:, None], start=kept[0].shape[-2])
        for n, block in enumerate(self.decoder):
            own = slice(4 * n, 4 * n + 2)
            cached = kept[4 * n : 4 * n + 4]
            x, *kept[own] = block.step(x, *cached, real)  # type: ignore
        return self.logits(x)[:, 0], (real, *kept)

    # --8<-- [end:cache]
