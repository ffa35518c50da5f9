"""Search: how a translator writes, once it has learned how likely each next word is.

Paper: sutskever-2014-seq2seq (section 3.2), whose beam search this is. A sentence is
scored by its probability alone, whatever its length.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from snippets.text.logits import log_softmax
from snippets.text.vocabulary import BEGIN, END

# All that a model carries from step to step; every tensor has the batch first.
DecoderState = tuple[Tensor, ...]


@runtime_checkable
class Translator(Protocol):
    """What a search asks of a model."""

    def start(
        self, source: Int[Tensor, "batch source"]
    ) -> DecoderState: ...

    def step(
        self, token: Int[Tensor, " batch"], state: DecoderState
    ) -> tuple[Float[Tensor, "batch vocab_size"], DecoderState]: ...


@torch.no_grad()
def greedy(
    model: Translator,
    source: Int[Tensor, "batch source"],
    max_len: int,
) -> list[list[int]]:
    """The likeliest next word at each step, until END or `max_len` words.

    A list of ids for each source, without END.
    """
    state = model.start(source)
    token = source.new_full((len(source),), BEGIN)
    ended = token == END
    steps: list[Tensor] = []
    while len(steps) < max_len and not ended.all():
        logits, state = model.step(token, state)
        token = logits.argmax(-1)
        ended = ended | (token == END)
        steps.append(token)
    # One END more at the end, so that each row has a first one.
    steps.append(torch.full_like(token, END))
    rows: list[list[int]] = torch.stack(steps, 1).tolist()
    return [row[: row.index(END)] for row in rows]


class Hypothesis(NamedTuple):
    """The logarithm of its probability, and the words, without END."""

    score: float
    tokens: list[int]


def hypotheses(
    score: Float[Tensor, " count"], words: Int[Tensor, "count target"]
) -> list[Hypothesis]:
    rows = zip(score.tolist(), words.tolist(), strict=True)
    return [Hypothesis(*row) for row in rows]


# --8<-- [start:search]
@torch.no_grad()
def beam_search(
    model: Translator,
    source: Int[Tensor, "1 source"],
    width: int,
    max_len: int,
) -> list[Hypothesis]:
    """Keep the `width` likeliest beginnings; the best comes first.

    What has no END after `max_len` words is cut off there.

    Raises:
        ValueError: several sources, or no width to keep anything in.
    """
    if len(source) != 1:
        raise ValueError(f"{len(source)} sources: search one at a time")
    if width < 1:
        raise ValueError(f"width {width}: a beam needs 1 or more")
    state = model.start(source)
    token = source.new_tensor([BEGIN])
    words = source.new_empty(1, 0)
    score = torch.zeros(1, device=source.device)
    done: list[Hypothesis] = []
    # --8<-- [end:search]
    # --8<-- [start:beam]
    for _ in range(max_len):
        logits, state = model.step(token, state)
        scores = score[:, None] + log_softmax(logits)
        kept = scores.flatten().topk(min(width, scores.numel()))
        score = kept.values
        row, token = torch.unravel_index(kept.indices, scores.shape)
        words = torch.cat([words[row], token[:, None]], 1)
        ends = token == END
        done += hypotheses(score[ends], words[ends, :-1])
        # With each word a score can only fall: what is done
        # stays ahead. (Divided by a length, it could rise.)
        if done and max(done).score >= score.max():
            break
        row, token = row[~ends], token[~ends]
        words, score = words[~ends], score[~ends]
        state = tuple(part[row] for part in state)
    else:
        done += hypotheses(score, words)
    return sorted(done, reverse=True)
    # --8<-- [end:beam]
