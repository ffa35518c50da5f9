"""The one training loop: any model, any optimizer, any batches, any loss.

`learn` is one step of it, whole. `fit` goes on: it moves batches to the model's device,
follows a schedule, evaluates, draws a progress bar, keeps a checkpoint and ends on
Ctrl-C. A batch is a function of the step, and the checkpoint holds all that changes
from step to step, so a run that was killed and resumed has the very losses of one that
was not. Under torchrun the same loop runs in several processes (`lab.processes`).
"""

from __future__ import annotations

import contextlib
import math
import signal
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from types import FrameType
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from snippets.lab import processes
from snippets.lab.checkpoints import Best, Checkpoint, TrainingError
from snippets.lab.progress import progress

Batch = TypeVar("Batch")
Model = TypeVar("Model", bound=nn.Module)
Loss = Callable[[Model, Batch], Tensor]

LOOK_SECONDS = 0.1  # between two looks at the losses, each of which waits for a GPU
SAVE_SECONDS = 10.0  # between two checkpoints, at least
SAVE_SHARE = 0.1  # of the time, at most, goes into checkpoints


def learn(
    model: Model,
    optimizer: Optimizer,
    parts: Sequence[tuple[float, Batch]],
    loss: Loss[Model, Batch],
    rates: Sequence[float],
    clip: float,
) -> tuple[Tensor, Tensor]:
    """One step; the mean loss of its parts, the gradient's length.

    Args:
        parts: each with the share of the step's tokens that it has. Of several
            processes each has its own parts, and all shares together are 1.
    """
    optimizer.zero_grad()
    team = processes.count()
    means = []
    for share, part in parts:
        mean = share * loss(model, part)  # forward
        # Adds to the gradient; that of all processes is averaged, not added.
        (team * mean).backward()
        means.append(mean.detach())
    groups = optimizer.param_groups
    weights = [weight for group in groups for weight in group["params"]]
    length = processes.whole(nn.utils.clip_grad_norm_(weights, clip))
    for group, rate in zip(groups, rates, strict=True):
        group["lr"] = rate  # as the schedule has it for this step
    optimizer.step()
    return processes.summed(torch.stack(means).sum()), length


def linear(step: int, steps: int, warmup: int = 0, least: float = 0.0) -> float:
    """A schedule: up in a straight line for `warmup` steps, then down to `least`.

    >>> [linear(step, steps=6, warmup=2) for step in range(7)]
    [0.5, 1.0, 1.0, 0.75, 0.5, 0.25, 0.0]
    """
    if step < warmup:
        return (step + 1) / warmup
    return 1 - (1 - least) * _done(step, steps, warmup)


def cosine(step: int, steps: int, warmup: int = 0, least: float = 0.0) -> float:
    """A schedule: up in a straight line, then down to `least` by half a cosine.

    The way down begins and ends slowly (Loshchilov and Hutter, "SGDR: Stochastic
    Gradient Descent with Warm Restarts", 2017).

    >>> [round(cosine(step, steps=4), 2) for step in range(5)]
    [1.0, 0.85, 0.5, 0.15, 0.0]
    """
    if step < warmup:
        return (step + 1) / warmup
    height = (1 + math.cos(math.pi * _done(step, steps, warmup))) / 2
    return least + (1 - least) * height


def _done(step: int, steps: int, warmup: int) -> float:
    """How far the way down is gone, from 0 to 1."""
    return min(1.0, (step - warmup) / max(1, steps - warmup))


def decayed(
    model: nn.Module, weight_decay: float, without: Collection[str] = ()
) -> list[dict[str, Any]]:
    """The parameters as two groups for AdamW: matrices decay, vectors do not.

    A matrix multiplies, and small weights make it simple; a bias or the gain of a norm
    has one number a feature, and none to spare. The code of BERT parts them so by the
    names of the parameters, that of nanoGPT by their dimensions, as here. AdamW is that
    of loshchilov-2017-adamw.

    >>> optimizer = torch.optim.AdamW(decayed(model, 0.1), lr=3e-4)

    Args:
        without: names of further parameters that do not decay, such as embeddings.

    Raises:
        ValueError: the model has no parameter of such a name.
    """
    parameters = dict(model.named_parameters())
    if unknown := set(without) - set(parameters):
        raise ValueError(f"the model has no parameter {', '.join(sorted(unknown))}")
    groups: dict[float, list[nn.Parameter]] = {weight_decay: [], 0.0: []}
    for name, parameter in parameters.items():
        decays = parameter.dim() > 1 and name not in without
        groups[weight_decay if decays else 0.0].append(parameter)
    return [
        {"params": parameters, "weight_decay": decay}
        for decay, parameters in groups.items()
        if parameters
    ]


