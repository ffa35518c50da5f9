"""The claim about the transducer compares what it says it compares."""

import itertools
import math

import pytest
import torch

from snippets.claims import transducer as claim
from snippets.recurrence.rnn_transducer import BLANK


def table(seed, n_frames, choices=3):
    random = torch.Generator().manual_seed(seed)
    logits = torch.randn(n_frames, choices, generator=random, dtype=torch.float64)
    return (2 * logits).log_softmax(-1)


def by_brute_force(log_probs):
    """The probability of every output under CTC: over all ways to label the frames."""
    found = {}
    n_frames, choices = log_probs.shape
    for ids in itertools.product(range(choices), repeat=n_frames):
        p = math.exp(sum(log_probs[t, k].item() for t, k in enumerate(ids)))
        merged = [k for k, _ in itertools.groupby(ids)]
        text = tuple(k for k in merged if k != BLANK)
        found[text] = found.get(text, 0.0) + p
    return found


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("n_frames", [1, 2, 5])
def test_prefix_search_finds_every_output_of_ctc(seed, n_frames):
    log_probs = table(seed, n_frames)
    exact = by_brute_force(log_probs)
    found = dict(claim.prefix_search(log_probs, width=1000))
    possible = {text: log_p for text, log_p in found.items() if log_p > -math.inf}
    assert possible.keys() == exact.keys()
    for text, log_p in possible.items():
        assert math.exp(log_p) == pytest.approx(exact[text])
    assert exact[next(iter(found))] == max(exact.values())


def test_both_have_the_same_encoder():
    ours, theirs = (
        {name: weight.shape for name, weight in build().encoder.state_dict().items()}
        for build in (claim.transducer, claim.ctc)
    )
    assert len(ours) == 8 and ours == theirs


@pytest.mark.parametrize("seed", range(3))
def test_the_grammar_allows_two_and_its_absence_all(seed):
    with_grammar = claim.recordings(True, 200, seed, seed)[1]
    without = claim.recordings(False, 200, seed, seed)[1]

    def after(texts):
        pairs = {pair for text in texts for pair in itertools.pairwise(text)}
        return [sum(a == word for a, _ in pairs) for word in range(1, 13)]

    assert max(after(with_grammar)) == claim.FOLLOWERS
    assert min(after(without)) > claim.FOLLOWERS


@pytest.mark.parametrize("name", claim.MODELS)
def test_a_recording_alone_has_the_loss_it_has_among_others_of_its_length(name):
    build, loss, _ = claim.MODELS[name]
    torch.manual_seed(0)
    model = build()
    said, _ = claim.recordings(True, 6, 0, 0)
    longest = int(said.n_frames.argmax())
    with torch.no_grad():
        together = loss(model, said)[longest].item()
        alone = loss(model, claim.alone(said, longest)).item()
    assert alone == pytest.approx(together, rel=1e-4)


def rows_with(ctc, transducer):
    """Rows of made-up error rates, one a seed, the same for both tasks."""
    return [
        {"seed": seed, "task": task, "model": name, "errors": e, "bits": 10 * e,
         "right": 1 - e}
        for task in claim.TASKS
        for name, errors in (("CTC", ctc), ("transducer", transducer))
        for seed, e in enumerate(errors)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("ctc", "transducer", "verdict"),
    [
        ([0.3, 0.3, 0.3], [0.2, 0.1, 0.2], "seen"),
        # One seed that loses is seen, whatever the mean.
        ([0.3, 0.3, 0.3], [0.1, 0.31, 0.1], "partly"),
        ([0.2, 0.2, 0.2], [0.3, 0.2, 0.3], "not seen"),
    ],
)
def test_the_verdict_follows_from_every_seed(ctc, transducer, verdict):
    rows = rows_with(ctc, transducer)
    found, words = claim.conclude(rows)
    assert found == verdict
    mean = 100 * (sum(ctc) - sum(transducer)) / 3
    assert f" {mean:.1f} fewer errors".replace("-", "−") in words


@pytest.mark.parametrize("name", claim.MODELS)
def test_a_short_training_saves_bits_and_words(name, monkeypatch):
    monkeypatch.setattr(claim, "STEPS", 40)
    monkeypatch.setattr(claim, "BATCH", 8)
    build, loss, write = claim.MODELS[name]
    test = claim.recordings(True, 8, 0, 9_999)
    torch.manual_seed(0)
    before = claim.score(build(), loss, write, test)
    after = claim.score(*claim.train(name, True, 0), test)
    assert after["bits"] < before["bits"] / 1.5
    assert after["errors"] <= before["errors"]
    assert 0 <= after["right"] <= 1
