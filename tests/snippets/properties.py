"""What must be true of every model, whatever it computes.

`CASES` registers every model of ours, `properties_of` says what each is held to: where
a property does not apply it is not in the list, and none looks away by itself. A model
that is new is found by walking the package, and missed by name until it has a case.
"""

from __future__ import annotations

import copy
import importlib
import inspect
import io
import os
import pickle
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jaxtyping
import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

import snippets
from snippets.attention.heads import MultiHeadAttention
from snippets.attention.positional_encoding import RotaryAttention
from snippets.recurrence.additive_attention import (
    AdditiveAttention,
    BidirectionalEncoder,
    RNNSearch,
)
from snippets.recurrence.luong import Luong
from snippets.recurrence.multiplicative_attention import (
    Concat,
    General,
    LuongAttention,
)
from snippets.recurrence.recurrent_networks import GRUCell, LSTMCell, RNNCell, unroll
from snippets.recurrence.rnn_transducer import Transducer
from snippets.recurrence.seq2seq import Decoder, Encoder, Seq2Seq
from snippets.speak import Speaker
from snippets.text.embeddings import Embedding
from snippets.text.logits import Bigram
from snippets.transformer.encoder_decoder import EncoderDecoder
from snippets.transformer.feed_forward import (
    FeedForward,
    GatedFeedForward,
    gelu,
    gelu_tanh,
)
from snippets.transformer.normalization_and_residuals import LayerNorm, RMSNorm
from snippets.transformer.parameters import Size
from snippets.transformer.transformer import TransformerBlock, TransformerStack
from snippets.transformer.weight_tying import LanguageModel

BATCH, SEQ, D_MODEL, N_HEADS, D_FF, VOCAB_SIZE = 3, 6, 16, 4, 24, 11

# softmax ignores what is added to all scores of a query, and a key's bias adds
# query · bias to all of them: it can learn nothing.
KEY_BIAS = "key.bias"


@dataclass(frozen=True)
class Case:
    """A model of ours and what kind of model it is."""

    build: Callable[[], nn.Module]  # makes it, with random weights
    reads_ids: bool = False  # ids (batch, seq), not vectors (batch, seq, d_model)
    mixes: bool = False  # an output depends on more than its own position
    mask: bool = False  # it takes a mask, True where to look
    causal: bool = False  # it looks at the past only, without being asked
    ordered: bool = False  # it knows the positions: shuffling is not harmless
    tied: tuple[str, str] | None = None  # the names of two parameters that are one
    idle: str = "none"  # how the names of parameters end that can learn nothing
    drops: bool = False  # in training it sets numbers to 0 at random
    batched: bool = False  # batches alone: no single row, no batches of batches
    recurrent: bool = False  # step by step, or by PyTorch's LSTM: no graph is asked
    packs: bool = False  # it reads through packed sequences, which want the lengths
    # How it is called with inputs, and a mask if there is one. Of a tuple the first
    # counts.
    call: Callable[..., Any] | None = None

    def model(self, seed: int = 0, dtype: torch.dtype = torch.float32) -> nn.Module:
        """The model with random numbers everywhere, norms and biases too."""
        torch.manual_seed(seed)
        model = self.build()
        with torch.no_grad():
            for weight in model.parameters():
                weight += 0.2 * torch.randn_like(weight)
        return model.to(dtype)

    def inputs(self, dtype: torch.dtype = torch.float32) -> Tensor:
        random = torch.Generator().manual_seed(1)
        if self.reads_ids:
            return torch.randint(VOCAB_SIZE, (BATCH, SEQ), generator=random)
        return torch.randn(BATCH, SEQ, D_MODEL, generator=random, dtype=dtype)

    def ready(self, dtype: torch.dtype = torch.float32) -> tuple[nn.Module, Tensor]:
        """The model as it is used, not trained, and inputs for it."""
        return self.model(dtype=dtype).eval(), self.inputs(dtype=dtype)

    def others(self, inputs: Tensor) -> Tensor:
        """Inputs that differ from these everywhere."""
        if self.reads_ids:
            return (inputs + 1) % VOCAB_SIZE
        return inputs.flip(-1) + 1

    def run(
        self, model: nn.Module, inputs: Tensor, mask: Tensor | None = None
    ) -> Tensor:
        given = {} if mask is None else {"mask": mask}
        output = (self.call or type(model).__call__)(model, inputs, **given)
        output = output[0] if isinstance(output, tuple) else output
        assert isinstance(output, Tensor)
        return output


