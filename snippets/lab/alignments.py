"""Where a trained translator looks: read from its record, counted, drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from snippets.lab import plots, record
from snippets.lab.chances import interval
from snippets.lab.scores import Links


def recorded(name: str) -> dict[str, Any]:
    """What `python -m snippets train NAME --record` wrote of a translator.

    Its scores and settings, and one sentence with the weights of every English word
    over the Portuguese ones; their rest, to the sum of 1, is what the end mark gets.
    """
    data = record.Result.read(name, record.RESULTS / "trained").record["data"]
    sentence = whole(data["sentence"])
    return {**data, "sentence": sentence, "looks": looks(sentence)}


def whole(sentence: dict[str, Any]) -> dict[str, Any]:
    """The sentence with its last place, [end]."""
    return {
        **sentence,
        "portuguese": [*sentence["portuguese"], "[end]"],
        "weights": [[*row, max(0.0, 1 - sum(row))] for row in sentence["weights"]],
    }


def looks(sentence: dict[str, Any]) -> list[dict[str, Any]]:
    """The place of each word's largest weight, the weight, and whether it is gold."""
    rows = []
    for word, weights in enumerate(sentence["weights"]):
        place = weights.index(max(weights))
        rows.append(
            {
                "word": sentence["english"][word],
                "place": sentence["portuguese"][place],
                "weight": weights[place],
                "gold": [place, word] in sentence["gold"],
            }
        )
    return rows


# --- Counts over a test set


def on_gold(error_rate: float, words: int, links: int) -> int:
    """How many words look most at a gold place, from the alignment error rate.

    A translator links each word to one place, so that the rate is
    1 - 2 n / (words + links), where n is what is asked here.

    Args:
        words: how many were written.
        links: how many the gold alignment has.

    Raises:
        ValueError: no whole number of words gives this rate.
    """
    found = (1 - error_rate) * (words + links) / 2
    if abs(found - round(found)) > 0.05:
        raise ValueError(f"{found:.3f} words of {words} look at a gold place")
    return round(found)


def guesses(sizes: Sequence[tuple[int, int]], gold: Sequence[Links]) -> dict[str, int]:
    """How many words find a gold place without a model, in three ways.

    `diagonal` is as far on in the source as the word is in the translation, `same` has
    the word's own number, `random` is any place of the source: how many on average.

    Args:
        sizes: words of the source and of the translation, for each sentence.
    """
    found = {"diagonal": 0, "same": 0, "random": 0.0}
    for (places, words), links in zip(sizes, gold, strict=True):
        for word in range(words):
            far = round(word * (places - 1) / max(1, words - 1))
            found["diagonal"] += (far, word) in links
            found["same"] += (word, word) in links
        found["random"] += len(links) / places
    return {name: round(number) for name, number in found.items()}


def held_out(
    error_rate: float, sizes: Sequence[tuple[int, int]], gold: Sequence[Links]
) -> dict[str, Any]:
    """What the error rate of a test set says in words, beside the three guesses."""
    words = sum(written for _, written in sizes)
    found = on_gold(error_rate, words, sum(map(len, gold)))
    low, high = interval(found, words)
    return {
        "sentences": len(sizes),
        "words": words,
        "gold": found,
        "missed": words - found,
        "share": found / words,
        "low": low,
        "high": high,
        **guesses(sizes, gold),
    }


# --- Drawn


def outlined(axes: Axes, sentence: dict[str, Any], title: str) -> None:
    """The weights of the sentence, with a frame around each gold place."""
    rows, columns = sentence["english"][:-1], sentence["portuguese"]
    plots.heat_map(axes, sentence["weights"][:-1], rows, columns, title)
    for place, word in sentence["gold"]:
        if word < len(rows):
            # White in black, to be seen on a dark cell and on a light one.
            for colour, width in (("black", 4.0), ("white", 2.0)):
                axes.add_patch(
                    Rectangle(
                        (place - 0.45, word - 0.42), 0.9, 0.84,
                        fill=False, edgecolor=colour, linewidth=width,
                    )
                )  # fmt: skip
