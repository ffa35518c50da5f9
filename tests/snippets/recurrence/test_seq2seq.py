"""Why `seq2seq` can be believed."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from snippets.corpora.batches import Batch
from snippets.corpora.translation import translation_loss
from snippets.recurrence.recurrent_networks import unroll
from snippets.recurrence.seq2seq import Decoder, Seq2Seq
from snippets.text.search import greedy
from snippets.text.vocabulary import BEGIN, END, PAD, pad

SOURCE_SIZE, TARGET_SIZE, D_MODEL, D_HIDDEN, D_CONTEXT = 9, 7, 6, 8, 5
LENGTHS = [5, 1, 3, 4]
TOLERANCE = {torch.float32: 1e-6, torch.float64: 1e-14}


def translator(seed=0, dtype=torch.float64, kind=Seq2Seq):
    torch.manual_seed(seed)
    return kind(SOURCE_SIZE, TARGET_SIZE, D_MODEL, D_HIDDEN).to(dtype)


def sources(seed=1):
    random = torch.Generator().manual_seed(seed)
    rows = [
        torch.randint(PAD + 1, SOURCE_SIZE, (length,), generator=random).tolist()
        for length in LENGTHS
    ]
    return pad(rows)


def targets(seed=2):
    random = torch.Generator().manual_seed(seed)
    rows = [
        torch.randint(END + 1, TARGET_SIZE, (length,), generator=random).tolist()
        for length in reversed(LENGTHS)
    ]
    return pad([[BEGIN, *row, END] for row in rows])


def a_batch():
    return Batch(*sources(), *targets())


def longer(ids, more=3):
    return F.pad(ids, (0, more), value=PAD)


def library_lstm(cell):
    """PyTorch's own LSTM with the weights of a cell of ours."""
    width = cell.input.in_features
    lstm = nn.LSTM(width, cell.d_hidden, batch_first=True).to(cell.input.weight.dtype)
    weights = cell.state_dict()
    lstm.load_state_dict(
        {
            "weight_ih_l0": weights["input.weight"],
            "weight_hh_l0": weights["recurrent.weight"],
            "bias_ih_l0": weights["input.bias"],
            "bias_hh_l0": weights["recurrent.bias"],
        }
    )
    return lstm


def close(ours, theirs, tolerance=1e-14):
    torch.testing.assert_close(ours, theirs, rtol=0, atol=tolerance)


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_the_encoder_equals_a_packed_lstm_of_pytorch(dtype):
    encoder = translator(dtype=dtype).encoder
    source, mask = sources()
    states, (hidden, cell) = encoder(source, mask)
    x = F.embedding(source, encoder.embedding.weight)
    packed = pack_padded_sequence(
        x, torch.tensor(LENGTHS), batch_first=True, enforce_sorted=False
    )
    theirs, (their_hidden, their_cell) = library_lstm(encoder.cell)(packed)
    their_states, _ = pad_packed_sequence(theirs, batch_first=True)
    close(states[mask], their_states[mask], TOLERANCE[dtype])
    close(hidden, their_hidden[0], TOLERANCE[dtype])
    close(cell, their_cell[0], TOLERANCE[dtype])


def test_the_encoder_is_our_own_loop_that_waits_at_padding():
    encoder = translator().encoder
    source, mask = sources()
    states, last = encoder(source, mask)
    our_states, our_last = unroll(encoder.cell, encoder.embedding(source), mask)
    close(states, our_states)
    close(torch.stack(last), torch.stack(our_last))


def test_the_whole_equals_one_made_of_pytorchs_modules():
    model, (source, _), (target, _) = translator(), sources(), targets()
    x = F.embedding(target, model.decoder.embedding.weight)
    for row, length in enumerate(LENGTHS):  # one by one: no padding at all
        read = F.embedding(source[row, :length], model.encoder.embedding.weight)
        _, neck = library_lstm(model.encoder.cell)(read)
        hidden, _ = library_lstm(model.decoder.cell)(x[row], neck)
        theirs = F.linear(
            hidden, model.decoder.output.weight, model.decoder.output.bias
        )
        close(model(source, target)[row], theirs)


