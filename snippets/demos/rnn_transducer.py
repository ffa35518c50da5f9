"""A lattice by hand, a model that finds a hidden alignment, and where it errs."""

from __future__ import annotations

import math
import random
import textwrap
from itertools import accumulate, groupby, pairwise, product
from operator import mul
from statistics import fmean as mean
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as F

from snippets.lab import diagrams, plots, record
from snippets.lab.diagrams import arrow, board, box, cells
from snippets.lab.scores import edit_distance
from snippets.lab.tables import table
from snippets.lab.training import fit
from snippets.recurrence.lattice import gradient
from snippets.recurrence.rnn_transducer import (
    BLANK,
    Labels,
    Scorer,
    Transducer,
    beam_search,
    forward_variables,
    greedy,
    steps,
    transducer_loss,
)
from snippets.recurrence.stretched import Spoken, sounds, speak

WORDS = ["the", "robot", "dropped", "glass", "because", "it", "was", "slippery"]
SENTENCE = [WORDS[i] for i in (0, 1, 2, 0, 3, 4, 5, 6, 7)]

# By hand: the chance of the next word at each frame, after 0 or 1 words.
NODES = ["-", "it", "it was"]
NEXT = [[0.2, 0.1], [0.7, 0.4], [0.5, 0.8]]
LAST = 0.9  # of a blank, when both words are written

# What CTC may say at five frames; "-" is its blank.
RAW = ("it it - was was", "- it was - -", "it it was was was", "the the - the -")

D_FRAME, D_MODEL, NOISE = 8, 48, 0.1
TABLE = sounds(len(WORDS), D_FRAME, seed=1)
STEPS, BATCH, LR, TESTS, CLOSER = 250, 16, 0.02, 40, 100

Path = list[tuple[int, int]]  # the nodes (t, u), from the first to the last


def by_hand() -> dict[str, Any]:
    """Three frames, two words: the chance of every node and of the best path."""
    up = torch.tensor(NEXT)
    right = torch.cat([1 - up, torch.full((3, 1), LAST)], 1)
    blank, label = right.log(), up.log()
    alpha = forward_variables(blank[None], label[None])[0].exp()
    path, best = best_path(blank, label)

    def step(start: tuple[int, int], end: tuple[int, int]) -> float:
        return float((right if end[1] == start[1] else up)[start])

    return {
        "path": path,
        "collapse": [[raw, " ".join(collapse(raw.split()))] for raw in RAW],
        "up": up,
        "right": right,
        "alpha": alpha,
        # The two ways to frame 2 with a word written.
        "ways": [alpha[0, 1] * right[0, 1], alpha[1, 0] * up[1, 0]],
        "total": alpha[-1, -1] * LAST,
        "paths": math.comb(4, 2),
        "best": math.exp(best),
        # What the best path has come to at each of its nodes.
        "along": list(accumulate(map(step, path, path[1:]), mul, initial=1.0)),
    }


def collapse(frames: list[str]) -> list[str]:
    """What CTC reads from a guess a frame: equal neighbours merge, then blanks go."""
    return [label for label, _ in groupby(frames) if label != "-"]


def best_path(blank: Tensor, label: Tensor) -> tuple[Path, float]:
    """The likeliest path through one lattice, and log p of it (Viterbi)."""
    n_frames, n_written = blank.shape
    best: dict[tuple[int, int], tuple[float, Path]] = {}
    for t, u in product(range(n_frames), range(n_written)):
        ways: list[tuple[float, Path]] = []
        if t > 0:
            log_p, path = best[t - 1, u]
            ways.append((log_p + blank[t - 1, u].item(), path))
        if u > 0:
            log_p, path = best[t, u - 1]
            ways.append((log_p + label[t, u - 1].item(), path))
        log_p, path = max(ways, key=lambda way: way[0], default=(0.0, []))
        best[t, u] = log_p, [*path, (t, u)]
    log_p, path = best[n_frames - 1, n_written - 1]
    return path, log_p + blank[-1, -1].item()


