"""What each process runs that torchrun starts; see test_processes.py.

    team.py FOLDER [killed]

Batches of unequal lengths in float64: in plain data parallelism, then with the weights
shared among the processes. The first process writes the losses.
"""

import json
import os
import signal
import sys
from pathlib import Path

import torch
from torch import nn

from snippets.lab import processes, training
from snippets.lab.checkpoints import ABOUT, Checkpoint
from snippets.lab.training import fit

STEPS, KILLED_AT = 12, 7


def model():
    torch.manual_seed(0)
    layers = nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1)
    return nn.Sequential(*layers).double()


def batches(number):
    random = torch.Generator().manual_seed(number)
    length = 3 + 5 * number % 7
    x = torch.randn(length, 4, generator=random, dtype=torch.float64)
    return x, x.sum(-1, keepdim=True)


def loss(model, batch):
    x, y = batch
    return (model(x) - y).square().mean()


def trained(learner, folder, accumulate=1, batches=batches):
    resume = processes.restarted() and (folder / ABOUT).exists()
    optimizer = torch.optim.Adam(learner.parameters(), 0.01)
    with Checkpoint(folder, resume=resume) as checkpoint:
        return fit(
            learner, optimizer, batches, loss, STEPS, accumulate=accumulate,
            tokens=lambda batch: len(batch[0]), checkpoint=checkpoint, clip=0.5,
        )  # fmt: skip


def killed(number):
    """The batches, but the second process dies once, amid the training."""
    dies = number == 2 * KILLED_AT + 1 and not processes.restarted()
    if dies:
        os.kill(os.getpid(), signal.SIGKILL)
    return batches(number)


def main(folder, *how):
    with processes.joined():
        if how:
            training.SAVE_SECONDS = 0.0  # after every step
            found = {"killed": trained(model(), folder / "killed", batches=killed)}
        else:
            learner = model()
            shared = processes.sharded(model(), [])
            found = {
                "data": trained(learner, folder / "data"),
                "shared": trained(shared, folder / "shared"),
                "kept": next(shared.parameters()).to_local().numel(),
            }
        if processes.first():
            (folder / "found.json").write_text(json.dumps(found))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]), *sys.argv[2:])
