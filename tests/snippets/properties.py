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
import pickle
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

import snippets
from snippets.attention.heads import MultiHeadAttention
from snippets.recurrence.additive_attention import (
    AdditiveAttention,
    BidirectionalEncoder,
    RNNSearch,
)
from snippets.recurrence.luong import Luong
from snippets.recurrence.multiplicative_attention import (
    Concat,
    General,
    LocalWindow,
    LuongAttention,
)
from snippets.recurrence.recurrent_networks import (
    GRUCell,
    LSTMCell,
    RNNCell,
    unroll,
)
from snippets.recurrence.rnn_transducer import Transducer
from snippets.recurrence.seq2seq import Decoder, Encoder, Seq2Seq
from snippets.text.embeddings import Embedding
from snippets.text.logits import Bigram, softmax
from snippets.transformer.feed_forward import FeedForward, gelu, gelu_tanh
from snippets.transformer.transformer import (
    LayerNorm,
    TransformerBlock,
    TransformerStack,
)
from snippets.transformer.weight_tying import LanguageModel

BATCH, SEQ, D_MODEL, N_HEADS, D_FF, VOCAB_SIZE = 3, 6, 16, 4, 24, 11

# softmax ignores what is added to all scores of a query, and a key's bias adds
# query · bias to all of them: it can learn nothing.
KEY_BIAS = "attention.key.bias"


@dataclass(frozen=True)
class Case:
    """A model of ours and what kind of model it is.

    Attributes:
        build: makes the model, with random weights.
        reads_ids: it takes ids (batch, seq), not vectors (batch, seq, d_model).
        mixes: an output depends on more than its own position.
        mask: it takes `mask=`, True where to look.
        causal: it looks at the past only, without being asked.
        ordered: it knows the positions, so that shuffling is not harmless.
        tied: the names of two parameters that are one.
        idle: endings of the names of parameters that can learn nothing.
        batched: it takes batches alone, not one sequence, nor batches of batches.
        packs: it reads through PyTorch's packed sequences, which want the lengths.
        outputs: how to get its outputs, where they are not what it returns.
    """

    build: Callable[[], nn.Module]
    reads_ids: bool = False
    mixes: bool = False
    mask: bool = False
    causal: bool = False
    ordered: bool = False
    tied: tuple[str, str] | None = None
    idle: tuple[str, ...] = ()
    batched: bool = False
    packs: bool = False
    outputs: Callable[..., Tensor] | None = None

    def model(self, seed: int = 0, dtype: torch.dtype = torch.float32) -> nn.Module:
        """The model with random numbers everywhere, norms and biases too."""
        torch.manual_seed(seed)
        model = self.build()
        with torch.no_grad():
            for weight in model.parameters():
                weight += 0.2 * torch.randn_like(weight)
        return model.to(dtype)

    def inputs(self, seed: int = 1, dtype: torch.dtype = torch.float32) -> Tensor:
        random = torch.Generator().manual_seed(seed)
        if self.reads_ids:
            return torch.randint(VOCAB_SIZE, (BATCH, SEQ), generator=random)
        return torch.randn(BATCH, SEQ, D_MODEL, generator=random, dtype=dtype)

    def others(self, inputs: Tensor) -> Tensor:
        """Inputs that differ from these everywhere."""
        if self.reads_ids:
            return (inputs + 1) % VOCAB_SIZE
        return inputs.flip(-1) + 1

    def run(
        self, model: nn.Module, inputs: Tensor, mask: Tensor | None = None
    ) -> Tensor:
        if self.outputs is not None:
            masks = [] if mask is None else [mask]
            return self.outputs(model, inputs, *masks)
        output = model(inputs) if mask is None else model(inputs, mask=mask)
        assert isinstance(output, Tensor)
        return output


ATTENDS = {"mixes": True, "mask": True}
SIZE = {"d_model": D_MODEL, "n_heads": N_HEADS}
BLOCK = {**SIZE, "d_ff": D_FF}
LANGUAGE = {**BLOCK, "vocab_size": VOCAB_SIZE, "max_len": 2 * SEQ, "n_layers": 2}
SPEAKS = {"reads_ids": True, "mixes": True, "causal": True, "ordered": True}


def hidden(cell: nn.Module, inputs: Tensor) -> Tensor:
    """The hidden states of a cell that reads from left to right."""
    assert isinstance(cell, RNNCell | LSTMCell | GRUCell)
    return unroll(cell, inputs)[0]