ATTENDS = {"mixes": True, "mask": True}
HEADS = {"d_model": D_MODEL, "n_heads": N_HEADS}
SIZE = Size(**HEADS, d_ff=D_FF, n_layers=2, vocab_size=VOCAB_SIZE, max_len=2 * SEQ)
DROPPING = replace(SIZE, dropout=0.2)
BLOCK: dict[str, Any] = {**ATTENDS, "idle": KEY_BIAS}
# One token after another: causal, and in order. A recurrent network looks at nothing,
# so what a mask of attention does is not asked of it; its own, which stops the state
# at padding, is held to PyTorch's packed sequences in the test of its name.
READS: dict[str, Any] = {"mixes": True, "causal": True, "ordered": True}
CELL: dict[str, Any] = {**READS, "recurrent": True, "call": unroll}
SPEAKS: dict[str, Any] = {**READS, "reads_ids": True, "idle": KEY_BIAS}
TRANSLATES = {**READS, "reads_ids": True, "batched": True, "recurrent": True}
TRANSLATOR = (VOCAB_SIZE, VOCAB_SIZE, D_MODEL, D_FF)


def after_nothing(decoder: nn.Module, target: Tensor) -> Any:
    """A decoder that begins with nothing read."""
    weight = next(decoder.parameters())
    return decoder(target, (weight.new_zeros(len(target), D_FF),) * 2)


def for_one_source(model: nn.Module, target: Tensor) -> Any:
    """A translator as it writes; what it reads stays the same."""
    return model(torch.arange(1, 5).expand(len(target), -1), target)


def before_padding(encoder: nn.Module, source: Tensor) -> Any:
    """An encoder of words; what stands beyond `SEQ` is padding."""
    return encoder(source, (torch.arange(source.shape[1]) < SEQ).expand_as(source))


def with_labels(model: nn.Module, frames: Tensor) -> Any:
    """A transducer at each frame, after each of the same labels."""
    return model(frames, torch.arange(1, 5).expand(len(frames), -1))


def in_five_words(attention: nn.Module, inputs: Tensor) -> Any:
    """What every query finds in five annotations that stay the same."""
    value = torch.linspace(-1, 1, 5 * D_MODEL, dtype=inputs.dtype).sin()
    value = value.reshape(5, D_MODEL).expand(*inputs.shape[:-2], -1, -1)
    return attention(inputs, value, torch.ones(value.shape[:-1], dtype=torch.bool))


def speaker(cell: Callable[[int, int], nn.Module]) -> nn.Module:
    """A language model of characters with one cell."""
    return Speaker(cell(D_MODEL, D_FF), VOCAB_SIZE, D_MODEL, dropout=0.2)


def luong(**options: Any) -> nn.Module:
    """Luong's translator with the score called general."""
    return Luong(*TRANSLATOR, General(D_FF, D_FF), **options)


def looking(score: Callable[..., nn.Module], *sizes: int, **options: Any) -> Case:
    """Luong's attention with one of its scores."""
    return Case(
        lambda: LuongAttention(D_MODEL, score(D_MODEL, D_MODEL, *sizes), **options),
        call=in_five_words,
    )


WRITES: dict[str, Any] = {**TRANSLATES, "packs": True, "call": for_one_source}

# A Transformer that translates what stays the same.
ANSWERS: dict[str, Any] = {**SPEAKS, "batched": True, "call": for_one_source}

