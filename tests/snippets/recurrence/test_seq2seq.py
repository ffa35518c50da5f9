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


def a_batch():
    random = torch.Generator().manual_seed(1)

    def ids(least, most, length):
        return torch.randint(least, most, (length,), generator=random).tolist()

    source = [ids(PAD + 1, SOURCE_SIZE, length) for length in LENGTHS]
    target = [ids(END + 1, TARGET_SIZE, length) for length in reversed(LENGTHS)]
    return Batch(*pad(source), *pad([[BEGIN, *row, END] for row in target]))


def library_lstm(cell):
    """PyTorch's own LSTM with the weights of a cell of ours."""
    width = cell.input.in_features
    lstm = nn.LSTM(width, cell.d_hidden, batch_first=True).to(cell.input.weight.dtype)
    lstm.load_state_dict(
        {
            "weight_ih_l0": cell.input.weight,
            "weight_hh_l0": cell.recurrent.weight,
            "bias_ih_l0": cell.input.bias,
            "bias_hh_l0": cell.recurrent.bias,
        }
    )
    return lstm


def close(ours, theirs, tolerance=1e-14):
    torch.testing.assert_close(ours, theirs, rtol=0, atol=tolerance)


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_encoder_equals_a_packed_lstm_of_pytorch(dtype):
    encoder, batch = translator(dtype=dtype).encoder, a_batch()
    mask = batch.source_mask
    states, (hidden, cell) = encoder(batch.source, mask)
    x = F.embedding(batch.source, encoder.embedding.weight)
    packed = pack_padded_sequence(
        x, torch.tensor(LENGTHS), batch_first=True, enforce_sorted=False
    )
    theirs, (their_hidden, their_cell) = library_lstm(encoder.cell)(packed)
    their_states, _ = pad_packed_sequence(theirs, batch_first=True)
    close(states[mask], their_states[mask], TOLERANCE[dtype])
    close(hidden, their_hidden[0], TOLERANCE[dtype])
    close(cell, their_cell[0], TOLERANCE[dtype])


def test_seq2seq_equals_one_made_of_pytorchs_modules():
    model, batch = translator(), a_batch()
    x = F.embedding(batch.target, model.decoder.embedding.weight)
    for row, length in enumerate(LENGTHS):  # one by one: no padding at all
        source = batch.source[row, :length]
        read = F.embedding(source, model.encoder.embedding.weight)
        _, context = library_lstm(model.encoder.cell)(read)
        hidden, _ = library_lstm(model.decoder.cell)(x[row], context)
        output = model.decoder.output
        theirs = F.linear(hidden, output.weight, output.bias)
        close(model(batch.source, batch.target)[row], theirs)


def test_decoder_gives_a_context_to_the_cell_and_the_output():
    torch.manual_seed(0)
    decoder = Decoder(TARGET_SIZE, D_MODEL, D_HIDDEN, D_CONTEXT).double()
    state = tuple(torch.randn(2, 3, D_HIDDEN, dtype=torch.float64))
    context = torch.randn(3, D_CONTEXT, dtype=torch.float64)
    token = torch.tensor([1, 4, 6])
    logits, (hidden, cell) = decoder.step(token, state, context)
    x = torch.cat([decoder.embedding.weight[token], context], 1)
    start = tuple(part[None] for part in state)
    _, (their_hidden, their_cell) = library_lstm(decoder.cell)(x[:, None], start)
    close(hidden, their_hidden[0])
    close(cell, their_cell[0])
    close(logits, decoder.output(torch.cat([their_hidden[0], context], 1)))


def test_step_by_step_gives_the_logits_of_teacher_forcing():
    model, batch = translator(), a_batch()
    state = model.start(batch.source)
    logits = []
    for token in batch.target.T:
        step, state = model.step(token, state)
        logits.append(step)
    close(torch.stack(logits, 1), model(batch.source, batch.target))


def test_translation_loss_is_pytorchs():
    model, batch = translator(), a_batch()
    logits = model(batch.source, batch.target[:, :-1])
    theirs = F.cross_entropy(logits.mT, batch.target[:, 1:], ignore_index=PAD)
    close(translation_loss(model, batch), theirs)


def padding_changes_nothing(model):
    batch = a_batch()
    padded = Batch(*(F.pad(part, (0, 3), value=PAD) for part in vars(batch).values()))
    padded_state, state = (model.start(each.source) for each in (padded, batch))
    close(torch.stack(padded_state), torch.stack(state))
    close(translation_loss(model, padded), translation_loss(model, batch))
    assert greedy(model, padded.source, 6) == greedy(model, batch.source, 6)


def test_padding_changes_nothing():
    padding_changes_nothing(translator())


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
def test_padding_that_is_read_is_noticed(faulty):
    with pytest.raises(AssertionError):
        padding_changes_nothing(translator(kind=faulty))
