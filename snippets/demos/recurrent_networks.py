"""A plain network and an LSTM by hand, the fading gradient, and two that write."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from snippets.lab import diagrams, plots, record
from snippets.lab.diagrams import arrow, board, box, cells, signed
from snippets.lab.tables import table
from snippets.recurrence.recurrent_networks import (
    Cell,
    GRUCell,
    LSTMCell,
    RNNCell,
    unroll,
)

SENTENCE = "The robot dropped the glass because it was slippery ."
TOKENS = ["robot", "dropped", "glass", "because", "it"]
NOUNS = [-1.0, 0.0, 1.0, 0.0, 0.0]  # which was named: -1 the robot, 1 the glass
ASKS = [0.0, 0.0, 0.0, 0.0, 1.0]  # "it" wants to know
HALF = 0.5  # of the old state stays in the plain network
WIDE = 0.95  # an open gate; a closed one has the rest to 1
OPEN = math.log(WIDE / (1 - WIDE))  # whose sigmoid that is
FOUR, THREE = 4.0, 3.0  # what new content makes of the word, and of a GRU's old state

D_MODEL = D_HIDDEN = 32
# So many tokens are read before the first that counts, so that no state is empty.
BEFORE, BATCH, STEPS, SEEDS = 40, 16, 41, 3
FORGET_BIAS = 3.0


def only_road(bias: float = 0.0) -> Cell:
    """An LSTM whose gradient comes back along the cell alone.

    Gates and new content read the old hidden state as ever, but nothing comes back
    through it.
    """
    cell = LSTMCell(D_MODEL, D_HIDDEN, bias)
    cell.register_forward_pre_hook(
        lambda _, given: (given[0], (given[1][0].detach(), given[1][1]))
    )
    return cell


KINDS: dict[str, Callable[[], Cell]] = {
    "RNN": lambda: RNNCell(D_MODEL, D_HIDDEN),
    "GRU": lambda: GRUCell(D_MODEL, D_HIDDEN),
    "LSTM": lambda: LSTMCell(D_MODEL, D_HIDDEN),
    "open": lambda: LSTMCell(D_MODEL, D_HIDDEN, FORGET_BIAS),
}
ROADS: dict[str, Callable[[], Cell]] = {
    "LSTM": only_road,
    "open": lambda: only_road(FORGET_BIAS),
}


def plain_by_hand() -> dict[str, Any]:
    """A state of one number: half the old state and the token, then tanh."""
    cell = RNNCell(d_model=1, d_hidden=1)
    cell.load_state_dict(
        {
            "input.weight": torch.ones(1, 1),
            "input.bias": torch.zeros(1),
            "recurrent.weight": torch.full((1, 1), HALF),
            "recurrent.bias": torch.zeros(1),
        }
    )
    x = torch.tensor(NOUNS)[None, :, None].requires_grad_()
    hidden, _ = unroll(cell, x)
    (gradient,) = torch.autograd.grad(hidden[0, -1, 0], x)
    states = hidden[0, :, 0]
    return {
        "tokens": TOKENS,
        "x": NOUNS,
        "sums": states.atanh(),
        "states": states,
        "slopes": 1 - states**2,
        "left": gradient[0, :, 0],
        # From the state at "glass" to that at "it".
        "between": (1 - states[3:] ** 2).prod() * HALF**2,
    }


def lstm_by_hand() -> dict[str, Any]:
    """A cell of one number that keeps which noun came last, until "it" asks.

    Only the token moves the gates here, the hidden state does not. A noun closes the
    forget gate and opens the input gate, any other word does the opposite; "it" alone
    opens the output gate.
    """
    cell = LSTMCell(d_model=3, d_hidden=1)
    # Of a token: which noun (-1 or 1), whether a noun, whether it asks.
    nouns = torch.tensor(NOUNS)
    x = torch.stack([nouns, nouns.abs(), torch.tensor(ASKS)], -1)
    weights = [
        [0, 2 * OPEN, 0],
        [0, -2 * OPEN, 0],
        [FOUR, 0, 0],
        [0, 0, 2 * OPEN],
    ]  # input, forget, new, output
    cell.load_state_dict(
        {
            "input.weight": torch.tensor(weights, dtype=torch.float),
            "input.bias": torch.tensor([-OPEN, OPEN, 0.0, -OPEN]),
            "recurrent.weight": torch.zeros(4, 1),
            "recurrent.bias": torch.zeros(4),
        }
    )
    state = (torch.zeros(1), torch.zeros(1))
    found: dict[str, Any] = {name: [] for name in ("old", "cell", "hidden")}
    for token in x:
        found["old"].append(state[1][0])
        state = cell(token, state)
        found["hidden"].append(state[0][0])
        found["cell"].append(state[1][0])
    i, f, n, o = cell.input(x).unbind(-1)
    gates = {"forget": f.sigmoid(), "input": i.sigmoid(), "output": o.sigmoid()}
    new = n.tanh()
    old = torch.stack(found["old"])
    return {
        "tokens": TOKENS,
        **{name: torch.stack(values) for name, values in found.items()},
        **gates,
        "new": new,
        "kept": gates["forget"] * old,
        "added": gates["input"] * new,
        "squashed": torch.stack(found["cell"]).tanh(),
        # What of a small change of the cell at "glass" is left at "it".
        "left": gates["forget"][3] * gates["forget"][4],
    }


def gru_by_hand() -> dict[str, Any]:
    """The same memory in a GRU: both gates close at a noun. At "glass", in detail."""
    cell = GRUCell(d_model=2, d_hidden=1)
    nouns = torch.tensor(NOUNS)
    x = torch.stack([nouns, nouns.abs()], -1)
    weights = [[0.0, -2 * OPEN], [0.0, -2 * OPEN], [FOUR, 0.0]]  # reset, update, new
    cell.load_state_dict(
        {
            "input.weight": torch.tensor(weights),
            "input.bias": torch.tensor([OPEN, OPEN, 0.0]),
            "recurrent.weight": torch.tensor([[0.0], [0.0], [THREE]]),
            "recurrent.bias": torch.zeros(3),
        }
    )
    hidden, _ = unroll(cell, x)
    old = hidden[1, 0]
    r, z = cell.input(x[2])[:2].sigmoid()
    return {
        "states": hidden[:, 0],
        "old": old,
        "reset": r,
        "update": z,
        "past": THREE * old,  # what of it reaches the new content, unreset
        "trace": r * THREE * old,
        "lost": [-THREE * old, -r * THREE * old],
        "sums": [FOUR + THREE * old, FOUR + r * THREE * old],
        "new": torch.tanh(FOUR + r * THREE * old),
        "mixed": torch.tanh(FOUR + THREE * old),  # had the reset gate been 1
        "kept": z * old,
        "added": (1 - z) * torch.tanh(FOUR + r * THREE * old),
        "state": hidden[2, 0],
    }


def clipped() -> dict[str, Any]:
    """A gradient of two numbers, clipped to length 1."""
    gradient = torch.tensor([30.0, 40.0])
    length = gradient.norm()
    return {"gradient": gradient, "length": length, "clipped": gradient / length}


def gradient_by_distance(
    cell: Cell, x: Float[Tensor, "batch seq d_model"]
) -> Float[Tensor, " seq"]:
    """How much the last hidden state changes with each token.

    The norm of the gradient of its sum at a token's vector, a mean over the batch. The
    last token comes first: the index is the distance to the end.
    """
    x = x.detach().requires_grad_()
    hidden, _ = unroll(cell, x)
    (gradient,) = torch.autograd.grad(hidden[:, -1].sum(), x)
    by_distance: Tensor = gradient.norm(dim=-1).mean(0).flip(0)
    return by_distance


def decay(
    kind: str, seed: int, cells: dict[str, Callable[[], Cell]] = KINDS
) -> dict[str, Any]:
    """The gradient by distance in a cell with weights as it begins with."""
    torch.manual_seed(seed)
    x = torch.randn(BATCH, BEFORE + STEPS, D_MODEL)
    gradient = gradient_by_distance(cells[kind](), x)[:STEPS]
    return {"kind": kind, "seed": seed, "gradient": gradient / gradient[0]}


def middle(rows: list[dict[str, Any]], distance: int) -> dict[str, float]:
    """Of each kind the gradient that is neither the largest nor the smallest."""
    return {
        kind: statistics.median(
            row["gradient"][distance].item() for row in rows if row["kind"] == kind
        )
        for kind in dict.fromkeys(row["kind"] for row in rows)
    }


def two_grus(seed: int) -> dict[str, float]:
    """How far apart the two places of the reset gate are, with the same weights."""
    torch.manual_seed(seed)
    after, before = GRUCell(D_MODEL, D_HIDDEN), GRUCell(D_MODEL, D_HIDDEN)
    before.reset_after = False
    before.load_state_dict(after.state_dict())
    x = torch.randn(BATCH, STEPS, D_MODEL)
    apart = (unroll(after, x)[0] - unroll(before, x)[0]).abs()
    return {"most": apart.max().item(), "size": unroll(after, x)[0].abs().mean().item()}


def reach() -> dict[str, int]:
    """From the claim: the farthest distance that every seed learned, by model."""
    rows = record.Result.read("gates", record.RESULTS / "claims").record["data"]
    far: dict[str, int] = {}
    for row in sorted(rows, key=lambda row: row["distance"]):
        name, distance = row["model"], row["distance"]
        at_it = [
            r["accuracy"]
            for r in rows
            if (r["model"], r["distance"]) == (name, distance)
        ]
        steps = sorted({r["distance"] for r in rows if r["distance"] < distance})
        unbroken = not steps or far.get(name) in (steps[-1], distance)
        if unbroken and min(at_it) >= 0.99:
            far[name] = distance
    return far


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """The examples by hand, the decay over several seeds, what a trained one writes."""
    rows = [decay(kind, seed + more) for kind in KINDS for more in range(SEEDS)]
    roads = [decay(kind, seed + more, ROADS) for kind in ROADS for more in range(SEEDS)]
    trained = record.Result.read("recurrent-networks", record.RESULTS / "trained")
    return {
        "by_hand": {
            "plain": plain_by_hand(),
            "lstm": lstm_by_hand(),
            "gru": gru_by_hand(),
            "clip": clipped(),
        },
        "words": SENTENCE.split(),
        "d_hidden": D_HIDDEN,
        "forget_bias": FORGET_BIAS,
        "opened": torch.tensor(FORGET_BIAS).sigmoid(),
        "decay": rows,
        "table": [
            {"distance": distance, **middle(rows, distance)}
            for distance in (0, 1, 2, 5, 10, 20, 40)
        ],
        "road": middle(roads, STEPS - 1),  # the last row of the table
        "parameters": {
            kind: sum(weight.numel() for weight in KINDS[kind]().parameters())
            for kind in ("RNN", "GRU", "LSTM")
        },
        "grus": two_grus(seed),
        "reach": reach(),
        "look": looked(trained.record["data"]),
    }


def looked(trained: dict[str, Any]) -> dict[str, Any]:
    """What the page says of the two networks that write."""
    networks = trained["networks"]
    return {
        "settings": trained["settings"],
        "characters": trained["characters"],
        "pages": trained["pages"],
        "people": trained["people"],
        "counting": trained["counting"],
        "memory": trained["memory"],
        "forgetting": trained["forgetting"],
        **{
            kind: {
                "parameters": found["parameters"],
                "bits": found["bits"]["test"],
                "memory": found["memory"],
                "stages": [
                    {**stage, "text": shortened(stage["text"])}
                    for stage in found["stages"]
                ],
            }
            for kind, found in networks.items()
        },
    }


def shortened(text: str) -> str:
    """The beginning of a sample, up to a whole word."""
    return " ".join(text.split())[:120].rsplit(" ", 1)[0]


def show(data: dict[str, Any]) -> None:
    """Print the states by hand, the table of the decay, what was written."""
    plain, lstm = data["by_hand"]["plain"], data["by_hand"]["lstm"]
    print("a plain network reads five words")
    steps = zip(
        *(plain[name] for name in ("tokens", "x", "sums", "states", "slopes")),
        strict=True,
    )
    header = ["", "x", "sum", "state", "slope"]
    table(steps, ["", ".0f", ".2f", ".2f", ".2f"], header)
    print(f'left of "glass" at "it": {plain["left"][2]:.2f}')
    print(f'left of "robot" at "it": {plain["left"][0]:.2f}')

    print("\nan LSTM reads the same five")
    columns = ("tokens", "forget", "input", "new", "cell", "output", "hidden")
    steps = zip(*(lstm[name] for name in columns), strict=True)
    header = ["", "f", "i", "new", "cell", "o", "hid."]
    table(steps, ["", *[".2f"] * 6], header, gap=1)
    print(f'left of the cell of "glass" at "it": {lstm["left"]:.2f}')

    print("\ngradient at a token, by distance")
    print(f"(last token = 1, middle of {SEEDS} seeds)")
    formats = ["", *[".1e"] * len(KINDS)]
    table([[*row.values()] for row in data["table"]], formats, ["steps", *KINDS])
    print(
        "open: an LSTM whose forget gates\n"
        f"begin at {data['opened']:.2f}, not near one half"
    )

    road = data["road"]
    print(
        "the last row by the cell's road alone:\n"
        f"LSTM {road['LSTM']:.1e}, open {road['open']:.1e}"
    )


# --- The picture that grows: one step of an LSTM, at "glass"

ROAD, GATES, BUS, WORDS = 44, 146, 186, 218  # heights: road, gates, what feeds them
PLACES = {"forget": 86, "input": 172, "new": 236, "output": 326}
PLUS = 204


def frames(data: dict[str, Any]) -> list[Figure]:
    """The plain network unrolled; a step of the LSTM, gate by gate, and all five words.

    The last is a step of a GRU.
    """
    hand = data["by_hand"]
    lstm = hand["lstm"]
    at = {name: values[2] for name, values in lstm.items() if isinstance(values, list)}
    steps = [step(at, number) for number in range(1, 5)]
    rest = [unrolled(lstm), gru_step(hand["gru"])]
    return [plain_unrolled(hand["plain"]), *steps, *rest]


def plain_unrolled(plain: dict[str, Any]) -> Figure:
    """The plain network, a copy a word; its states go right, the gradient left."""
    figure, axes = board(232)
    say = diagrams.words
    say(axes, 8, 14, "state after each word", plots.LINK, ha="left", bold=True)
    high, copies = 44, 100
    for place, word in enumerate(plain["tokens"]):
        x = 44 + 78 * place
        cells(axes, x, high, [plain["states"][place]], plots.LINK)
        box(axes, x, copies, "tanh", width=46, height=28)
        arrow(axes, (x, copies - 14), (x, high + 11), plots.LINK)
        say(axes, x, 152, word)
        arrow(axes, (x, 143), (x, copies + 14))
        say(axes, x + 5, 131, signed(plain["x"][place], ".0f"),
            plots.MUTED, ha="left")  # fmt: skip
        if place:
            arrow(axes, (x - 55, copies), (x - 23, copies), plots.LINK, width=2.5)
            say(axes, x - 39, copies - 12, "× ½", plots.LINK)
        if place % 2 == 0:
            say(axes, x, 184, signed(plain["left"][place]), plots.QUERY)
            if place:
                arrow(axes, (x - 22, 184), (x - 134, 184), plots.QUERY, line="--")
    say(axes, 8, 212, "gradient: what is left of it, from “it” back",
        plots.QUERY, ha="left", bold=True)  # fmt: skip
    return figure


def gru_step(gru: dict[str, Any]) -> Figure:
    """A GRU at "glass": the road of the state, and the side road through reset."""
    figure, axes = board(244)
    say = diagrams.words
    road: Any = {"colour": plots.LINK, "width": 2.5}
    side, forget, plus, middle, low, last = 60, 140, 284, 100, 160, 212
    say(axes, 8, 16, "old state", plots.LINK, ha="left", bold=True)
    say(axes, 392, 16, "new state", plots.LINK, ha="right", bold=True)
    # The road: a share of the old state, plus a share of the new content.
    cells(axes, 32, ROAD, [gru["old"]], plots.LINK)
    arrow(axes, (57, ROAD), (forget - 11, ROAD), **road)
    box(axes, forget, ROAD, "×", width=22, height=22)
    arrow(axes, (forget + 11, ROAD), (plus - 11, ROAD), **road)
    say(axes, 212, ROAD - 14, signed(gru["kept"]), plots.LINK)
    box(axes, plus, ROAD, "+", width=22, height=22)
    arrow(axes, (plus + 11, ROAD), (342, ROAD), **road)
    cells(axes, 367, ROAD, [gru["state"]], plots.LINK)
    # The update gate z sends z up, to what is kept, and 1 - z across.
    z = gru["update"]
    box(axes, forget, middle, f"update z\n{signed(z)}", width=76, height=40)
    arrow(axes, (forget, middle - 20), (forget, ROAD + 11))
    say(axes, forget + 7, ROAD + 23, "z", ha="left")
    arrow(axes, (forget + 38, middle), (plus - 11, middle))
    say(axes, 225, middle - 11, f"1 − z = {signed(1 - z)}")
    box(axes, plus, middle, "×", width=22, height=22)
    arrow(axes, (plus, middle - 11), (plus, ROAD + 11))
    say(axes, plus + 8, 72, signed(gru["added"]), ha="left")
    # The side road: the old state, past the reset gate, into the new content.
    box(axes, plus, low, f"new (tanh)\n{signed(gru['new'])}", width=86, height=40)
    arrow(axes, (plus, low - 20), (plus, middle + 11))
    axes.plot([side, side, forget - 11], [ROAD, last, last],
        color=plots.QUERY, linewidth=1.2, linestyle="--")  # fmt: skip
    say(axes, side + 6, last - 14, "× 3", plots.QUERY, ha="left")
    box(axes, forget, last, "×", width=22, height=22)
    box(axes, forget, low, f"reset r\n{signed(gru['reset'])}", width=76, height=40)
    arrow(axes, (forget, low + 20), (forget, last - 11))
    axes.plot([forget + 11, plus], [last, last],
        color=plots.QUERY, linewidth=1.2, linestyle="--")  # fmt: skip
    arrow(axes, (plus, last), (plus, low + 20), plots.QUERY, line="--")
    say(axes, 212, last - 12, signed(gru["trace"]), plots.QUERY)
    box(axes, 366, low, "glass\n4 × 1", width=54, height=40)
    arrow(axes, (339, low), (plus + 43, low))
    say(axes, 8, 236, "A real GRU's gates read the old state too.", plots.MUTED,
        ha="left")  # fmt: skip
    return figure


def step(at: dict[str, Any], number: int) -> Figure:
    """The step at "glass", as far as the frame of this number has come."""
    figure, axes = board(236)
    say = diagrams.words
    road: Any = {"colour": plots.LINK, "width": 2.5}
    say(axes, 8, 16, "old cell", plots.LINK, ha="left", bold=True)
    cells(axes, 32, ROAD, [at["old"]], plots.LINK)
    # The token and the hidden state feed every gate.
    box(axes, 62, WORDS, "glass")
    box(axes, 164, WORDS, "old hidden")
    say(axes, 218, WORDS, "feed every gate", plots.MUTED, ha="left")
    last = ("forget", "new", "new", "output")[number - 1]
    axes.plot(
        [62, max(164, PLACES[last])], [BUS, BUS], color=plots.MUTED, linewidth=1.2
    )
    for x in (62, 164):
        axes.plot([x, x], [BUS, WORDS - 12], color=plots.MUTED, linewidth=1.2)
    forget, out = PLACES["forget"], PLACES["output"]
    gate(axes, "forget", at, number != 1)
    arrow(axes, (forget, GATES - 20), (forget, ROAD + 11), faint=number != 1)
    arrow(axes, (57, ROAD), (forget - 11, ROAD), **road)
    box(axes, forget, ROAD, "×", width=22, height=22)
    say(axes, 142, ROAD - 16, signed(at["kept"]), plots.LINK)
    if number == 1:
        arrow(axes, (forget + 11, ROAD), (392, ROAD), **road)
        return figure
    gate(axes, "input", at, number != 2)
    gate(axes, "new", at, number != 2)
    middle, faint = 92, number != 2
    arrow(axes, (PLACES["input"], GATES - 20), (PLUS - 9, middle + 11), faint=faint)
    arrow(axes, (PLACES["new"], GATES - 20), (PLUS + 9, middle + 11), faint=faint)
    box(axes, PLUS, middle, "×", width=22, height=22)
    arrow(axes, (PLUS, middle - 11), (PLUS, ROAD + 11), faint=number > 3)
    say(axes, PLUS + 8, 68, signed(at["added"]), ha="left")
    if number == 2:
        arrow(axes, (forget + 11, ROAD), (392, ROAD), **road)
        return figure
    arrow(axes, (forget + 11, ROAD), (PLUS - 11, ROAD), **road)
    box(axes, PLUS, ROAD, "+", width=22, height=22)
    arrow(axes, (PLUS + 11, ROAD), (342, ROAD), **road)
    cells(axes, 367, ROAD, [at["cell"]], plots.LINK)
    say(axes, 392, 16, "new cell", plots.LINK, ha="right", bold=True)
    if number == 4:
        gate(axes, "output", at, False)
        arrow(axes, (out, ROAD), (out, 81), plots.LINK)
        say(axes, out - 8, 66, "tanh", plots.LINK, ha="right")
        say(axes, out + 8, 69, signed(at["squashed"]), plots.LINK, ha="left")
        box(axes, out, 92, "×", width=22, height=22)
        arrow(axes, (out, GATES - 20), (out, 103))
        arrow(axes, (out + 11, 92), (392, 92), width=2.5)
        say(axes, 374, 108, "hidden", bold=True)
        say(axes, 376, 122, signed(at["hidden"]), bold=True)
    return figure


def gate(axes: Axes, name: str, at: dict[str, Any], faint: bool) -> None:
    """A gate, or the new part, with its number, fed from below."""
    x = PLACES[name]
    box(axes, x, GATES, f"{name}\n{signed(at[name])}", height=40, faint=faint)
    arrow(axes, (x, BUS), (x, GATES + 20), faint=faint)


def unrolled(lstm: dict[str, Any]) -> Figure:
    """All five words: the cell along its road, and what is let out of it."""
    figure, axes = board(236)
    say = diagrams.words
    heading = "cell: −1 the robot, 1 the glass"
    say(axes, 8, 12, heading, plots.LINK, ha="left", bold=True)
    for place, word in enumerate(lstm["tokens"]):
        x = 44 + 78 * place
        cells(axes, x, ROAD, [lstm["cell"][place]], plots.LINK)
        if place:
            arrow(axes, (x - 53, ROAD), (x - 25, ROAD), plots.LINK, width=2.5)
        kept = lstm["forget"][place] > 0.5
        label = "keep" if kept else "write"
        box(axes, x, 104, label, plots.INK if kept else plots.QUERY, width=52,
            line="-" if kept else "--")  # fmt: skip
        arrow(axes, (x, 91), (x, ROAD + 12))
        asked = lstm["output"][place] > 0.5
        cells(axes, x, 166, [lstm["hidden"][place]], faint=not asked)
        say(axes, x, WORDS, word, bold=asked)
        arrow(axes, (x, WORDS - 10), (x, 178), faint=not asked)
    say(axes, 8, 138, "hidden: what is let out", ha="left", bold=True)
    return figure


# Colour, line, mark, and whether the name stands above the lines.
LINES = {
    "RNN": (plots.INK, plots.SOLID, "o", False),
    "GRU": (plots.MUTED, plots.DASHED, "s", True),
    "LSTM": (plots.LINK, plots.DOTTED, "^", False),
    "open": (plots.LINK, plots.SOLID, "D", True),
}


def draw(data: dict[str, Any]) -> Figure:
    """Over the words of the sentence, what is left of the last state's gradient."""
    words = data["words"]
    figure, decays = plots.canvas(330)
    for kind, (colour, line, mark, above) in LINES.items():
        # The oldest word first, as in the sentence.
        rows = [
            row["gradient"][: len(words)][::-1]
            for row in data["decay"]
            if row["kind"] == kind
        ]
        for row in rows:
            decays.plot(
                row, color=colour, linestyle=line, marker=mark, markersize=3.5,
                linewidth=1,
            )  # fmt: skip
        first = [row[0] for row in rows]
        decays.annotate(
            "LSTM, gates open" if kind == "open" else kind,
            (0, max(first) if above else min(first)),
            xytext=(-4, 6 if above else -6), textcoords="offset points",
            va="bottom" if above else "top", color=colour,
        )  # fmt: skip
    decays.set_title("gradient of the last state at each word")
    decays.set(yscale="log", ylim=(2.5e-4, 1.6))
    decays.set_yticks([1e-3, 1e-2, 1e-1, 1], ["1/1000", "1/100", "1/10", "1"])
    decays.minorticks_off()
    decays.set_xticks(
        range(len(words)), words, rotation=60, ha="right", rotation_mode="anchor"
    )
    decays.tick_params(axis="x", length=0)
    return figure


