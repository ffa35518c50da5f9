"""Why the transducer can be believed."""

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from snippets.demos import rnn_transducer as shown
from snippets.lab.scores import edit_distance
from snippets.recurrence.lattice import backward_variables, by_diagonals, gradient
from snippets.recurrence.recurrent_networks import fused_lstm
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


def random_case(seed, n_frames, n_labels, batch=2, dtype=torch.float64):
    """Log-probabilities at every node, and labels."""
    random = torch.Generator().manual_seed(seed)
    shape = (batch, n_frames, n_labels + 1, CHOICES)
    logits = 2 * torch.randn(shape, generator=random, dtype=dtype)
    labels = torch.randint(1, CHOICES, (batch, n_labels), generator=random)
    return logits.log_softmax(-1), labels


def lengths(log_probs):
    batch, n_frames, n_written, _ = log_probs.shape
    return torch.full((batch,), n_frames), torch.full((batch,), n_written - 1)


def alignments(n_frames, labels):
    """Every way to write the labels with one blank a frame, the last one a blank."""
    places = range(n_frames - 1 + len(labels))
    for chosen in itertools.combinations(places, len(labels)):
        rest = iter(labels)
        yield [*(next(rest) if p in chosen else BLANK for p in places), BLANK]


def by_brute_force(log_probs, labels):
    """The sum over all alignments, in plain probabilities, one step at a time."""
    total = 0.0
    for alignment in alignments(len(log_probs), labels):
        p, t, u = 1.0, 0, 0
        for step in alignment:
            p *= math.exp(log_probs[t][u][step])
            t, u = (t + 1, u) if step == BLANK else (t, u + 1)
        total += p
    return -math.log(total)


shapes = given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(0, 4))


@shapes
def test_the_loss_is_the_sum_over_all_alignments(seed, n_frames, n_labels):
    log_probs, labels = random_case(seed, n_frames, n_labels)
    loss = transducer_loss(log_probs, labels, *lengths(log_probs))
    for ours, table, text in zip(
        loss, log_probs.tolist(), labels.tolist(), strict=True
    ):
        assert ours.item() == pytest.approx(by_brute_force(table, text), rel=1e-12)


def test_equals_what_other_implementations_agree_on():
    # The example of torchaudio's documentation of rnnt_loss; the loss and its gradient
    # as the tests of HawkAaron/warp-transducer (small_test) and NVIDIA/NeMo have them.
    logits = torch.tensor([shown.PUBLISHED_LOGITS], requires_grad=True)
    labels = torch.tensor([shown.PUBLISHED_LABELS])
    log_probs = logits.log_softmax(-1)
    loss = transducer_loss(log_probs, labels, *lengths(log_probs))
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
    torch.testing.assert_close(slope[0], published, rtol=0, atol=1e-6)


@shapes
def test_backward_gives_what_forward_gives(seed, n_frames, n_labels):
    blank, label = steps(*random_case(seed, n_frames, n_labels))
    forward = (forward_variables(blank, label) + blank)[:, -1, -1]
    backward = backward_variables(blank, label)[:, 0, 0]
    torch.testing.assert_close(backward, forward, rtol=0, atol=1e-12)


@shapes
def test_every_diagonal_holds_all_of_the_probability(seed, n_frames, n_labels):
    # Section 2.5 of the paper: each path crosses each diagonal t + u = n once.
    blank, label = steps(*random_case(seed, n_frames, n_labels))
    alpha, beta = forward_variables(blank, label), backward_variables(blank, label)
    through = alpha + beta
    whole = beta[:, 0, 0]
    for n in range(n_frames + n_labels):
        nodes = [
            through[:, t, n - t] for t in range(n_frames) if 0 <= n - t <= n_labels
        ]
        here = torch.stack(nodes).logsumexp(0)
        torch.testing.assert_close(here, whole, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float32, 1e-4), (torch.float64, 1e-12)]
)
@shapes
def test_the_fast_path_is_the_formula(dtype, tolerance, seed, n_frames, n_labels):
    blank, label = steps(*random_case(seed, n_frames, n_labels, dtype=dtype))
    torch.testing.assert_close(
        by_diagonals(blank, label),
        forward_variables(blank, label),
        rtol=0,
        atol=tolerance,
    )


def test_however_unlikely_all_is_the_fast_path_is_the_formula():
    blank, label = (1e4 * x for x in steps(*random_case(0, 5, 3)))
    wanted = forward_variables(blank, label)
    assert wanted[:, -1, -1].lt(-1e4).all()
    torch.testing.assert_close(by_diagonals(blank, label), wanted)


