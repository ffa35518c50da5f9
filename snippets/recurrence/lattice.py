"""The lattice of a transducer, fast: its forward and backward variables, its gradient.

All nodes with the same t + u depend on the diagonal before them alone. So T + U steps
are enough, each on a vector, in place of T × U. A test holds the numbers equal to those
of `forward_variables` in rnn_transducer.py.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

NEVER = -1e30  # log 0, but finite: its gradient is 0, not NaN


def by_diagonals(
    blank: Float[Tensor, "batch frame written"],
    label: Float[Tensor, "batch frame label"],
) -> Float[Tensor, "batch frame written"]:
    """log α(t, u), from one diagonal t + u to the next."""
    batch, n_frames, n_written = blank.shape
    width = n_frames + n_written - 1

    def diagonals(x: Tensor) -> tuple[Tensor, ...]:
        """The diagonals of x: row t moves right by t, and they are columns."""
        flat = F.pad(x, (0, n_frames)).flatten(1)
        skewed = flat[:, :-n_frames].unflatten(1, (n_frames, width))
        columns: tuple[Tensor, ...] = skewed.unbind(-1)
        return columns

    up = diagonals(F.pad(label, (0, 1), value=NEVER))
    start = blank.new_full((batch, n_frames), NEVER)
    start[:, 0] = 0.0
    alpha = [start]
    for n, right in enumerate(diagonals(blank)[:-1]):
        moved = F.pad((alpha[n] + right)[:, :-1], (1, 0), value=NEVER)
        alpha.append(torch.logaddexp(moved, alpha[n] + up[n]))
    flat = F.pad(torch.stack(alpha, -1).flatten(1), (0, n_frames))
    straight: Tensor = flat.unflatten(1, (n_frames, -1))
    return straight[..., :n_written]


def backward_variables(
    blank: Float[Tensor, "batch frame written"],
    label: Float[Tensor, "batch frame label"],
) -> Float[Tensor, "batch frame written"]:
    """log β(t, u): the probability of the rest, from (t, u) on by any path."""
    # Seen from the end, a step's log-probability belongs to the node where it ends.
    last_blank = blank[:, -1:, -1]
    right = F.pad(blank.flip(1, 2)[:, 1:], (0, 0, 0, 1))
    from_end = (
        by_diagonals(right, label.flip(1, 2)) + last_blank[..., None]
    )
    return from_end.flip(1, 2)


def gradient(
    blank: Float[Tensor, "batch frame written"],
    label: Float[Tensor, "batch frame label"],
) -> tuple[
    Float[Tensor, "batch frame written"],
    Float[Tensor, "batch frame label"],
]:
    """The gradient of the loss by `blank` and by `label`.

    It is minus the share of the paths that take a step: -1 where every path does.
    """
    alpha = by_diagonals(blank, label)
    beta = backward_variables(blank, label)
    total = beta[:, :1, :1]  # log p of all paths
    after = F.pad(beta[:, 1:], (0, 0, 0, 1), value=NEVER)
    after[:, -1, -1] = 0.0  # the last blank leads out
    right = (alpha + blank + after - total).exp()
    up = (alpha[..., :-1] + label + beta[..., 1:] - total).exp()
    return -right, -up
