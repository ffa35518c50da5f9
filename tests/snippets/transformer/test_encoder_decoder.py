"""Why `encoder_decoder` can be believed."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from snippets.text.search import beam_search, greedy
from snippets.text.vocabulary import BEGIN, END, PAD
from snippets.transformer.encoder_decoder import EncoderDecoder
from snippets.transformer.parameters import SIZES, Size, parameters
from snippets.transformer.watching import watched
from tests.snippets.peers import count, from_torch, shaken

SIZE = Size(d_model=16, n_heads=4, d_ff=24, n_layers=2, vocab_size=13)
forms = pytest.mark.parametrize("pre_norm", [False, True], ids=["post", "pre"])


# What nn.Transformer says of itself, with pre-norm.
pytestmark = pytest.mark.filterwarnings("ignore:enable_nested_tensor")


def sentences(seed=0, batch=3, source=7, target=6):
    """Sources of three lengths, and targets that begin with BEGIN."""
    random = torch.Generator().manual_seed(seed)
    ids = torch.randint(4, SIZE.vocab_size, (batch, source), generator=random)
    for row in range(batch):
        ids[row, source - 2 * row :] = PAD
    written = torch.randint(4, SIZE.vocab_size, (batch, target), generator=random)
    written[:, 0] = BEGIN
    return ids, written


def model_of(pre_norm=True, seed=0, size=SIZE):
    torch.manual_seed(seed)
    return shaken(EncoderDecoder(size, pre_norm)).double().eval()


def inside(tensors, prefix):
    """Those whose names begin so, without that beginning."""
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }


def decoder_block(theirs):
    """The tensors of an nn.TransformerDecoderLayer under our names."""
    # An encoder's layer, whose second norm is that of feed-forward.
    plain = {name.replace("norm3", "norm2"): t for name, t in theirs.items()}
    ours = from_torch(plain)
    for kind in ("weight", "bias"):
        ours[f"cross_norm.{kind}"] = theirs[f"norm2.{kind}"]
        ours[f"cross.output.{kind}"] = theirs[f"multihead_attn.out_proj.{kind}"]
        three = theirs[f"multihead_attn.in_proj_{kind}"].chunk(3)
        for part, tensor in zip(("query", "key", "value"), three, strict=True):
            ours[f"cross.{part}.{kind}"] = tensor
    return ours


def transformer(theirs):
    """The tensors of an nn.Transformer under our names."""
    ours = {}
    for names, stack, blocks, norm in (
        (from_torch, "encoder", "encoder.blocks", "encoder.norm"),
        (decoder_block, "decoder", "decoder", "norm"),
    ):
        for n in range(SIZE.n_layers):
            block = names(inside(theirs, f"{stack}.layers.{n}."))
            ours |= {f"{blocks}.{n}.{name}": t for name, t in block.items()}
        last = inside(theirs, f"{stack}.norm.")
        ours |= {f"{norm}.{name}": t for name, t in last.items()}
    return ours


class Reference(nn.Module):
    """The translator around PyTorch's own, its one matrix used by name, three times."""

    def __init__(self, pre_norm):
        super().__init__()
        self.matrix = nn.Parameter(torch.randn(SIZE.vocab_size, SIZE.d_model))
        self.inner = nn.Transformer(
            SIZE.d_model, SIZE.n_heads, SIZE.n_layers, SIZE.n_layers, SIZE.d_ff,
            dropout=0, norm_first=pre_norm, batch_first=True,
        )  # fmt: skip
        if not pre_norm:  # the paper has no norm behind a stack
            self.inner.encoder.norm = self.inner.decoder.norm = None

    def embed(self, ids):
        x = F.embedding(ids, self.matrix) * math.sqrt(SIZE.d_model)
        waves = [
            [
                (math.cos if column % 2 else math.sin)(
                    place / 10_000 ** (2 * (column // 2) / SIZE.d_model)
                )
                for column in range(SIZE.d_model)
            ]
            for place in range(ids.shape[1])
        ]
        return x + torch.tensor(waves, dtype=x.dtype)

    def forward(self, source, target):
        seq, padding = target.shape[1], source == PAD
        x = self.inner(
            self.embed(source),
            self.embed(target),
            tgt_mask=torch.ones(seq, seq, dtype=torch.bool).triu(1),
            src_key_padding_mask=padding,
            memory_key_padding_mask=padding,
        )
        return F.linear(x, self.matrix)

    def under_our_names(self, tensors):
        inner = transformer(inside(tensors, "inner."))
        return {"embedding.weight": tensors["matrix"], **inner}


def equals_pytorchs(ours, theirs, source, target):
    """Logits, and the gradient of every weight."""
    ours.load_state_dict(theirs.under_our_names(theirs.state_dict()))
    logits, gradients = [], []
    for model in (ours, theirs):
        logits.append(model(source, target))
        names, weights = zip(*model.named_parameters(), strict=True)
        loss = F.cross_entropy(logits[-1].flatten(0, 1), target.flatten())
        found = torch.autograd.grad(loss, weights)
        gradients.append(dict(zip(names, found, strict=True)))
    torch.testing.assert_close(*logits, rtol=0, atol=1e-10)
    expected = theirs.under_our_names(gradients[1])
    torch.testing.assert_close(gradients[0], expected, rtol=0, atol=1e-10)


@forms
def test_model_equals_pytorchs_transformer(pre_norm):
    torch.manual_seed(1)
    theirs = shaken(Reference(pre_norm)).double()
    equals_pytorchs(model_of(pre_norm), theirs, *sentences())


class LooksAtPadding(EncoderDecoder):
    """The mask of the encoder forgotten where the decoder looks across."""

    def encode(self, source):
        memory, real = super().encode(source)
        return memory, torch.ones_like(real)


class TransposedCausal(EncoderDecoder):
    """The decoder reads from its end: the words it should write."""

    def forward(self, source, target):
        return super().forward(source, target.flip(1)).flip(1)


@pytest.mark.parametrize("mistake", [LooksAtPadding, TransposedCausal])
def test_mistake_is_not_taken_for_pytorchs(mistake):
    torch.manual_seed(1)
    theirs = shaken(Reference(pre_norm=True)).double()
    ours = mistake(SIZE, pre_norm=True).double()
    with pytest.raises(AssertionError):
        equals_pytorchs(ours, theirs, *sentences())


def test_dropout_is_in_every_branch_and_on_the_embeddings():
    size = replace(SIZE, dropout=0.5)
    model = EncoderDecoder(size)
    dropped = [part.p for part in model.modules() if isinstance(part, nn.Dropout)]
    assert dropped == [0.5] * (1 + 2 * size.n_layers)
    attentions = [part.dropout for part in model.modules() if hasattr(part, "n_heads")]
    assert attentions == [0.5] * 3 * size.n_layers


# --- Word by word


def stepped(model, source, target):
    """The logits of every step, with the keys and values that are kept."""
    state, logits = model.start(source), []
    for token in target.unbind(1):
        step, state = model.step(token, state)
        logits.append(step)
    return torch.stack(logits, 1)


@forms
def test_cached_decoder_equals_the_plain_one(pre_norm):
    model, (source, target) = model_of(pre_norm), sentences()
    torch.testing.assert_close(
        stepped(model, source, target), model(source, target), rtol=0, atol=1e-12
    )


class PositionForgotten(EncoderDecoder):
    """Each new word is put at position 0."""

    def embed(self, ids, start=0):
        return super().embed(ids, start=0)


def test_cache_that_forgets_the_position_is_caught():
    torch.manual_seed(0)
    model, (source, target) = PositionForgotten(SIZE).double().eval(), sentences()
    apart = stepped(model, source, target) - model(source, target)
    assert apart[:, 0].abs().max() < 1e-12 < 1e-3 < apart[:, 1:].abs().max()


class Recomputing:
    """The same model without a cache: every step runs the whole prefix."""

    def __init__(self, model):
        self.model = model

    def start(self, source):
        return source, source[:, :0]

    def step(self, token, state):
        source, written = state
        written = torch.cat([written, token[:, None]], 1)
        return self.model(source, written)[:, -1], (source, written)


def test_searches_write_the_same_with_and_without_the_cache():
    for seed in range(3):
        model, (source, _) = model_of(seed=seed), sentences(seed)
        plain = Recomputing(model)
        assert greedy(model, source, 8) == greedy(plain, source, 8)
        kept = beam_search(model, source[:1], 3, 8)
        again = beam_search(plain, source[:1], 3, 8)
        assert [one.tokens for one in kept] == [one.tokens for one in again]
        scores = [[one.score for one in found] for found in (kept, again)]
        assert scores[0] == pytest.approx(scores[1], abs=1e-10)
        assert END not in kept[0].tokens


# --- What it looks at


def test_watched_weights_are_those_that_make_the_output():
    model, (source, target) = model_of(), sentences()
    with watched(model) as seen:
        logits = model(source, target)
    assert torch.equal(logits, model(source, target))
    assert len(seen) == 3 * SIZE.n_layers
    weights = seen["decoder.1.cross"]
    assert weights.shape == (3, SIZE.n_heads, 6, 7)
    assert not weights.mT[1, :, -2:].any(), "padding is looked at"
    assert not seen["decoder.0.attention"].triu(1).any(), "the future is looked at"
    again, real = model.encode(source)
    x = model.embed(target)
    past = torch.ones(6, 6, dtype=torch.bool).tril()
    x = model.decoder[0](x, past, again, real)
    block = model.decoder[1]
    x = block.add(x, block.attention, block.attention_norm, mask=past)
    query, key, _ = block.cross.project(block.cross_norm(x), again)
    scores = query @ key.mT / math.sqrt(SIZE.d_model // SIZE.n_heads)
    expected = scores.masked_fill(~real[:, None], -math.inf).softmax(-1)
    torch.testing.assert_close(weights, expected, rtol=0, atol=1e-12)


# --- Sizes


@pytest.mark.parametrize("name", ["base", "big"])
def test_parameters_are_counted_as_built(name):
    size = replace(SIZES[name], bias=True)
    with torch.device("meta"):
        model = EncoderDecoder(size)
    assert count(model) == sum(parameters(size).values())
