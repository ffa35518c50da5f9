"""Why greedy and beam search can be believed."""

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from snippets.demos.seq2seq import Tree
from snippets.recurrence.seq2seq import Seq2Seq
from snippets.text.search import Hypothesis, beam_search, greedy
from snippets.text.vocabulary import BEGIN, END

VOCAB_SIZE, MAX_LEN = 5, 4
SOURCE = torch.tensor([[4, 5, 3]])
SOURCES = torch.randint(3, 7, (20, 3), generator=torch.Generator().manual_seed(0))
SEEDS = st.integers(0, 2**32 - 1)


def translator(seed, haste=0.0):
    """A random model with a mind of its own: it ends sentences early and late."""
    torch.manual_seed(seed)
    model = Seq2Seq(7, VOCAB_SIZE, 4, 16).double()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.normal_(0, 2 if "embedding" in name else 0.6)
        model.decoder.output.bias[END] += haste
    return model


def log_probabilities(model, sentences):
    """Of sentences of one length, by teacher forcing."""
    words = torch.tensor(sentences)
    known = torch.cat([torch.full((len(words), 1), BEGIN), words[:, :-1]], 1)
    logits = model(SOURCE.expand(len(words), -1), known)
    chosen = logits.log_softmax(-1).gather(-1, words[..., None])
    return chosen.sum((1, 2)).tolist()


def every_sentence(model):
    """All that can be written in MAX_LEN words, by brute force."""
    words = [i for i in range(VOCAB_SIZE) if i != END]
    with torch.no_grad():
        for length in range(MAX_LEN + 1):
            # One that is as long as may be is cut off before its END.
            end = [END] * (length < MAX_LEN)
            sentences = [
                [*tokens, *end] for tokens in itertools.product(words, repeat=length)
            ]
            scores = log_probabilities(model, sentences)
            for score, sentence in zip(scores, sentences, strict=True):
                yield Hypothesis(score, sentence[:length])


def best(model, width, max_len=MAX_LEN):
    return beam_search(model, SOURCE, width, max_len)[0]


def beam_in_loops(model, width):
    """All that a beam finds, by lists, with no word of it kept in a state."""
    live, done = [Hypothesis(0.0, [])], []
    for _ in range(MAX_LEN):
        longer = []
        for score, tokens in live:
            logits = model(SOURCE, torch.tensor([[BEGIN, *tokens]]))[0, -1]
            for word, chance in enumerate(logits.log_softmax(-1).tolist()):
                longer.append(Hypothesis(score + chance, [*tokens, word]))
        kept = sorted(longer, reverse=True)[:width]
        done += [Hypothesis(s, words[:-1]) for s, words in kept if words[-1] == END]
        live = [h for h in kept if h.tokens[-1] != END]
        if done and max(done).score >= kept[0].score:
            return sorted(done, reverse=True)
    return sorted(done + live, reverse=True)


@pytest.mark.parametrize("seed", range(5))
def test_beam_as_wide_as_the_language_is_exact_and_none_is_better(seed):
    model = translator(seed)
    every = list(every_sentence(model))
    assert sum(math.exp(h.score) for h in every) == pytest.approx(1, abs=1e-12)
    wanted, found = max(every), best(model, VOCAB_SIZE**MAX_LEN)
    assert found.tokens == wanted.tokens
    assert found.score == pytest.approx(wanted.score, abs=1e-5)
    assert all(best(model, n).score <= wanted.score + 1e-5 for n in (1, 2, 3))


@given(SEEDS)
def test_beam_of_one_is_greedy(seed):
    model = translator(seed)
    assert [best(model, 1).tokens] == greedy(model, SOURCE, MAX_LEN)


@pytest.mark.parametrize("width", [2, 3, 4])
def test_beam_finds_what_one_written_in_loops_finds(width):
    for seed in range(8):
        model = translator(seed)
        found = beam_search(model, SOURCE, width, MAX_LEN)
        wanted = beam_in_loops(model, width)
        assert [h.tokens for h in found] == [h.tokens for h in wanted]
        scores = [h.score for h in wanted]
        assert [h.score for h in found] == pytest.approx(scores, abs=1e-5)


@pytest.mark.parametrize(
    ("count", "width", "said"),
    [(2, 3, "2 sources: search one"), (1, 0, "width 0"), (1, -1, "width -1")],
)
def test_beam_for_several_sources_or_of_no_width_is_refused(
    count, width, said, unchecked
):
    with pytest.raises(ValueError, match=said):
        beam_search(translator(0), SOURCE.expand(count, -1), width, MAX_LEN)


@pytest.mark.parametrize("max_len", range(4))
def test_search_writes_no_more_than_max_len_words(max_len):
    on = [" ".join(["on"] * length) for length in range(6)]
    endless = {words: {"on": 1.0} for words in on}
    tree, source = Tree(endless), torch.tensor([[END]])
    written = [END + 1] * max_len
    assert greedy(tree, source, max_len) == [written]
    for width in (1, 3):
        assert beam_search(tree, source, width, max_len)[0] == (0, written)


class Watched:
    """Notes, a step each, whether what it is given could be learned from."""

    def __init__(self, model):
        self.model, self.learns = model, []

    def start(self, source):
        return self.model.start(source)

    def step(self, token, state):
        logits, state = self.model.step(token, state)
        self.learns.append(logits.requires_grad)
        return logits, state


def test_search_keeps_no_gradients():
    watched = Watched(translator(0))
    greedy(watched, SOURCE, MAX_LEN)
    beam_search(watched, SOURCE, 2, MAX_LEN)
    assert len(watched.learns) > 2 and not any(watched.learns)


def test_greedy_writes_each_row_as_alone_and_stops_with_the_longest():
    lengths = set()
    for seed in range(8):
        watched = Watched(translator(seed))
        rows = greedy(watched, SOURCES, 8)
        assert len(watched.learns) == min(8, max(map(len, rows)) + 1)
        assert rows == [greedy(watched, row[None], 8)[0] for row in SOURCES]
        lengths |= {len(row) for row in rows}
    assert len(lengths) > 5


def test_beam_stops_when_nothing_can_get_better():
    watched = Watched(translator(0, haste=20.0))
    assert best(watched, 4).tokens == []
    assert len(watched.learns) == 1
