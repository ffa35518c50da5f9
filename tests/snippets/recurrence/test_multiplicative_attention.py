"""Why `multiplicative-attention` can be believed."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from snippets.recurrence.additive_attention import AdditiveAttention
from snippets.recurrence.luong import Luong
from snippets.recurrence.multiplicative_attention import (
    Concat,
    General,
    LocalWindow,
    LuongAttention,
    dot,
)
from snippets.text.vocabulary import PAD
from tests.snippets.peers import recurrent_weights

BATCH, QUERIES, KEYS, D = 3, 4, 6, 8


def random_inputs(seed=0):
    random = torch.Generator().manual_seed(seed)
    query = torch.randn(BATCH, QUERIES, D, generator=random, dtype=torch.float64)
    key = torch.randn(BATCH, KEYS, D, generator=random, dtype=torch.float64)
    return query, key


def beside(query, key):
    """Every query and every key of a row."""
    shape = BATCH, QUERIES, KEYS, D
    rows = query[:, :, None].expand(shape).contiguous()
    return rows, key[:, None].expand(shape).contiguous()


def by_dot(ours, query, key):
    """PyTorch's operator at scale 1; its weights come out where the values are one."""
    values = torch.eye(KEYS, dtype=query.dtype).expand(BATCH, -1, -1)
    return F.scaled_dot_product_attention(query, key, values, scale=1.0).log()


def by_bilinear(ours, query, key):
    theirs = nn.Bilinear(D, D, 1, bias=False).double()
    theirs.weight = nn.Parameter(ours.weight.weight[None])
    return theirs(*beside(query, key))[..., 0]


def by_layers(ours, query, key):
    return torch.tanh(ours.weight(torch.cat(beside(query, key), -1))) @ ours.v


SCORES = {
    "dot": (lambda: dot, by_dot),
    "general": (lambda: General(D, D).double(), by_bilinear),
    "concat": (lambda: Concat(D, D, 5).double(), by_layers),
}


@pytest.mark.parametrize(("build", "by_pytorch"), SCORES.values(), ids=SCORES)
def test_score_equals_pytorchs(build, by_pytorch):
    torch.manual_seed(1)
    query, key = (x.requires_grad_() for x in random_inputs())
    score = build()
    ours, theirs = score(query, key), by_pytorch(score, query, key)
    if score is dot:  # of the operator there are the weights alone
        ours = ours.log_softmax(-1)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)
    slopes, wanted = (
        torch.autograd.grad(scores.square().sum(), [query, key])
        for scores in (ours, theirs)
    )
    torch.testing.assert_close(slopes, wanted, rtol=0, atol=1e-9)


@pytest.mark.parametrize("kind", [AdditiveAttention, Concat])
def test_v_begins_with_a_length_of_about_1(kind):
    # So that scores have one size, however many numbers they are made of.
    torch.manual_seed(0)
    assert kind(D, D, 1000).v.norm().item() == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("reach", [None, 2])
def test_attention_gives_a_tanh_of_context_and_state(reach):
    # Equation 5: tanh(W [c; h]), the context first.
    torch.manual_seed(4)
    model = LuongAttention(D, dot, reach).double()
    query, key = random_inputs(4)
    attentional, weights = model(query, key, torch.ones(BATCH, KEYS, dtype=torch.bool))
    of_context, of_state = model.combine.weight.split(D, 1)
    mixed = weights @ key @ of_context.T + query @ of_state.T
    torch.testing.assert_close(attentional, mixed.tanh(), rtol=0, atol=1e-12)


# --- The window


def by_loops(window, state, length, scores):
    """Equations 9 and 10 for one query, with loops over plain numbers."""
    hidden = torch.tanh(window.hidden.weight @ state)
    share = 1 / (1 + math.exp(-(window.v.weight[0] @ hidden).item()))
    center = length * share
    near = [s for s in range(length) if abs(s - center) <= window.reach]
    total = sum(math.exp(scores[s]) for s in near)
    sigma = window.reach / 2
    weights = [0.0] * len(scores)
    for s in near:
        bell = math.exp(-((s - center) ** 2) / (2 * sigma**2))
        weights[s] = math.exp(scores[s]) / total * bell
    return weights