# Every class has a case, or is a part of a model that has one; what varies inside it
# has one each.
CASES: dict[str, Case] = {
    "Embedding": Case(partial(Embedding, VOCAB_SIZE, D_MODEL), reads_ids=True),
    "Bigram": Case(partial(Bigram, VOCAB_SIZE), reads_ids=True),
    "RNNCell": Case(partial(RNNCell, D_MODEL, D_FF), **CELL),
    "LSTMCell": Case(partial(LSTMCell, D_MODEL, D_FF), **CELL),
    "GRUCell": Case(partial(GRUCell, D_MODEL, D_FF), **CELL),
    "GRUCell of the paper": Case(
        partial(GRUCell, D_MODEL, D_FF, reset_after=False), **CELL
    ),
    "Speaker of LSTM": Case(partial(speaker, LSTMCell), **TRANSLATES, drops=True),
    "Speaker of RNN": Case(partial(speaker, RNNCell), **TRANSLATES, drops=True),
    "Encoder": Case(partial(Encoder, VOCAB_SIZE, D_MODEL, D_FF), **TRANSLATES),
    "Decoder": Case(
        partial(Decoder, VOCAB_SIZE, D_MODEL, D_FF), **TRANSLATES, call=after_nothing
    ),
    "Seq2Seq": Case(partial(Seq2Seq, *TRANSLATOR), **WRITES),
    "AdditiveAttention": Case(
        partial(AdditiveAttention, D_MODEL, D_MODEL, D_FF),
        **ATTENDS,
        call=lambda model, x, **mask: model(x, x, **mask),
    ),
    "BidirectionalEncoder": Case(
        partial(BidirectionalEncoder, VOCAB_SIZE, D_MODEL, D_FF),
        **WRITES | {"causal": False, "call": before_padding},
    ),
    "RNNSearch": Case(partial(RNNSearch, *TRANSLATOR), **WRITES),
    "Transducer": Case(
        partial(Transducer, D_MODEL, VOCAB_SIZE, D_FF),
        **TRANSLATES | {"reads_ids": False, "call": with_labels},
    ),
    "LuongAttention": looking(General),
    "LuongAttention concat": looking(Concat, 5),
    "LuongAttention local": looking(General, reach=2),
    "Luong": Case(luong, **WRITES),
    "Luong fed": Case(partial(luong, input_feeding=True), **WRITES),
    "Luong local": Case(partial(luong, reach=3), **WRITES),
    "MultiHeadAttention": Case(
        partial(MultiHeadAttention, **HEADS), **ATTENDS, idle=KEY_BIAS
    ),
    "MultiHeadAttention without biases": Case(
        partial(MultiHeadAttention, **HEADS, bias=False), **ATTENDS
    ),
    # A key's bias is turned too, so that it differs from key to key and can learn.
    "RotaryAttention": Case(partial(RotaryAttention, **HEADS), **ATTENDS, ordered=True),
    "FeedForward": Case(partial(FeedForward, D_MODEL, D_FF)),
    "FeedForward gelu": Case(partial(FeedForward, D_MODEL, D_FF, gelu)),
    "FeedForward gelu_tanh": Case(partial(FeedForward, D_MODEL, D_FF, gelu_tanh)),
    "GatedFeedForward": Case(partial(GatedFeedForward, D_MODEL, D_FF)),
    "LayerNorm": Case(partial(LayerNorm, D_MODEL)),
    "RMSNorm": Case(partial(RMSNorm, D_MODEL)),
    "TransformerBlock": Case(partial(TransformerBlock, SIZE), **BLOCK),
    "TransformerBlock pre_norm": Case(
        partial(TransformerBlock, SIZE, pre_norm=True), **BLOCK
    ),
    "TransformerBlock dropout": Case(
        partial(TransformerBlock, DROPPING), **BLOCK, drops=True
    ),
    "TransformerStack": Case(partial(TransformerStack, SIZE), **BLOCK),
    "TransformerStack pre_norm": Case(
        partial(TransformerStack, SIZE, pre_norm=True), **BLOCK
    ),
    "EncoderDecoder": Case(partial(EncoderDecoder, SIZE), **ANSWERS),
    "EncoderDecoder pre_norm": Case(
        partial(EncoderDecoder, SIZE, pre_norm=True), **ANSWERS
    ),
    "EncoderDecoder dropout": Case(
        partial(EncoderDecoder, DROPPING), **ANSWERS, drops=True
    ),
    "LanguageModel": Case(
        partial(LanguageModel, SIZE),
        **SPEAKS,
        tied=("embedding.weight", "output.weight"),
    ),
    "LanguageModel untied": Case(partial(LanguageModel, SIZE, tied=False), **SPEAKS),
    "LanguageModel dropout": Case(
        partial(LanguageModel, DROPPING), **SPEAKS, drops=True
    ),
}


