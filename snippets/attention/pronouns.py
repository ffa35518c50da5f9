"""Which noun does a pronoun look at? A hundred sentences, and how to score a head.

The sentences are ours, in `pronouns.txt` beside this file. A head finds the noun that
is meant if the pronoun gives it more weight than each of the other nouns before it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from snippets.lab.chances import interval

KINDS = ("twins", "grammar", "meaning")


@dataclass(frozen=True)
class Case:
    """A sentence with its nouns, the one meant, and the pronoun, as tokens.

    `nouns` and `pronoun` count from the first token of the sentence; a noun
    is a range, as it may be cut into several. `block` is one for twins.
    """

    text: str
    tokens: tuple[str, ...]
    nouns: tuple[range, ...]
    meant: int
    pronoun: int
    kind: str
    block: int

    def words(self, noun: int) -> str:
        """A noun as it is written: its pieces put together."""
        found = [self.tokens[i] for i in self.nouns[noun]]
        return "".join(found).replace("##", "")


def cases(tokenize: Callable[[str], list[str]]) -> list[Case]:
    """The hundred sentences in the order of their file."""
    path = Path(__file__).with_suffix(".txt")
    kind, block, found = "", 0, []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            kind = line[2:].partition(":")[0]
        elif line:
            found.append(case(line, tokenize, kind, block))
        block += not line
    return found


def case(
    line: str,
    tokenize: Callable[[str], list[str]],
    kind: str = "",
    block: int = 0,
) -> Case:
    """One line: "The {robot} dropped the {glass=} because <it> ..."."""
    tokens: list[str] = []
    nouns: list[range] = []
    meant = pronoun = -1
    # Marks stand at the ends of words, so the parts are cut as the whole is.
    for part in re.split(r"(\{.*?\}|<.*?>)", line):
        start = len(tokens)
        tokens += tokenize(part.strip("{=}<>"))
        if part.startswith("{"):
            meant = len(nouns) if part.endswith("=}") else meant
            nouns.append(range(start, len(tokens)))
        elif part.startswith("<"):
            pronoun = start
    text = re.sub(r"[{}<>=]", "", line)
    return Case(
        text, tuple(tokens), tuple(nouns), meant, pronoun, kind, block
    )


def halves(every: list[Case], seed: int) -> tuple[list[int], list[int]]:
    """Half to choose a head on, half to report on; of each kind alike.

    Twins stay together. The first pair, about the robot and the glass,
    is always among those reported on: it is what the page asks about.
    """
    generator = random.Random(seed)
    choose: set[int] = set()
    for kind in KINDS:
        blocks = list({c.block: 0 for c in every if c.kind == kind})
        free = [block for block in blocks if block != every[0].block]
        choose.update(generator.sample(free, len(blocks) // 2))
    parts: tuple[list[int], list[int]] = ([], [])
    for i, c in enumerate(every):
        parts[c.block not in choose].append(i)
    return parts


def weight_on_nouns(
    weights: Float[Tensor, "*batch seq seq"], case: Case, first: int = 1
) -> Float[Tensor, "*batch nouns"]:
    """What the pronoun gives each noun; pieces of a noun are added.

    `first` is where the sentence begins: after BERT's [CLS].
    """
    row = weights[..., first + case.pronoun, :]
    return torch.stack(
        [
            row[..., first + noun.start : first + noun.stop].sum(-1)
            for noun in case.nouns
        ],
        dim=-1,
    )


def finds(
    weights: Float[Tensor, "*batch seq seq"], case: Case, first: int = 1
) -> Bool[Tensor, "*batch"]:
    """Whether the noun that is meant gets more than every other."""
    on = weight_on_nouns(weights, case, first)
    others = [i for i in range(len(case.nouns)) if i != case.meant]
    return on[..., case.meant] > on[..., others].amax(-1)


def found_back(
    weights: Float[Tensor, "*batch seq seq"], case: Case, first: int = 1
) -> Bool[Tensor, "*batch"]:
    """The other way: whether the noun meant looks most at the pronoun.

    Of a noun in several pieces, the mean counts.
    """
    column = weights[..., first + case.pronoun]
    on = torch.stack(
        [
            column[..., first + noun.start : first + noun.stop].mean(-1)
            for noun in case.nouns
        ],
        dim=-1,
    )
    others = [i for i in range(len(case.nouns)) if i != case.meant]
    return on[..., case.meant] > on[..., others].amax(-1)


def report(right: list[bool]) -> dict[str, Any]:
    """How many of how many, with the interval."""
    low, high = interval(sum(right), len(right))
    return {
        "right": sum(right),
        "n": len(right),
        "low": low,
        "high": high,
    }