def batch(count: int, longest: int, seed: int) -> tuple[Spoken, list[list[int]]]:
    """Random words, said; the texts are there to be compared with."""
    source = random.Random(seed)
    words = range(1, len(WORDS) + 1)
    texts = [source.choices(words, k=source.randint(1, longest)) for _ in range(count)]
    return speak(texts, TABLE, NOISE, seed), texts


def loss_of(model: nn.Module, said: Spoken) -> Tensor:
    log_probs = model(said.frames.double(), said.labels)
    return transducer_loss(log_probs, said.labels, said.n_frames, said.n_labels)


def trained(seed: int, device: str) -> dict[str, Any]:
    """Some seconds of training on random words; then new ones, and our sentence."""
    torch.manual_seed(seed)
    # In float64 another processor gives the same digits.
    model = Transducer(D_FRAME, len(WORDS), D_MODEL).double().to(device)
    losses = fit(
        model,
        torch.optim.Adam(model.parameters(), LR),
        batches=lambda step: batch(BATCH, 6, 1000 * (seed + 1) + step)[0],
        loss=lambda model, said: loss_of(model, said).mean(),
        steps=STEPS,
        schedule=lambda step: 1 - step / STEPS,
    )
    return {
        "losses": [losses[0], sum(losses[-20:]) / 20],
        "errors": errors(model),
        "closer": closer(model),
        "sentence": sentence(model, seed),
    }


@torch.no_grad()
def closer(model: Transducer) -> dict[str, Any]:
    """New recordings: which words greedy search misses, and how late it writes others.

    A word counts as written if it is in a longest common subsequence of the two texts.
    It is on time at the first frame in which it sounds.
    """
    said, texts = batch(CLOSER, 9, seed=8)
    after_ = {"another": [0, 0], "itself": [0, 0]}
    late: list[int] = []
    wait: list[int] = []
    inserted = 0
    for frames, count, text, truth in zip(
        said.frames.double(), said.n_frames.tolist(), texts, said.truth.tolist(),
        strict=True,
    ):  # fmt: skip
        score = model.scorer(frames[:count].to(model.joint.weight.device))
        written = timed(score, count)
        found = dict(common(text, [label for label, _ in written]))
        inserted += len(written) - len(found)
        for word, (start, _) in enumerate(spans(truth[:count])):
            again = word > 0 and text[word - 1] == text[word]
            tally = after_["itself" if again else "another"]
            tally[0] += 1
            tally[1] += word in found
            wait.append(count - 1 - start)
            if word in found:
                late.append(written[found[word]][1] - start)
    return {
        "recordings": CLOSER,
        "words": sum(map(len, texts)),
        "after": [
            {"kind": kind, "words": words_, "written": written_}
            for kind, (words_, written_) in after_.items()
        ],
        "inserted": inserted,
        "end": mean(wait),  # frames to wait for who writes at the end
        "on_time": late.count(0) / len(late),
    }


def timed(score: Scorer, n_frames: int, max_labels: int = 5) -> list[tuple[int, int]]:
    """What `greedy` writes, each label with its frame."""
    written: list[tuple[int, int]] = []
    for t in range(n_frames):
        for _ in range(max_labels):
            best = int(score(t, tuple(label for label, _ in written)).argmax())
            if best == BLANK:
                break
            written.append((best, t))
    return written


def common(a: list[int], b: list[int]) -> list[tuple[int, int]]:
    """A longest common subsequence, as pairs of positions."""
    best = {(i, j): 0 for i in range(len(a) + 1) for j in range(len(b) + 1)}
    for i, j in product(reversed(range(len(a))), reversed(range(len(b)))):
        ways = [best[i + 1, j], best[i, j + 1]]
        best[i, j] = max(*ways, (a[i] == b[j]) + best[i + 1, j + 1])
    pairs, i, j = [], 0, 0
    while i < len(a) and j < len(b):
        if a[i] == b[j] and best[i, j] == 1 + best[i + 1, j + 1]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i, j] == best[i + 1, j]:
            i += 1
        else:
            j += 1
    return pairs


