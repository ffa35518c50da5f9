"""Whether `reverse_source` measures what it says."""

import dataclasses
import itertools
import math

import pytest
import torch
from torch.nn import functional as F

from snippets.claims import reverse_source as claim
from snippets.corpora.batches import batch
from snippets.corpora.portuguese import pairs
from snippets.corpora.translation import Translator, translation_loss
from snippets.recurrence.seq2seq import Seq2Seq
from snippets.text.vocabulary import Vocabulary


@pytest.fixture(scope="module")
def some():
    return list(itertools.islice(pairs("train", 0, 4, 8), 40))


@pytest.fixture(scope="module")
def words(some):
    source = Vocabulary(pair.portuguese for pair in some)
    return source, Vocabulary(pair.english for pair in some)


class Knows(Seq2Seq):
    """A model that has the translations by heart."""

    def __init__(self, some, words):
        super().__init__(*map(len, words), 1, 1)
        held_out = batch(some, *words)
        self.target = F.one_hot(held_out.target, len(words[1])).float() * 50

    def forward(self, source, target):
        return self.target[:, 1:]

    def start(self, source):
        return (torch.zeros(len(source), 1, dtype=torch.long),)

    def step(self, token, state):
        place = state[0][:, 0]
        after = (place + 1).clamp(max=self.target.shape[1] - 1)
        return self.target[range(len(token)), after], (state[0] + 1,)


def rows_of(*pairs_of_seeds):
    """BLEU and perplexity, straight and reversed, of every seed."""
    same = {"exact": 0.5, "beginning": 1.0, "rest": 1.0}
    return [
        {"seed": seed, "source": order, "bleu": bleu, "perplexity": perplexity} | same
        for seed, both in enumerate(pairs_of_seeds)
        for order, (bleu, perplexity) in zip(claim.ORDERS, both, strict=True)
    ]


def test_backwards_turns_the_source_and_leaves_the_translation(some):
    turned = claim.backwards(some)
    for before, after in zip(some, turned, strict=True):
        assert after.portuguese == tuple(reversed(before.portuguese))
        assert after.english == before.english
        linked = {(before.portuguese[i], j) for i, j in before.alignment}
        assert {(after.portuguese[i], j) for i, j in after.alignment} == linked
    assert any(t.portuguese != s.portuguese for t, s in zip(turned, some, strict=True))
    assert claim.backwards(turned) == some


def test_a_model_that_knows_all_has_the_best_scores(some, words):
    scores = claim.score(Translator(Knows(some, words), *words, []), some)
    assert scores["bleu"] == pytest.approx(100)
    assert scores["exact"] == 1
    assert scores["perplexity"] == pytest.approx(1)


def test_perplexity_and_its_parts_are_those_of_the_loss(some, words):
    torch.manual_seed(0)
    model = Seq2Seq(*map(len, words), 8, 8)
    scores = claim.score(Translator(model, *words, []), some)
    loss = translation_loss(model, batch(some, *words)).item()
    assert math.log(scores["perplexity"]) == pytest.approx(loss, rel=1e-5)
    count = sum(len(pair.english) + 1 for pair in some)
    early = claim.BEGINNING * len(some)
    parts = scores["beginning"] * early + scores["rest"] * (count - early)
    assert parts / count == pytest.approx(loss, rel=1e-5)


def test_the_two_models_begin_alike_and_differ_in_what_they_read(monkeypatch):
    begun = []

    def no_training(model, optimizer, batches, *how, **named):
        begun.append((model.state_dict(), batches(0)))
        return []

    settings = dataclasses.replace(claim.SETTINGS, count=100)
    monkeypatch.setattr("snippets.corpora.translation.fit", no_training)
    monkeypatch.setattr(claim, "SETTINGS", settings)
    monkeypatch.setattr(claim, "TEST", 20)
    rows = claim.measure(5)
    assert [r["source"] for r in rows] == list(claim.ORDERS)
    (weights, straight), (others, turned) = begun
    assert all(torch.equal(weights[name], others[name]) for name in weights)
    assert torch.equal(straight.target, turned.target)
    assert not torch.equal(straight.source, turned.source)


@pytest.mark.parametrize(
    ("seeds", "verdict", "says"),
    [
        ([(20, 4, 30, 3), (20, 4, 24, 3.5), (10, 4, 28, 3)], "seen",
         "by +10.7 on average (+4.0 to +18.0 over 3 seeds) and perplexity from 4.00 to"
         " 3.17."),
        ([(20, 4, 30, 3), (20, 4, 19, 4.1)], "partly", "(-1.0 to +10.0 over 2 seeds)"),
        ([(20, 4, 15, 5)], "not seen", "by -5.0"),
        ([(20, 4, 25, 5)], "not seen", "by +5.0"),
        ([(20, 4, 15, 3)], "not seen", "by -5.0"),
    ],
)  # fmt: skip
def test_conclude_follows_the_rows_of_all_seeds(seeds, verdict, says):
    found, words = claim.conclude(rows_of(*((s[:2], s[2:]) for s in seeds)))
    assert found == verdict
    assert says in words


@pytest.mark.parametrize(("gain", "agrees"), [(0.9, "agrees"), (0.1, "does not agree")])
def test_conclude_says_whether_the_early_words_gained_most(gain, agrees):
    rows = rows_of([(20, 4), (30, 3)], [(20, 4), (31, 3)])
    for row in rows:
        if row["source"] == "reversed":
            row["beginning"] -= gain
            row["rest"] -= 0.2
    words = claim.conclude(rows)[1]
    assert f"by -{gain:.2f} at the first 3 words" in words
    assert f"which {agrees} with what they had expected." in words