@pytest.mark.parametrize("recursion", [forward_variables, by_diagonals])
@shapes
def test_the_closed_gradient_is_autograds(recursion, seed, n_frames, n_labels):
    pair = [x.requires_grad_() for x in steps(*random_case(seed, n_frames, n_labels))]
    loss = -(recursion(*pair) + pair[0])[:, -1, -1]
    # Without labels nothing but blanks is on the way.
    theirs = torch.autograd.grad(loss.sum(), pair, allow_unused=n_labels == 0)
    ours = gradient(*(x.detach() for x in pair))
    for our, their in zip(ours, theirs, strict=True):
        if their is None:
            assert our.numel() == 0
        else:
            torch.testing.assert_close(our, their, rtol=0, atol=1e-12)


def constant(n_frames, n_labels, dtype):
    """At every node a blank 0.7, a label 0.1; and the answer in closed form."""
    chances = torch.tensor([0.7, 0.1, 0.1, 0.1], dtype=dtype)
    log_probs = chances.log().expand(1, n_frames, n_labels + 1, -1)
    paths = math.lgamma(n_frames + n_labels)
    paths -= math.lgamma(n_labels + 1) + math.lgamma(n_frames)
    answer = paths + n_frames * math.log(0.7) + n_labels * math.log(0.1)
    return log_probs, torch.ones(1, n_labels, dtype=torch.long), -answer


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float32, 1e-4), (torch.float64, 1e-11)]
)
def test_a_long_input_neither_underflows_nor_loses_digits(dtype, tolerance):
    log_probs, labels, answer = constant(1000, 40, dtype)
    log_probs = log_probs.clone().requires_grad_()
    loss = transducer_loss(log_probs, labels, *lengths(log_probs))
    assert loss.item() == pytest.approx(answer, rel=tolerance)
    # In plain numbers of float32 nothing would be left.
    assert torch.tensor(-answer).exp() == 0.0
    (slope,) = torch.autograd.grad(loss.sum(), log_probs)
    # Each path takes one blank a frame, and each label once.
    assert slope[..., BLANK].sum().item() == pytest.approx(-1000, rel=1e-4)
    assert slope[..., 1].sum().item() == pytest.approx(-40, rel=1e-4)


def test_what_is_longer_than_its_length_is_padding():
    log_probs, labels = random_case(0, 6, 4, batch=3)
    log_probs.requires_grad_()
    n_frames, n_labels = torch.tensor([6, 3, 1]), torch.tensor([4, 2, 0])
    together = transducer_loss(log_probs, labels, n_frames, n_labels)
    (slope,) = torch.autograd.grad(together.sum(), log_probs)
    for row, (t, u) in enumerate(
        zip(n_frames.tolist(), n_labels.tolist(), strict=True)
    ):
        alone = by_brute_force(log_probs[row].tolist()[:t], labels[row, :u].tolist())
        assert together[row].item() == pytest.approx(alone, rel=1e-12)
        assert slope[row, t:].eq(0).all() and slope[row, :, u + 1 :].eq(0).all()


def test_all_outputs_together_have_a_probability_of_one():
    # Two frames, a blank 0.8: outputs of nine labels or more are rarer than 1e-4.
    log_probs = torch.tensor([0.8, 0.15, 0.05]).double().log()
    total = 0.0
    for n_labels in range(9):
        texts = list(itertools.product((1, 2), repeat=n_labels))
        labels = torch.tensor(texts, dtype=torch.long).reshape(len(texts), n_labels)
        table = log_probs.expand(len(texts), 2, n_labels + 1, 3)
        loss = transducer_loss(table, labels, *lengths(table))
        total += loss.neg().exp().sum().item()
    assert 1 - 1e-4 < total < 1


def test_more_labels_than_frames_are_possible_unlike_ctc():
    log_probs, labels = random_case(0, 2, 4, batch=1)
    ours = transducer_loss(log_probs, labels, *lengths(log_probs))
    ctc = F.ctc_loss(
        log_probs[:, :, 0].transpose(0, 1), labels, *lengths(log_probs), blank=BLANK
    )
    assert ours.isfinite().all() and ctc.isinf()


@pytest.mark.parametrize("name", ["n_frames", "n_labels"])
@pytest.mark.parametrize("beyond", [-1, 1])
def test_a_length_for_which_there_is_no_room_is_refused(name, beyond):
    log_probs, labels = random_case(0, 5, 3)
    least, most = {"n_frames": (1, 5), "n_labels": (0, 3)}[name]
    given = dict(zip(("n_frames", "n_labels"), lengths(log_probs), strict=True))
    given[name] = torch.tensor([least, least - 1 if beyond < 0 else most + 1])
    with pytest.raises(ValueError, match="give 1 to 5 frames, 0 to 3 labels"):
        transducer_loss(log_probs, labels, **given)