def models_of_ours() -> set[type[nn.Module]]:
    """Every nn.Module that a snippet defines and that can be built, by a walk.

    A demo may train one with its mask left out, to show what becomes of it.
    """
    names = [
        found.name for found in pkgutil.walk_packages(snippets.__path__, "snippets.")
    ]
    return {
        member
        for name in names
        if not name.endswith("__main__") and not name.startswith("snippets.demos")
        for member in vars(importlib.import_module(name)).values()
        if isinstance(member, type)
        and issubclass(member, nn.Module)
        and member.__module__ == name
        and not inspect.isabstract(member)
    }


# --- The properties


def same(ours: Tensor, theirs: Tensor, what: str, tolerance: float = 1e-5) -> None:
    """Equal numbers; NaN equals nothing."""
    difference = (ours - theirs).abs().max().item()
    assert difference <= tolerance, f"{what}: they differ by {difference}"


def causal_mask(seq: int = SEQ) -> Tensor:
    return torch.ones(seq, seq, dtype=torch.bool).tril()


# --8<-- [start:causal]
def assert_causal(case: Case) -> None:
    """A change in the future changes nothing before it, and all that follows."""
    model, inputs = case.ready()
    mask = causal_mask() if case.mask else None  # else it is so by itself
    before = case.run(model, inputs, mask)
    for place in range(1, SEQ):
        changed = inputs.clone()
        changed[:, place] = case.others(inputs)[:, place]
        after = case.run(model, changed, mask)
        same(after[:, :place], before[:, :place], f"before the change at {place}")
        assert (after[:, place:] - before[:, place:]).abs().amax(-1).gt(1e-4).all(), (
            f"a change at {place} does not reach all that follows"
        )


# --8<-- [end:causal]


# --8<-- [start:deterministic]
def assert_deterministic(case: Case) -> None:
    """Two evaluations are the same; so is training, unless it drops at random."""
    model, inputs = case.ready()

    def drawn(seed: int) -> Tensor:
        torch.manual_seed(seed)
        return case.run(model, inputs)

    first = drawn(1)
    same(drawn(2), first, "two evaluations", tolerance=0)
    model.train()
    if case.drops:
        assert not torch.equal(drawn(1), drawn(2)), "nothing is dropped in training"
    else:
        same(drawn(3), first, "training and evaluation", tolerance=0)


# --8<-- [end:deterministic]


def assert_everything_learns(case: Case) -> None:
    """Every parameter has a gradient; non-zero, except a key's bias, which has none."""
    model, inputs = case.ready(torch.float64)
    output = case.run(model.train(), inputs)
    (output * torch.randn_like(output)).sum().backward()
    for name, weight in model.named_parameters():
        assert weight.grad is not None, f"{name} gets no gradient"
        largest = weight.grad.abs().max().item()
        if name.endswith(case.idle):
            assert largest < 1e-12, f"{name} is said to learn nothing"
        else:
            assert largest > 1e-9, f"{name} gets a gradient of zero"


def assert_gradients_are_slopes(case: Case) -> None:
    """The gradient is what a small step changes: nothing on the way is detached."""
    model, inputs = case.ready(torch.float64)
    weights = list(model.parameters())
    start = parameters_to_vector(weights).detach()
    way, wanted = torch.randn_like(start), torch.randn_like(case.run(model, inputs))

    def total() -> Tensor:
        return (case.run(model, inputs) * wanted).mean()

    gradient = parameters_to_vector(torch.autograd.grad(total(), weights))
    vector_to_parameters(start + 1e-6 * way, weights)
    after = total()
    vector_to_parameters(start - 1e-6 * way, weights)
    same(gradient @ way, (after - total()) / 2e-6, "the gradient and the slope")


def assert_waits_for_nothing(case: Case) -> None:
    """No number is looked at on the way, which would wait for the device.

    On the device "meta", where tensors have a shape and no numbers, that is an error.
    """
    inputs = case.inputs().to("meta")
    try:
        with torch.device("meta"):
            case.run(case.build(), inputs)
    except RuntimeError as error:
        raise AssertionError(f"it looks at a number: {error}") from error


