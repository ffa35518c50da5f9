"""Why `logits` can be believed."""

import math
from collections import Counter, deque
from itertools import islice, pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

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
def test_softmax_and_its_logarithm_equal_pytorchs(dtype, size):
    logits, _ = random_inputs(0, dtype, size)
    close = {"rtol": TOLERANCE[dtype], "atol": TOLERANCE[dtype]}
    torch.testing.assert_close(softmax(logits), logits.softmax(-1), **close)
    torch.testing.assert_close(log_softmax(logits), logits.log_softmax(-1), **close)


def test_a_masked_softmax_equals_pytorchs_with_minus_infinity():
    logits, _ = random_inputs(1, torch.float64)
    mask = torch.rand(4, 1, VOCAB_SIZE) < 0.5
    mask[..., 0] = True
    theirs = logits.masked_fill(~mask, -math.inf).softmax(-1)
    torch.testing.assert_close(softmax(logits, mask), theirs, rtol=0, atol=1e-15)


def test_a_row_with_nothing_allowed_is_zeros_with_finite_gradients():
    logits, _ = random_inputs(2)
    mask = torch.ones(4, 5, VOCAB_SIZE, dtype=torch.bool)
    mask[1, 2] = False
    probabilities = softmax(logits, mask)
    probabilities.square().sum().backward()
    assert probabilities[1, 2].eq(0).all()
    assert probabilities.sum(-1).sum().item() == pytest.approx(4 * 5 - 1)
    assert logits.grad.isfinite().all() and logits.grad.ne(0).any()


def equals_pytorchs_loss(loss, dtype=torch.float32, smoothing=0.1, size=100.0):
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


@pytest.mark.parametrize("size", [1.0, 20.0, 300.0])
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
def test_the_loss_and_its_gradient_equal_pytorchs(dtype, smoothing, size):
    equals_pytorchs_loss(cross_entropy, dtype, smoothing, size)


def test_the_loss_equals_the_formula_in_plain_numbers():
    logits, targets = random_inputs(4, torch.float64)
    total = 0.0
    for row, target in zip(
        logits.flatten(0, 1).tolist(), targets.flatten().tolist(), strict=True
    ):
        powers = [math.exp(number) for number in row]
        total -= math.log(powers[target] / sum(powers))
    assert cross_entropy(logits, targets).item() == pytest.approx(total / 20, rel=1e-12)


def test_the_gradient_is_the_probability_minus_the_truth():
    logits, targets = random_inputs(5, torch.float64)
    (gradient,) = torch.autograd.grad(cross_entropy(logits, targets), logits)
    truth = F.one_hot(targets, VOCAB_SIZE)
    torch.testing.assert_close(gradient, (softmax(logits) - truth) / targets.numel())


def test_the_example_of_the_page_by_hand():
    hand = demo.by_hand()
    total = math.exp(2) + math.exp(1) + math.exp(-1)
    shares = [math.exp(x) / total for x in (2, 1, -1)]
    assert hand["probabilities"].tolist() == pytest.approx(shares)
    assert hand["surprise"].tolist() == pytest.approx([-math.log(p) for p in shares])
    # 0.9 of the surprise at the truth, 0.1 of the mean surprise.
    mean = -sum(math.log(p) for p in shares) / 3
    smoothed = 0.9 * -math.log(shares[0]) + 0.1 * mean
    assert hand["smoothed"].item() == pytest.approx(smoothed)


finite = st.lists(st.integers(-30, 30), min_size=2, max_size=8, unique=True)


@given(finite, st.floats(-1e6, 1e6))
def test_adding_a_number_to_all_logits_changes_nothing(numbers, shift):
    logits = torch.tensor(numbers, dtype=torch.float64)
    torch.testing.assert_close(
        softmax(logits + shift), softmax(logits), rtol=1e-8, atol=1e-9
    )


@given(finite, st.floats(0.1, 100))
def test_temperature_keeps_the_ranking_and_divides_the_log_odds(numbers, temperature):
    logits = torch.tensor(numbers, dtype=torch.float64)
    chances = softmax(logits / temperature)
    assert torch.equal(chances.argsort(), logits.argsort())
    odds = (chances[0] / chances[1]).log().item()
    assert odds == pytest.approx((numbers[0] - numbers[1]) / temperature, abs=1e-6)


def test_a_higher_temperature_spreads_the_probabilities():
    logits, _ = random_inputs(6, torch.float64)
    entropies = []
    for temperature in (0.25, 0.5, 1, 2, 4, 1e6):
        chances = softmax(logits / temperature)
        entropies.append(-(chances * chances.log()).sum(-1))
    for cooler, hotter in pairwise(entropies):
        assert (cooler < hotter).all()
    torch.testing.assert_close(entropies[-1].exp(), torch.full((4, 5), 9.0).double())


def test_the_perplexity_of_knowing_nothing_is_the_number_of_choices():
    model = Bigram(vocab_size=VOCAB_SIZE)
    ids = text_of(0)
    loss = cross_entropy(model(ids[:-1]), ids[1:])
    assert math.exp(loss.item()) == pytest.approx(VOCAB_SIZE)


@pytest.mark.parametrize("wrong", [-100, -1, VOCAB_SIZE])
def test_a_target_that_is_no_token_is_refused(wrong):
    logits, targets = random_inputs(7)
    targets[2, 3] = wrong
    with pytest.raises(RuntimeError, match=f"index {wrong} is out of bounds"):
        cross_entropy(logits, targets)


def test_pytorch_skips_a_target_of_minus_100_without_a_word():
    # The page says so; where padding is meant, that is what it is for.
    logits, targets = random_inputs(8)
    targets[0] = -100
    skipped = pytorchs(logits, targets)
    torch.testing.assert_close(skipped, cross_entropy(logits[1:], targets[1:]))


