"""A Transformer block adds two branches to a stream: attention, then feed-forward.

Papers: vaswani-2017-attention (sections 3.1 and 5.4). Post-norm as in the paper of 2017
unless pre-norm is asked for, as in GPT-2.
"""

from __future__ import annotations

from collections.abc import Callable

from jaxtyping import Bool, Float
from torch import Tensor, nn

from snippets.attention.heads import MultiHeadAttention
from snippets.transformer.feed_forward import FeedForward, relu
from snippets.transformer.normalization_and_residuals import (
    Layer,
    LayerNorm,
    add_branch,
)
from snippets.transformer.parameters import Size


# --8<-- [start:block]
class TransformerBlock(nn.Module):
    """Attention, then feed-forward, each added to the stream."""

    def __init__(
        self,
        size: Size,
        activation: Layer = relu,
        pre_norm: bool = False,
        eps: float = 1e-5,
    ) -> None:
        super().__init__()
        width, heads, drop = size.d_model, size.n_heads, size.dropout
        self.attention = MultiHeadAttention(width, heads, dropout=drop)
        self.feed_forward = FeedForward(width, size.d_ff, activation)
        self.attention_norm = LayerNorm(width, eps)
        self.feed_forward_norm = LayerNorm(width, eps)
        self.dropout = nn.Dropout(drop)
        self.pre_norm = pre_norm

    def forward(
        self,
        x: Float[Tensor, "*batch seq d_model"],
        mask: Bool[Tensor, "*#batch #seq seq"] | None = None,
    ) -> Float[Tensor, "*batch seq d_model"]:
        x = self.add(x, self.attention, self.attention_norm, mask=mask)
        return self.add(x, self.feed_forward, self.feed_forward_norm)

    # --8<-- [end:block]

    def add(
        self,
        x: Float[Tensor, "*batch seq d_model"],
        branch: Callable[..., Tensor],
        norm: Layer,
        **given: Tensor | None,
    ) -> Float[Tensor, "*batch seq d_model"]:
        """x plus a branch; in training, some of its numbers are 0.

        `size.dropout` is the chance of that, and of a weight of
        attention, as in PyTorch's layer; that one also drops inside
        its feed-forward network.
        """
        return add_branch(
            x,
            lambda x: self.dropout(branch(x, **given)),
            norm,
            self.pre_norm,
        )


# --8<-- [start:stack]
class TransformerStack(nn.Module):
    """As many blocks as `size` says, each with weights of its own."""

    def __init__(
        self,
        size: Size,
        activation: Layer = relu,
        pre_norm: bool = False,
        eps: float = 1e-5,
    ) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            TransformerBlock(size, activation, pre_norm, eps)
            for _ in range(size.n_layers)
        )
        # A pre-norm stream leaves the last block as a plain sum.
        last = LayerNorm if pre_norm else nn.Identity
        self.norm = last(size.d_model, eps)

    def stream(
        self,
        x: Float[Tensor, "*batch seq d_model"],
        mask: Bool[Tensor, "*#batch #seq seq"] | None = None,
    ) -> list[Float[Tensor, "*batch seq d_model"]]:
        """The stream before the first block and after every block."""
        states = [x]
        for block in self.blocks:
            states.append(block(states[-1], mask))
        return states

    # --8<-- [end:stack]

    def forward(
        self,
        x: Float[Tensor, "*batch seq d_model"],
        mask: Bool[Tensor, "*#batch #seq seq"] | None = None,
    ) -> Float[Tensor, "*batch seq d_model"]:
        return self.norm(self.stream(x, mask)[-1])  # type: ignore[no-any-return]
