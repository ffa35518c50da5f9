"""Where a trained translator looks: read from its record, printed, drawn."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from snippets.lab import plots, record
from snippets.lab.scores import table_of
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
