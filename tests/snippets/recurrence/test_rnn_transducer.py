"""Why the transducer can be believed."""

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from snippets.recurrence.lattice import backward_variables, by_diagonals, gradient
from snippets.recurrence.recurrent_networks import fused_lstm, unroll
from snippets.recurrence.rnn_transducer import (
    BLANK,
    Transducer,
    beam_search,
    forward_variables,
    greedy,
    steps,
    transducer_loss,
)
from snippets.recurrence.stretched import LONGEST, SILENCE, sounds, speak

CHOICES = 4  # the blank and three labels
DIGITS = pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float32, 1e-4), (torch.float64, 1e-11)]
)
shapes = given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(0, 4))


def random_case(seed, n_frames, n_labels, batch=2, dtype=torch.float64):
    """Log-probabilities at every node, and labels."""
    random = torch.Generator().manual_seed(seed)
    shape = (batch, n_frames, n_labels + 1, CHOICES)
    logits = 2 * torch.randn(shape, generator=random, dtype=dtype)
    labels = torch.randint(1, CHOICES, (batch, n_labels), generator=random)
    return logits.log_softmax(-1), labels


def loss_of(log_probs, labels):
    """The loss of a table in which nothing is padding."""
    batch, n_frames, n_written, _ = log_probs.shape
    lengths = torch.full((batch,), n_frames), torch.full((batch,), n_written - 1)
    return transducer_loss(log_probs, labels, *lengths)


def close(ours, theirs, tolerance=1e-12):
    torch.testing.assert_close(ours, theirs, rtol=0, atol=tolerance)


def alignments(n_frames, labels):
    """Every way to write the labels with one blank a frame, the last one a blank."""
    places = range(n_frames - 1 + len(labels))
    for chosen in itertools.combinations(places, len(labels)):
        rest = iter(labels)
        yield [*(next(rest) if p in chosen else BLANK for p in places), BLANK]


def by_brute_force(log_probs, labels):
    """-log of the sum over all alignments, step by step; and the best of them."""
    found = []
    for alignment in alignments(len(log_probs), labels):
        p, t, u = 1.0, 0, 0
        for step in alignment:
            p *= math.exp(log_probs[t][u][step])
            t, u = (t + 1, u) if step == BLANK else (t, u + 1)
        found.append(p)
    return -math.log(sum(found)), max(found)


# --- The loss


@shapes
def test_loss_is_the_sum_over_all_alignments(seed, n_frames, n_labels):
    log_probs, labels = random_case(seed, n_frames, n_labels)
    rows = zip(
        loss_of(log_probs, labels), log_probs.tolist(), labels.tolist(), strict=True
    )
    for ours, table, text in rows:
        wanted, _ = by_brute_force(table, text)
        assert ours.item() == pytest.approx(wanted, rel=1e-12)


def test_loss_equals_what_other_implementations_agree_on():
    # The example of torchaudio's documentation of rnnt_loss; the loss and its gradient
    # as the tests of HawkAaron/warp-transducer (small_test) and NVIDIA/NeMo have them.
    low, high = [0.1, 0.6, 0.1, 0.1, 0.1], [0.1, 0.1, 0.2, 0.1, 0.1]
    first = [low, [0.1, 0.1, 0.6, 0.1, 0.1], [0.1, 0.1, 0.2, 0.8, 0.1]]
    second = [low, high, [0.7, 0.1, 0.2, 0.1, 0.1]]
    logits = torch.tensor([[first, second]], requires_grad=True)
    loss = loss_of(logits.log_softmax(-1), torch.tensor([[1, 2]]))
    assert loss.item() == pytest.approx(4.495666, abs=1e-6)
    (slope,) = torch.autograd.grad(loss.sum(), logits)
    published = torch.tensor(
        [
            [
                [-0.13116688, -0.3999269, 0.17703125, 0.17703125, 0.17703125],
                [-0.18572757, 0.12247056, -0.18168412, 0.12247056, 0.12247056],
                [-0.32091254, 0.06269141, 0.06928472, 0.12624499, 0.06269141],
            ],
            [
                [0.05456069, -0.21824276, 0.05456069, 0.05456069, 0.05456069],
                [0.12073959, 0.12073959, -0.48295835, 0.12073959, 0.12073959],
                [-0.6925882, 0.16871116, 0.18645467, 0.16871116, 0.16871116],
            ],
        ]
    )
    close(slope[0], published, 1e-6)


