"""Weight tying: one matrix looks tokens up at one end and scores them at the other.

Papers: press-2016-output-embedding, inan-2016-tying-word-vectors; the factor at the
look-up is from vaswani-2017-attention (section 3.4). Where the model deviates from
that paper: pre-norm, a decoder alone, learned positions.
"""

from __future__ import annotations

import copy
import math

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from snippets.attention.masking import causal_mask
from snippets.text.embeddings import Embedding
from snippets.text.logits import cross_entropy
from snippets.transformer.parameters import Size
from snippets.transformer.transformer import TransformerStack


class LanguageModel(nn.Module):
    """From ids to the logits of what comes next.

    In training, `size.dropout` also drops from the sum of embeddings.
    """

    # --8<-- [start:tie]
    def __init__(self, size: Size, tied: bool = True) -> None:
        super().__init__()
        vocab_size, d_model = size.vocab_size, size.d_model
        self.embedding = Embedding(vocab_size, d_model)
        self.output = nn.Linear(d_model, vocab_size, bias=False)
        # Short rows for the logits; forward makes them longer.
        for end in (self.embedding, self.output):
            nn.init.normal_(end.weight, std=d_model**-0.5)
        if tied:
            self.output.weight = self.embedding.weight
        self.places = Embedding(size.max_len, d_model)
        self.dropout = nn.Dropout(size.dropout)
        self.stack = TransformerStack(size, pre_norm=True)
        self.scale = math.sqrt(d_model)

    # --8<-- [end:tie]

    # --8<-- [start:forward]
    def forward(
        self, ids: Int[Tensor, "*batch seq"]
    ) -> Float[Tensor, "*batch seq vocab_size"]:
        seq = ids.shape[-1]
        x = self.embedding(ids) * self.scale  # one end: ids in
        x = self.dropout(x + self.places.weight[:seq])
        x = self.stack(x, causal_mask(seq, device=x.device))
        logits: Tensor = self.output(x)  # other end: logits out
        return logits

    # --8<-- [end:forward]


def surprise(
    model: LanguageModel,
    ids: Int[Tensor, "*batch seq"],
    targets: Int[Tensor, "*batch seq"],
) -> Float[Tensor, ""]:
    """The mean cross-entropy of what comes next."""
    return cross_entropy(model(ids), targets)


# --8<-- [start:gradients]
def gradients(
    model: LanguageModel,
    ids: Int[Tensor, "*batch seq"],
    targets: Int[Tensor, "*batch seq"],
) -> tuple[
    Float[Tensor, "vocab_size d_model"],
    Float[Tensor, "vocab_size d_model"],
]:
    """What reaches the matrix at each end: look-up, logits."""
    ends = model.embedding.weight, model.output.weight
    loss = surprise(model, ids, targets)
    look_up, logits = torch.autograd.grad(loss, ends)
    return look_up, logits


# --8<-- [end:gradients]


def is_tied(model: LanguageModel) -> bool:
    """Whether both ends hold the very same parameter, not an equal one."""
    return model.output.weight is model.embedding.weight


def untied_twin(model: LanguageModel) -> LanguageModel:
    """A model that computes the same, with a matrix for each end."""
    twin = copy.deepcopy(model)
    numbers = model.output.weight.detach().clone()
    twin.output.weight = nn.Parameter(numbers)
    return twin