# --- The model


@pytest.fixture
def model():
    torch.manual_seed(0)
    return Transducer(d_frame=5, vocab_size=3, d_model=8).double()


def frames_for(seed, n_frames=3, batch=1):
    random = torch.Generator().manual_seed(seed)
    return torch.randn(batch, n_frames, 5, generator=random, dtype=torch.float64)


def test_the_two_meet_in_one_layer_over_a_tanh(model):
    heard, said = torch.randn(2, 4, 8, dtype=torch.float64)
    logits = F.linear(torch.tanh(heard + said), model.joint.weight, model.joint.bias)
    torch.testing.assert_close(model.meet(heard, said), logits.log_softmax(-1))


def test_the_scorer_says_what_the_whole_table_says(model):
    frames, labels = frames_for(0, 4), torch.tensor([[2, 1, 3, 3]])
    table = model(frames, labels)[0]
    score = model.scorer(frames[0])
    for t, u in itertools.product(range(4), range(5)):
        ours = score(t, tuple(labels[0, :u].tolist()))
        torch.testing.assert_close(ours, table[t, u], rtol=0, atol=1e-12)


def test_one_recording_alone_is_a_batch_of_one(model, unchecked):
    # As many frames as places to write at: no size tells the two axes apart.
    frames, labels = frames_for(4, 4), torch.tensor([[2, 1, 3]])
    torch.testing.assert_close(model(frames[0], labels[0]), model(frames, labels)[0])


def test_a_label_is_guessed_before_it_is_read(model):
    frames, labels = frames_for(1), torch.tensor([[2, 1, 3]])
    before = model(frames, labels)
    for place in range(3):
        other = labels.clone()
        other[0, place] = labels[0, place] % 3 + 1
        after = model(frames, other)
        assert after[:, :, : place + 1].equal(before[:, :, : place + 1])
        assert (after - before)[:, :, place + 1 :].abs().amin() > 1e-6


def test_a_frame_is_used_as_soon_as_it_is_heard_and_not_before(model):
    frames, labels = frames_for(2, 4), torch.tensor([[2, 1]])
    before = model(frames, labels)
    changed = frames.clone()
    changed[:, 2] += 1
    after = model(changed, labels)
    assert after[:, :2].equal(before[:, :2])
    assert (after - before)[:, 2:].abs().amax(-1).min() > 1e-6


# --- Search


def table_of(seed):
    """What comes next, at random, for every frame and every beginning."""

    def score(t, labels):
        random = torch.Generator().manual_seed(hash((seed, t, labels)) % 2**63)
        return torch.randn(3, generator=random, dtype=torch.float64).log_softmax(-1)

    return score


def all_outputs(score, n_frames, most):
    """The probability of every output, by trying every count of labels a frame."""
    found = {}
    for counts in itertools.product(range(most + 1), repeat=n_frames):
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
@pytest.mark.parametrize(("n_frames", "most"), [(1, 3), (2, 2), (3, 1)])
def test_a_wide_beam_finds_every_output_with_its_probability(seed, n_frames, most):
    score = table_of(seed)
    exact = all_outputs(score, n_frames, most)
    found = dict(beam_search(score, n_frames, width=1000, most=most))
    assert found.keys() == exact.keys()
    for text, log_p in found.items():
        assert math.exp(log_p) == pytest.approx(exact[text], rel=1e-9)
    best = next(iter(found))
    assert exact[best] == max(exact.values())


@pytest.mark.parametrize("seed", range(5))
def test_a_wider_beam_is_never_worse(seed):
    score = table_of(seed)
    exact = all_outputs(score, 2, 2)
    best = [exact[beam_search(score, 2, width, most=2)[0][0]] for width in (1, 1000)]
    assert best[0] <= best[1] == max(exact.values())


@pytest.mark.parametrize("width", [1, 2, 5])
def test_a_beam_asks_and_gives_no_more_than_its_width(width):
    asked = []

    def score(t, labels):
        asked.append((t, len(labels)))
        return torch.tensor([0.4, 0.3, 0.2, 0.1]).log()

    assert len(beam_search(score, 3, width, most=2)) <= width
    assert len(asked) <= 3 * 3 * width


