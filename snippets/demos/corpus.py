"""What our Portuguese-English corpus holds: examples, shares, lengths."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Callable
from itertools import chain, islice
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from snippets.corpora.portuguese import Pair, Split, numbered, pairs
from snippets.corpora.portuguese.grammar import Writer
from snippets.corpora.portuguese.phrases import determine, fixed, join, predicate
from snippets.corpora.portuguese.words import MELTED, lexicon, verbs
from snippets.lab import plots
from snippets.lab.tables import table

COUNT = 5_000
SPLITS: tuple[Split, ...] = ("train", "valid", "test", "unseen")
OVERT = {"eu", "nós"}
# "nos" is also a pronoun: us, ourselves.
CONTRACTIONS = {new for melted in MELTED.values() for new in melted.values()} - {"nos"}
ADJECTIVES = {
    english for some in lexicon()["adjectives"].values() for english in some.values()
}


def adjective_after_noun(pair: Pair) -> bool:
    """Two neighbours that change places, the second an adjective."""
    links = set(pair.alignment)
    return any(
        pair.english[j] in ADJECTIVES and (i - 1, j + 1) in links and i > 0
        for i, j in links
    )


PHENOMENA: dict[str, Callable[[Pair], object]] = {
    "adjective after its noun": adjective_after_noun,
    "gender and number": lambda p: {"as", "das", "nas", "às"} & {*p.portuguese},
    "contraction": lambda p: CONTRACTIONS & {*p.portuguese},
    "dropped subject": lambda p: (
        {"i", "we"} & {*p.english} and not OVERT & {*p.portuguese}
    ),
    "reflexive verb": lambda p: {"se", "me"} & {*p.portuguese},
    "two words for one": lambda p: "dropped" in p.english,
    "one word for two": lambda p: "looked" in p.english,
    "future": lambda p: "will" in p.english,
    "progressive": lambda p: any(w.endswith("ndo") for w in p.portuguese),
    "negation": lambda p: "did" in p.english and "não" in p.portuguese,
    "question": lambda p: p.english[0] in ("did", "do", "does"),
    "owner": lambda p: {"'s", "'"} & {*p.english},
    "relative clause": lambda p: {"who", "whom", "that"} & {*p.english},
    "reason": lambda p: "porque" in p.portuguese,
}


class Plain(Writer):
    """Writes without any plural, adjective or clause."""

    def maybe(self, probability: float) -> bool:
        return False


def ours() -> Pair:
    """The sentence of every page, by the rules of the grammar."""
    writer = Plain("ours")
    (_, robot), (_, glass) = writer.noun(["robô"]), writer.noun(["copo"])
    determine(robot, "the")
    determine(glass, "the")
    (drop,) = (v for v in verbs()["transitive"] if v.name == "deixar cair")
    said = join(robot, predicate(drop, "3s", "past")) + glass
    reason = writer.reason(drop, robot.head, glass.head)
    return numbered(said + reason + fixed(".", "."))


def written(pair: Pair) -> dict[str, Any]:
    """A pair as a result holds it."""
    return {
        "portuguese": " ".join(pair.portuguese),
        "english": " ".join(pair.english),
        "gloss": gloss(pair),
    }


def gloss(pair: Pair) -> list[dict[str, str]]:
    """Portuguese words in their order, each with the English that it is aligned to.

    Neighbours that share their English stand together; who has none has an empty text.
    """
    found: list[tuple[list[str], list[int]]] = []
    for i, word in enumerate(pair.portuguese):
        english = sorted(j for place, j in pair.alignment if place == i)
        if found and english and found[-1][1] == english:
            found[-1][0].append(word)
        else:
            found.append(([word], english))
    return [
        {"portuguese": " ".join(some), "english": " ".join(pair.english[j] for j in of)}
        for some, of in found
        if some != ["."]
    ]


def examples(some: list[Pair]) -> list[dict[str, Any]]:
    """Of everything how often it comes, and a short pair that has it."""
    rows: list[dict[str, Any]] = []
    left = sorted(
        (pair for pair in some if len(pair.portuguese) > 5),
        key=lambda pair: len(pair.portuguese),
    )
    for name, has in PHENOMENA.items():
        shortest = next(pair for pair in left if has(pair))
        left.remove(shortest)
        share = sum(bool(has(pair)) for pair in some) / len(some)
        rows.append({"name": name, "share": share, **written(shortest)})
    return rows


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """The size of the lexicon, an example of everything, and how often it comes."""
    some = list(islice(pairs("train", seed), COUNT))
    tens = Counter(min((len(p.portuguese) - 1) // 10, 3) for p in some)
    words, sentence = lexicon(), ours()
    return {
        "ours": {**written(sentence), "alignment": sorted(sentence.alignment)},
        "lexicon": {
            "nouns": sum(map(len, words["nouns"].values())),
            "adjectives": len({*chain(*words["adjectives"].values())}),
            "verbs": len({v.name for group in verbs().values() for v in group}),
        },
        "pairs": COUNT,
        "forms": {
            "portuguese": len({w for p in some for w in p.portuguese}),
            "english": len({w for p in some for w in p.english}),
        },
        "lengths": [
            {"words": name, "share": tens[place] / COUNT}
            for place, name in enumerate(
                ["4 to 10", "11 to 20", "21 to 30", "31 to 40"]
            )
        ],
        "phenomena": examples(some),
        "splits": [
            {"split": split, **written(next(pairs(split, seed, 6, 12)))}
            for split in SPLITS
        ],
    }


def show(data: dict[str, Any]) -> None:
    """Print the sentence, the examples and the lengths."""
    print(data["ours"]["portuguese"])
    print(data["ours"]["english"])
    print(f"\nin how many of {data['pairs']:,} pairs, and a short one")
    for row in data["phenomena"]:
        print(f"\n{row['name']}: {row['share']:.0%}")
        for side in ("portuguese", "english"):
            print(textwrap.indent(textwrap.fill(row[side], 40), "  "))
    print()
    rows = [(row["words"], row["share"]) for row in data["lengths"]]
    table(rows, ["", ".2f"], ["Portuguese words", "share"])


def draw(data: dict[str, Any]) -> Figure:
    """The alignment of the sentence: a square where two words belong together."""
    source, target = (data["ours"][side].split() for side in ("portuguese", "english"))
    figure, axes = plots.canvas(330)
    for i, j in data["ours"]["alignment"]:
        axes.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, color=plots.LINK))
    axes.set_xticks(range(len(target)), target, rotation=60, ha="left")
    axes.set_yticks(range(len(source)), source)
    axes.xaxis.tick_top()
    axes.set(xlim=(-0.5, len(target) - 0.5), ylim=(len(source) - 0.5, -0.5))
    axes.set_xticks([place - 0.5 for place in range(1, len(target))], minor=True)
    axes.set_yticks([place - 0.5 for place in range(1, len(source))], minor=True)
    axes.grid(which="minor", color=plots.MUTED, linewidth=0.4)
    axes.tick_params(which="both", length=0)
    return figure
