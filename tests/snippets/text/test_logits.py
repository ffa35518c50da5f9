"""Why `logits` can be believed."""

import math
from collections import Counter
from itertools import islice, pairwise

import pytest
import torch
from torch.nn import functional as F

from snippets.corpora.robot import robot
from snippets.demos import logits as demo
from snippets.text.logits import (
    Bigram,
    bigram_shares,
    cross_entropy,
    fit,
    log_softmax,
    sample,
    softmax,
)

VOCAB_SIZE = 9
TOLERANCE = {torch.float32: 2e-6, torch.float64: 1e-14}


def random_inputs(seed, dtype=torch.float32, size=3.0):
    random = torch.Generator().manual_seed(seed)
    logits = size * torch.randn(4, 5, VOCAB_SIZE, generator=random, dtype=dtype)
    targets = torch.randint(VOCAB_SIZE, (4, 5), generator=random)
    return logits.requires_grad_(), targets


def text_of(seed, length=400):
    """Ids in which each token has its own favourites to follow it."""
    random = torch.Generator().manual_seed(seed)
    chances = torch.randn(VOCAB_SIZE, VOCAB_SIZE, generator=random).exp()
    ids = [0]
    for _ in range(length):
        ids.append(int(torch.multinomial(chances[ids[-1]], 1, generator=random)))
    return torch.tensor(ids)


def pytorchs(logits, targets, smoothing=0.0):
    return F.cross_entropy(
        logits.flatten(0, -2), targets.flatten(), label_smoothing=smoothing
    )


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("size", [1.0, 100.0])
def test_softmax_and_log_softmax_equal_pytorchs(dtype, size):
    logits, _ = random_inputs(0, dtype, size)
    close = {"rtol": TOLERANCE[dtype], "atol": TOLERANCE[dtype]}
    torch.testing.assert_close(softmax(logits), logits.softmax(-1), **close)
    torch.testing.assert_close(log_softmax(logits), logits.log_softmax(-1), **close)


def test_softmax_with_a_mask_equals_pytorchs_of_minus_infinity():
    logits, _ = random_inputs(1, torch.float64)
    mask = torch.rand(4, 1, VOCAB_SIZE) < 0.5
    mask[..., 0] = True
    theirs = logits.masked_fill(~mask, -math.inf).softmax(-1)
    torch.testing.assert_close(softmax(logits, mask), theirs, rtol=0, atol=1e-15)


def test_softmax_of_nothing_allowed_is_zeros_with_finite_gradients():
    logits, _ = random_inputs(2)
    mask = torch.ones(4, 5, VOCAB_SIZE, dtype=torch.bool)
    mask[1, 2] = False
    probabilities = softmax(logits, mask)
    probabilities.square().sum().backward()
    assert probabilities[1, 2].eq(0).all()
    assert probabilities.sum(-1).sum().item() == pytest.approx(4 * 5 - 1)
    assert logits.grad.isfinite().all() and logits.grad.ne(0).any()


# --8<-- [start:equals-pytorchs-loss]
def assert_equals_pytorchs_loss(loss, dtype=torch.float32, smoothing=0.1, size=100.0):
    logits, targets = random_inputs(3, dtype, size)
    ours = loss(logits, targets, smoothing)
    theirs = pytorchs(logits, targets, smoothing)
    close = {"rtol": TOLERANCE[dtype], "atol": TOLERANCE[dtype]}
    torch.testing.assert_close(ours, theirs, **close)
    torch.testing.assert_close(
        *torch.autograd.grad(ours, logits),
        *torch.autograd.grad(theirs, logits),
        **close,
    )


# --8<-- [end:equals-pytorchs-loss]


@pytest.mark.parametrize("size", [1.0, 20.0, 300.0])
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
def test_cross_entropy_and_its_gradient_equal_pytorchs(dtype, smoothing, size):
    assert_equals_pytorchs_loss(cross_entropy, dtype, smoothing, size)


@pytest.mark.parametrize("wrong", [-100, -1, VOCAB_SIZE])
def test_cross_entropy_refuses_a_target_that_is_no_token(wrong):
    logits, targets = random_inputs(7)
    targets[2, 3] = wrong
    with pytest.raises(RuntimeError, match=f"index {wrong} is out of bounds"):
        cross_entropy(logits, targets)