# One token after another: causal, and in order. A recurrent network looks at nothing,
# so what a mask of attention does is not asked of it; its own, which stops the state
# at padding, is held to PyTorch's packed sequences in the test of its name.
READS: dict[str, Any] = {
    "mixes": True,
    "causal": True,
    "ordered": True,
    "outputs": hidden,
}

TRANSLATES: dict[str, Any] = {"reads_ids": True, "batched": True, **READS}
TRANSLATOR = (VOCAB_SIZE, VOCAB_SIZE, D_MODEL, D_FF)


def states(encoder: nn.Module, source: Tensor) -> Tensor:
    """All that an encoder hands out for its words."""
    return torch.as_tensor(encoder(source)[0])


def written_after(decoder: nn.Module, target: Tensor) -> Tensor:
    """The logits of a decoder that begins with nothing read."""
    weight = next(decoder.parameters())
    state = (weight.new_zeros(len(target), D_FF),) * 2
    return torch.as_tensor(decoder(target, state))


def written_for_one_source(model: nn.Module, target: Tensor) -> Tensor:
    """The logits of a translator, as it writes; what it reads stays the same."""
    source = torch.arange(1, 5).expand(len(target), -1)
    return torch.as_tensor(model(source, target))


def annotated(encoder: nn.Module, source: Tensor) -> Tensor:
    """The annotations of an encoder; what stands beyond `SEQ` is padding."""
    real = (torch.arange(source.shape[1]) < SEQ).expand_as(source)
    return torch.as_tensor(encoder(source, real)[0])


def looked_up(
    attention: nn.Module, inputs: Tensor, mask: Tensor | None = None
) -> Tensor:
    """The contexts of an attention whose queries and values are the same vectors."""
    return torch.as_tensor(attention(inputs, inputs, mask)[0])


def written_while_listening(model: nn.Module, frames: Tensor) -> Tensor:
    """What a transducer would write at each frame, after each of the same labels."""
    labels = torch.arange(1, 5).expand(len(frames), -1)
    return torch.as_tensor(model(frames, labels))


