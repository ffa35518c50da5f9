"""A transducer sums over every way to write labels while it reads frames.

Papers: graves-2012-sequence-transduction (sections 2.1 to 2.6). Where we deviate: the
encoder reads in one direction, so that it can write while it listens (the paper's reads
in both); a joint network of one layer stands where the paper adds two vectors of
logits; the search goes frame by frame, and does not normalize by length.
"""

from __future__ import annotations

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
    """log p at (t, u) of a blank, to (t + 1, u), and of a label, to (t, u + 1)."""
    places = labels[:, None, :, None]
    label = log_probs[:, :, :-1].take_along_dim(places, -1)
    return log_probs[..., BLANK], label.squeeze(-1)


# --8<-- [start:forward]
def forward_variables(
    blank: Float[Tensor, "batch frame written"],
    label: Float[Tensor, "batch frame label"],
) -> Float[Tensor, "batch frame written"]:
    """log α(t, u): the probability to come to frame t with u labels."""
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
    """An encoder, a prediction network, a joint network."""

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
        """Log-probabilities at every node of the lattice."""
        transcription = self.transcribe(frames).unsqueeze(-2)
        vectors = self.embedding(F.pad(labels, (1, 0), value=BLANK))
        prediction, _ = fused_lstm(self.predictor, vectors)
        return self.join(transcription, prediction.unsqueeze(-3))

    def transcribe(
        self, frames: Float[Tensor, "batch frame d_frame"]
    ) -> Float[Tensor, "batch frame d_model"]:
        return fused_lstm(self.encoder, frames)[0]

    def join(
        self,
        transcription: Float[Tensor, "*#batch d_model"],
        prediction: Float[Tensor, "*#batch d_model"],
    ) -> Float[Tensor, "*batch choices"]:
        """Log-probabilities of a blank and of every label."""
        mixed = torch.tanh(transcription + prediction)
        return log_softmax(self.joint(mixed))

    # --8<-- [end:model]

    def scorer(self, frames: Float[Tensor, "frame d_frame"]) -> Scorer:
        """score(t, labels): log p of each choice at frame t after these labels."""
        transcription = self.transcribe(frames[None])[0]

        @cache  # each beginning is read once
        def predict(labels: Labels) -> tuple[Tensor, State]:
            past = predict(labels[:-1])[1] if labels else None
            last = labels[-1] if labels else BLANK
            token = torch.tensor([[last]], device=frames.device)
            x = self.embedding(token)
            output, state = fused_lstm(self.predictor, x, state=past)
            return output[0, 0], state

        return lambda t, y: self.join(transcription[t], predict(y)[0])


# --8<-- [start:greedy]
def greedy(score: Scorer, n_frames: int, max_labels: int = 5) -> Labels:
    """The likeliest step each time, `max_labels` a frame at most."""
    labels: Labels = ()
    for t in range(n_frames):
        for _ in range(max_labels):
            best = int(score(t, labels).argmax())
            if best == BLANK:
                break
            labels = (*labels, best)
    return labels


# --8<-- [end:greedy]


def likeliest(beam: Beam, width: int) -> Beam:
    """The `width` likeliest outputs of the beam."""
    if width < 1:
        raise ValueError(f"width {width}: a beam needs 1 or more")
    ranked = sorted(beam.items(), key=lambda item: -item[1])
    return dict(ranked[:width])


def beam_search(
    score: Scorer, n_frames: int, width: int, max_labels: int = 5
) -> list[tuple[Labels, float]]:
    """Outputs with their log-probabilities, the likeliest first."""
    beam: Beam = {(): 0.0}
    for t in range(n_frames):
        done: Beam = {}
        for _ in range(max_labels + 1):
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
    known = beam.get(labels, -np.inf)
    beam[labels] = float(np.logaddexp(known, log_p))
