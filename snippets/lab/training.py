"""The one training loop: progress bar, checkpoint, resume, Ctrl-C.

It knows nothing of any model. A batch is a function of the step, and the checkpoint
holds all that changes from step to step, so a run that was killed and resumed has the
very losses of one that was not.
"""

from __future__ import annotations

import contextlib
import math
import os
import pickle
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from tqdm import tqdm

Batch = TypeVar("Batch")

CLIP = 1.0  # the longest gradient, all parameters together
SAVE_SECONDS = 10.0  # between two checkpoints


class TrainingError(Exception):
    """Training cannot go on; the message is one line for the user."""


def fit(
    model: nn.Module,
    batches: Callable[[int], Batch],
    loss: Callable[[nn.Module, Batch], Tensor],
    steps: int,
    lr: float | Callable[[int], float] = 1e-3,
    seed: int = 0,
    checkpoint: Path | None = None,
    resume: bool = False,
    label: str = "",
) -> list[float]:
    """Train with Adam; the loss of every step.

    The model stays on its device, and the batches come to it. Ctrl-C ends the
    training after the step at hand: the model is as far as it got. A second Ctrl-C
    does not wait.

    Args:
        batches: the batch of a step, the same whenever it is asked.
        loss: one number to make small.
        lr: the learning rate, or one for each step, counted from 0.
        seed: for what the model draws at random, such as dropout.
        checkpoint: a file to save into, every few seconds and at the end.
        resume: go on from the checkpoint.
        label: stands before the progress bar.

    Raises:
        TrainingError: there is nothing to resume, or it is of another training; the
            loss is no number; a checkpoint cannot be written.
    """
    device = next(model.parameters()).device
    optimizer = torch.optim.Adam(model.parameters())
    losses: list[float] = []
    torch.manual_seed(seed)
    if resume:
        losses = load(checkpoint, model, optimizer, seed)

    was_training = model.training
    model.train()
    saved = time.monotonic()
    with (
        interruptible() as interrupted,
        # Quiet where nobody watches: `disable=None` asks for a terminal.
        tqdm(
            total=steps,
            initial=len(losses),
            desc=label or None,
            disable=None,
            dynamic_ncols=True,
        ) as bar,
    ):
        while len(losses) < steps and not interrupted.is_set():
            step = len(losses)
            for group in optimizer.param_groups:
                group["lr"] = lr(step) if callable(lr) else lr
            optimizer.zero_grad()
            now = loss(model, moved(batches(step), device))
            now.backward()
            nn.utils.clip_grad_norm_(model.parameters(), CLIP)
            value = now.item()
            if not math.isfinite(value):
                raise TrainingError(
                    f"the loss is {value} at step {step}: take a smaller lr"
                )
            optimizer.step()
            losses.append(value)
            bar.set_postfix(loss=f"{value:.3f}", refresh=False)
            bar.update()
            if checkpoint and time.monotonic() - saved >= SAVE_SECONDS:
                save(checkpoint, model, optimizer, losses, seed)
                saved = time.monotonic()
    model.train(was_training)
    if checkpoint:
        save(checkpoint, model, optimizer, losses, seed)
    if len(losses) < steps:
        where = f"; saved in {checkpoint}" if checkpoint else ""
        print(
            f"stopped at step {len(losses)} of {steps}{where}",
            file=sys.stderr,
        )
    return losses


def moved(batch: Any, device: torch.device) -> Any:
    """The batch on the device: a tensor, what has `to`, or several of them."""
    if hasattr(batch, "to"):
        return batch.to(device)
    if isinstance(batch, tuple | list):
        return type(batch)(moved(part, device) for part in batch)
    if isinstance(batch, dict):
        return {key: moved(part, device) for key, part in batch.items()}
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


# --- Checkpoints


def random_state(device: torch.device) -> dict[str, Tensor]:
    """The state of torch's random numbers, on the processor and on the device."""
    states = {"cpu": torch.get_rng_state()}
    if device.type != "cpu":
        module = torch.get_device_module(device)
        states[device.type] = module.get_rng_state()
    return states


def set_random_state(states: dict[str, Tensor]) -> None:
    for device, state in states.items():
        if device == "cpu":
            torch.set_rng_state(state)
        else:
            torch.get_device_module(device).set_rng_state(state)


def save(
    path: Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    losses: list[float],
    seed: int,
) -> None:
    """Write a checkpoint, whole or not at all.

    Raises:
        TrainingError: it cannot be written.
    """
    device = next(model.parameters()).device
    content = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "losses": losses,
        "random": random_state(device),
        "seed": seed,
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            dir=path.parent, prefix=f".{path.name}-"
        ) as scratch:
            new = Path(scratch) / path.name
            with new.open("wb") as file:
                torch.save(content, file)
                os.fsync(file.fileno())
            new.replace(path)
    except OSError as error:
        raise TrainingError(
            f"{path}: cannot be written ({error.strerror}); take another"
            " place for the checkpoint"
        ) from error


def load(
    path: Path | None,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    seed: int,
) -> list[float]:
    """Put everything back as it was saved; the losses so far.

    Raises:
        TrainingError: there is no checkpoint, or it is of another training.
    """
    if path is None or not path.exists():
        raise TrainingError(
            f"{path or 'no checkpoint'}: nothing to resume; start without resume"
        )
    device = next(model.parameters()).device
    try:
        content = torch.load(
            path, map_location="cpu", weights_only=True
        )
        before: int = content["seed"]
        losses: list[float] = content["losses"]
        if before != seed:
            raise TrainingError(
                f"{path}: was trained with seed {before}, not {seed}; resume"
                " with the same seed"
            )
        model.load_state_dict(content["model"])
        optimizer.load_state_dict(content["optimizer"])
        set_random_state(content["random"])
    except (
        *(OSError, EOFError, pickle.UnpicklingError),
        *(RuntimeError, LookupError, ValueError, TypeError),
        AttributeError,
    ) as error:
        raise TrainingError(
            f"{path}: no checkpoint of this model; remove it and start without"
            " resume"
        ) from error
    model.to(device)
    return losses