def fit(
    model: Model,
    optimizer: Optimizer,
    batches: Callable[[int], Batch],
    loss: Loss[Model, Batch],
    steps: int,
    *,
    schedule: Callable[[int], float] | None = None,
    clip: float = 1.0,
    accumulate: int = 1,
    tokens: Callable[[Batch], float] = lambda _: 1,
    precision: torch.dtype | None = None,
    evaluate: Callable[[Model], float] | None = None,
    every: int = 100,
    patience: int | None = None,
    goal: float | None = None,
    checkpoint: Checkpoint | None = None,
    label: str = "",
) -> list[float]:
    """Train; the loss of every step.

    The model stays on its one device, and the batches come to it; there the losses
    stay as well until somebody looks. Ctrl-C ends the training after the step at hand;
    a second one does not wait. Whoever wants the same run again seeds torch before.

    Args:
        batches: the batch of a number, the same whenever it is asked.
        loss: one number to make small.
        schedule: the share of the optimizer's learning rates that a step takes,
            counted from 0: `partial(cosine, steps=1000, warmup=50)`.
        clip: the longest gradient, all parameters together; `math.inf` clips none.
        accumulate: batches that make one step together, where one of all would not
            fit into memory: of 4, step 2 takes the batches 8 to 11. Of several
            processes each takes so many: of 2 that take 2 each, one 8 and 9, the other
            10 and 11.
        tokens: over how many a batch's loss is the mean; it counts so much beside the
            other batches of its step. Without it all count alike.
        precision: `torch.bfloat16` computes the loss in it where that is safe
            (autocast); the weights, and what the optimizer keeps, stay as they are.
        evaluate: a score, smaller is better, such as the loss on held-out batches;
            asked in evaluation mode and without gradients, `every` so many steps.
        patience: end after so many scores without a better one.
        goal: end at such a score.
        checkpoint: an open one; saved into every few seconds, at the best score, and
            at the end. The model itself is always that of the last step.
        label: stands before the progress bar.

    Returns:
        The losses: fewer than `steps` where a score or Ctrl-C ended it.

    Raises:
        KeyboardInterrupt: Ctrl-C, without a checkpoint; the model is as far as it got.
        TrainingError: the checkpoint is of another training; or a loss, its gradient
            or a score is no number. The model is no use then; the checkpoint is.
        ValueError: a precision that would need its losses scaled.
    """
    if precision == torch.float16:
        raise ValueError("float16 loses small gradients; take torch.bfloat16")
    device = next(model.parameters()).device
    how = {"accumulate": accumulate, "clip": clip, "precision": str(precision)}
    how["processes"] = processes.count()
    losses, best = checkpoint.load(model, optimizer, how) if checkpoint else ([], None)
    learner = processes.alike(model, device)
    pending: list[tuple[Tensor, Tensor]] = []
    looked = saved = time.monotonic()
    pause = SAVE_SECONDS

    def cast(model: Model, part: Batch) -> Tensor:
        with torch.autocast(device.type, precision):
            return loss(model, part)

    def look() -> None:
        """Take the losses from the device; refuse what is no number."""
        nonlocal looked
        columns = (
            torch.stack(column).tolist() for column in zip(*pending, strict=True)
        )
        for now, length in zip(*columns, strict=True):
            for name, number in (("loss", now), ("gradient", length)):
                _finite(name, number, len(losses))
            losses.append(now)
        pending.clear()
        if losses:
            bar.set_postfix(loss=f"{losses[-1]:.3f}", refresh=False)
        looked = time.monotonic()

    def due() -> bool:
        return checkpoint is not None and time.monotonic() - saved >= pause

    def save() -> None:
        nonlocal saved, pause
        if checkpoint:
            start = time.monotonic()
            checkpoint.save(model, optimizer, losses, steps, best)
            saved = time.monotonic()
            pause = max(SAVE_SECONDS, (saved - start) / SAVE_SHARE)

    def enough() -> bool:
        if best is None:
            return False
        waited = (step - best.step) // every
        reached = goal is not None and best.score <= goal
        return reached or (patience is not None and waited >= patience)

    with (
        in_training(model),
        rates_of(optimizer) as rates,
        interruptible() as interrupted,
        progress(
            steps, label, initial=len(losses), disable=not processes.first()
        ) as bar,
    ):
        step = len(losses)
        while step < steps and not enough():
            # What one process wants, all do.
            wishes = [interrupted.is_set(), processes.first() and due()]
            stop, to_save = processes.agreed(wishes, device)
            if stop:
                break
            if to_save:
                look()
                save()
            first = (step * processes.count() + processes.number()) * accumulate
            taken = [batches(number) for number in range(first, first + accumulate)]
            counts = [tokens(part) for part in taken]
            (total,) = processes.agreed([sum(counts)], device)
            parts = [
                (here / total, moved(part, device))
                for here, part in zip(counts, taken, strict=True)
            ]
            share = schedule(step) if schedule else 1.0
            now = [rate * share for rate in rates]
            how_wrong = cast if precision else loss
            pending.append(learn(learner, optimizer, parts, how_wrong, now, clip))
            step += 1
            if time.monotonic() - looked >= LOOK_SECONDS:
                look()
            bar.update()
            if evaluate and step % every == 0:
                look()
                score = _finite("score", _score(evaluate, model), step)
                if best is None or score < best.score:
                    best = Best(step, score)
                    save()
        look()
    save()
    if step < steps and not enough():
        if not checkpoint:
            raise KeyboardInterrupt
        saved_in = "" if checkpoint.trouble else f"; saved in {checkpoint.path}"
        print(f"stopped at step {step} of {steps}{saved_in}", file=sys.stderr)
    return losses


