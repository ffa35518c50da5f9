"""A small model to train: its batches, its loss, a run of it."""

import torch
from torch import nn

from snippets.lab.training import fit


def model(seed=0):
    torch.manual_seed(seed)
    layers = nn.Linear(4, 8), nn.Tanh(), nn.Dropout(0.3), nn.Linear(8, 1)
    return nn.Sequential(*layers)


def batches(step):
    random = torch.Generator().manual_seed(step)
    x = torch.randn(16, 4, generator=random)
    return x, x.sum(-1, keepdim=True)


def loss(model, batch):
    x, y = batch
    return (model(x) - y).square().mean()


def run(learner, steps, batches=batches, loss=loss, optimizer=None, seed=5, **how):
    torch.manual_seed(seed)
    optimizer = optimizer or torch.optim.Adam(learner.parameters())
    return fit(learner, optimizer, batches, loss, steps, **how)


def weights(model):
    return [p.detach().clone() for p in model.parameters()]
