"""Where a training stands, in a folder: it is of this training and whole, or refused.

A checkpoint holds `checkpoint.json` (what was trained, the model's sizes and its
vocabulary, how far it is) and two safetensors files: the weights, which anything can
load, and the state to resume from (what the optimizer keeps, the losses, the random
numbers); a third where the best weights are not the last. A file is named by its
SHA-256, so that none is ever written over, and the JSON is written last: whenever a
program is killed, the JSON names files that are whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import torch
from filelock import BaseFileLock, FileLock, Timeout
from safetensors.torch import load as deserialized
from safetensors.torch import save as serialized
from torch import Tensor, nn
from torch.optim import Optimizer
from tqdm import tqdm

from snippets.lab import files, processes
from snippets.lab.arguments import RefusalError

Tensors = dict[str, Tensor]
Model = TypeVar("Model", bound=nn.Module)

ABOUT = "checkpoint.json"
#: The names that `path_of` gives, and those of their parts.
OURS = re.compile(r"\.?(state|weights)-[0-9a-f]{16}\.safetensors(\.part)?")
BROKEN = "no whole checkpoint; restart the training"
# It is whole, so it is one of ours, and of something else.
OTHER = "no checkpoint of this model; resume with the same, or restart"


class TrainingError(RefusalError):
    """Training cannot go on; the message is one line for the user."""


@dataclass(frozen=True)
class Best:
    """The smallest score so far, and after how many steps it was."""

    step: int
    score: float


@dataclass(frozen=True)
class About:
    """What a checkpoint is of: `step`s done, of how many `steps`.

    Attributes:
        files: the SHA-256 of the weights, of the state, and of the best weights.
    """

    of: dict[str, Any]
    sizes: dict[str, Any]
    vocabulary: Any
    optimizer: str
    how: dict[str, Any]
    step: int
    steps: int
    best: Best | None
    files: dict[str, str]

    @classmethod
    def read(cls, folder: Path) -> About:
        """What `written` wrote.

        Raises:
            TrainingError: it did not.
        """
        with refused(folder, BROKEN):
            said = json.loads((folder / ABOUT).read_bytes())
            if said.pop("sha256") != _digest(_json(said)):
                raise ValueError("the SHA-256 is another")
            best = said.pop("best")
            return cls(**said, best=Best(**best) if best else None)

    def written(self) -> bytes:
        """The JSON, with its own SHA-256 in it."""
        said = asdict(self)
        return _json({**said, "sha256": _digest(_json(said))}, indent=1)


def _json(value: Any, **how: Any) -> bytes:
    return json.dumps(value, **how).encode()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def path_of(folder: Path, kind: str, digest: str) -> Path:
    """The file of a checkpoint with this SHA-256."""
    name = "state" if kind == "state" else "weights"
    return folder / f"{name}-{digest[:16]}.safetensors"


def tensors_of(folder: Path, about: About, kind: str) -> Tensors:
    """The tensors of one of the files.

    Raises:
        TrainingError: it is not the file that was written.
    """
    with refused(folder, BROKEN):
        # Not `safe_open`: its tensors lie in the file, which may be taken away.
        content = path_of(folder, kind, about.files[kind]).read_bytes()
        if _digest(content) != about.files[kind]:
            raise ValueError("the SHA-256 is another")
        return deserialized(content)


@contextlib.contextmanager
def refused(folder: Path, why: str) -> Iterator[None]:
    """Whatever files of any content do to a reader: they are refused in one line."""
    try:
        yield
    except Exception as error:
        raise TrainingError(f"{folder}: {why}") from error


def load(
    folder: Path, build: Callable[..., Model], device: torch.device | str = "cpu"
) -> tuple[Model, About]:
    """The model of a checkpoint: with its best weights, else with its last.

    >>> model, about = load(folder, Seq2Seq, "cuda")

    Args:
        build: makes a model from the sizes that the checkpoint has, by their names.

    Raises:
        TrainingError: no whole checkpoint, or the model is another.
    """
    about = About.read(folder)
    tensors = tensors_of(folder, about, "best" if about.best else "weights")
    with refused(folder, OTHER):
        model = build(**about.sizes)
        model.load_state_dict(tensors)
    return model.to(device), about


@dataclass
class Checkpoint:
    """A folder that holds a training; it belongs to one process while it is open.

    >>> with Checkpoint(folder, {"data": "robot.txt"}) as checkpoint:
    ...     fit(model, optimizer, batches, loss, 1000, checkpoint=checkpoint)

    Attributes:
        of: what is trained, as JSON holds it; a checkpoint of another is refused.
        resume: go on from the folder.
        restart: write over what the folder holds.
        sizes: what builds such a model, by name; for those who load it.
        vocabulary: what its numbers mean, as JSON holds it; for the same.
        about: where the training stood that is resumed.
        trouble: why the last one could not be written, or nothing.
    """

    path: Path
    of: Mapping[str, Any] = field(default_factory=dict)
    resume: bool = False
    restart: bool = False
    sizes: Mapping[str, Any] = field(default_factory=dict)
    vocabulary: Any = None
    about: About | None = field(default=None, init=False)
    trouble: str = field(default="", init=False)
    _how: Mapping[str, Any] = field(default_factory=dict, init=False)
    _lock: BaseFileLock | None = field(default=None, init=False)

    def __enter__(self) -> Checkpoint:
        """Claim the folder, and read it where the training is resumed.

        Raises:
            TrainingError: the folder is in use, cannot be written, holds a training
                that nobody asked to go on with or to give up, or there is nothing to
                go on with.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            if processes.first():
                self._lock = FileLock(self.path / "lock")
                self._lock.acquire(timeout=0)
            self._begin()
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
        except TrainingError:
            self.close()
            raise
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        """Let others have the folder."""
        if self._lock is not None:
            self._lock.release()

    def _begin(self) -> None:
        """Read what is resumed; refuse to write over what is not."""
        if self.restart:
            return
        if not (self.path / ABOUT).exists():
            if self.resume:
                raise TrainingError(f"{self.path}: nothing to resume; start without it")
            return
        there = About.read(self.path)
        if not self.resume:
            raise TrainingError(
                f"{self.path}: holds a training at step {there.step} of {there.steps};"
                " go on with --resume, or begin anew with --restart"
            )
        self.about = there
        self._same(there.of, self.of)

    def _same(self, then: Mapping[str, Any], now: Mapping[str, Any]) -> None:
        now = json.loads(_json(dict(now)))
        for key in {**now, **then}:
            if then.get(key) != now.get(key):
                raise TrainingError(
                    f"{self.path}: is of another training: {key} was"
                    f" {_short(then.get(key))}, is {_short(now.get(key))}; resume with"
                    " the same, or restart"
                )

    def load(
        self, model: nn.Module, optimizer: Optimizer, how: Mapping[str, Any]
    ) -> tuple[list[float], Best | None]:
        """Put all back as it was saved; the losses so far, or none, and the best score.

        Args:
            how: it is trained, as JSON holds it; what was trained otherwise is refused.

        Raises:
            TrainingError: the checkpoint is of another model, or of another training.
        """
        about, self._how = self.about, how
        if about is None:
            return [], None
        now = {"sizes": dict(self.sizes), "vocabulary": self.vocabulary}
        self._same({"sizes": about.sizes, "vocabulary": about.vocabulary}, now)
        self._same(about.how, how)
        weights = tensors_of(self.path, about, "weights")
        state = tensors_of(self.path, about, "state")
        with refused(self.path, OTHER):
            if about.optimizer != type(optimizer).__name__:
                raise ValueError(about.optimizer)
            own = model.state_dict()
            model.load_state_dict(
                {n: processes.shared_as(t, own.get(n, t)) for n, t in weights.items()}
            )
            held = [p for g in optimizer.param_groups for p in g["params"]]
            kept: dict[int, Tensors] = {}
            for name, tensor in _below(state, "optimizer").items():
                number, _, key = name.partition(".")
                like = held[int(number)]
                if torch.broadcast_shapes(tensor.shape, like.shape) != like.shape:
                    raise ValueError(name)
                kept.setdefault(int(number), {})[key] = processes.shared_as(
                    tensor, like
                )
            groups = optimizer.state_dict()["param_groups"]
            optimizer.load_state_dict({"state": kept, "param_groups": groups})
            device = next(model.parameters()).device.type
            random = _below(state, "random")
            torch.set_rng_state(random["cpu"])
            if device in random and device != "cpu":
                torch.get_device_module(device).set_rng_state(random[device])
            losses = state["losses"]
            if losses.shape != (about.step,) or not losses.is_floating_point():
                raise ValueError("losses")
        return losses.tolist(), about.best

    def save(
        self,
        model: nn.Module,
        optimizer: Optimizer,
        losses: list[float],
        steps: int,
        best: Best | None = None,
    ) -> None:
        """Write all of it, or leave the old one; `trouble` says what went wrong."""
        state = {
            f"optimizer.{number}.{key}": torch.as_tensor(value)
            for number, kept in optimizer.state_dict()["state"].items()
            for key, value in kept.items()
        }
        state["losses"] = torch.tensor(losses, dtype=torch.float64)
        state["random.cpu"] = torch.get_rng_state()
        device = next(model.parameters()).device.type
        if device != "cpu":
            module = torch.get_device_module(device)
            state[f"random.{device}"] = module.get_rng_state()
        contents = {"weights": packed(model.state_dict()), "state": packed(state)}
        digests = {kind: _digest(content) for kind, content in contents.items()}
        if best is not None and best.step == len(losses):
            digests["best"] = digests["weights"]
        elif self.about is not None and self.about.best is not None:
            best, digests["best"] = self.about.best, self.about.files["best"]
        else:
            best = None  # its weights could not be written
        about = About(
            of=dict(self.of),
            sizes=dict(self.sizes),
            vocabulary=self.vocabulary,
            optimizer=type(optimizer).__name__,
            how=dict(self._how),
            step=len(losses),
            steps=steps,
            best=best,
            files=digests,
        )
        if not processes.first():
            self.about = about
            return
        to_write = {
            path_of(self.path, kind, digests[kind]): content
            for kind, content in contents.items()
        }
        try:
            files.write({**to_write, self.path / ABOUT: about.written()})
        except OSError as error:
            said = bool(self.trouble)
            self.trouble = (
                f"{self.path}: step {len(losses)} is not saved ({_reason(error)})"
            )
            if not said:
                tqdm.write(self.trouble, sys.stderr)
            return
        self.trouble, self.about = "", about
        # What was saved before, and what a program left that was killed at it.
        current = {path_of(self.path, *kind).name for kind in digests.items()}
        for path in self.path.iterdir():
            if OURS.fullmatch(path.name) and path.name not in current:
                path.unlink(missing_ok=True)


def packed(tensors: Mapping[str, Tensor]) -> bytes:
    """Tensors as a safetensors file; tied ones twice, so that any program loads it."""
    keep = torch.contiguous_format
    gathered = {name: processes.whole(t) for name, t in tensors.items()}
    return serialized(
        {
            name: t.detach().cpu().clone(memory_format=keep)
            for name, t in gathered.items()
        }
    )


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) < 80 else f"{text[:79]}…"


def _below(tensors: Tensors, prefix: str) -> Tensors:
    """Those whose names begin so, without the beginning."""
    start = f"{prefix}."
    return {
        name.removeprefix(start): tensor
        for name, tensor in tensors.items()
        if name.startswith(start)
    }
