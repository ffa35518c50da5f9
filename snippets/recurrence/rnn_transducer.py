"""A transducer sums over every way to write labels while it reads frames.

Papers: graves-2012-sequence-transduction (sections 2.1 to 2.6). Where we deviate: the
encoder reads in one direction, so that it can write while it listens (the paper's reads
in both); a joint network of one layer stands where the paper adds two vectors of
logits; the search goes frame by frame, and does not normalize by length.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from snippets.recurrence.lattice import by_diagonals
from snippets.recurrence.recurrent_networks import (
    LSTMCell,
    State,
    fused_lstm,
)
from snippets.text.embeddings import Embedding
from snippets.text.logits import log_softmax

Labels = tuple[int, ...]
Beam = dict[Labels, float]
Scorer = Callable[[int, Labels], Tensor]
BLANK = 0  # "write nothing more, take the next frame"


def steps(
    log_probs: Float[Tensor, "batch frame written choices"],
    labels: Int[Tensor, "batch label"],
) -> tuple[
    Float[Tensor, "batch frame written"],
    Float[Tensor, "batch frame label"],
]:
    """What each step costs: to the right a blank, up the next label."""
    places = labels[:, None, :, None].expand(
        -1, log_probs.shape[1], -1, 1
    )
    label = log_probs[:, :, :-1].gather(-1, places).squeeze(-1)
    return log_probs[..., BLANK], label


# --8<-- [start:forward]
def forward_variables(
    blank: Float[Tensor, "batch frame written"],
    label: Float[Tensor, "batch frame label"],
) -> Float[Tensor, "batch frame written"]:
    """log α(t, u): at frame t, u labels written, by any path."""
    batch, n_frames, n_written = blank.shape
    rows: list[list[Tensor]] = []
    for t in range(n_frames):
        row: list[Tensor] = []
        for u in range(n_written):
            ways = []
            if t > 0:  # from the left: a blank
                ways.append(rows[t - 1][u] + blank[:, t - 1, u])
            if u > 0:  # from below: the label number u
                ways.append(row[u - 1] + label[:, t, u - 1])
            start = [blank.new_zeros(batch)]
            row.append(torch.stack(ways or start).logsumexp(0))
        rows.append(row)
    return torch.stack([torch.stack(row, -1) for row in rows], 1)


# --8<-- [end:forward]


def transducer_loss(
    log_probs: Float[Tensor, "batch frame written choices"],
    labels: Int[Tensor, "batch label"],
    n_frames: Int[Tensor, " batch"],
    n_labels: Int[Tensor, " batch"],
) -> Float[Tensor, " batch"]:
    """-log p(labels | frames); what is longer than its length is padding.

    Raises:
        ValueError: the table has no place for a length.
    """
    _, t, u, _ = log_probs.shape
    no_frame = (n_frames < 1) | (n_frames > t)
    no_label = (n_labels < 0) | (n_labels >= u)
    if (no_frame | no_label).any():
        raise ValueError(f"give 1 to {t} frames, 0 to {u - 1} labels")
    blank, label = steps(log_probs, labels)
    total = by_diagonals(blank, label) + blank  # and the last blank
    rows = torch.arange(len(labels), device=labels.device)
    return -total[rows, n_frames - 1, n_labels]


class Transducer(nn.Module):
    """A reader of frames, a reader of labels, and where they meet."""

    def __init__(
        self, d_frame: int, vocab_size: int, d_model: int
    ) -> None:
        super().__init__()
        choices = vocab_size + 1  # the labels, and the blank
        self.encoder = LSTMCell(d_frame, d_model)
        self.embedding = Embedding(choices, d_model)
        self.predictor = LSTMCell(d_model, d_model)
        self.joint = nn.Linear(d_model, choices)

    # --8<-- [start:model]
    def forward(
        self,
        frames: Float[Tensor, "batch frame d_frame"],
        labels: Int[Tensor, "batch label"],
    ) -> Float[Tensor, "batch frame written choices"]:
        heard = self.hear(frames).unsqueeze(-2)
        # Before the first label it reads a blank.
        before = F.pad(labels, (1, 0), value=BLANK)
        said, _ = fused_lstm(self.predictor, self.embedding(before))
        return self.meet(heard, said.unsqueeze(-3))

    def hear(
        self, frames: Float[Tensor, "batch frame d_frame"]
    ) -> Float[Tensor, "batch frame d_model"]:
        return fused_lstm(self.encoder, frames)[0]

    def meet(
        self,
        heard: Float[Tensor, "*#batch d_model"],
        said: Float[Tensor, "*#batch d_model"],
    ) -> Float[Tensor, "*batch choices"]:
        """Log-probabilities of a blank and of every label."""
        return log_softmax(self.joint(torch.tanh(heard + said)))

    # --8<-- [end:model]

    def scorer(self, frames: Float[Tensor, "frame d_frame"]) -> Scorer:
        """What comes next, at frame t, after these labels."""
        heard = self.hear(frames[None])

        @cache
        def read(labels: Labels) -> tuple[Tensor, State]:
            past = read(labels[:-1])[1] if labels else None
            last = labels[-1] if labels else BLANK
            token = torch.tensor([[last]], device=frames.device)
            vector = self.embedding(token)
            said, state = fused_lstm(self.predictor, vector, state=past)
            return said[0, 0], state

        return lambda t, labels: self.meet(heard[0, t], read(labels)[0])


def greedy(score: Scorer, n_frames: int, most: int = 5) -> Labels:
    """Take the likeliest step, frame by frame, at most `most` labels each."""
    labels: Labels = ()
    for t in range(n_frames):
        for _ in range(most):
            best = int(score(t, labels).argmax())
            if best == BLANK:
                break
            labels = (*labels, best)
    return labels


# --8<-- [start:beam]
def beam_search(
    score: Scorer, n_frames: int, width: int, most: int = 5
) -> list[tuple[Labels, float]]:
    """The likeliest outputs with their log-probabilities."""
    beam: Beam = {(): 0.0}
    for t in range(n_frames):
        done: Beam = {}
        for _ in range(most + 1):
            longer: Beam = {}
            for labels, log_p in beam.items():
                ways = (log_p + score(t, labels)).tolist()
                add(done, labels, ways[BLANK])
                for k, way in enumerate(ways):
                    if k != BLANK:
                        longer[*labels, k] = way
            beam = likeliest(longer, width)
        beam = likeliest(done, width)
    return list(beam.items())


def add(beam: Beam, labels: Labels, log_p: float) -> None:
    """Two paths to the same labels are one output: add them."""
    known = beam.get(labels, -math.inf)
    beam[labels] = float(np.logaddexp(known, log_p))


# --8<-- [end:beam]


def likeliest(beam: Beam, width: int) -> Beam:
    if width < 1:
        raise ValueError(f"width {width}: a beam needs 1 or more")
    ranked = sorted(beam.items(), key=lambda item: -item[1])
    return dict(ranked[:width])