def assert_compiles_whole(case: Case) -> None:
    """One graph, that gives the same outputs and gradients.

    Shapes go unchecked on the way, as where a reader runs it.
    """
    model, inputs = case.ready()
    backend = os.environ.get("COMPILE_BACKEND", "aot_eager")
    jaxtyping.config.update("jaxtyping_disable", True)
    torch.compiler.reset()
    run = partial(case.run, model)
    try:
        found = [
            [output, *torch.autograd.grad(output.square().sum(), [*model.parameters()])]
            for output in (
                torch.compile(run, fullgraph=True, backend=backend)(inputs),
                run(inputs),
            )
        ]
    except RuntimeError as error:
        raise AssertionError(f"it takes more than one graph: {error}") from error
    finally:
        jaxtyping.config.update("jaxtyping_disable", False)
    for whole, plain in zip(*found, strict=True):
        torch.testing.assert_close(whole, plain, rtol=1e-4, atol=1e-4)


# --8<-- [start:no-nan]
def assert_no_nan(case: Case) -> None:
    """Every number is set, and no input brings forth a NaN, forward or backward."""
    # Now torch.empty is NaN everywhere, in place of what was in memory.
    torch.use_deterministic_algorithms(True)
    model = case.build().train()
    torch.use_deterministic_algorithms(False)
    for name, weight in model.named_parameters():
        assert weight.isfinite().all(), f"{name} is not set"
    for scale in [1.0] if case.reads_ids else [1.0, 0.0, 1e4]:
        model.zero_grad()
        output = case.run(model, case.inputs() * (1 if case.reads_ids else scale))
        assert output.isfinite().all(), f"NaN in the outputs of inputs × {scale}"
        output.square().mean().backward()
        for name, weight in model.named_parameters():
            if weight.grad is not None:
                assert weight.grad.isfinite().all(), f"NaN in the gradient of {name}"


# --8<-- [end:no-nan]


# --8<-- [start:nothing-to-look-at]
def assert_nothing_to_look_at_gives_nothing(case: Case) -> None:
    """Where a row of the mask is all False, nothing comes from anywhere, and no NaN."""
    model, inputs = case.ready()
    mask = torch.ones(BATCH, SEQ, SEQ, dtype=torch.bool)
    mask[1] = False
    output = case.run(model, inputs, mask)
    assert output.isfinite().all(), "NaN where a row of the mask is all False"
    # Each token of that row is alone: changing the others must not reach it.
    changed = inputs.clone()
    changed[1, 1:] = case.others(inputs)[1, 1:]
    after = case.run(model, changed, mask)
    same(after[1, 0], output[1, 0], "a token that may look at nothing")
    for weight in torch.autograd.grad(output.sum(), list(model.parameters())):
        assert weight.isfinite().all(), "NaN in a gradient"


# --8<-- [end:nothing-to-look-at]


def assert_padding_changes_nothing(case: Case) -> None:
    """A longer sequence with its end masked gives the same for the rest."""
    model, inputs = case.ready()
    alone = case.run(model, inputs)
    longer = torch.cat([inputs, case.others(inputs)[:, :3]], 1)
    real = torch.arange(longer.shape[1]) < SEQ
    mask = real.expand(BATCH, 1, -1) if case.mask else None
    same(case.run(model, longer, mask)[:, :SEQ], alone, "with padding")


def assert_rows_are_alone(case: Case) -> None:
    """The rows of a batch do not see each other."""
    model, inputs = case.ready()
    together = case.run(model, inputs)
    for row in range(BATCH):
        alone = case.run(model, inputs[row : row + 1])
        same(alone, together[row : row + 1], f"row {row} without the others")
    changed = case.others(inputs)
    changed[0] = inputs[0]
    same(case.run(model, changed)[0], together[0], "row 0 among others")


def assert_any_batch_will_do(case: Case) -> None:
    """One sequence alone, and a batch of batches, give what they give in a batch."""
    model, inputs = case.ready()
    for mask in (None, causal_mask()) if case.mask else (None,):
        together = case.run(model, inputs, mask)
        same(case.run(model, inputs[1], mask), together[1], "one sequence, no batch")
        stacked = case.run(model, inputs[:, None], mask)
        same(stacked, together[:, None], "a batch of batches")


def saved_and_loaded(content: Any) -> Any:
    file = io.BytesIO()
    try:
        torch.save(content, file)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise AssertionError(f"it cannot be saved: {error}") from error
    file.seek(0)
    return torch.load(file, weights_only=not isinstance(content, nn.Module))


def through_state(case: Case, model: nn.Module) -> nn.Module:
    fresh = case.model(seed=5)
    fresh.load_state_dict(saved_and_loaded(model.state_dict()))
    return fresh


