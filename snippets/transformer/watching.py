"""What every attention of a model looks at, without a change to the model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

from snippets.attention.heads import MultiHeadAttention


@contextmanager
def watched(model: nn.Module) -> Iterator[dict[str, Tensor]]:
    """The weights of every multi-head attention that runs, by its name.

    Each is (batch, n_heads, query, key); in evaluation, those of the last call.
    """
    seen: dict[str, Tensor] = {}

    def keep(name: str) -> Any:
        def hook(
            part: MultiHeadAttention, given: Any, named: Any, _: Tensor
        ) -> None:
            seen[name] = part.steps(*given, **named).weights

        return hook

    hooks = [
        part.register_forward_hook(keep(name), with_kwargs=True)
        for name, part in model.named_modules()
        if isinstance(part, MultiHeadAttention)
    ]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()
