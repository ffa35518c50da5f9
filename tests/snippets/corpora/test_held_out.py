"""Why what is said of a translator on new sentences can be believed."""

from itertools import islice
from typing import Any

import pytest
import torch

from snippets.corpora.held_out import another, beam, groups, prefix, right
from snippets.corpora.portuguese import pairs
from snippets.corpora.translation import Settings, train
from snippets.lab.scores import bleu
from snippets.recurrence.seq2seq import Seq2Seq
from snippets.text.search import greedy
from snippets.text.vocabulary import END

PAIRS = list(islice(pairs("train", 0, 4, 5), 60))
SETTINGS = Settings(steps=60, batch_size=8, d_model=12, d_hidden=16, lr=0.02)


@pytest.fixture(scope="module")
def translator() -> Any:
    """One that has learned a little: it is right at times, and at times wrong."""
    return train(Seq2Seq, PAIRS, SETTINGS, seed=0)


@torch.no_grad()
def word_by_word(translator, pair):
    """Whether each word is right after the true words, and after its own."""
    row = translator.rows([pair])
    wanted = row.target[0, 1:].tolist()
    true = []
    for length in range(1, len(wanted) + 1):
        logits = translator.model(row.source, row.target[:, :length])
        true.append(logits[0, -1].argmax().item() == wanted[length - 1])
    (ids,) = greedy(translator.model, row.source, len(wanted))
    own = [*ids, END, *[None] * len(wanted)]
    return true, [a == b for a, b in zip(own, wanted, strict=False)]


def test_prefix_counts_what_a_loop_over_words_counts(translator):
    both = [word_by_word(translator, pair) for pair in PAIRS]
    found = prefix(translator, PAIRS)
    true, own = ([x for row in both for x in row[side]] for side in (0, 1))
    assert found["words"] == len(true)
    assert found["true"] == pytest.approx(sum(true) / len(true))
    assert found["own"] == pytest.approx(sum(own) / len(own))
    firsts = [true.index(False) if False in true else len(true) for true, _ in both]
    rest = [
        (row[0][i], row[1][i])
        for row, first in zip(both, firsts, strict=True)
        for i in range(first + 1, len(row[0]))
    ]
    after = found["after"]
    assert after["words"] == len(rest) > 0
    assert after["true"] == pytest.approx(sum(a for a, _ in rest) / len(rest))
    assert after["own"] == pytest.approx(sum(b for _, b in rest) / len(rest))
    # Up to the first mistake both are the same: so are the sentences that have none.
    for (true, own), first in zip(both, firsts, strict=True):
        assert true[: first + 1] == own[: first + 1]


def test_beam_of_one_writes_what_translate_does_and_wider_is_likelier(translator):
    written = translator.translate(PAIRS, 10)
    one, four = (beam(translator, PAIRS, width, 10) for width in (1, 4))
    assert {key: one[key] for key in ("count", "perfect", "bleu")} == right(
        PAIRS, written
    )
    wanted = sum(len(pair.english) for pair in PAIRS)
    assert one["length"] == pytest.approx(sum(map(len, written)) / wanted)
    assert four["log_probability"] >= one["log_probability"]


def test_groups_hold_each_sentence_once_by_its_length():
    some = list(islice(pairs("test", 0, 4, 20), 50))
    found = groups(some, [pair.english for pair in some])
    held = [pair for _, of, _ in found for pair in of]
    assert sorted(held, key=str) == sorted(some, key=str)
    for (first, last), of, written in found:
        assert all(first <= len(pair.portuguese) <= last for pair in of)
        assert written == [pair.english for pair in of]
        assert right(of, written) == {
            "count": len(of),
            "perfect": len(of),
            "bleu": pytest.approx(100),
        }


def test_another_gives_no_sentence_its_own_translation():
    some = list(islice(pairs("test", 0, 4, 20), 50))
    true = [pair.english for pair in some]
    assert another(some, true) < 50 < bleu(true, true)