@torch.no_grad()
def errors(model: Transducer) -> dict[str, float]:
    """Words to mend in what each search writes, for each word that was said."""
    said, texts = batch(TESTS, 9, seed=7)
    wrong = {"greedy": 0, "beam": 0}
    for frames, count, text in zip(
        said.frames.double(), said.n_frames.tolist(), texts, strict=True
    ):
        score = model.scorer(frames[:count].to(model.joint.weight.device))
        beam = beam_search(score, count, width=4, max_labels=2)[0][0]
        wrong["greedy"] += edit_distance(greedy(score, count), text)
        wrong["beam"] += edit_distance(beam, text)
    return {search: count / sum(map(len, texts)) for search, count in wrong.items()}


@torch.no_grad()
def sentence(model: Transducer, seed: int) -> dict[str, Any]:
    """Our sentence, said once: its lattice, its paths, what the model writes."""
    text = [WORDS.index(word) + 1 for word in SENTENCE]
    said = speak([text], TABLE, NOISE, seed=seed + 3)
    frames = said.frames.double().to(model.joint.weight.device)
    log_probs = model(frames, said.labels.to(frames.device)).cpu()
    blank, label = steps(log_probs, said.labels)
    loss = transducer_loss(log_probs, said.labels, said.n_frames, said.n_labels).item()
    right, up = gradient(blank, label)
    path, log_p = best_path(blank[0], label[0])
    n_frames, n_labels = len(frames[0]), len(text)
    score = model.scorer(frames[0])
    beam = beam_search(score, n_frames, width=4, max_labels=2)
    return {
        "frames": n_frames,
        "truth": said.truth[0],
        "right": -right[0],
        "up": -up[0],
        "path": path,
        "prompt": prompt(path, said.truth[0].tolist()),
        "share": math.exp(log_p + loss),
        "count": math.comb(n_frames - 1 + n_labels, n_labels),
        "greedy": words(greedy(score, n_frames)),
        "beam": [[words(labels), math.exp(log_p)] for labels, log_p in beam[:3]],
        "probability": math.exp(-loss),
    }


def spans(truth: list[int]) -> list[tuple[int, int]]:
    """The first frame of each word, and the first after it; 0 is silence."""
    found, t = [], 0
    for word, frames in groupby(truth):
        start, t = t, t + len(list(frames))
        if word:
            found.append((start, t))
    return found


def prompt(path: Path, truth: list[int]) -> int:
    """How many words a path writes at the first frame in which they sound."""
    climbs = [t for (t, u), (_, above) in pairwise(path) if above > u]
    return sum(t == start for t, (start, _) in zip(climbs, spans(truth), strict=True))


def words(labels: Labels) -> str:
    written = [WORDS[label - 1] for label in labels]
    return " ".join(written) or "(nothing)"


def beyond_ctc(seed: int) -> dict[str, float]:
    """The probability of three labels from two frames, here and under CTC."""
    source = torch.Generator().manual_seed(seed)
    logits = torch.randn(1, 2, 4, 4, generator=source, dtype=torch.float64)
    log_probs, labels = logits.log_softmax(-1), torch.tensor([[1, 2, 3]])
    lengths = torch.tensor([2]), torch.tensor([3])
    ctc = F.ctc_loss(log_probs[:, :, 0].transpose(0, 1), labels, *lengths, blank=BLANK)
    return {
        "short": math.exp(-transducer_loss(log_probs, labels, *lengths).item()),
        "ctc": math.exp(-ctc.item()),
    }


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """The lattice by hand, a model trained, and what CTC cannot write."""
    return {
        "by_hand": by_hand(),
        "steps": STEPS,
        "trained": trained(seed, device),
        "beyond": beyond_ctc(seed),
        "look": claimed(),
    }


