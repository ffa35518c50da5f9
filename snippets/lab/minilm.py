"""MiniLM reads texts: every number on its way, by PyTorch's own functions.

For demos that look into a trained model, a small BERT (see devlin-2018-bert). The
chapters build the same layers by hand; `tests/snippets/lab/test_minilm.py` holds
MiniLM read here equal to the same weights in their stack.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional as F

from snippets.lab import weights

N_LAYERS, N_HEADS, EPS = 6, 12, 1e-12  # MiniLM's config.json


# Ids of one text, or of several, padded to one length.
Ids = Sequence[int] | Int[Tensor, "*batch seq"]


class Block(NamedTuple):
    """What one block computed of one text, or of each text of a batch.

    Attributes:
        entered: the vectors that it was given.
        query, key: what its heads compare.
        attended: what its attention adds.
        middle: the vectors between its two branches, after the first norm.
        neurons: the numbers in the middle of its feed-forward network, after GELU.
        worked: what that network adds.
        output: the vectors that leave the block.
    """

    entered: Float[Tensor, "*batch seq d_model"]
    query: Float[Tensor, "*batch n_heads seq d_head"]
    key: Float[Tensor, "*batch n_heads seq d_head"]
    attended: Float[Tensor, "*batch seq d_model"]
    middle: Float[Tensor, "*batch seq d_model"]
    neurons: Float[Tensor, "*batch seq d_ff"]
    worked: Float[Tensor, "*batch seq d_model"]
    output: Float[Tensor, "*batch seq d_model"]


class MiniLM:
    """The published model: token ids in, what every block computed out.

    Its file fits any `n_heads` that divides 384: nothing in it says how its matrices
    are to be cut. It was trained with 12.
    """

    def __init__(self, n_heads: int = N_HEADS) -> None:
        self.n_heads = n_heads
        names = ["word_embeddings", "position_embeddings", "token_type_embeddings"]
        self.embeddings = weights.tensors(*(f"embeddings.{n}.weight" for n in names))
        self.norm = self._two("embeddings.LayerNorm")
        self.layers = [
            {
                part: self._two(f"encoder.layer.{layer}.{part}")
                for part in (
                    *("attention.self.query", "attention.self.key"),
                    *("attention.self.value", "attention.output.dense"),
                    *("attention.output.LayerNorm", "intermediate.dense"),
                    *("output.dense", "output.LayerNorm"),
                )
            }
            for layer in range(N_LAYERS)
        ]

    @staticmethod
    def _two(name: str) -> tuple[Tensor, Tensor]:
        weight, bias = weights.tensors(f"{name}.weight", f"{name}.bias")
        return weight, bias

    @torch.no_grad()
    def embed(
        self, ids: Ids, words: bool = True, positions: bool = True
    ) -> Float[Tensor, "*batch seq d_model"]:
        """Word + position + the one kind of text there is, normalized.

        Without `words` tokens differ by their positions alone, and the reverse.
        """
        word, position, kind = self.embeddings
        ids = torch.as_tensor(ids)
        x = torch.zeros(*ids.shape, word.shape[1])
        if words:
            x = x + word[ids]
        if positions:
            x = x + position[: ids.shape[-1]]
        x = x + kind[0]
        return F.layer_norm(x, x.shape[-1:], *self.norm, EPS)

    @torch.no_grad()
    def read(
        self,
        ids: Ids,
        words: bool = True,
        positions: bool = True,
        mask: Bool[Tensor, "*#batch #seq seq"] | None = None,
    ) -> list[Block]:
        """Texts through the six blocks; `mask` is True where a token may look."""
        x = self.embed(ids, words, positions)
        blocks = []
        for layer in self.layers:
            blocks.append(self._block(x, layer, self.n_heads, mask))
            x = blocks[-1].output
        return blocks

    @staticmethod
    def _block(
        x: Tensor,
        layer: dict[str, tuple[Tensor, Tensor]],
        n_heads: int,
        mask: Tensor | None,
    ) -> Block:
        query, key, value = (
            F.linear(x, *layer[f"attention.self.{name}"])
            .unflatten(-1, (n_heads, -1))
            .transpose(-3, -2)
            for name in ("query", "key", "value")
        )
        if mask is not None:
            mask = mask.unsqueeze(-3)  # the same for every head
        heads = F.scaled_dot_product_attention(query, key, value, mask)
        joined = heads.transpose(-3, -2).flatten(-2)
        attended = F.linear(joined, *layer["attention.output.dense"])
        width = x.shape[-1:]
        norm = layer["attention.output.LayerNorm"]
        middle = F.layer_norm(x + attended, width, *norm, EPS)
        neurons = F.gelu(F.linear(middle, *layer["intermediate.dense"]))
        worked = F.linear(neurons, *layer["output.dense"])
        norm = layer["output.LayerNorm"]
        output = F.layer_norm(middle + worked, width, *norm, EPS)
        return Block(x, query, key, attended, middle, neurons, worked, output)
