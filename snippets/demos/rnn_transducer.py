"""A lattice by hand, a model that finds a hidden alignment, and comparisons."""

from __future__ import annotations

import math
import random
import textwrap
from collections.abc import Iterator
from itertools import combinations, pairwise
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as F

from snippets.lab import plots
from snippets.lab.scores import edit_distance
from snippets.lab.training import fit
from snippets.recurrence.lattice import backward_variables, by_diagonals, gradient
from snippets.recurrence.rnn_transducer import (
    BLANK,
    Labels,
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
NEXT = [[0.2, 0.1], [0.7, 0.4], [0.5, 0.8]]
LAST = 0.9  # of a blank, when both words are written

D_FRAME, D_MODEL, NOISE = 8, 48, 0.1
TABLE = sounds(len(WORDS), D_FRAME, seed=1)
STEPS, BATCH, LR, TESTS = 250, 16, 0.02, 40

# What the tests of warp-transducer, NeMo and PaddlePaddle all expect of the example in
# torchaudio's documentation of its own loss.
PUBLISHED_LOGITS = [
    [[0.1, 0.6, 0.1, 0.1, 0.1], [0.1, 0.1, 0.6, 0.1, 0.1], [0.1, 0.1, 0.2, 0.8, 0.1]],
    [[0.1, 0.6, 0.1, 0.1, 0.1], [0.1, 0.1, 0.2, 0.1, 0.1], [0.7, 0.1, 0.2, 0.1, 0.1]],
]
PUBLISHED_LABELS, PUBLISHED_LOSS = [1, 2], 4.495666


Path = list[tuple[int, int]]


def paths(n_frames: int, n_labels: int) -> Iterator[Path]:
    """Every path through a lattice: the nodes (t, u), from the first to the last."""
    moves = n_frames - 1 + n_labels
    for ups in combinations(range(moves), n_labels):
        nodes, t, u = [(0, 0)], 0, 0
        for move in range(moves):
            t, u = (t, u + 1) if move in ups else (t + 1, u)
            nodes.append((t, u))
        yield nodes


def along(path: Path, blank: Tensor, label: Tensor) -> Tensor:
    """log p of one path, the last blank included."""
    log_p = blank[-1, -1]
    for (t, u), (_, above) in pairwise(path):
        log_p = log_p + (label[t, u] if above > u else blank[t, u])
    return log_p


def by_hand() -> dict[str, Any]:
    """Three frames, two words: the chance of every node and of every path."""
    up = torch.tensor(NEXT)
    right = torch.cat([1 - up, torch.full((3, 1), LAST)], 1)
    blank, label = right.log()[None], up.log()[None]
    alpha = forward_variables(blank, label)[0].exp()
    beta = backward_variables(blank, label)[0].exp()
    every = [along(path, blank[0], label[0]).exp().item() for path in paths(3, 2)]
    return {
        "words": ["it", "was"],
        "up": up,
        "right": right,
        "alpha": alpha,
        "beta": beta,
        "total": alpha[-1, -1] * LAST,
        "paths": every,
        "best": max(every),
    }


def batch(count: int, longest: int, seed: int) -> tuple[Spoken, list[list[int]]]:
    """Random words, said; the texts are there to be compared with."""
    source = random.Random(seed)
    words = range(1, len(WORDS) + 1)
    texts = [source.choices(words, k=source.randint(1, longest)) for _ in range(count)]
    return speak(texts, TABLE, NOISE, seed), texts


def trained(seed: int, device: str) -> tuple[Transducer, list[float]]:
    """A model, and its loss at every step."""
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
    return model, losses


def loss_of(model: nn.Module, said: Spoken) -> Tensor:
    log_probs = model(said.frames.double(), said.labels)
    return transducer_loss(log_probs, said.labels, said.n_frames, said.n_labels)


@torch.no_grad()
def errors(model: Transducer, width: int | None) -> float:
    """Words to mend in what the model writes, for each word that was said."""
    said, texts = batch(TESTS, 9, seed=7)
    wrong = 0
    for frames, count, text in zip(
        said.frames.double(), said.n_frames.tolist(), texts, strict=True
    ):
        score = model.scorer(frames[:count].to(model.joint.weight.device))
        if width is None:
            ours = greedy(score, count)
        else:
            ours = beam_search(score, count, width, most=2)[0][0]
        wrong += edit_distance(ours, text)
    return wrong / sum(map(len, texts))


def best_path(blank: Tensor, label: Tensor) -> tuple[Path, float]:
    """The likeliest path through one lattice, and log p of it."""
    best: dict[tuple[int, int], tuple[float, Path]] = {(0, 0): (0.0, [(0, 0)])}
    n_frames, n_written = blank.shape
    for t in range(n_frames):
        for u in range(n_written):
            ways = []
            if t > 0:
                log_p, path = best[t - 1, u]
                ways.append((log_p + blank[t - 1, u].item(), path))
            if u > 0:
                log_p, path = best[t, u - 1]
                ways.append((log_p + label[t, u - 1].item(), path))
            if ways:
                log_p, path = max(ways, key=lambda way: way[0])
                best[t, u] = log_p, [*path, (t, u)]
    log_p, path = best[n_frames - 1, n_written - 1]
    return path, log_p + blank[-1, -1].item()


@torch.no_grad()
def sentence(model: Transducer, seed: int) -> dict[str, Any]:
    """Our sentence, said once: its lattice, its paths, what the model writes."""
    text = [WORDS.index(word) + 1 for word in SENTENCE]
    said = speak([text], TABLE, NOISE, seed=seed + 3)
    frames = said.frames.double().to(model.joint.weight.device)
    log_probs = model(frames, said.labels.to(frames.device)).cpu()
    blank, label = steps(log_probs, said.labels)
    total = -transducer_loss(
        log_probs, said.labels, said.n_frames, said.n_labels
    ).item()
    right, up = gradient(blank, label)
    path, log_p = best_path(blank[0], label[0])
    n_frames, n_labels = len(frames[0]), len(text)
    score = model.scorer(frames[0])
    beam = beam_search(score, n_frames, width=4, most=2)
    return {
        "frames": n_frames,
        "heard": said.frames[0].T,
        "truth": said.truth[0],
        "right": -right[0],
        "up": -up[0],
        "path": path,
        "prompt": prompt(path, said.truth[0].tolist()),
        "share": math.exp(log_p - total),
        "count": math.comb(n_frames - 1 + n_labels, n_labels),
        "greedy": words(greedy(score, n_frames)),
        "beam": [[words(labels), math.exp(log_p)] for labels, log_p in beam[:3]],
        "probability": math.exp(total),
    }


def prompt(path: Path, truth: list[int]) -> int:
    """How many words a path writes at the first frame in which they sound."""
    climbs = [t for (t, u), (_, above) in pairwise(path) if above > u]
    starts = [start for start, *_ in spans(truth)]
    return sum(map(int.__eq__, climbs, starts))


def words(labels: Labels) -> str:
    written = [WORDS[label - 1] for label in labels]
    return " ".join(written) or "(nothing)"


def random_lattice(
    n_frames: int, labels: list[int], choices: int, seed: int
) -> tuple[Tensor, Tensor]:
    source = torch.Generator().manual_seed(seed)
    shape = (1, n_frames, len(labels) + 1, choices)
    logits = torch.randn(shape, generator=source, dtype=torch.float64)
    return logits.log_softmax(-1), torch.tensor([labels])


def differences(seed: int) -> dict[str, float]:
    """The largest differences between ways to compute the same."""
    log_probs, labels = random_lattice(5, [1, 2, 2, 1], 4, seed)
    blank, label = steps(log_probs, labels)
    forward = (forward_variables(blank, label) + blank)[0, -1, -1]
    every = [along(p, blank[0], label[0]) for p in paths(5, 4)]
    inputs = [x.clone().requires_grad_() for x in (blank, label)]
    slow = (forward_variables(*inputs) + inputs[0])[0, -1, -1]
    published = torch.tensor([PUBLISHED_LOGITS]).log_softmax(-1)
    loss = transducer_loss(
        published, torch.tensor([PUBLISHED_LABELS]),
        torch.tensor([2]), torch.tensor([2]),
    )  # fmt: skip

    def apart(ours: Tensor, theirs: Tensor) -> float:
        return (ours - theirs).abs().max().item()

    return {
        "paths": apart(forward, torch.stack(every).logsumexp(0)),
        "count": len(every),
        "backward": apart(forward, backward_variables(blank, label)[0, 0, 0]),
        "fast": apart(forward_variables(blank, label), by_diagonals(blank, label)),
        "gradient": max(
            apart(ours, -theirs)
            for ours, theirs in zip(
                gradient(blank, label), torch.autograd.grad(slow, inputs), strict=True
            )
        ),
        "published": abs(loss.item() - PUBLISHED_LOSS),
    }


def beyond_ctc(seed: int) -> dict[str, Any]:
    """Three labels from two frames, and two thousand frames."""
    log_probs, labels = random_lattice(2, [1, 2, 3], 4, seed)
    lengths = torch.tensor([2]), torch.tensor([3])
    ctc = F.ctc_loss(log_probs[:, :, 0].transpose(0, 1), labels, *lengths, blank=BLANK)
    long, text = random_lattice(2000, [1, 2, 3] * 10, 4, seed)
    end = torch.tensor([2000]), torch.tensor([30])
    log_p = -transducer_loss(long, text, *end).item()
    return {
        "short": math.exp(-transducer_loss(log_probs, labels, *lengths).item()),
        "ctc": math.exp(-ctc.item()),
        "long": log_p,
        "long_plain": math.exp(log_p),
    }


def demo(seed: int = 0, device: str = "cpu") -> dict[str, Any]:
    """The lattice by hand, a model trained, our sentence, and the comparisons."""
    model, losses = trained(seed, device)
    return {
        "by_hand": by_hand(),
        "losses": [losses[0], sum(losses[-20:]) / 20],
        "steps": STEPS,
        "errors": {"greedy": errors(model, None), "beam": errors(model, 4)},
        "sentence": sentence(model, seed),
        "beyond": beyond_ctc(seed),
        "difference": differences(seed),
    }


def show(data: dict[str, Any]) -> None:
    """Print the lattice, the sentence, the errors and the differences."""
    hand = data["by_hand"]
    print("by hand: the chance of each node")
    print("written   frame 1  frame 2  frame 3")
    names = ["-", "it", "it was"]
    for u in (2, 1, 0):
        row = "".join(f"{frame[u]:9.4f}" for frame in hand["alpha"])
        print(f"{names[u]:8}{row}")
    print(f"p(it was) = {hand['total']:.4f}, from {len(hand['paths'])} paths;")
    print(f"the best of them has {hand['best']:.4f}")

    said, error = data["sentence"], data["errors"]
    print(f"\ntrained for {data['steps']} steps")
    first, last = data["losses"]
    print(f"loss {first:.2f} at first, {last:.2f} at last")
    print("words wrong in what it writes, of 100:")
    print(f"greedy {100 * error['greedy']:.1f}, beam of 4 {100 * error['beam']:.1f}")

    print(f"\nour sentence: 9 words, {said['frames']} frames,")
    print(f"{said['count']:,} paths")
    print("greedy writes")
    print(
        textwrap.fill(said["greedy"], 40, initial_indent="  ", subsequent_indent="  ")
    )
    print("a beam of 4 finds, with p")
    for text, p in said["beam"]:
        wrapped = textwrap.wrap(text, 32)
        print(f"  {p:.4f} {wrapped[0]}")
        for line in wrapped[1:]:
            print(f"         {line}")

    beyond = data["beyond"]
    print("\nthree labels from two frames")
    print(f"transducer p = {beyond['short']:.4f}, CTC p = {beyond['ctc']:.0f}")
    print("2,000 frames, 30 labels")
    print(f"log p = {beyond['long']:.1f}, p = {beyond['long_plain']:.0f}")

    found = data["difference"]
    print("\nlargest differences")
    for name, key in (
        (f"to the sum of {found['count']} paths", "paths"),
        ("forward to backward", "backward"),
        ("by diagonals", "fast"),
        ("gradient to autograd's", "gradient"),
        ("to the published example", "published"),
    ):
        print(f"{name:28}{found[key]:8.1e}")


def draw(data: dict[str, Any]) -> Figure:
    """The lattice of our sentence over its frames: paths faint, the best one bold."""
    said = data["sentence"]
    n_frames, n_labels = said["frames"], len(SENTENCE)
    figure, (axes, below) = plots.canvas(440, 2, 1, sharex=True, height_ratios=[4, 1])
    # All that is possible.
    axes.hlines(
        range(n_labels + 1), 1, n_frames, color=plots.MUTED, linewidth=0.3, alpha=0.6
    )
    axes.vlines(
        range(1, n_frames + 1), 0, n_labels, color=plots.MUTED, linewidth=0.3, alpha=0.6
    )
    # What is likely: the share of all paths that takes a step.
    for least, most, width in ((0.01, 0.05, 1.0), (0.05, 0.2, 2.0), (0.2, 2.0, 4.0)):
        x: list[float] = []
        y: list[float] = []
        for t in range(n_frames):
            for u in range(n_labels + 1):
                if t + 1 < n_frames and least <= said["right"][t][u] < most:
                    x += [t + 1, t + 2, math.nan]
                    y += [u, u, math.nan]
                if u < n_labels and least <= said["up"][t][u] < most:
                    x += [t + 1, t + 1, math.nan]
                    y += [u, u + 1, math.nan]
        axes.plot(x, y, color=plots.LINK, linewidth=width, alpha=0.6)
    for start, end, row in spans(said["truth"]):
        axes.fill_between([start + 0.5, end + 0.5], row, row + 1,
            color=plots.MUTED, alpha=0.25, linewidth=0)  # fmt: skip
    axes.plot(
        *zip(*((t + 1, u) for t, u in said["path"]), strict=True),
        color=plots.INK, linewidth=2.2,
    )  # fmt: skip
    axes.set_yticks([u + 0.5 for u in range(n_labels)], SENTENCE)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    heard = torch.tensor(said["heard"])
    scaled = (heard - heard.min()) / (heard.max() - heard.min())
    below.imshow(
        scaled, cmap=plots.HEAT, vmin=0, vmax=1, interpolation="none",
        aspect="auto", extent=(0.5, n_frames + 0.5, 0, D_FRAME),
    )  # fmt: skip
    below.set(yticks=[], xlabel="frames", xticks=range(5, n_frames + 1, 5))
    below.set_ylabel("made-up\nsound", rotation=0, ha="right", va="center")
    below.tick_params(length=0)
    below.spines[:].set_visible(False)
    return figure


def spans(truth: list[int]) -> list[tuple[int, int, int]]:
    """From which frame to which each word sounds, and the word's number."""
    found: list[tuple[int, int, int]] = []
    before = 0
    for t, word in enumerate([*truth, 0]):
        if word != before:
            if before:
                found[-1] = (found[-1][0], t, found[-1][2])
            if word:
                found.append((t, t, len(found)))
        before = word
    return found


def holds(data: dict[str, Any]) -> dict[str, bool]:
    """What the page concludes from the training."""
    error, beam = data["errors"], data["sentence"]["beam"]
    ours = " ".join(SENTENCE)
    return {
        "of ten words at most one is wrong": error["greedy"] <= 0.1,
        "a beam does no worse": error["beam"] <= error["greedy"],
        "the beam likes our sentence best": beam[0][0] == ours,
    }


# What the page proposes to change, and what then stands there.
EDITS = [
    (
        "            row.append(torch.stack(ways or start).logsumexp(0))",
        "            row.append(torch.stack(ways or start).amax(0))",
    ),
    (
        "        return log_softmax(self.joint(torch.tanh(heard + said)))",
        "        return log_softmax(self.joint(torch.tanh(heard + 0 * said)))",
    ),
    (
        "    total = by_diagonals(blank, label) + blank  # and the last blank",
        "    total = by_diagonals(blank, label)",
    ),
]