def claimed() -> dict[str, Any]:
    """From the record of the claim: both models on both tasks, means over the seeds."""
    rows = record.Result.read("transducer", record.RESULTS / "claims").record["data"]
    return {
        "seeds": len({row["seed"] for row in rows}),
        "rows": rows,
        "means": [
            {
                "task": task,
                "model": model,
                **{
                    key: mean(
                        row[key]
                        for row in rows
                        if (row["task"], row["model"]) == (task, model)
                    )
                    for key in ("bits", "errors", "right")
                },
            }
            for task in ("grammar", "any word")
            for model in ("CTC", "transducer")
        ],
    }


def show(data: dict[str, Any]) -> None:
    """Print the lattice, the errors, the sentence."""
    hand = data["by_hand"]
    print("by hand: the chance of each node")
    alpha = zip(*hand["alpha"], strict=True)
    nodes = [[name, *row] for name, row in zip(NODES, alpha, strict=True)]
    header = ["written", "frame 1", "frame 2", "frame 3"]
    table(nodes[::-1], ["", ".4f", ".4f", ".4f"], header)
    print(f"p(it was) = {hand['total']:.4f}, from {hand['paths']} paths;")
    print(f"the best of them has {hand['best']:.4f}")

    found = data["trained"]
    said, error, (first, last) = found["sentence"], found["errors"], found["losses"]
    print(f"\ntrained for {data['steps']} steps")
    print(f"loss {first:.2f} at first, {last:.2f} at last")
    print("words wrong in what it writes, of 100:")
    print(f"greedy {100 * error['greedy']:.1f}, beam of 4 {100 * error['beam']:.1f}")

    print(f"\nour sentence: 9 words, {said['frames']} frames,")
    print(f"{said['count']:,} paths")
    print("greedy writes")
    print(textwrap.indent(textwrap.fill(said["greedy"], 38), "  "))
    print("a beam of 4 finds, with p")
    for text, p in said["beam"]:
        lines = textwrap.fill(f"{p:.4f} {text}", 39, subsequent_indent=" " * 7)
        print(textwrap.indent(lines, "  "))

    near = found["closer"]
    print("\nwords that greedy search writes")
    kinds = {"another": "all other words", "itself": "after the same word"}
    rows = [
        [kinds[row["kind"]], row["words"], row["written"],
         100 * row["written"] / row["words"]]
        for row in near["after"]
    ]  # fmt: skip
    table(rows, ["", "", "", ".0f"], ["a word", "said", "written", "%"])

    beyond = data["beyond"]
    print("\nthree labels from two frames")
    print(f"transducer p = {beyond['short']:.4f}, CTC p = {beyond['ctc']:.0f}")


# --- The picture that grows: the lattice by hand


def frames(data: dict[str, Any]) -> list[Figure]:
    """The three networks; then the lattice, from its steps to the best path."""
    hand = data["by_hand"]
    return [networks(hand), *(grid(hand, number) for number in range(1, 6))]


def networks(hand: dict[str, Any]) -> Figure:
    """A frame and a word on their way through the three networks."""
    figure, axes = board(288)
    say = diagrams.words
    bottom, middle, joint = 246, 182, 106
    for number in range(3):
        later = number == 2
        x = 38 + 68 * number
        box(axes, x, bottom, f"frame {number + 1}", width=62, faint=later)
        if not later:
            arrow(axes, (x, bottom - 12), (x, middle + 14))
    say(axes, 8, 276, "sound, heard so far", plots.MUTED, ha="left")
    box(axes, 290, bottom, "start", width=56)
    box(axes, 356, bottom, "it", width=56)
    for x in (290, 356):
        arrow(axes, (x, bottom - 12), (x, middle + 14))
    say(axes, 392, 276, "words, written so far", plots.MUTED, ha="right")
    box(axes, 92, middle, "encoder", plots.KEY, width=170, height=28, line="--")
    box(axes, 318, middle, "prediction network", plots.QUERY, width=148, height=28)
    box(axes, 205, joint, "joint network", plots.LINK, width=130, height=28)
    arrow(axes, (106, middle - 14), (170, joint + 14), plots.KEY, line="--")
    arrow(axes, (318, middle - 14), (240, joint + 14), plots.QUERY)
    say(axes, 122, 144, "vector", plots.KEY, ha="right")
    say(axes, 300, 144, "vector", plots.QUERY, ha="left")
    word, blank = hand["up"][1][1], hand["right"][1][1]
    for x, text, then in (
        (100, f"was {word:.1f}", "write it, stay"),
        (310, f"blank {blank:.1f}", "go on to frame 3"),
    ):
        box(axes, x, 42, text, plots.LINK, width=86)
        say(axes, x, 16, then, plots.MUTED)
        arrow(axes, (205 + (-25 if x < 205 else 25), joint - 14), (x, 54), plots.LINK)
    return figure


