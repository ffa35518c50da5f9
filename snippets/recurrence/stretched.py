"""Words held for a few noisy frames each: a small task whose alignment is hidden.

Each word has a sound, a vector. It is held for one to four frames, with silence
between words now and then (always between a word and itself), and noise over all. A
model sees the frames and, in training, the words: never which frame is whose.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, fields

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

SILENCE = 0  # a sound like any other, and no word: words count from 1
LONGEST, PAUSES = 4, (0, 0, 1, 2)


@dataclass(frozen=True)
class Spoken:
    """Utterances, padded at their ends to the longest."""

    frames: Float[Tensor, "batch frame d_frame"]
    labels: Int[Tensor, "batch label"]
    n_frames: Int[Tensor, " batch"]
    n_labels: Int[Tensor, " batch"]
    # Which word sounds in which frame: to draw it, never to learn from it.
    truth: Int[Tensor, "batch frame"]

    def to(self, device: torch.device | str) -> Spoken:
        return Spoken(
            *(
                getattr(self, field.name).to(device)
                for field in fields(self)
            )
        )


def generator(seed: int) -> torch.Generator:
    """A generator for a seed of any size: torch takes those of 64 bits alone."""
    return torch.Generator().manual_seed(seed % 2**63)


def sounds(
    vocab_size: int, d_frame: int, seed: int
) -> Float[Tensor, "choices d_frame"]:
    """A vector of length 1 for each word; silence is zero."""
    source = generator(seed)
    vectors = torch.randn(vocab_size + 1, d_frame, generator=source)
    vectors /= vectors.norm(dim=-1, keepdim=True)
    vectors[SILENCE] = 0.0
    return vectors


def speak(
    texts: list[list[int]],
    table: Float[Tensor, "choices d_frame"],
    noise: float,
    seed: int,
) -> Spoken:
    """One utterance a text; the seed draws lengths, pauses and noise.

    Words 2 2 5 may sound as 2 2 0 2 5 5 5, a number a frame and 0 for silence.
    """
    lengths = random.Random(seed)
    aligned: list[list[int]] = []
    for text in texts:
        frames: list[int] = [SILENCE] * lengths.choice(PAUSES)
        for place, word in enumerate(text):
            if place:
                again = text[place - 1] == word
                pause = max(lengths.choice(PAUSES), int(again))
                frames += [SILENCE] * pause
            frames += [word] * lengths.randint(1, LONGEST)
        aligned.append(frames + [SILENCE] * lengths.choice(PAUSES))
    truth, labels = padded(aligned), padded(texts)
    clean = table[truth]
    source = generator(seed)
    return Spoken(
        frames=clean
        + noise * torch.randn(clean.shape, generator=source),
        labels=labels,
        n_frames=torch.tensor([len(frames) for frames in aligned]),
        n_labels=torch.tensor([len(text) for text in texts]),
        truth=truth,
    )


def padded(rows: list[list[int]]) -> Int[Tensor, "batch longest"]:
    return pad_sequence(
        [torch.tensor(row, dtype=torch.long) for row in rows],
        batch_first=True,
    )
