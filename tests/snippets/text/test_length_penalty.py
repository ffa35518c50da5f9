"""Why `length_penalty` can be believed."""

import itertools

import pytest
import torch

from snippets.text.length_penalty import length_penalty, penalized_beam
from snippets.text.search import beam_search
from snippets.text.vocabulary import BEGIN, END

VOCAB_SIZE, MAX_LEN = 5, 4
SOURCE = torch.zeros(1, 3, dtype=torch.long)


class Chain:
    """The next word by the last one, from a table of random logits."""

    def __init__(self, seed):
        random = torch.Generator().manual_seed(seed)
        self.table = 2 * torch.randn(VOCAB_SIZE, VOCAB_SIZE, generator=random).double()
        self.table[:, END] -= 1

    def start(self, source):
        return (source[:, :1],)

    def step(self, token, state):
        return self.table[token], state

    def log_probability(self, words):
        chances = self.table.log_softmax(-1)
        return sum(chances[a, b].item() for a, b in itertools.pairwise([BEGIN, *words]))


def every_sentence(chain, alpha):
    """All there is up to the longest, by penalized score."""
    others = [word for word in range(VOCAB_SIZE) if word != END]
    found = []
    for length in range(1, MAX_LEN + 1):
        for words in itertools.product(others, repeat=length - 1):
            lasts = [END] if length < MAX_LEN else range(VOCAB_SIZE)
            for last in lasts:
                score = chain.log_probability([*words, last])
                kept = [*words] if last == END else [*words, last]
                found.append((score / ((5 + length) / 6) ** alpha, kept))
    return sorted(found, reverse=True)


@pytest.mark.parametrize("alpha", [0.0, 0.6, 1.0, 3.0])
def test_a_beam_of_all_finds_what_brute_force_finds(alpha):
    for seed in range(5):
        chain = Chain(seed)
        found = penalized_beam(chain, SOURCE, 1000, MAX_LEN, alpha)
        score, words = every_sentence(chain, alpha)[0]
        assert found[0].tokens == words
        assert found[0].score == pytest.approx(score, abs=1e-12)


@pytest.mark.parametrize("width", [1, 2, 4])
def test_without_a_penalty_it_is_beam_search(width):
    for seed in range(5):
        plain = beam_search(Chain(seed), SOURCE, width, MAX_LEN)
        assert penalized_beam(Chain(seed), SOURCE, width, MAX_LEN, 0)[0] == plain[0]


def test_a_beam_of_one_ends_at_its_first_end():
    for seed in range(20):
        (only,) = penalized_beam(Chain(seed), SOURCE, 1, MAX_LEN, 0.6)
        (plain,) = beam_search(Chain(seed), SOURCE, 1, MAX_LEN)
        assert only.tokens == plain.tokens


def test_a_penalty_lets_longer_sentences_win():
    lengths = [
        sum(
            len(penalized_beam(Chain(seed), SOURCE, 50, MAX_LEN, alpha)[0].tokens)
            for seed in range(10)
        )
        for alpha in (0.0, 1.0, 3.0)
    ]
    assert lengths[0] < lengths[2] and lengths == sorted(lengths)


def test_penalty_in_numbers():
    assert [length_penalty(n, 1) for n in (1, 7, 13)] == [1, 2, 3]
    assert length_penalty(20, 0) == 1
