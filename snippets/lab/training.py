"""The one training loop: progress bar, checkpoint, resume, Ctrl-C.

It knows nothing of any model. A batch is a function of the step, and the checkpoint
holds all that changes from step to step, so a run that was killed and resumed has the
very losses of one that was not.
"""

from __future__ import annotations

import contextlib
import math
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from snippets.lab.checkpoints import Checkpoint, TrainingError
from snippets.lab.progress import progress

Batch = TypeVar("Batch")

CLIP = 1.0  # the longest gradient, all parameters together
SAVE_SECONDS = 10.0  # between two checkpoints


def fit(
    model: nn.Module,
    batches: Callable[[int], Batch],
    loss: Callable[[nn.Module, Batch], Tensor],
    steps: int,
    lr: float | Callable[[int], float] = 1e-3,
    seed: int = 0,
    checkpoint: Checkpoint | None = None,
    label: str = "",
) -> list[float]:
    """Train with Adam; the loss of every step.

    The model stays on its device, and the batches come to it. Ctrl-C ends the
    training after the step at hand; a second one does not wait.

    Args:
        batches: the batch of a step, the same whenever it is asked.
        loss: one number to make small.
        lr: the learning rate, or one for each step, counted from 0.
        seed: for what the model draws at random, such as dropout.
        checkpoint: an open one, saved into every few seconds and at the end.
        label: stands before the progress bar.

    Returns:
        The losses: fewer than `steps` where Ctrl-C ended it and the checkpoint has it.

    Raises:
        KeyboardInterrupt: Ctrl-C, without a checkpoint; the model is as far as it got.
        TrainingError: the checkpoint is of another training; or the loss or its
            gradient is no number, and the model is as before that step.
    """
    device = next(model.parameters()).device
    optimizer = torch.optim.Adam(model.parameters())
    torch.manual_seed(seed)
    losses = checkpoint.load(model, optimizer, seed) if checkpoint else []
    saved = time.monotonic()
    with (
        in_training(model),
        interruptible() as interrupted,
        progress(steps, label, initial=len(losses)) as bar,
    ):
        while len(losses) < steps and not interrupted.is_set():
            step = len(losses)
            for group in optimizer.param_groups:
                group["lr"] = lr(step) if callable(lr) else lr
            optimizer.zero_grad()
            now = loss(model, moved(batches(step), device))
            now.backward()
            length = nn.utils.clip_grad_norm_(model.parameters(), CLIP)
            for name, number in (("loss", now), ("gradient", length)):
                if not math.isfinite(number.item()):
                    raise TrainingError(
                        f"the {name} is {number.item()} at step {step}: take a"
                        " smaller lr"
                    )
            optimizer.step()
            losses.append(now.item())
            bar.set_postfix(loss=f"{losses[-1]:.3f}", refresh=False)
            bar.update()
            if checkpoint and time.monotonic() - saved >= SAVE_SECONDS:
                checkpoint.save(model, optimizer, losses, steps, seed)
                saved = time.monotonic()
    if checkpoint:
        checkpoint.save(model, optimizer, losses, steps, seed)
    if len(losses) < steps:
        if not checkpoint:
            raise KeyboardInterrupt
        saved_in = "" if checkpoint.trouble else f"; saved in {checkpoint.path}"
        print(f"stopped at step {len(losses)} of {steps}{saved_in}", file=sys.stderr)
    return losses


@contextlib.contextmanager
def in_training(model: nn.Module) -> Iterator[None]:
    """In training mode for a while, however it ends."""
    before = model.training
    model.train()
    try:
        yield
    finally:
        model.train(before)


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