def test_smoothing_has_a_floor_that_no_certainty_reaches():
    # With 0.1 spread over the tokens the best is to believe the spread targets.
    target = torch.tensor([2])
    spread = torch.full((1, VOCAB_SIZE), 0.1 / VOCAB_SIZE)
    spread[0, 2] += 0.9
    floor = -(spread * spread.log()).sum()
    best = cross_entropy(spread.log(), target, smoothing=0.1)
    torch.testing.assert_close(best, floor)
    for certainty in (1.0, 10.0, 100.0):
        certain = certainty * F.one_hot(target, VOCAB_SIZE).float()
        assert cross_entropy(certain, target, smoothing=0.1) > floor


def test_a_second_softmax_cannot_go_below_its_floor():
    # Even when the right token has probability 1.
    perfect = F.one_hot(torch.arange(VOCAB_SIZE), VOCAB_SIZE).double()
    floor = math.log(math.e + VOCAB_SIZE - 1) - 1
    loss = cross_entropy(perfect, torch.arange(VOCAB_SIZE))
    assert loss.item() == pytest.approx(floor)


@pytest.mark.parametrize("seed", range(3))
def test_gradient_descent_reaches_what_counting_gives(seed):
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


def test_counting_equals_a_count_by_hand():
    # One token that comes once, and one that never does.
    ids = torch.cat([text_of(3), torch.tensor([VOCAB_SIZE, 0])])
    pairs, firsts = Counter(pairwise(ids.tolist())), Counter(ids[:-1].tolist())
    shares = bigram_shares(ids, VOCAB_SIZE + 2)
    for first in range(VOCAB_SIZE + 2):
        for second in range(VOCAB_SIZE + 2):
            share = pairs[first, second] / max(firsts[first], 1)
            assert shares[first, second].item() == pytest.approx(share)


@given(st.integers(0, 2**32 - 1), st.floats(0, 2))
def test_no_table_is_better_than_the_counts(seed, size):
    ids = text_of(4)
    shares = bigram_shares(ids, VOCAB_SIZE)
    best = -shares[ids[:-1], ids[1:]].log().mean()
    random = torch.Generator().manual_seed(seed)
    noise = size * torch.randn(VOCAB_SIZE, VOCAB_SIZE, generator=random)
    model = Bigram(vocab_size=VOCAB_SIZE)
    model.table.load_state_dict({"weight": (shares + 1e-9).log() + noise})
    assert cross_entropy(model(ids[:-1]), ids[1:]).item() >= best.item() - 1e-6


def test_it_draws_as_often_as_softmax_says():
    model = Bigram(vocab_size=3)
    row = torch.tensor([1.0, 0.0, -1.0])
    model.table.load_state_dict({"weight": row.expand(3, 3).clone()})
    random = torch.Generator().manual_seed(0)
    for temperature in (0.5, 2.0):
        drawn = sample(model, [0], 3000, temperature, random)[1:]
        for token, chance in enumerate(softmax(row / temperature).tolist()):
            spread = math.sqrt(3000 * chance * (1 - chance))
            assert abs(drawn.count(token) - 3000 * chance) < 4 * spread


def test_cold_it_takes_the_best_and_starts_where_it_is_told():
    ids = text_of(5)
    model = Bigram(vocab_size=VOCAB_SIZE)
    deque(islice(fit(model, ids), 50))
    said = sample(model, [4, 1], 20, 1e-3, torch.Generator().manual_seed(0))
    assert said[:2] == [4, 1] and len(said) == 22
    for first, second in pairwise(said[1:]):
        assert second == model.table.weight[first].argmax()


@pytest.fixture(scope="module")
def data():
    return demo.demo()


def test_a_better_tokenizer_can_have_the_worse_perplexity_a_token(data):
    as_bytes, early, _ = data["tokenizers"]
    assert early["a_token"] > as_bytes["a_token"] + 1
    assert early["a_byte"] < as_bytes["a_byte"] - 1
    assert as_bytes["a_byte"] == pytest.approx(as_bytes["a_token"])


def test_the_demo_concludes_what_the_page_says(data):
    bigram = data["bigram"]
    assert bigram["losses"][0]["loss"] == pytest.approx(math.log(bigram["vocab_size"]))
    assert bigram["losses"][-1]["loss"] == pytest.approx(bigram["counts"], abs=0.005)
    assert bigram["twice"] > bigram["twice_floor"] > bigram["losses"][-1]["loss"] + 3
    chances = [row["p"] for row in data["robot"]["next"]]
    assert sum(chances) < 1 and chances == sorted(chances, reverse=True)
    for said in data["sampled"]:
        assert said["text"].startswith(demo.BEGINNING)


def takes_the_logarithm_of_0(logits, targets, smoothing):
    """harvardnlp/annotated-transformer #109, #115: softmax first, then its log."""
    surprise = -softmax(logits).log()
    at_target = surprise.gather(-1, targets.unsqueeze(-1)).mean()
    return (1 - smoothing) * at_target + smoothing * surprise.mean()


def over_the_top_only(logits, targets, smoothing):
    """poloclub/transformer-explainer: softmax over the best logits alone."""
    kept = logits >= logits.topk(5).values[..., -1:]
    return cross_entropy(logits.masked_fill(~kept, -99.0), targets, smoothing)


@pytest.mark.parametrize("faulty", [takes_the_logarithm_of_0, over_the_top_only])
def test_a_mistake_that_ran_is_caught(faulty):
    with pytest.raises(AssertionError):
        equals_pytorchs_loss(faulty)