@shapes
def test_forward_and_backward_variables_go_through_every_diagonal(seed, t, u):
    # Section 2.5 of the paper: each path crosses each diagonal t + u = n once.
    blank, label = steps(*random_case(seed, t, u))
    for pair in ((blank, label), (1e4 * blank, 1e4 * label)):  # however unlikely
        torch.testing.assert_close(by_diagonals(*pair), forward_variables(*pair))
    alpha, beta = forward_variables(blank, label), backward_variables(blank, label)
    close(beta[:, 0, 0], (alpha + blank)[:, -1, -1])
    through = alpha + beta
    for n in range(t + u):
        nodes = [through[:, i, n - i] for i in range(t) if 0 <= n - i <= u]
        close(torch.stack(nodes).logsumexp(0), beta[:, 0, 0])


@shapes
def test_gradient_is_autograds_by_either_recursion(seed, n_frames, n_labels):
    pair = [x.requires_grad_() for x in steps(*random_case(seed, n_frames, n_labels))]
    ours = gradient(*(x.detach() for x in pair))
    for recursion in (forward_variables, by_diagonals):
        loss = -(recursion(*pair) + pair[0])[:, -1, -1]
        theirs = torch.autograd.grad(loss.sum(), pair, materialize_grads=True)
        close(ours, theirs)


@DIGITS
def test_loss_of_a_long_input_neither_underflows_nor_loses_digits(dtype, tolerance):
    # At every node a blank 0.7, a label 0.1: the answer has a closed form.
    chances = torch.tensor([0.7, 0.1, 0.1, 0.1], dtype=dtype)
    log_probs = chances.log().expand(1, 1000, 41, -1).clone().requires_grad_()
    paths = math.lgamma(1040) - math.lgamma(41) - math.lgamma(1000)
    answer = -(paths + 1000 * math.log(0.7) + 40 * math.log(0.1))
    loss = loss_of(log_probs, torch.ones(1, 40, dtype=torch.long))
    assert loss.item() == pytest.approx(answer, rel=tolerance)
    (slope,) = torch.autograd.grad(loss.sum(), log_probs)
    # Each path takes one blank a frame, and each label once.
    assert slope[..., BLANK].sum().item() == pytest.approx(-1000, rel=1e-4)
    assert slope[..., 1].sum().item() == pytest.approx(-40, rel=1e-4)


def test_loss_takes_what_is_longer_than_its_length_for_padding():
    log_probs, labels = random_case(0, 6, 4, batch=3)
    log_probs.requires_grad_()
    lengths = [(6, 4), (3, 2), (1, 0)]
    together = transducer_loss(log_probs, labels, *torch.tensor(lengths).T)
    (slope,) = torch.autograd.grad(together.sum(), log_probs)
    for row, (t, u) in enumerate(lengths):
        alone, _ = by_brute_force(log_probs[row].tolist()[:t], labels[row, :u].tolist())
        assert together[row].item() == pytest.approx(alone, rel=1e-12)
        assert slope[row, t:].eq(0).all() and slope[row, :, u + 1 :].eq(0).all()


@pytest.mark.parametrize(
    "wrong",
    [{"n_frames": 0}, {"n_frames": 6}, {"n_labels": -1}, {"n_labels": 4}],
    ids=str,
)
def test_loss_refuses_a_length_for_which_there_is_no_room(wrong):
    log_probs, labels = random_case(0, 5, 3)
    given = {"n_frames": 5, "n_labels": 3}
    lengths = {name: torch.tensor([n, wrong.get(name, n)]) for name, n in given.items()}
    with pytest.raises(ValueError, match="give 1 to 5 frames, 0 to 3 labels"):
        transducer_loss(log_probs, labels, **lengths)


