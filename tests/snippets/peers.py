"""PyTorch's own layers and ours with the same weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import torch
from torch import Tensor, nn

NAMES = {
    "self_attn.out_proj": "attention.output",
    "linear1": "feed_forward.widen",
    "linear2": "feed_forward.narrow",
    "norm1": "attention_norm",
    "norm2": "feed_forward_norm",
}
Module = TypeVar("Module", bound=nn.Module)


def from_torch(theirs: Mapping[str, Tensor | None]) -> dict[str, Tensor]:
    """The weights, or gradients, of an nn.TransformerEncoderLayer under our names."""
    ours = {}
    for kind in ("weight", "bias"):
        for their, our in NAMES.items():
            ours[f"{our}.{kind}"] = theirs[f"{their}.{kind}"]
        # PyTorch keeps the three projections in one matrix.
        three = theirs[f"self_attn.in_proj_{kind}"].chunk(3)
        for part, tensor in zip(("query", "key", "value"), three, strict=True):
            ours[f"attention.{part}.{kind}"] = tensor
    return ours


def recurrent_weights(cell: nn.Module, end: str = "_l0") -> dict[str, Tensor]:
    """The weights of a cell of ours under the names that PyTorch gives them."""
    return {
        f"{name}_{letters}{end}": weight
        for letters, part in (("ih", "input"), ("hh", "recurrent"))
        for name, weight in cell.get_submodule(part).named_parameters()
    }


def shaken(module: Module, seed: int = 0) -> Module:
    """With random weights everywhere: norms too, which begin at 1 and 0."""
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in module.parameters():
            weight += 0.3 * torch.randn(
                weight.shape, generator=random, dtype=weight.dtype
            )
    return module


def count(module: nn.Module) -> int:
    return sum(weight.numel() for weight in module.parameters())