def at(t: int, u: int) -> tuple[float, float]:
    """Where a node is on the board."""
    return 92.0 + 104 * t, 200.0 - 72 * u


def grid(hand: dict[str, Any], number: int) -> Figure:
    """Three frames, two words, as far as the frame of this number has come."""
    figure, axes = board(266)
    say = diagrams.words
    for u, name in enumerate(("nothing", "it", "it was")):
        say(axes, 8, at(0, u)[1], name, plots.MUTED, ha="left")
    for t in range(3):
        say(axes, at(t, 0)[0], 238, f"frame {t + 1}", plots.MUTED)
    known = {1: [], 2: [(0, 0), (1, 0), (0, 1)], 3: [(0, 0), (1, 0), (0, 1), (1, 1)]}
    path = [tuple(node) for node in hand["path"]]
    shown = path if number == 5 else known.get(number, [*product(range(3), range(3))])
    best = [*pairwise(path)] if number == 5 else []
    alone = dict(zip(path, hand["along"], strict=True))  # by the best path alone
    for t, u in product(range(3), range(3)):
        if t < 2:
            draw_step(axes, (t, u), (t + 1, u), hand["right"][t][u], number, best)
        if u < 2:
            draw_step(axes, (t, u), (t, u + 1), hand["up"][t][u], number, best)
    x, y = at(2, 2)
    bold = number == 5
    faint = number < 4
    arrow(axes, (x + 23, y), (392, y), plots.LINK if bold else plots.MUTED,
          width=3 if bold else 1.2, faint=faint)  # fmt: skip
    say(axes, 366, y - 14, f"{hand['right'][2][2]:.1f}", plots.MUTED, faint=faint)
    if number >= 4:
        end = hand["best"] if bold else hand["total"]
        say(axes, 392, y - 40, f"{end:.2f}", ha="right", bold=True)
    for t, u in product(range(3), range(3)):
        x, y = at(t, u)
        if (t, u) in shown:
            new = number == 3 and (t, u) == (1, 1)
            value = alone[t, u] if bold else hand["alpha"][t][u]
            colour = plots.LINK if new or bold else plots.INK
            cells(axes, x, y, [value], colour)
        else:
            axes.plot([x], [y], "o", color=plots.MUTED, markersize=6)
    return figure


def draw_step(
    axes: Axes,
    start: tuple[int, int],
    end: tuple[int, int],
    p: float,
    number: int,
    best: list[Any],
) -> None:
    """A step with its probability, strong where the frame speaks of it."""
    (x, y), (to_x, to_y) = at(*start), at(*end)
    across = start[1] == end[1]
    strong = {
        1: True,
        2: start == (0, 0),
        3: end == (1, 1),
        4: False,
        5: (start, end) in best,
    }[number]
    gap = (24, 0) if across else (0, 12)
    colour = plots.LINK if strong and number in (3, 5) else plots.MUTED
    arrow(
        axes, (x + gap[0], y - gap[1]), (to_x - gap[0], to_y + gap[1]), colour,
        width=3 if strong and number == 5 else 1.2, faint=not strong,
    )  # fmt: skip
    middle = ((x + to_x) / 2, y - 9) if across else (x + 14, (y + to_y) / 2)
    diagrams.words(axes, *middle, f"{p:.1f}", colour, faint=not strong)


