"""Several processes that train one model together: torchrun starts them.

    torchrun --nproc-per-node 2 -m snippets train seq2seq

One process is the default and needs nothing; all of this is then idle. In each process
the whole program runs: it joins the others, takes its share of every step's batches,
and the gradients are averaged (DistributedDataParallel; or, where the model does not
fit beside its optimizer on one device, each process keeps a share of the weights:
FSDP2's `fully_shard`). The first one alone writes and speaks.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeGuard, TypeVar, cast

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

if TYPE_CHECKING:
    from torch.distributed.tensor import DTensor

Model = TypeVar("Model", bound=nn.Module)


@contextlib.contextmanager
def joined(device: str = "cpu") -> Iterator[str]:
    """Join the processes that torchrun started; the device of this one.

    Of several GPUs each process takes its own. Gradients travel by gloo between
    processors, by nccl between GPUs.
    """
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        yield device
        return
    if device == "cuda":
        device = f"cuda:{os.environ['LOCAL_RANK']}"
        torch.cuda.set_device(device)
    distributed.init_process_group("gloo" if device == "cpu" else "nccl")
    others = io.StringIO()
    speaks = contextlib.nullcontext() if first() else contextlib.redirect_stdout(others)
    try:
        with speaks:
            yield device
    finally:
        distributed.destroy_process_group()


def restarted() -> bool:
    """Whether torchrun started all processes again, as one of them was killed."""
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")) > 0


def count() -> int:
    """How many processes train."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def number() -> int:
    """Which one this is, from 0."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def first() -> bool:
    """Whether this is the one that writes and speaks."""
    return number() == 0


def summed(numbers: Tensor) -> Tensor:
    """The numbers added up over all processes, in every one."""
    if distributed.is_initialized():
        distributed.all_reduce(numbers)
    return numbers


def agreed(numbers: Sequence[float], device: torch.device) -> list[float]:
    """Each number added up over all processes, so that they all do the same."""
    if count() == 1:
        return list(numbers)
    added = torch.tensor(numbers, dtype=torch.float64, device=device)
    return cast(list[float], summed(added).tolist())


def alike(model: Model, device: torch.device) -> Model:
    """The model to compute a loss with, whose gradients come out alike everywhere.

    `fully_shard` has seen to that already for a model which is sharded.
    """
    if count() == 1 or _is_shared(next(model.parameters())):
        return model
    own = [device] if device.type == "cuda" else None
    return cast(Model, DistributedDataParallel(model, device_ids=own))


def sharded(model: Model, blocks: Sequence[nn.Module]) -> Model:
    """The same model; of every weight each process keeps a share from now on.

    A block's weights are gathered while it computes and let go after. The optimizer is
    made from the parameters that the model has then.

    Args:
        blocks: the parts that are gathered one after the other.
    """
    # Imported here and below: to import them takes as long as to train a tiny model.
    from torch.distributed.fsdp import fully_shard

    for block in blocks:
        fully_shard(block)
    fully_shard(model)
    return model


def whole(tensor: Tensor) -> Tensor:
    """The tensor, gathered where each process has a share; all must ask for it."""
    return tensor.full_tensor() if _is_shared(tensor) else tensor


def shared_as(tensor: Tensor, like: Tensor) -> Tensor:
    """This process's share of a whole tensor, as it has one of another."""
    if not _is_shared(like) or tensor.shape != like.shape:
        return tensor
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(tensor.to(like.device), like.device_mesh, like.placements)


def _is_shared(tensor: Tensor) -> TypeGuard[DTensor]:
    return hasattr(tensor, "full_tensor")