def test_the_beams_probabilities_are_the_losses(model):
    frames = frames_for(3, 2)
    found = beam_search(model.scorer(frames[0]), 2, width=1000, most=3)
    short = [(text, log_p) for text, log_p in found if len(text) <= 3]
    assert len(short) == 1 + 3 + 9 + 27
    for text, log_p in short:
        labels = torch.tensor([text], dtype=torch.long)
        log_probs = model(frames, labels)
        loss = transducer_loss(log_probs, labels, *lengths(log_probs))
        assert -log_p == pytest.approx(loss.item(), rel=1e-9)


@given(st.integers(0, 2**32 - 1), st.integers(1, 3))
def test_where_every_step_is_clear_a_beam_of_one_is_greedy(seed, n_frames):
    # Clear: 0.9 for one choice. A beam of one may stop a frame early or late, and pays
    # a step of at most 0.1 for it; greedy's own way costs 0.9 a step, 0.9^7 at most.
    def score(t, labels):
        random = torch.Generator().manual_seed(hash((seed, t, labels)) % 2**63)
        best = int(torch.randint(3, (1,), generator=random))
        if len(labels) >= 2 * (t + 1):
            best = BLANK
        return torch.full((3,), 0.05).index_fill(0, torch.tensor(best), 0.9).log()

    ours = greedy(score, n_frames, most=8)
    assert beam_search(score, n_frames, width=1, most=8)[0][0] == ours


def test_greedy_takes_the_likeliest_step_and_can_miss_the_likeliest_output():
    # One frame. The blank wins at once, and with it the empty output.
    chances = {(): [0.4, 0.35, 0.25], (1,): [0.98, 0.01, 0.01]}

    def score(t, labels):
        return torch.tensor(chances.get(labels, [0.9, 0.05, 0.05])).log()

    assert greedy(score, 1) == ()
    chances[()] = [0.3, 0.4, 0.3]
    chances[(1,)] = [0.34, 0.33, 0.33]
    # Now greedy writes 1, whose own probability is 0.4 × 0.34; 2 has 0.3 × 0.9.
    assert greedy(score, 1) == (1,)
    assert beam_search(score, 1, width=4)[0][0] == ()
    assert beam_search(score, 1, width=4)[1][0] == (2,)


def test_greedy_does_not_write_for_ever():
    def score(t, labels):
        return torch.tensor([0.1, 0.9]).log()

    assert greedy(score, 2, most=3) == (1,) * 6


@pytest.mark.parametrize("width", [0, -1])
def test_a_beam_without_width_is_refused(width):
    with pytest.raises(ValueError, match=f"width {width}: a beam needs 1 or more"):
        beam_search(table_of(0), 2, width)


# --- The task, and what is learned from it


@given(st.lists(st.integers(1, 6), min_size=1, max_size=8), st.integers(0, 10**6))
def test_the_hidden_truth_spells_the_text(text, seed):
    said = speak([text, [1]], sounds(6, 4, seed=0), noise=0.0, seed=seed)
    truth = said.truth[0].tolist()
    runs = [(word, len(list(same))) for word, same in itertools.groupby(truth)]
    held = [(word, count) for word, count in runs if word != SILENCE]
    assert [word for word, _ in held] == text
    assert all(1 <= count <= LONGEST for _, count in held)
    assert said.frames[0].equal(sounds(6, 4, seed=0)[said.truth[0]])
    assert said.n_frames[0] >= len(text) == said.n_labels[0]


def test_any_seed_gives_sounds_and_speech():
    # The largest that the command line takes, and what a demo makes of it.
    for seed in (2**63 - 1, 1000 * 2**63 + 7):
        said = speak([[1, 2]], sounds(6, 4, seed), noise=0.1, seed=seed)
        assert said.frames.isfinite().all()
        other = speak([[1, 2]], sounds(6, 4, seed - 1), noise=0.1, seed=seed - 1)
        assert not said.frames[:, :2].equal(other.frames[:, :2])


def test_a_sound_has_the_length_one_and_silence_none():
    table = sounds(6, 4, seed=1)
    assert table[SILENCE].eq(0).all()
    torch.testing.assert_close(table[1:].norm(dim=-1), torch.ones(6))


def test_saying_it_again_is_another_recording():
    table = sounds(6, 4, seed=0)
    once, twice, other = (
        speak([[1, 2, 3]] * 50, table, 0.1, seed) for seed in (0, 0, 1)
    )
    assert once.frames.equal(twice.frames)
    assert once.truth.tolist() != other.truth.tolist()
    noise, others = (said.frames - table[said.truth] for said in (once, other))
    assert noise.std().item() == pytest.approx(0.1, rel=0.1)
    assert not noise[0, :3].allclose(others[0, :3], atol=1e-3)


