"""Where a trained translator looks: read from its record, counted, printed, drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from snippets.lab import plots, record
from snippets.lab.chances import interval
from snippets.lab.scores import Links, table_of
from snippets.lab.tables import table


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

# What is said of a guess, and its name in `guesses`.
GUESSES = {"diagonal": "diagonal", "same number": "same", "any position": "random"}


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


# --- Printed and drawn


def show(trained: dict[str, Any]) -> None:
    """Print where each word looks most, and the two scores."""
    rows = [[look["word"], look["place"], look["weight"]] for look in trained["looks"]]
    table(rows, ["", "", ".2f"])
    print(
        f"trained {trained['steps']:,} steps\n"
        f"BLEU {trained['scores']['bleu']:.1f}, alignment error rate"
        f" {trained['scores']['error_rate']:.2f}"
    )


def draw(sentence: dict[str, Any]) -> Figure:
    """The weights of the sentence, and below them the gold alignment."""
    rows, columns = sentence["english"], sentence["portuguese"]
    gold = table_of(sentence["gold"], len(rows), len(columns))
    figure, axes = plots.canvas(680, 2, 1)
    maps = (sentence["weights"], "learned, in per cent"), (gold, "gold")
    for place, (weights, title) in zip(axes, maps, strict=True):
        # Without its last row: the full stop is no news.
        plots.heat_map(place, weights[:-1], rows[:-1], columns, title)
    return figure


def outlined(axes: Axes, sentence: dict[str, Any], title: str) -> None:
    """The weights of the sentence, with a frame around each gold place."""
    rows, columns = sentence["english"][:-1], sentence["portuguese"]
    plots.heat_map(axes, sentence["weights"][:-1], rows, columns, title)
    for place, word in sentence["gold"]:
        if word < len(rows):
            axes.add_patch(
                Rectangle(
                    (place - 0.5, word - 0.5), 1, 1,
                    fill=False, edgecolor=plots.QUERY, linewidth=2,
                )
            )  # fmt: skip


def draw_counts(rows: Sequence[tuple[str, dict[str, Any]]]) -> Figure:
    """A bar a translator, with its interval, over the bars of what needs no model."""
    (_, first), *_ = rows
    bars = [(name, found["gold"], plots.LINK) for name, found in rows]
    bars += [(name, first[key], plots.MUTED) for name, key in GUESSES.items()]
    figure, axes = plots.canvas(40 + 34 * len(bars))
    for row, (_, number, colour) in enumerate(bars):
        axes.barh(row, number, color=colour, height=0.6)
        axes.text(
            1.2 * first["words"], row, f"{number:,}", va="center", ha="right",
            color=plots.INK,
        )  # fmt: skip
    for row, (_, found) in enumerate(rows):
        ends = [found["low"] * found["words"], found["high"] * found["words"]]
        axes.plot(ends, [row, row], color=plots.INK, linewidth=2)
    axes.axvline(first["words"], color=plots.MUTED, linestyle=plots.DOTTED)
    axes.set_yticks(range(len(bars)), [name for name, *_ in bars])
    axes.invert_yaxis()
    axes.set(xlim=(0, 1.2 * first["words"]), xticks=[])
    axes.spines["bottom"].set_visible(False)
    axes.set_title(f"of {first['words']:,} words, on a gold position")
    return figure