def draw(data: dict[str, Any]) -> Figure:
    """The lattice of our sentence over its frames: likely steps, the best path."""
    said = data["trained"]["sentence"]
    figure, axes = plots.canvas(350)
    draw_lattice(axes, said)
    axes.set(xlabel="frames", xticks=range(5, said["frames"] + 1, 5))
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure


def draw_lattice(axes: Axes, said: dict[str, Any]) -> None:
    """All steps, the likely ones, when each word sounds, the best path."""
    n_frames, n_labels = said["frames"], len(SENTENCE)
    for u in range(n_labels + 1):
        axes.plot([1, n_frames], [u, u], color=plots.MUTED, linewidth=0.3, alpha=0.6)
    for t in range(1, n_frames + 1):
        axes.plot([t, t], [0, n_labels], color=plots.MUTED, linewidth=0.3, alpha=0.6)
    # The share of all paths that takes a step: the last blank leads out of the lattice.
    taken = [
        (share, ((t + 1, u), (t + 1 + across, u + 1 - across)))
        for across, shares in ((1, said["right"][:-1]), (0, said["up"]))
        for t, row in enumerate(shares)
        for u, share in enumerate(row)
    ]
    for least, most, width in ((0.01, 0.05, 1.5), (0.05, 0.2, 3.0), (0.2, 2.0, 5.0)):
        lines = [step for share, step in taken if least <= share < most]
        axes.add_collection(
            LineCollection(lines, colors=plots.LINK, linewidths=width, alpha=0.75)
        )
    for row, (start, end) in enumerate(spans(said["truth"])):
        axes.fill_between([start + 0.5, end + 0.5], row, row + 1,
            color=plots.MUTED, alpha=0.25, linewidth=0)  # fmt: skip
    x, y = zip(*said["path"], strict=True)
    axes.plot([t + 1 for t in x], y, color=plots.INK, linewidth=2.2)
    axes.set_yticks(range(n_labels + 1), ["nothing", *SENTENCE])


def look(data: dict[str, Any]) -> Figure:
    """Words wrong on held-out recordings: a dot a seed, CTC beside the transducer."""
    figure, panels = plots.canvas(230, 1, 2, sharey=True)
    titles = {"grammar": "words by a grammar", "any word": "words in any order"}
    for axes, (task, title) in zip(panels, titles.items(), strict=True):
        rows = [row for row in data["look"]["rows"] if row["task"] == task]
        for seed in sorted({row["seed"] for row in rows}):
            both = [100 * row["errors"] for row in rows if row["seed"] == seed]
            axes.plot([0, 1], both, "o-", color=plots.LINK, markersize=5, linewidth=1)
        axes.set_title(title)
        axes.set(xticks=[0, 1], xlim=(-0.4, 1.4))
        axes.set_xticklabels(["CTC", "transducer"])
    panels[0].set_ylabel("words wrong, of 100")
    panels[0].set_ylim(bottom=0)
    return figure


def holds(data: dict[str, Any]) -> dict[str, bool]:
    """What the page concludes from the training."""
    error, beam = data["trained"]["errors"], data["trained"]["sentence"]["beam"]
    return {
        "of ten words at most one is wrong": error["greedy"] <= 0.1,
        "a beam does no worse": error["beam"] <= error["greedy"],
        "the beam likes our sentence best": beam[0][0] == " ".join(SENTENCE),
    }


# The key of what takes seconds, and the function that gives it.
TRAINS = "trained"
# What the page proposes to change, and what then stands there.
EDITS = [
    (
        "            row.append(torch.stack(ways or start).logsumexp(0))",
        "            row.append(torch.stack(ways or start).amax(0))",
    ),
    (
        "        mixed = torch.tanh(transcription + prediction)",
        "        mixed = torch.tanh(transcription + 0 * prediction)",
    ),
    (
        "    total = by_diagonals(blank, label) + blank  # and the last blank",
        "    total = by_diagonals(blank, label)",
    ),
]