def look(data: dict[str, Any]) -> Figure:
    """Bits a character by how many characters the state may know, from three on."""
    found = data["look"]
    figure, axes = plots.canvas(270)
    first = found["memory"].index(3)
    lengths = found["memory"][first:]
    for kind, (colour, line, mark, _) in LINES.items():
        if kind not in found:
            continue
        bits = found[kind]["memory"][first:]
        axes.plot(
            lengths, bits, color=colour, linestyle=line, marker=mark, markersize=4
        )
        axes.annotate(
            kind, (lengths[-1], bits[-1]), xytext=(8, 0), textcoords="offset points",
            va="center", color=colour,
        )  # fmt: skip
    axes.set(xscale="log", xlabel="characters it may remember", xlim=(2.7, 400))
    axes.set_ylim(2.0, 2.65)
    axes.set_xticks(lengths, lengths)
    axes.minorticks_off()
    axes.set_title("bits a character on pages held out")
    return figure


# What the page proposes to change, and what then stands there.
EDITS = [
    (
        "        cell = forget_gate * cell + input_gate * new",
        "        cell = torch.tanh(forget_gate * cell + input_gate * new)",
    ),
    (
        "        return (torch.tanh(self.input(x) + self.recurrent(hidden)),)",
        "        mixed = self.input(x) + 4 * self.recurrent(hidden)\n"
        "        return (torch.tanh(mixed),)",
    ),
    ("FORGET_BIAS = 3.0", "FORGET_BIAS = 1.0"),
]