def test_a_context_goes_into_the_cell_and_the_output():
    torch.manual_seed(0)
    decoder = Decoder(TARGET_SIZE, D_MODEL, D_HIDDEN, D_CONTEXT).double()
    cell = nn.LSTMCell(D_MODEL + D_CONTEXT, D_HIDDEN).double()
    lstm = library_lstm(decoder.cell).state_dict()
    cell.load_state_dict({name.removesuffix("_l0"): w for name, w in lstm.items()})
    state = tuple(torch.randn(2, 3, D_HIDDEN, dtype=torch.float64))
    context = torch.randn(3, D_CONTEXT, dtype=torch.float64)
    token = torch.tensor([1, 4, 6])
    logits, (hidden, memory) = decoder.step(token, state, context)
    x = torch.cat([decoder.embedding.weight[token], context], 1)
    their_hidden, their_memory = cell(x, state)
    close(hidden, their_hidden)
    close(memory, their_memory)
    close(logits, decoder.output(torch.cat([their_hidden, context], 1)))


def test_teacher_forcing_is_the_steps_one_after_the_other():
    model, (source, _), (target, _) = translator(), sources(), targets()
    state = model.start(source)
    logits = []
    for token in target.T:
        step, state = model.step(token, state)
        logits.append(step)
    close(torch.stack(logits, 1), model(source, target))


def test_the_loss_is_pytorchs():
    model, batch = translator(), a_batch()
    logits = model(batch.source, batch.target[:, :-1])
    theirs = F.cross_entropy(logits.mT, batch.target[:, 1:], ignore_index=PAD)
    close(translation_loss(model, batch), theirs)


def padding_changes_nothing(model):
    batch = a_batch()
    padded = Batch(
        *(longer(t) for t in (batch.source, batch.source_mask)),
        *(longer(t) for t in (batch.target, batch.target_mask)),
    )
    close(
        torch.stack(model.start(padded.source)), torch.stack(model.start(batch.source))
    )
    close(translation_loss(model, padded), translation_loss(model, batch))
    assert greedy(model, padded.source, 6) == greedy(model, batch.source, 6)


def test_padding_changes_nothing():
    padding_changes_nothing(translator())


def test_gradients_come_through_the_neck_to_every_word_read():
    model, (source, mask), (target, _) = translator(), sources(), targets()
    x = model.encoder.embedding(source).detach().requires_grad_()
    _, neck = unroll(model.encoder.cell, x, mask)
    model.decoder(target, neck).sum().backward()
    reached = x.grad.abs().amax(-1) > 0
    assert torch.equal(reached, mask)


class StateAfterThePadding(Seq2Seq):
    """The lengths are forgotten: the last state has read the padding too."""

    def start(self, source):
        return self.encoder(source)[1]


class EmbedsPaddingAsNothing(Seq2Seq):
    """Padding is zeros (`padding_idx`), and read all the same: biases act."""

    def start(self, source):
        x = self.encoder.embedding(source) * (source != PAD)[..., None]
        return unroll(self.encoder.cell, x)[1]


class LastColumn(Seq2Seq):
    """The hidden state of the last column, with a cell state of zeros."""

    def start(self, source):
        states, (_, cell) = self.encoder(source)
        return states[:, -1], torch.zeros_like(cell)


@pytest.mark.parametrize(
    "faulty", [StateAfterThePadding, EmbedsPaddingAsNothing, LastColumn]
)
def test_planted_faults_see_the_padding(faulty):
    with pytest.raises(AssertionError):
        padding_changes_nothing(translator(kind=faulty))


def test_a_few_pairs_can_be_learned_by_heart():
    # Three seeds: the mapping goes through the neck, and greedy search gets it out.
    for seed in range(3):
        model, batch = translator(seed, torch.float32), a_batch()
        optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
        for _ in range(60):
            optimizer.zero_grad()
            translation_loss(model, batch).backward()
            optimizer.step()
        wanted = [
            [i for i in row if i not in (PAD, BEGIN, END)]
            for row in batch.target.tolist()
        ]
        assert greedy(model, batch.source, 6) == wanted
