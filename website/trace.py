"""One sentence on its way through a model, drawn from what the snippets recorded.

Each stage is a link to the concept that explains it. A stage whose concept has not
recorded the sentence yet is left out. What is read, by concept:

    tokenization  robot.tokens     [{"text": " robot", "id": 9379}, ...]
    embeddings    robot.tokens     as above
                  robot.vectors    a list of numbers for each token, the first few drawn
    heads         robot.tokens     the texts of the tokens
                  robot.attention  a row of weights for each token
    logits        robot.next       [{"token": " glass", "p": 0.21}, ...], best first
                  robot.after      the text that they would continue
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from reading_list.syllabus import Syllabus

SENTENCE = "The robot dropped the glass because it was slippery."
QUERY = "it"
NUMBERS = 8  # of a vector
CANDIDATES = 5  # for the next token

# cividis at 0, 1/4, 1/2, 3/4 and 1: as clear to those who see no red or green.
CIVIDIS = ((0, 34, 78), (65, 77, 107), (125, 124, 120), (188, 175, 111), (254, 232, 56))

Data = Mapping[str, Any]


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
    results: Mapping[str, Data], syllabus: Syllabus, href: Callable[[str], str]
) -> str:
    """The stages that were recorded, as an ordered list in HTML.

    Args:
        results: the data of each concept's result, by name.
        href: the address of a written concept's page, by name.
    """
    drawn = [("", f'<p class="trace-text">{html.escape(SENTENCE)}</p>')]
    for name, draw in (
        ("tokenization", _tokens),
        ("embeddings", _vectors),
        ("heads", _attention),
        ("logits", _next),
    ):
        data = results.get(name, {}).get("robot")
        if data is not None and syllabus.by_name[name].written:
            drawn.append((name, draw(data)))
    items = []
    for name, drawing in drawn:
        label = "Text"
        if name:
            title = html.escape(syllabus.by_name[name].title)
            label = f'<a href="{html.escape(href(name))}">{title}</a>'
        items.append(
            f'<li><span class="trace-label">{label}</span>'
            f'<div class="trace-stage">{drawing}</div></li>'
        )
    return f'<ol class="trace squared">{"".join(items)}</ol>'


def _token(text: str) -> str:
    """A token with its leading space made visible."""
    return html.escape(text.replace(" ", "␣"))


def _tokens(data: Data) -> str:
    chips = "".join(
        f"<li><b>{_token(token['text'])}</b><span>{token['id']}</span></li>"
        for token in data["tokens"]
    )
    return f'<ul class="trace-tokens">{chips}</ul>'


def _vectors(data: Data) -> str:
    shown = [vector[:NUMBERS] for vector in data["vectors"]]
    largest = max(abs(number) for vector in shown for number in vector) or 1.0
    rows = "".join(
        f'<tr><th scope="row">{_token(token["text"])}</th>'
        f"<td>{_cells(vector, largest)}</td></tr>"
        for token, vector in zip(data["tokens"], shown, strict=True)
    )
    length = len(data["vectors"][0])
    note = f"The first {NUMBERS} of {length} numbers" if length > NUMBERS else "Numbers"
    return (
        f'<table class="trace-vectors"><caption>{note} of each token</caption>'
        f"<tbody>{rows}</tbody></table>"
    )


def _cells(vector: Sequence[float], largest: float) -> str:
    numbers = ", ".join(f"{number:.2f}" for number in vector).replace("-", "−")
    cells = "".join(
        f'<i style="background:{cividis((number / largest + 1) / 2)}"></i>'
        for number in vector
    )
    return f'<span class="trace-cells" role="img" aria-label="{numbers}">{cells}</span>'


def _attention(data: Data) -> str:
    """The row of one query: how much it looks at each token."""
    tokens: list[str] = data["tokens"]
    weights = data["attention"][tokens.index(QUERY)]
    largest = max(weights)
    rows = "".join(
        f'<tr><th scope="row">{_name(token)}</th><td>{_bar(weight, largest)}</td></tr>'
        for token, weight in zip(tokens, weights, strict=True)
    )
    return (
        f'<table class="trace-bars"><caption>What <b class="q">{QUERY}</b> looks at'
        f"</caption><tbody>{rows}</tbody></table>"
    )


def _name(token: str) -> str:
    shown = _token(token)
    return f'<b class="q">{shown}</b>' if token == QUERY else shown


def _next(data: Data) -> str:
    best = data["next"][:CANDIDATES]
    largest = best[0]["p"]
    rows = "".join(
        f'<tr><th scope="row">{_token(entry["token"])}</th>'
        f"<td>{_bar(entry['p'], largest)}</td></tr>"
        for entry in best
    )
    after = html.escape(data["after"])
    return (
        f'<table class="trace-bars"><caption>What may follow “{after}”</caption>'
        f"<tbody>{rows}</tbody></table>"
    )


def _bar(share: float, largest: float) -> str:
    width = 100 * share / largest if largest else 0
    return (
        f'<span class="trace-bar"><i style="width:{width:.1f}%"></i></span>'
        f"<span>{100 * share:.0f} %</span>"
    )