def test_words_sound_for_one_to_four_frames_and_often_meet_without_a_pause():
    said = speak([[1, 2, 2]] * 200, sounds(6, 4, seed=0), noise=0.0, seed=0)
    rows = [
        [(word, len(list(same))) for word, same in itertools.groupby(row)]
        for row in said.truth.tolist()
    ]
    held = {count for row in rows for word, count in row if word != SILENCE}
    assert held == {1, 2, 3, 4}
    texts = [[word for word, _ in row] for row in rows]
    meet = sum((1, 2) in itertools.pairwise(text) for text in texts)
    assert 60 < meet < 140  # half of all pauses are none
    assert {count * (word == SILENCE) for (word, count), *_ in rows} == {0, 1, 2}


def slow_edits(ours, wanted):
    if not ours or not wanted:
        return len(ours) + len(wanted)
    return min(
        slow_edits(ours[1:], wanted) + 1,
        slow_edits(ours, wanted[1:]) + 1,
        slow_edits(ours[1:], wanted[1:]) + (ours[0] != wanted[0]),
    )


@settings(max_examples=50)
@given(st.lists(st.integers(1, 3), max_size=5), st.lists(st.integers(1, 3), max_size=5))
def test_edits_are_the_fewest(ours, wanted):
    assert edit_distance(ours, wanted) == slow_edits(ours, wanted)


@pytest.mark.parametrize("seed", range(3))
def test_it_learns_to_write_what_was_said_without_being_told_when(seed):
    table = sounds(3, 5, seed=seed)
    texts = [[1, 2, 3], [3, 3, 1], [2], [1, 3, 2, 1]]
    torch.manual_seed(seed)
    model = Transducer(d_frame=5, vocab_size=3, d_model=24)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for step in range(80):
        said = speak(texts, table, noise=0.05, seed=step)
        table_now = model(said.frames, said.labels)
        loss = transducer_loss(table_now, said.labels, said.n_frames, said.n_labels)
        optimizer.zero_grad()
        loss.mean().backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    said = speak(texts, table, noise=0.05, seed=1000)
    with torch.no_grad():
        wrong = sum(
            edit_distance(greedy(model.scorer(frames[:count]), count), text)
            for frames, count, text in zip(
                said.frames, said.n_frames.tolist(), texts, strict=True
            )
        )
    assert wrong <= 2  # of 11


# --- A fault that runs


def test_a_predictor_that_reads_the_answer_is_seen():
    class Peeking(Transducer):
        """The labels are not moved on by one: each is read before it is guessed."""

        def forward(self, frames, labels):
            heard = self.hear(frames)[:, :, None]
            vectors = self.embedding(F.pad(labels, (0, 1)))
            said, _ = fused_lstm(self.predictor, vectors)
            return self.meet(heard, said[:, None])

    torch.manual_seed(0)
    peeking = Peeking(d_frame=5, vocab_size=3, d_model=8).double()
    with pytest.raises(AssertionError):
        test_a_label_is_guessed_before_it_is_read(peeking)
    frames = frames_for(0)
    table = peeking(frames, torch.tensor([[2, 1, 3]]))[0, 0, 0]
    assert not table.allclose(peeking.scorer(frames[0])(0, ()))


# --- What the page says


def test_the_example_by_hand_is_right():
    hand = shown.by_hand()
    assert hand["total"].item() == pytest.approx(0.66042)
    assert sum(hand["paths"]) == pytest.approx(0.66042)
    assert len(hand["paths"]) == 6
    assert hand["best"] == pytest.approx(0.8 * 0.7 * 0.6 * 0.8 * 0.9)


def test_the_best_path_is_the_best_of_all():
    log_probs, labels = random_case(1, 4, 3, batch=1)
    blank, label = (x[0] for x in steps(log_probs, labels))
    every = {
        tuple(path): shown.along(path, blank, label).item()
        for path in shown.paths(4, 3)
    }
    assert len(every) == math.comb(6, 3)
    path, log_p = shown.best_path(blank, label)
    assert log_p == pytest.approx(max(every.values()))
    assert every[tuple(path)] == max(every.values())


def test_a_word_is_prompt_where_it_is_written_as_it_begins_to_sound():
    # Words sound from frame 0, 2 and 3; the second is written a frame late.
    truth = [1, 0, 2, 3]
    late = [(0, 0), (0, 1), (1, 1), (2, 1), (3, 1), (3, 2), (3, 3)]
    assert shown.prompt(late, truth) == 2
    on_time = [(0, 0), (0, 1), (1, 1), (2, 1), (2, 2), (3, 2), (3, 3)]
    assert shown.prompt(on_time, truth) == 3