def _finite(name: str, number: float, step: int) -> float:
    if not math.isfinite(number):
        raise TrainingError(
            f"the {name} is {number} at step {step}: take a smaller learning rate"
        )
    return number


@torch.no_grad()
def _score(evaluate: Callable[[Model], float], model: Model) -> float:
    model.eval()
    try:
        return float(evaluate(model))
    finally:
        model.train()


@contextlib.contextmanager
def in_training(model: nn.Module) -> Iterator[None]:
    """In training mode for a while, however it ends."""
    before = model.training
    model.train()
    try:
        yield
    finally:
        model.train(before)


@contextlib.contextmanager
def rates_of(optimizer: Optimizer) -> Iterator[list[float]]:
    """The learning rate of every group, given back whatever a schedule made of it."""
    rates = [group["lr"] for group in optimizer.param_groups]
    try:
        yield rates
    finally:
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate


def moved(batch: Any, device: torch.device) -> Any:
    """The batch on the device: a tensor, what has `to`, or several of them."""
    match batch:
        case object(to=_):
            return batch.to(device)
        case dict():
            return {key: moved(part, device) for key, part in batch.items()}
        case tuple() | list():
            parts = [moved(part, device) for part in batch]
            named = hasattr(batch, "_fields")  # a NamedTuple takes them apart
            return type(batch)(*parts) if named else type(batch)(parts)
    return batch


@contextlib.contextmanager
def interruptible() -> Iterator[threading.Event]:
    """Let the first Ctrl-C set an event, so that no step is torn in two."""
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event  # Python gives signals to the main thread only
        return
    before = signal.getsignal(signal.SIGINT)

    def note(number: int, frame: FrameType | None) -> None:
        if event.is_set():
            raise KeyboardInterrupt
        event.set()

    signal.signal(signal.SIGINT, note)
    try:
        yield event
    finally:
        signal.signal(signal.SIGINT, before)
