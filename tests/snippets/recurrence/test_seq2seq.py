"""Why `seq2seq` can be believed."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from snippets.corpora.batches import Batch
from snippets.corpora.translation import translation_loss
from snippets.demos.seq2seq import SLIP, ByHand, overlap, translated
from snippets.lab.scores import bleu
from snippets.recurrence.recurrent_networks import unroll
from snippets.recurrence.seq2seq import Decoder, Seq2Seq
from snippets.text.search import greedy
from snippets.text.vocabulary import BEGIN, END, PAD, pad
from tests.snippets.peers import recurrent_weights

SOURCE_SIZE, TARGET_SIZE, D_MODEL, D_HIDDEN, D_CONTEXT = 9, 7, 6, 8, 5
LENGTHS = [5, 1, 3, 4]


def translator(kind=Seq2Seq):
    torch.manual_seed(0)
    return kind(SOURCE_SIZE, TARGET_SIZE, D_MODEL, D_HIDDEN).double()


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
    lstm = nn.LSTM(width, cell.d_hidden, batch_first=True).double()
    lstm.load_state_dict(recurrent_weights(cell))
    return lstm


def close(ours, theirs):
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-14)


def equals_one_made_of_pytorchs_modules(kind):
    """Row by row, with no padding at all."""
    model, batch = translator(kind), a_batch()
    x = F.embedding(batch.target, model.decoder.embedding.weight)
    for row, length in enumerate(LENGTHS):
        source = batch.source[row, :length]
        read = F.embedding(source, model.encoder.embedding.weight)
        _, context = library_lstm(model.encoder.cell)(read)
        hidden, _ = library_lstm(model.decoder.cell)(x[row], context)
        output = model.decoder.output
        theirs = F.linear(hidden, output.weight, output.bias)
        close(model(batch.source, batch.target)[row], theirs)


def test_seq2seq_equals_one_made_of_pytorchs_modules():
    equals_one_made_of_pytorchs_modules(Seq2Seq)


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
        equals_one_made_of_pytorchs_modules(faulty)


def test_bleu_by_hand_is_sacrebleus():
    for wanted, written in (SLIP, SLIP[::-1], (SLIP[0], SLIP[0])):
        theirs = bleu([written.split()], [wanted.split()])
        assert overlap(wanted, written)["bleu"] == pytest.approx(theirs)


def test_translator_by_hand_is_teacher_forced_to_the_same_loss():
    steps = translated()["steps"]
    states = torch.tensor([[6.0, 4, 2], [0, 4, 2], [0, 0, 2], [0, 0, 0]])
    logits = torch.cat([states, torch.ones(4, 1)], 1)
    loss = F.cross_entropy(logits, torch.arange(4)).item()
    assert translated()["loss"] == pytest.approx(loss)
    assert [step["says"] for step in steps] == ["she", "fell", "today", "[end]"]
    (ids,) = greedy(ByHand(), torch.arange(3)[None], 9)
    assert ids == [END + 1, END + 2, END + 3]