# --- The model


def transducer(kind=Transducer):
    torch.manual_seed(0)
    return kind(d_frame=5, vocab_size=3, d_model=8).double()


def frames_for(seed, n_frames=3):
    random = torch.Generator().manual_seed(seed)
    return torch.randn(1, n_frames, 5, generator=random, dtype=torch.float64)


def test_forward_of_one_recording_is_a_batch_of_one(unchecked):
    # As many frames as places to write at: no size tells the two axes apart.
    model, frames, labels = transducer(), frames_for(4, 4), torch.tensor([[2, 1, 3]])
    torch.testing.assert_close(model(frames[0], labels[0]), model(frames, labels)[0])


def is_the_equations(kind):
    """The joint network is one layer over a tanh, and a label is guessed, then read."""
    model, frames, labels = transducer(kind), frames_for(0, 4), (2, 1, 3, 3)
    table, score = model(frames, torch.tensor([labels]))[0], model.scorer(frames[0])
    transcription, _ = unroll(model.encoder, frames[0])
    read = model.embedding(torch.tensor([BLANK, *labels]))
    prediction, _ = unroll(model.predictor, read)
    for t, u in itertools.product(range(4), range(5)):
        wanted = model.joint(torch.tanh(transcription[t] + prediction[u]))
        close(table[t, u], wanted.log_softmax(-1))
        close(score(t, labels[:u]), table[t, u])


def test_forward_and_scorer_are_the_equations():
    is_the_equations(Transducer)


class Peeking(Transducer):
    """The labels are not moved on by one: each is read before it is guessed."""

    def forward(self, frames, labels):
        transcription = self.transcribe(frames)[:, :, None]
        vectors = self.embedding(F.pad(labels, (0, 1)))
        prediction, _ = fused_lstm(self.predictor, vectors)
        return self.join(transcription, prediction[:, None])


def test_forward_that_reads_the_answer_is_noticed():
    with pytest.raises(AssertionError):
        is_the_equations(Peeking)


# --- Search


def table_of(seed):
    """What comes next, at random, for every frame and every beginning."""

    def score(t, labels):
        random = torch.Generator().manual_seed(hash((seed, t, labels)) % 2**63)
        return torch.randn(3, generator=random, dtype=torch.float64).log_softmax(-1)

    return score


def all_outputs(score, n_frames, max_labels):
    """The probability of every output, by trying every count of labels a frame."""
    found = {}
    for counts in itertools.product(range(max_labels + 1), repeat=n_frames):
        for text in itertools.product((1, 2), repeat=sum(counts)):
            p, u = 1.0, 0
            for t, count in enumerate(counts):
                for _ in range(count):
                    p *= score(t, text[:u])[text[u]].exp().item()
                    u += 1
                p *= score(t, text[:u])[BLANK].exp().item()
            found[text] = found.get(text, 0.0) + p
    return found


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("n_frames", "max_labels"), [(1, 3), (2, 2), (3, 1)])
def test_beam_that_is_wide_finds_every_output(seed, n_frames, max_labels):
    score = table_of(seed)
    exact = all_outputs(score, n_frames, max_labels)
    found = dict(beam_search(score, n_frames, 1000, max_labels))
    assert found.keys() == exact.keys()
    for text, log_p in found.items():
        assert math.exp(log_p) == pytest.approx(exact[text], rel=1e-9)
    best = next(iter(found))
    assert exact[best] == max(exact.values())
    narrow = beam_search(score, n_frames, 1, max_labels)[0][0]
    assert exact[narrow] <= exact[best]


@pytest.mark.parametrize("width", [1, 2, 5])
def test_beam_asks_and_gives_no_more_than_its_width(width):
    asked = []

    def score(t, labels):
        asked.append((t, len(labels)))
        return torch.tensor([0.4, 0.3, 0.2, 0.1]).log()

    assert len(beam_search(score, 3, width, max_labels=2)) <= width
    assert len(asked) <= 3 * 3 * width


