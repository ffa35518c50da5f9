"""Beam search with a length penalty, so that a long translation is not held against it.

Papers: wu-2016-gnmt-wordpiece (section 7, without the term for coverage), taken over by
vaswani-2017-attention (section 6.1: a beam of 4 and a penalty of 0.6).
"""

from __future__ import annotations

import torch
from jaxtyping import Int
from torch import Tensor

from snippets.text.logits import log_softmax
from snippets.text.search import Hypothesis, Translator, hypotheses
from snippets.text.vocabulary import BEGIN, END


def length_penalty(length: int, alpha: float) -> float:
    """What a log-probability is divided by: 1 for a single word.

    With alpha 1, 7 words are divided by 2, 13 words by 3.
    """
    return ((5 + length) / 6) ** alpha  # type: ignore[no-any-return]


@torch.no_grad()
def penalized_beam(
    model: Translator,
    source: Int[Tensor, "1 source"],
    width: int,
    max_len: int,
    alpha: float = 0.6,
) -> list[Hypothesis]:
    """The finished sentences of a beam, by penalized score.

    The length counts END. What has none after `max_len` words is cut off there. With
    alpha 0 it is `beam_search`.
    """
    state = model.start(source)
    token = source.new_tensor([BEGIN])
    words = source.new_empty(1, 0)
    score = torch.zeros(1, device=source.device)
    done: list[Hypothesis] = []
    for length in range(1, max_len + 1):
        logits, state = model.step(token, state)
        scores = score[:, None] + log_softmax(logits)
        kept = scores.flatten().topk(min(width, scores.numel()))
        row, token = torch.unravel_index(kept.indices, scores.shape)
        words = torch.cat([words[row], token[:, None]], 1)
        penalty = length_penalty(length, alpha)
        ends = token == END
        finished = kept.values[ends] / penalty
        done += hypotheses(finished, words[ends, :-1])
        row, token = row[~ends], token[~ends]
        words, score = words[~ends], kept.values[~ends]
        # Each can only fall, and be divided by this at most.
        best = score / length_penalty(max_len, alpha)
        if done and (best <= max(done).score).all():
            break
        state = tuple(part[row] for part in state)
    else:
        done += hypotheses(score / penalty, words)
    return sorted(done, reverse=True)
