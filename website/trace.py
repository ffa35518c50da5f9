"""One sentence on its way through a model, drawn from what the snippets recorded.

Each name is a link to the concept that explains it. A stage whose concept has not
recorded the sentence yet is left out. What is read, by concept:

    tokenization  robot.tokens     [{"text": " robot", "id": 412}, ...]
    embeddings    robot.tokens     ["robot", ...]
                  robot.vectors    for each token its first numbers
                  robot.d_model    how many numbers it has
    heads         robot.tokens     ["robot", ...]
                  robot.attention  for each token its weights over all tokens
    logits        robot.after      the text that is continued
                  robot.next       [{"token": " glass", "p": 0.21}, ...], best first

Vectors and attention come from one model, so they share a table: a row a token.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from syllabus import Syllabus

SENTENCE = "The robot dropped the glass because it was slippery."
NUMBERS = 8  # of a vector
CANDIDATES = 5  # for the next token

# Whose numbers a stage shows: the stages are not one model's.
WHOSE = {
    "tokenization": "our tokenizer",
    "embeddings": "MiniLM, with tokens of its own",
    "heads": "one of many: no answer yet",
    "logits": "a bigram model of ours",
}

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
    robot = {
        name: data["robot"]
        for name, data in results.items()
        if "robot" in data and syllabus.by_name[name].written
    }

    def stage(names: Sequence[str], drawing: str) -> str:
        links = "".join(
            f'<span><a href="{html.escape(href(name))}">'
            f"{html.escape(syllabus.by_name[name].title)}</a>"
            f" <small>{WHOSE[name]}</small></span>"
            for name in names
        )
        label = links or "Text"
        # On lines of their own: Markdown loses a tag that follows another.
        return f'<li>\n<span class="trace-label">{label}</span>\n{drawing}\n</li>'

    stages = [stage([], f'<p class="trace-text">{html.escape(SENTENCE)}</p>')]
    if "tokenization" in robot:
        stages.append(stage(["tokenization"], _tokens(robot["tokenization"])))
    inside = [name for name in ("embeddings", "heads") if name in robot]
    if len({tuple(robot[name]["tokens"]) for name in inside}) == 1:
        stages.append(stage(inside, _inside(robot, inside)))
    else:
        stages += [stage([name], _inside(robot, [name])) for name in inside]
    if "logits" in robot:
        stages.append(stage(["logits"], _next(robot["logits"])))
    return "\n".join(
        ['<ol class="trace squared" data-search-exclude="">', *stages, "</ol>"]
    )


def _token(text: str) -> str:
    """A token with its leading space made visible."""
    return html.escape(text.replace(" ", "·"))


def _tokens(data: Data) -> str:
    chips = "".join(
        f"<li><b>{_token(token['text'])}</b><span>{token['id']}</span></li>"
        for token in data["tokens"]
    )
    return f'<ul class="trace-tokens">{chips}</ul>'


def _inside(robot: Mapping[str, Data], names: Sequence[str]) -> str:
    """A row for each token: its vector, and how much the query looks at it."""
    tokens: Sequence[str] = robot[names[0]]["tokens"]
    query = None
    heads = ["<td></td>"]
    columns = []
    if "embeddings" in names:
        vectors = robot["embeddings"]["vectors"]
        shown = [vector[:NUMBERS] for vector in vectors]
        largest = max(abs(number) for vector in shown for number in vector) or 1.0
        d_model = robot["embeddings"]["d_model"]
        heads.append(f'<th scope="col">{len(shown[0])} of {d_model} numbers</th>')
        columns.append([_cells(vector, largest) for vector in shown])
    if "heads" in names:
        query = robot["heads"]["query"]
        weights = robot["heads"]["attention"][tokens.index(query)]
        heads.append(
            f'<th scope="col">what <b class="q">{_token(query)}</b> looks at</th>'
        )
        columns.append([_bar(weight, max(weights)) for weight in weights])
    rows = "".join(
        f'<tr><th scope="row">{_named(token, query)}</th>'
        + "".join(f"<td>{cell}</td>" for cell in cells)
        + "</tr>"
        for token, *cells in zip(tokens, *columns, strict=True)
    )
    return (
        f'<table class="trace-inside"><thead><tr>{"".join(heads)}</tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _named(token: str, query: str | None) -> str:
    shown = _token(token)
    return f'<b class="q">{shown}</b>' if token == query else shown


def _cells(vector: Sequence[float], largest: float) -> str:
    numbers = ", ".join(f"{number:.2f}" for number in vector).replace("-", "−")
    cells = "".join(
        f'<i style="background:{cividis((number / largest + 1) / 2)}"></i>'
        for number in vector
    )
    return f'<span class="trace-cells" role="img" aria-label="{numbers}">{cells}</span>'


def _next(data: Data) -> str:
    best = data["next"][:CANDIDATES]
    rows = "".join(
        f'<tr><th scope="row">{_token(entry["token"])}</th>'
        f"<td>{_bar(entry['p'], best[0]['p'])}</td></tr>"
        for entry in best
    )
    head = f"what may follow “{html.escape(data['after'])}”"
    return (
        '<table class="trace-next"><thead><tr><td></td>'
        f'<th scope="col">{head}</th></tr></thead><tbody>{rows}</tbody></table>'
    )


def _bar(share: float, largest: float) -> str:
    width = 100 * share / largest if largest else 0
    return (
        '<span class="trace-weight"><span class="trace-bar">'
        f'<i style="width:{width:.1f}%"></i></span>'
        f'<span class="trace-share">{100 * share:.0f} %</span></span>'
    )
