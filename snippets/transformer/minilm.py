"""MiniLM, a small BERT with published weights, on this chapter's stack.

Paper: devlin-2018-bert. Six post-norm blocks of twelve heads, 384 wide, trained last to
turn a sentence into one vector.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from snippets.attention.heads import MultiHeadAttention
from snippets.lab import weights
from snippets.text.wordpiece import WordPiece
from snippets.transformer.feed_forward import gelu
from snippets.transformer.parameters import Size
from snippets.transformer.transformer import LayerNorm, TransformerStack

# As its config.json says.
SIZE = Size(d_model=384, n_heads=12, d_ff=1536, n_layers=6)
VOCABULARY, MAX_LEN, EPS = 30_522, 512, 1e-12

# Our names of a block's parts, and BERT's.
PARTS = {
    "attention.query": "attention.self.query",
    "attention.key": "attention.self.key",
    "attention.value": "attention.self.value",
    "attention.output": "attention.output.dense",
    "attention_norm": "attention.output.LayerNorm",
    "feed_forward.widen": "intermediate.dense",
    "feed_forward.narrow": "output.dense",
    "feed_forward_norm": "output.LayerNorm",
}


class MiniLM(nn.Module):
    """Word, position and kind of sentence, added; then the stack.

    The file of weights fits any `n_heads` that divides 384: nothing in
    it says how its matrices are to be cut. MiniLM was trained with 12.
    """

    def __init__(self, n_heads: int = SIZE.n_heads) -> None:
        super().__init__()
        self.words = nn.Embedding(VOCABULARY, SIZE.d_model)
        self.positions = nn.Embedding(MAX_LEN, SIZE.d_model)
        self.kinds = nn.Embedding(2, SIZE.d_model)
        self.norm = LayerNorm(SIZE.d_model, EPS)
        size = replace(SIZE, n_heads=n_heads)
        self.stack = TransformerStack(size, gelu, eps=EPS)

    def embed(
        self,
        ids: Int[Tensor, "*batch seq"],
        words: bool = True,
        positions: bool = True,
    ) -> Float[Tensor, "*batch seq d_model"]:
        """What the first block reads.

        Without `words` tokens differ by their positions alone,
        without `positions` by their words alone.
        """
        x = self.kinds.weight[0].expand(*ids.shape, -1)
        if words:
            x = x + self.words(ids)
        if positions:
            x = x + self.positions.weight[: ids.shape[-1]]
        normal: Tensor = self.norm(x)
        return normal

    def states(
        self,
        ids: Int[Tensor, "*batch seq"],
        mask: Bool[Tensor, "*#batch #seq seq"] | None = None,
    ) -> list[Float[Tensor, "*batch seq d_model"]]:
        """The residual stream before block 1 and after each block."""
        return self.stack.stream(self.embed(ids), mask)

    def looks(
        self,
        ids: Int[Tensor, "*batch seq"],
        mask: Bool[Tensor, "*#batch #seq seq"] | None = None,
    ) -> Float[Tensor, "*batch n_layers n_heads seq seq"]:
        """The attention weights of every head of every layer."""
        found = []
        for i, x in enumerate(self.states(ids, mask)[:-1]):
            attend = self.stack.get_submodule(f"blocks.{i}.attention")
            assert isinstance(attend, MultiHeadAttention)
            found.append(attend.steps(x, mask=mask).weights)
        return torch.stack(found, dim=-4)


def minilm(n_heads: int = SIZE.n_heads) -> MiniLM:
    """The model with its published weights, in evaluation mode."""
    model = MiniLM(n_heads)
    names = {
        "words": "embeddings.word_embeddings",
        "positions": "embeddings.position_embeddings",
        "kinds": "embeddings.token_type_embeddings",
        "norm": "embeddings.LayerNorm",
    }
    for i in range(SIZE.n_layers):
        for ours, theirs in PARTS.items():
            names[f"stack.blocks.{i}.{ours}"] = (
                f"encoder.layer.{i}.{theirs}"
            )
    wanted = list(model.state_dict())
    found = weights.tensors(
        *(
            f"{names[part]}.{kind}"
            for part, _, kind in (
                name.rpartition(".") for name in wanted
            )
        )
    )
    model.load_state_dict(dict(zip(wanted, found, strict=True)))
    return model.eval().requires_grad_(False)


def tokenizer() -> WordPiece:
    """The WordPiece tokenizer that belongs to it."""
    return WordPiece(weights.vocabulary())


def padded(
    rows: Sequence[Sequence[int]],
) -> tuple[Int[Tensor, "batch seq"], Bool[Tensor, "batch 1 seq"]]:
    """Rows of ids as one batch, with the mask that hides the padding."""
    seq = max(map(len, rows))
    ids = torch.zeros(len(rows), seq, dtype=torch.long)  # 0 is [PAD]
    mask = torch.zeros(len(rows), 1, seq, dtype=torch.bool)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row)
        mask[i, :, : len(row)] = True
    return ids, mask