@pytest.mark.parametrize("seed", range(3))
def test_fit_reaches_what_counting_gives(seed):
    ids = text_of(seed)
    model = Bigram(vocab_size=VOCAB_SIZE)
    losses = list(islice(fit(model, ids), 300))
    shares = bigram_shares(ids, VOCAB_SIZE)
    best = -shares[ids[:-1], ids[1:]].log().mean().item()
    assert losses[0] == pytest.approx(math.log(VOCAB_SIZE))
    assert best - 1e-6 < losses[-1] < best + 0.002
    seen = ids[:-1].unique()
    learned = softmax(model(seen).detach())
    torch.testing.assert_close(learned, shares[seen], rtol=0, atol=0.01)


def test_bigram_shares_equal_a_count_by_hand():
    # One token that comes once, and one that never does.
    ids = torch.cat([text_of(3), torch.tensor([VOCAB_SIZE, 0])])
    pairs, firsts = Counter(pairwise(ids.tolist())), Counter(ids[:-1].tolist())
    shares = bigram_shares(ids, VOCAB_SIZE + 2)
    for first in range(VOCAB_SIZE + 2):
        for second in range(VOCAB_SIZE + 2):
            share = pairs[first, second] / max(firsts[first], 1)
            assert shares[first, second].item() == pytest.approx(share)


def test_sample_goes_on_as_often_as_softmax_says():
    model = Bigram(vocab_size=3)
    row = torch.tensor([1.0, 0.0, -1.0])
    model.table.load_state_dict({"weight": row.expand(3, 3).clone()})
    random = torch.Generator().manual_seed(0)
    for temperature in (0.5, 2.0):
        first, second, *drawn = sample(model, [2, 0], 1000, temperature, random)
        assert (first, second, len(drawn)) == (2, 0, 1000)
        for token, chance in enumerate(softmax(row / temperature).tolist()):
            spread = math.sqrt(1000 * chance * (1 - chance))
            assert abs(drawn.count(token) - 1000 * chance) < 4 * spread


def test_what_was_counted_keeps_its_word_on_its_own_text():
    # Of all that follows a token the favourite is as often right as its share says.
    ids = text_of(4)
    shares = bigram_shares(ids, VOCAB_SIZE)
    exam = demo.calibration(shares.log(), ids, temperature=1.0)
    assert exam["given"].item() == pytest.approx(exam["right"].item())
    assert sum(row["n"] for row in exam["bins"]) == len(ids) - 1
    told = sum(row["n"] * row["given"] for row in exam["bins"]) / (len(ids) - 1)
    assert told.item() == pytest.approx(exam["given"].item())
    hot = demo.calibration(shares.log(), ids, temperature=2.0)
    assert hot["right"] == exam["right"] and hot["given"] < exam["given"]
    assert hot["nats"] > exam["nats"]


def test_examined_stories_are_not_among_those_learned():
    stories = robot().split("\n* * *\n")
    parts = demo.parts(robot())
    assert sorted("".join(parts)) == sorted("".join(stories))
    for story in stories:
        assert sum(story in part for part in parts) == 1


def takes_the_logarithm_of_0(logits, targets, smoothing):
    """harvardnlp/annotated-transformer #109, #115: softmax first, then its log."""
    # --8<-- [start:log-of-zero]
    surprise = -softmax(logits).log()
    # --8<-- [end:log-of-zero]
    at_target = surprise.gather(-1, targets.unsqueeze(-1)).mean()
    return (1 - smoothing) * at_target + smoothing * surprise.mean()


def over_the_top_only(logits, targets, smoothing):
    """poloclub/transformer-explainer: softmax over the best logits alone."""
    kept = logits >= logits.topk(5).values[..., -1:]
    return cross_entropy(logits.masked_fill(~kept, -99.0), targets, smoothing)


@pytest.mark.parametrize("faulty", [takes_the_logarithm_of_0, over_the_top_only])
def test_known_mistakes_do_not_equal_pytorchs_loss(faulty):
    with pytest.raises(AssertionError):
        assert_equals_pytorchs_loss(faulty)


def test_four_plain_lines_agree_until_a_logit_is_large():
    logits, targets = random_inputs(0)
    torch.testing.assert_close(demo.simple_softmax(logits), softmax(logits))
    flat = logits.reshape(-1, VOCAB_SIZE), targets.reshape(-1)
    torch.testing.assert_close(demo.simple_cross_entropy(*flat), cross_entropy(*flat))
    assert demo.simple_softmax(torch.tensor([1000.0, 0.0])).isnan().any()
