"""Where a training stands, in one file: it is of this training and whole, or refused.

A checkpoint is a safetensors file: the model's weights under `model.`, what the
optimizer keeps, the losses, the states of the random numbers; beside them, as JSON,
what was trained and how far it is. A SHA-256 is over all of it.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import torch
from filelock import BaseFileLock, FileLock, Timeout
from safetensors.torch import load as deserialized
from safetensors.torch import save as serialized
from torch import Tensor, nn
from tqdm import tqdm

from snippets.lab import files
from snippets.lab.arguments import RefusalError

Tensors = dict[str, Tensor]


class TrainingError(RefusalError):
    """Training cannot go on; the message is one line for the user."""


@dataclass(frozen=True)
class About:
    """What a checkpoint is of: the number of `step`s done, of how many `steps`."""

    of: dict[str, Any]
    optimizer: str
    seed: int
    step: int
    steps: int


@dataclass
class Checkpoint:
    """A file that holds a training; it belongs to one process while it is open.

    >>> with Checkpoint(path, {"data": "robot.txt"}) as checkpoint:
    ...     fit(model, batches, loss, 1000, checkpoint=checkpoint)

    Attributes:
        of: what is trained, as JSON holds it; a checkpoint of another is refused.
        resume: go on from the file.
        restart: write over what the file holds.
        about: where the training stood that is resumed.
        trouble: why the last one could not be written, or nothing.
    """

    path: Path
    of: Mapping[str, Any] = field(default_factory=dict)
    resume: bool = False
    restart: bool = False
    about: About | None = field(default=None, init=False)
    trouble: str = field(default="", init=False)
    _tensors: Tensors = field(default_factory=dict, init=False)
    _lock: BaseFileLock | None = field(default=None, init=False)

    def __enter__(self) -> Checkpoint:
        """Claim the file, and read it where the training is resumed.

        Raises:
            TrainingError: the file is in use, cannot be written, holds a training
                that nobody asked to go on with or to give up, or there is nothing to
                go on with.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(self.path.with_suffix(".lock"))
            self._lock.acquire(timeout=0)
            # What a killed training left; and whether there is room at all.
            part = files.part_of(self.path)
            part.write_bytes(b"")
            part.unlink()
        except Timeout as error:
            raise TrainingError(
                f"{self.path}: another process is training this; wait for it, or"
                " take another seed"
            ) from error
        except (OSError, RuntimeError) as error:
            self.close()
            raise TrainingError(
                f"{self.path}: cannot be written ({_reason(error)}); take another"
                " folder for checkpoints"
            ) from error
        try:
            self._begin()
        except TrainingError:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let others have the file."""
        if self._lock is not None:
            self._lock.release()

    def _begin(self) -> None:
        """Read what is resumed; refuse to write over what is not."""
        if self.resume:
            if not self.path.exists():
                raise TrainingError(f"{self.path}: nothing to resume; start without it")
            self._tensors, self.about = read(self.path)
            now = json.loads(json.dumps(dict(self.of)))
            then = self.about.of
            for key in {**now, **then}:
                if then.get(key) != now.get(key):
                    raise TrainingError(
                        f"{self.path}: is of another training: {key} was"
                        f" {then.get(key)}, is {now.get(key)}; resume with"
                        " the same, or restart"
                    )
        elif self.path.exists() and not self.restart:
            _, there = read(self.path)
            raise TrainingError(
                f"{self.path}: holds a training at step {there.step} of"
                f" {there.steps}; go on with --resume, or begin anew"
                " with --restart"
            )

    def load(
        self, model: nn.Module, optimizer: torch.optim.Optimizer, seed: int
    ) -> list[float]:
        """Put everything back as it was saved; the losses so far, or none.

        Raises:
            TrainingError: the checkpoint is of another model or seed.
        """
        if self.about is None:
            return []
        if self.about.seed != seed:
            raise TrainingError(
                f"{self.path}: was trained with seed {self.about.seed}, not"
                f" {seed}; resume with the same seed"
            )
        try:
            return self._put_back(model, optimizer)
        except Exception as error:
            # It is whole, so it is one of ours, and of something else.
            raise TrainingError(
                f"{self.path}: no checkpoint of this model; resume with the"
                " same, or restart"
            ) from error

    def _put_back(
        self, model: nn.Module, optimizer: torch.optim.Optimizer
    ) -> list[float]:
        assert self.about is not None
        if self.about.optimizer != type(optimizer).__name__:
            raise ValueError(self.about.optimizer)
        model.load_state_dict(_below(self._tensors, "model"))
        parameters = [p for g in optimizer.param_groups for p in g["params"]]
        kept: dict[int, Tensors] = {}
        for name, tensor in _below(self._tensors, "optimizer").items():
            number, _, key = name.partition(".")
            if tensor.shape not in ((), parameters[int(number)].shape):
                raise ValueError(name)
            kept.setdefault(int(number), {})[key] = tensor
        groups = optimizer.state_dict()["param_groups"]
        optimizer.load_state_dict({"state": kept, "param_groups": groups})
        device = next(model.parameters()).device.type
        states = _below(self._tensors, "random")
        torch.set_rng_state(states["cpu"])
        if device in states and device != "cpu":
            torch.get_device_module(device).set_rng_state(states[device])
        losses: list[float] = self._tensors["losses"].tolist()
        return losses

    def save(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        losses: list[float],
        steps: int,
        seed: int,
    ) -> None:
        """Write all of it, or leave the old one; `trouble` says what went wrong."""
        tensors = {
            f"model.{name}": tensor for name, tensor in model.state_dict().items()
        }
        for number, kept in optimizer.state_dict()["state"].items():
            for key, tensor in kept.items():
                tensors[f"optimizer.{number}.{key}"] = tensor
        tensors["losses"] = torch.tensor(losses, dtype=torch.float64)
        tensors["random.cpu"] = torch.get_rng_state()
        device = next(model.parameters()).device.type
        if device != "cpu":
            module = torch.get_device_module(device)
            tensors[f"random.{device}"] = module.get_rng_state()
        optimizer_name = type(optimizer).__name__
        about = About(dict(self.of), optimizer_name, seed, len(losses), steps)
        try:
            files.write({self.path: packed(tensors, about)})
            self.trouble = ""
        except OSError as error:
            said = bool(self.trouble)
            self.trouble = (
                f"{self.path}: step {len(losses)} is not saved ({_reason(error)})"
            )
            if not said:
                tqdm.write(self.trouble, sys.stderr)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _below(tensors: Tensors, prefix: str) -> Tensors:
    """Those whose names begin so, without the beginning."""
    start = f"{prefix}."
    return {
        name.removeprefix(start): tensor
        for name, tensor in tensors.items()
        if name.startswith(start)
    }


def packed(tensors: Tensors, about: About) -> bytes:
    """The content of a checkpoint."""
    # Weights that are tied are kept twice: safetensors takes no shared memory.
    own = {
        name: tensor.detach().cpu().contiguous().clone()
        for name, tensor in tensors.items()
    }
    text = json.dumps(asdict(about), sort_keys=True)
    return serialized(own, {"about": text, "sha256": _digest(own, text)})


def read(path: Path) -> tuple[Tensors, About]:
    """The tensors of a checkpoint, and what it is of.

    Raises:
        TrainingError: it is not what `packed` made.
    """
    try:
        # Not `safe_open`: its tensors lie in the file, which is to be replaced.
        content = path.read_bytes()
        tensors = deserialized(content)
        end = 8 + int.from_bytes(content[:8], "little")
        said = json.loads(content[8:end])["__metadata__"]
        if _digest(tensors, said["about"]) != said["sha256"]:
            raise ValueError("the SHA-256 is another")
        return tensors, About(**json.loads(said["about"]))
    except Exception as error:
        # Whatever a file of any content does to a reader, it is none of ours.
        raise TrainingError(
            f"{path}: no whole checkpoint; restart the training"
        ) from error


def _digest(tensors: Tensors, about: str) -> str:
    total = hashlib.sha256(about.encode())
    for name, tensor in sorted(tensors.items()):
        total.update(f"{name} {tensor.dtype} {list(tensor.shape)}".encode())
        total.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return total.hexdigest()