def test_beam_gives_the_probabilities_of_the_loss():
    model, frames = transducer(), frames_for(3, 2)
    found = beam_search(model.scorer(frames[0]), 2, width=1000, max_labels=2)
    short = [(text, log_p) for text, log_p in found if len(text) <= 2]
    assert len(short) == 1 + 3 + 9
    for text, log_p in short:
        labels = torch.tensor([text], dtype=torch.long)
        loss = loss_of(model(frames, labels), labels)
        assert -log_p == pytest.approx(loss.item(), rel=1e-9)


def test_greedy_takes_the_likeliest_step_and_can_miss_the_likeliest_output():
    # Greedy writes 1, whose own probability is 0.4 × 0.34; 2 has 0.3 × 0.9, and no
    # label at all 0.3.
    chances = {(): [0.3, 0.4, 0.3], (1,): [0.34, 0.33, 0.33]}

    def score(t, labels):
        return torch.tensor(chances.get(labels, [0.9, 0.05, 0.05])).log()

    assert greedy(score, 1) == (1,)
    assert [labels for labels, _ in beam_search(score, 1, width=4)[:2]] == [(), (2,)]


def test_greedy_does_not_write_for_ever():
    assert greedy(lambda t, y: torch.tensor([0.1, 0.9]).log(), 2, 3) == (1,) * 6


@pytest.mark.parametrize("width", [0, -1])
def test_beam_without_width_is_refused(width):
    with pytest.raises(ValueError, match=f"width {width}: a beam needs 1 or more"):
        beam_search(table_of(0), 2, width)


# --- The task, and what is learned from it


def runs(truth):
    """The words of the frames, each with its count of frames."""
    return [(word, len(list(same))) for word, same in itertools.groupby(truth)]


@given(st.lists(st.integers(1, 6), min_size=1, max_size=8), st.integers(0, 10**6))
def test_speak_keeps_the_text_and_the_truth(text, seed):
    table = sounds(6, 4, seed=0)
    said = speak([text, [1]], table, noise=0.0, seed=seed)
    held = [run for run in runs(said.truth[0].tolist()) if run[0] != SILENCE]
    assert [word for word, _ in held] == text
    assert all(1 <= count <= LONGEST for _, count in held)
    assert said.frames[0].equal(table[said.truth[0]])
    assert said.n_frames[0] >= len(text) == said.n_labels[0]


def test_speak_makes_another_recording_with_another_seed():
    table = sounds(6, 4, seed=0)
    once, twice, other = (
        speak([[1, 2, 3]] * 50, table, 0.1, seed) for seed in (0, 0, 1)
    )
    assert once.frames.equal(twice.frames)
    assert once.truth.tolist() != other.truth.tolist()
    noise, others = (said.frames - table[said.truth] for said in (once, other))
    assert noise.std().item() == pytest.approx(0.1, rel=0.1)
    assert not noise[0, :3].allclose(others[0, :3], atol=1e-3)


def test_speak_draws_lengths_and_pauses():
    said = speak([[1, 2, 2]] * 200, sounds(6, 4, seed=0), noise=0.0, seed=0)
    rows = [runs(row) for row in said.truth.tolist()]
    counts = {(word == SILENCE, n) for row in rows for word, n in row}
    held, pauses = itertools.product([False], range(1, 5)), [(True, 1), (True, 2)]
    assert {*held, *pauses} <= counts
    # Half of all pauses are none.
    without = sum("1, 2" in str([word for word, _ in row]) for row in rows)
    assert 60 < without < 140


@pytest.mark.parametrize("seed", [1, 2**63 - 1, 1000 * 2**63 + 7])
def test_sounds_have_the_length_one_and_silence_none_with_any_seed(seed):
    table = sounds(6, 4, seed)
    assert table[SILENCE].eq(0).all()
    torch.testing.assert_close(table[1:].norm(dim=-1), torch.ones(6))
    assert not table.equal(sounds(6, 4, seed - 1))
    assert speak([[1, 2]], table, noise=0.1, seed=seed).frames.isfinite().all()