# --8<-- [start:alike-and-apart]
def assert_copies_are_alike_and_apart(case: Case) -> None:
    """A deep copy and what was saved give the same, and live on their own."""
    state = partial(through_state, case)
    ways = {"deep copy": copy.deepcopy, "state": state, "save": saved_and_loaded}
    for way, travel in ways.items():
        model, inputs = case.ready()
        expected = case.run(model, inputs).detach().clone()
        other = travel(model).eval()
        same(case.run(other, inputs), expected, way)
        with torch.no_grad():
            for weight in model.parameters():
                weight.mul_(1.7).add_(0.3)
        same(case.run(other, inputs), expected, f"{way}, the original changed")
        assert (case.run(model, inputs) - expected).abs().max() > 1e-3, (
            f"{way}: the original uses numbers that are not its parameters"
        )


# --8<-- [end:alike-and-apart]


def assert_float64_agrees(case: Case) -> None:
    """The same in twice as many digits: nothing is lost on the way."""
    (single, inputs), (double, _) = case.ready(), case.ready(torch.float64)
    wide = inputs if case.reads_ids else inputs.double()
    output = case.run(double, wide)
    assert output.dtype == torch.float64, "it falls back to fewer digits"
    same(case.run(single, inputs).double(), output, "float32 and float64", 1e-4)
    if not case.reads_ids:
        nearly = case.run(double, wide + 1e-9)
        assert not torch.equal(nearly, output), "the ninth digit is lost on the way"


def shuffles() -> Iterator[Tensor]:
    for seed in range(3):
        yield torch.randperm(SEQ, generator=torch.Generator().manual_seed(seed))


def assert_outputs_follow_a_shuffle(case: Case) -> None:
    """Permute the positions and the outputs are permuted with them."""
    model, inputs = case.ready()
    straight = case.run(model, inputs)
    for order in shuffles():
        same(case.run(model, inputs[:, order]), straight[:, order], f"order {order}")


def assert_order_is_seen(case: Case) -> None:
    """A model that knows positions gives other outputs for another order."""
    model, inputs = case.ready()
    if case.reads_ids:
        inputs[:] = torch.arange(SEQ)  # no token twice
    straight = case.run(model, inputs)
    for order in shuffles():
        shuffled = case.run(model, inputs[:, order])
        assert (shuffled - straight[:, order]).abs().max() > 1e-3, f"order {order}"


def assert_position_wise(case: Case) -> None:
    """A position by itself gives what it gives in a sequence."""
    model, inputs = case.ready()
    together = case.run(model, inputs)
    for place in range(SEQ):
        alone = case.run(model, inputs[:, place : place + 1])
        same(alone[:, 0], together[:, place], f"position {place} alone")


# --8<-- [start:tied]
def assert_tied(case: Case) -> None:
    """Two names, one parameter: counted once, and one after a step and a journey."""
    assert case.tied is not None
    model, inputs = case.ready()
    case.run(model, inputs).square().mean().backward()
    torch.optim.SGD(model.parameters(), lr=0.1).step()
    for other in (model, copy.deepcopy(model), through_state(case, model)):
        first, second = map(other.get_parameter, case.tied)
        assert first is second, f"{case.tied} are not one, or came apart"


# --8<-- [end:tied]


Property = Callable[[Case], None]
ALWAYS: tuple[Property, ...] = (
    assert_deterministic,
    assert_everything_learns,
    assert_gradients_are_slopes,
    assert_no_nan,
    assert_padding_changes_nothing,
    assert_rows_are_alone,
    assert_copies_are_alike_and_apart,
    assert_float64_agrees,
)


def properties_of(case: Case) -> list[Property]:
    """What this kind of model is held to."""
    where: dict[Property, bool] = {
        assert_causal: case.mask or case.causal,
        assert_nothing_to_look_at_gives_nothing: case.mask,
        assert_any_batch_will_do: not case.batched,
        assert_waits_for_nothing: not case.packs,
        assert_compiles_whole: not case.recurrent,
        assert_position_wise: not case.mixes,
        assert_order_is_seen: case.ordered,
        assert_outputs_follow_a_shuffle: not case.ordered,
        assert_tied: case.tied is not None,
    }
    return [*ALWAYS, *(held for held, applies in where.items() if applies)]
