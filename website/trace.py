"""One sentence on its way through a model, drawn from what the snippets recorded.

Each name is a link to the concept that explains it. A stage whose concept has not
recorded the sentence yet is left out. What is read, by concept:

    tokenization  robot.tokens     [{"text": " robot", "id": 412}, ...]
    embeddings    robot.tokens     ["robot", ...]
                  robot.vectors    for each token its first numbers
                  robot.d_model    how many numbers it has
    heads         robot.tokens     ["robot", ...]
                  robot.query      "it", whose weights are shown
                  robot.attention  for each token its weights over all tokens
                  robot.plural     optional: another text, with its "pronoun" and what
                                   that gives each of the "nouns", by name
    logits        robot.after      the text that is continued
                  robot.next       [{"token": " glass", "p": 0.21}, ...], best first

Vectors and attention come from one model, so they share a table: a row a token.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from markupsafe import Markup

from syllabus import Syllabus
from website.results import Result
from website.wording import template

SENTENCE = "The robot dropped the glass because it was slippery."
NUMBERS = 8  # of a vector
CANDIDATES = 5  # for the next token

# Whose numbers a stage shows: the stages are not one model's.
WHOSE = {
    "tokenization": "our tokenizer",
    "embeddings": "MiniLM, with tokens of its own",
    "heads": "one of MiniLM's 72",
    "logits": "a bigram model of ours",
}

# cividis at 0, 1/4, 1/2, 3/4 and 1: as clear to those who see no red or green.
CIVIDIS = ((0, 34, 78), (65, 77, 107), (125, 124, 120), (188, 175, 111), (254, 232, 56))


def cividis(share: float) -> str:
    """The colour of a number between 0 and 1.

    >>> cividis(0), cividis(1)
    ('#00224e', '#fee838')
    """
    place = min(max(share, 0.0), 1.0) * (len(CIVIDIS) - 1)
    low = min(int(place), len(CIVIDIS) - 2)
    mixed = (
        round(a + (b - a) * (place - low))
        for a, b in zip(CIVIDIS[low], CIVIDIS[low + 1], strict=True)
    )
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def trace(
    results: Mapping[str, Result], syllabus: Syllabus, href: Callable[[str], str]
) -> Markup:
    """The stages that were recorded, as an ordered list, from `templates/trace.html`.

    Args:
        results: each concept's result, by name.
        href: the address of a written concept's page, by name.
    """
    robot = {
        concept.name: results[concept.name].data["robot"]
        for concept in syllabus.written
        if concept.name in results and "robot" in results[concept.name].data
    }
    inside = [name for name in ("embeddings", "heads") if name in robot]
    of_one_model = len({tuple(robot[name]["tokens"]) for name in inside}) == 1
    stages = [
        [name for name in ("tokenization",) if name in robot],
        *([inside] if of_one_model else [[name] for name in inside]),
        [name for name in ("logits",) if name in robot],
    ]
    vectors = [v[:NUMBERS] for v in robot.get("embeddings", {}).get("vectors", ())]
    return template(
        "trace.html",
        sentence=SENTENCE,
        stages=[names for names in stages if names],
        robot=robot,
        vectors=vectors,
        largest=max((abs(n) for vector in vectors for n in vector), default=0) or 1.0,
        candidates=CANDIDATES,
        cividis=cividis,
        whose=WHOSE,
        syllabus=syllabus,
        href=href,
    )