def scored(score: nn.Module, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
    """What a score looks up, of the vectors that it scores; softly."""
    return softmax(score(inputs, inputs) / D_MODEL, mask) @ inputs


def five_words(inputs: Tensor) -> Tensor:
    """The mask of a source that is five words long, whatever stands in the inputs."""
    return torch.ones((*inputs.shape[:-2], 5), dtype=torch.bool)


def bell(window: nn.Module, inputs: Tensor) -> Tensor:
    """How the weights fall off in a source of five words, for every query."""
    return torch.as_tensor(window(inputs, five_words(inputs))[1])


def found_in_one_source(attention: nn.Module, inputs: Tensor) -> Tensor:
    """What every query finds in five annotations that stay the same."""
    value = torch.linspace(-1, 1, 5 * D_MODEL, dtype=inputs.dtype).sin()
    value = value.reshape(5, D_MODEL).expand(*inputs.shape[:-2], -1, -1)
    return torch.as_tensor(attention(inputs, value, five_words(inputs))[0])


def luong(**options: Any) -> nn.Module:
    """Luong's translator with the score called general."""
    return Luong(*TRANSLATOR, General(D_FF, D_FF), **options)


def luong_attention(**options: Any) -> nn.Module:
    return LuongAttention(D_MODEL, General(D_MODEL, D_MODEL), **options)


WRITES: dict[str, Any] = TRANSLATES | {
    "outputs": written_for_one_source,
    "packs": True,
}

# Every class has at least one case; what varies inside it has one each.
CASES: dict[str, Case] = {
    "Embedding": Case(partial(Embedding, VOCAB_SIZE, D_MODEL), reads_ids=True),
    "Bigram": Case(partial(Bigram, VOCAB_SIZE), reads_ids=True),
    "RNNCell": Case(partial(RNNCell, D_MODEL, D_FF), **READS),
    "LSTMCell": Case(partial(LSTMCell, D_MODEL, D_FF), **READS),
    "GRUCell": Case(partial(GRUCell, D_MODEL, D_FF), **READS),
    "GRUCell of the paper": Case(
        partial(GRUCell, D_MODEL, D_FF, reset_after=False), **READS
    ),
    "Encoder": Case(
        partial(Encoder, VOCAB_SIZE, D_MODEL, D_FF), **TRANSLATES | {"outputs": states}
    ),
    "Decoder": Case(
        partial(Decoder, VOCAB_SIZE, D_MODEL, D_FF),
        **TRANSLATES | {"outputs": written_after},
    ),
    "Seq2Seq": Case(partial(Seq2Seq, *TRANSLATOR), **WRITES),
    "AdditiveAttention": Case(
        partial(AdditiveAttention, D_MODEL, D_MODEL, D_FF),
        **ATTENDS,
        outputs=looked_up,
    ),
    "BidirectionalEncoder": Case(
        partial(BidirectionalEncoder, VOCAB_SIZE, D_MODEL, D_FF),
        **TRANSLATES | {"causal": False, "packs": True, "outputs": annotated},
    ),
    "RNNSearch": Case(partial(RNNSearch, *TRANSLATOR), **WRITES),
    "Transducer": Case(
        partial(Transducer, D_MODEL, VOCAB_SIZE, D_FF),
        **READS | {"batched": True, "outputs": written_while_listening},
    ),
    "General": Case(partial(General, D_MODEL, D_MODEL), **ATTENDS, outputs=scored),
    "Concat": Case(partial(Concat, D_MODEL, D_MODEL, 5), **ATTENDS, outputs=scored),
    "LocalWindow": Case(partial(LocalWindow, D_MODEL, 2), outputs=bell),
    "LuongAttention": Case(luong_attention, outputs=found_in_one_source),
    "LuongAttention local": Case(
        partial(luong_attention, reach=2), outputs=found_in_one_source
    ),
    "Luong": Case(luong, **WRITES),
    "Luong fed": Case(partial(luong, input_feeding=True), **WRITES),
    "Luong local": Case(partial(luong, reach=3), **WRITES),
    "MultiHeadAttention": Case(
        partial(MultiHeadAttention, **SIZE), **ATTENDS, idle=("key.bias",)
    ),
    "MultiHeadAttention without biases": Case(
        partial(MultiHeadAttention, **SIZE, bias=False), **ATTENDS
    ),
    "FeedForward": Case(partial(FeedForward, D_MODEL, D_FF)),
    "FeedForward gelu": Case(partial(FeedForward, D_MODEL, D_FF, gelu)),
    "FeedForward gelu_tanh": Case(partial(FeedForward, D_MODEL, D_FF, gelu_tanh)),
    "LayerNorm": Case(partial(LayerNorm, D_MODEL)),
    "TransformerBlock": Case(
        partial(TransformerBlock, **BLOCK), **ATTENDS, idle=(KEY_BIAS,)
    ),
    "TransformerBlock pre_norm": Case(
        partial(TransformerBlock, **BLOCK, pre_norm=True), **ATTENDS, idle=(KEY_BIAS,)
    ),
    "TransformerStack": Case(
        partial(TransformerStack, 2, **BLOCK), **ATTENDS, idle=(KEY_BIAS,)
    ),
    "TransformerStack pre_norm": Case(
        partial(TransformerStack, 2, **BLOCK, pre_norm=True),
        **ATTENDS,
        idle=(KEY_BIAS,),
    ),
    "LanguageModel": Case(
        partial(LanguageModel, **LANGUAGE),
        **SPEAKS,
        idle=(KEY_BIAS,),
        tied=("embedding.weight", "output.weight"),
    ),
    "LanguageModel untied": Case(
        partial(LanguageModel, **LANGUAGE, tied=False), **SPEAKS, idle=(KEY_BIAS,)
    ),
}


def models_of_ours() -> set[type[nn.Module]]:
    """Every nn.Module that a snippet defines and that can be built, by a walk."""
    found: set[type[nn.Module]] = set()
    for module in pkgutil.walk_packages(snippets.__path__, "snippets."):
        if module.name.endswith("__main__"):
            continue
        for member in vars(importlib.import_module(module.name)).values():
            if (
                isinstance(member, type)
                and issubclass(member, nn.Module)
                and member.__module__ == module.name
                and not inspect.isabstract(member)
            ):
                found.add(member)
    return found


# --- The properties


def same(ours: Tensor, theirs: Tensor, what: str, tolerance: float = 1e-5) -> None:
    """Equal numbers; NaN equals nothing."""
    difference = (ours - theirs).abs().max().item()
    assert difference <= tolerance, f"{what}: they differ by {difference}"


def causal_mask(seq: int = SEQ) -> Tensor:
    return torch.ones(seq, seq, dtype=torch.bool).tril()


def own_mask(case: Case) -> Tensor | None:
    """The mask that makes the model causal; none where it is so by itself."""
    return causal_mask() if case.mask else None


def assert_causal(case: Case) -> None:
    """A change in the future changes nothing before it, and all that follows."""
    model, inputs = case.model().eval(), case.inputs()
    mask = own_mask(case)
    before = case.run(model, inputs, mask)
    for place in range(1, SEQ):
        changed = inputs.clone()
        changed[:, place] = case.others(inputs)[:, place]
        after = case.run(model, changed, mask)
        same(after[:, :place], before[:, :place], f"before the change at {place}")
        assert (after[:, place:] - before[:, place:]).abs().amax(-1).gt(1e-4).all(), (
            f"a change at {place} does not reach all that follows"
        )


def assert_deterministic(case: Case) -> None:
    """Two evaluations of one input are the same, whatever was drawn between."""
    model, inputs = case.model().eval(), case.inputs()
    torch.manual_seed(1)
    first = case.run(model, inputs)
    torch.manual_seed(2)
    same(case.run(model, inputs), first, "two evaluations", tolerance=0)


def assert_everything_learns(case: Case) -> None:
    """Every parameter has a gradient; non-zero, except a key's bias, which has none."""
    model = case.model(dtype=torch.float64).train()
    inputs = case.inputs(dtype=torch.float64)
    output = case.run(model, inputs)
    random = torch.Generator().manual_seed(2)
    wanted = torch.randn(output.shape, generator=random, dtype=output.dtype)
    (output * wanted).sum().backward()
    parameters = dict(model.named_parameters())
    assert parameters, "it has no parameters at all"
    for name, weight in parameters.items():
        assert weight.grad is not None, f"{name} gets no gradient"
        largest = weight.grad.abs().max().item()
        if name.endswith(case.idle or "no such ending"):
            assert largest < 1e-12, f"{name} is said to learn nothing"
        else:
            assert largest > 1e-9, f"{name} gets a gradient of zero"


def assert_gradients_are_slopes(case: Case) -> None:
    """The gradient is what a small step changes: nothing on the way is detached."""
    model = case.model(dtype=torch.float64)
    inputs = case.inputs(dtype=torch.float64)
    weights, random = list(model.parameters()), torch.Generator().manual_seed(3)

    def drawn(like: Tensor) -> Tensor:
        return torch.randn(like.shape, generator=random, dtype=like.dtype)

    output = case.run(model, inputs)
    wanted, way = drawn(output), [drawn(weight) for weight in weights]
    gradients = torch.autograd.grad((output * wanted).sum(), weights)
    slope = sum((g * d).sum() for g, d in zip(gradients, way, strict=True))
    after = []
    with torch.no_grad():
        for step in (1e-6, -2e-6):
            for weight, direction in zip(weights, way, strict=True):
                weight += step * direction
            after.append((case.run(model, inputs) * wanted).sum())
    same(slope / output.numel(), (after[0] - after[1]) / 2e-6 / output.numel(), "slope")


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


@contextmanager
def memory_not_set_is_nan() -> Iterator[None]:
    """Inside, torch.empty is NaN everywhere in place of what was in memory."""
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(False)


def assert_no_nan(case: Case) -> None:
    """Every number is set, and no input brings forth a NaN, forward or backward."""
    with memory_not_set_is_nan():
        model = case.build().train()
    for name, weight in model.named_parameters():
        assert weight.isfinite().all(), f"{name} is not set"
    inputs = case.inputs()
    scales = [1.0] if case.reads_ids else [1.0, 0.0, 1e4]
    for scale in scales:
        model.zero_grad()
        scaled = inputs if case.reads_ids else (scale * inputs).requires_grad_()
        output = case.run(model, scaled)
        assert output.isfinite().all(), f"NaN in the outputs of inputs × {scale}"
        output.square().mean().backward()
        for name, weight in model.named_parameters():
            if weight.grad is not None:
                assert weight.grad.isfinite().all(), f"NaN in the gradient of {name}"


def assert_nothing_to_look_at_gives_nothing(case: Case) -> None:
    """Where a row of the mask is all False, nothing comes from anywhere, and no NaN."""
    model, inputs = case.model().train(), case.inputs()
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


def assert_padding_changes_nothing(case: Case) -> None:
    """A longer sequence with its end masked gives the same for the rest."""
    model, inputs = case.model().eval(), case.inputs()
    alone = case.run(model, inputs)
    longer = torch.cat([inputs, case.others(inputs)[:, :3]], 1)
    real = torch.arange(longer.shape[1]) < SEQ
    mask = real.expand(BATCH, 1, -1) if case.mask else None
    same(case.run(model, longer, mask)[:, :SEQ], alone, "with padding")


def assert_rows_are_alone(case: Case) -> None:
    """The rows of a batch do not see each other."""
    model, inputs = case.model().eval(), case.inputs()
    together = case.run(model, inputs)
    for row in range(BATCH):
        alone = case.run(model, inputs[row : row + 1])
        same(alone, together[row : row + 1], f"row {row} without the others")
    changed = case.others(inputs)
    changed[0] = inputs[0]
    same(case.run(model, changed)[0], together[0], "row 0 among others")


def assert_any_batch_will_do(case: Case) -> None:
    """One sequence alone, and a batch of batches, give what they give in a batch."""
    model, inputs = case.model().eval(), case.inputs()
    for mask in (None, causal_mask()) if case.mask else (None,):
        together = case.run(model, inputs, mask)
        same(case.run(model, inputs[1], mask), together[1], "one sequence, no batch")
        stacked = case.run(model, inputs[:, None], mask)
        same(stacked, together[:, None], "a batch of batches")


def through_pickle(model: nn.Module) -> nn.Module:
    file = io.BytesIO()
    try:
        torch.save(model, file)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise AssertionError(f"the whole model cannot be saved: {error}") from error
    file.seek(0)
    loaded = torch.load(file, weights_only=False)
    assert isinstance(loaded, nn.Module)
    return loaded


def through_state(case: Case, model: nn.Module) -> nn.Module:
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    fresh = case.model(seed=5)
    fresh.load_state_dict(torch.load(file, weights_only=True))
    return fresh


def assert_copies_are_alike_and_apart(case: Case) -> None:
    """A deep copy and what was saved give the same, and live on their own."""
    inputs = case.inputs()
    journeys: dict[str, Callable[[nn.Module], nn.Module]] = {
        "a deep copy": copy.deepcopy,
        "the state saved and loaded": partial(through_state, case),
        "the whole saved and loaded": through_pickle,
    }
    for name, travel in journeys.items():
        model = case.model().eval()
        expected = case.run(model, inputs).detach().clone()
        other = travel(model).eval()
        assert len(list(other.parameters())) == len(list(model.parameters())), name
        same(case.run(other, inputs), expected, name)
        with torch.no_grad():
            for weight in model.parameters():
                weight.mul_(1.7).add_(0.3)
        same(case.run(other, inputs), expected, f"{name}, the original changed")
        assert (case.run(model, inputs) - expected).abs().max() > 1e-3, (
            f"{name}: the original still uses numbers that are not its parameters"
        )


def assert_float64_agrees(case: Case) -> None:
    """The same in twice as many digits: nothing is lost on the way."""
    single, double = case.model().eval(), case.model(dtype=torch.float64).eval()
    inputs = case.inputs()
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
    model, inputs = case.model().eval(), case.inputs()
    straight = case.run(model, inputs)
    for order in shuffles():
        same(case.run(model, inputs[:, order]), straight[:, order], f"order {order}")


def assert_order_is_seen(case: Case) -> None:
    """A model that knows positions gives other outputs for another order."""
    model, inputs = case.model().eval(), case.inputs()
    if case.reads_ids:
        inputs[:] = torch.arange(SEQ)  # no token twice
    straight = case.run(model, inputs)
    for order in shuffles():
        shuffled = case.run(model, inputs[:, order])
        assert (shuffled - straight[:, order]).abs().max() > 1e-3, f"order {order}"


def assert_position_wise(case: Case) -> None:
    """A position by itself gives what it gives in a sequence."""
    model, inputs = case.model().eval(), case.inputs()
    together = case.run(model, inputs)
    for place in range(SEQ):
        alone = case.run(model, inputs[:, place : place + 1])
        same(alone[:, 0], together[:, place], f"position {place} alone")


def assert_tied(case: Case) -> None:
    """Two names, one parameter: counted once, and one after a step and a journey."""
    assert case.tied is not None
    first, second = case.tied
    model = case.model()
    assert model.get_parameter(first) is model.get_parameter(second), "not one"
    inputs = case.inputs()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    case.run(model, inputs).square().mean().backward()
    optimizer.step()
    for other in (model, copy.deepcopy(model), through_state(case, model)):
        assert other.get_parameter(first) is other.get_parameter(second), "came apart"


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
    held = list(ALWAYS)
    if case.mask or case.causal:
        held.append(assert_causal)
    if case.mask:
        held.append(assert_nothing_to_look_at_gives_nothing)
    if not case.batched:
        held.append(assert_any_batch_will_do)
    if not case.packs:
        held.append(assert_waits_for_nothing)
    if not case.mixes:
        held.append(assert_position_wise)
    held.append(
        assert_order_is_seen if case.ordered else assert_outputs_follow_a_shuffle
    )
    if case.tied:
        held.append(assert_tied)
    return held