# Long queries predict a place at either end: something has to be near it still.
@pytest.mark.parametrize("reach, far", [(2, 1), (1, 30), (3, 30)])
def test_window_is_the_formula_written_out(reach, far):
    torch.manual_seed(reach)
    model = LuongAttention(D, dot, reach).double()
    query, key = random_inputs(reach)
    query, key = far * query, key / far
    lengths = [6, 1, 3]
    mask = torch.arange(KEYS) < torch.tensor(lengths)[:, None]
    _, weights = model(query, key, mask)
    for row, length in enumerate(lengths):
        for place in range(QUERIES):
            scores = (key[row] @ query[row, place]).tolist()
            wanted = by_loops(model.window, query[row, place], length, scores)
            wanted = torch.tensor(wanted, dtype=torch.float64)
            torch.testing.assert_close(weights[row, place], wanted, rtol=0, atol=1e-6)


def test_window_includes_its_edges():
    # A sigmoid of 0 is a half: of four words the predicted place is exactly 2.
    window = LocalWindow(D, reach=1).double()
    nn.init.zeros_(window.v.weight)
    query, _ = random_inputs(0)
    near, _ = window(query, torch.arange(KEYS).lt(4).expand(BATCH, -1))
    assert near[0, 0].tolist() == [False, True, True, True, False, False]


@pytest.mark.parametrize("reach", [0, -1])
def test_window_that_reaches_nowhere_is_refused(reach):
    with pytest.raises(ValueError, match=f"reach {reach}: a window needs 1 or more"):
        LuongAttention(D, dot, reach)


# --- The translator

SOURCE = torch.tensor([[5, 6, 7, 4, 2], [8, 9, 2, PAD, PAD], [5, 5, 5, 2, PAD]])
TARGET = torch.tensor([[1, 4, 6, 5], [1, 7, 8, 9], [1, 9, 9, 9]])
KINDS = {
    "global": {},
    "local": {"reach": 1},
    "fed": {"input_feeding": True},
    "local and fed": {"reach": 2, "input_feeding": True},
}
every_kind = pytest.mark.parametrize("options", KINDS.values(), ids=KINDS)


def translator(**options):
    torch.manual_seed(0)
    return Luong(10, 11, 6, D, General(D, D), **options).double().eval()


@every_kind
def test_translator_is_the_equations_step_by_step(options):
    model, mask = translator(**options), SOURCE != PAD
    logits, weights = model.aligned(SOURCE, TARGET)
    value, (hidden, cell) = model.encoder(SOURCE, mask)
    attentional = torch.zeros_like(hidden)
    theirs = nn.LSTMCell(model.cell.input.in_features, D).double()
    theirs.load_state_dict(recurrent_weights(model.cell, ""))
    for step, token in enumerate(TARGET.unbind(1)):
        # A cell that is not fed has room for the word alone.
        read = torch.cat([model.embedding(token), attentional], -1)
        hidden, cell = theirs(read[:, : theirs.input_size], (hidden, cell))
        (attentional,), (looked,) = (
            both.unbind(1) for both in model.attention(hidden[:, None], value, mask)
        )
        torch.testing.assert_close(weights[:, step], looked)
        torch.testing.assert_close(logits[:, step], model.output(attentional))


@every_kind
def test_step_by_step_gives_the_logits_of_teacher_forcing(options):
    model = translator(**options)
    state, steps = model.start(SOURCE), []
    for token in TARGET.unbind(1):
        logits, state = model.step(token, state)
        steps.append(logits)
    torch.testing.assert_close(torch.stack(steps, 1), model(SOURCE, TARGET))
