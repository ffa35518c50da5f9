"""Why `positional_encoding` can be believed."""

import cmath
import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import LlamaConfig
from transformers.models.bloom.modeling_bloom import build_alibi_tensor
from transformers.models.gptj.modeling_gptj import (
    apply_rotary_pos_emb as every_two,
)
from transformers.models.gptj.modeling_gptj import create_sinusoidal_positions
from transformers.models.llama.modeling_llama import (
    LlamaAttention,
    LlamaRotaryEmbedding,
    apply_rotary_pos_emb,
)
from transformers.models.marian.modeling_marian import (
    MarianSinusoidalPositionalEmbedding,
)

from snippets.attention.attention import attention
from snippets.attention.positional_encoding import (
    RotaryAttention,
    alibi,
    rotary,
    sinusoids,
    slopes,
    speeds,
)
from snippets.demos.positional_encoding import turns
from snippets.text.logits import softmax

BATCH, N_HEADS, SEQ, D_HEAD = 2, 3, 5, 8
D_MODEL = N_HEADS * D_HEAD
POSITION = torch.arange(SEQ, dtype=torch.float64)
EXACT = {"rtol": 0, "atol": 1e-12}
positions = st.integers(0, 5000)


def vectors(count, seq=SEQ, width=D_HEAD, seed=0):
    random = torch.Generator().manual_seed(seed)
    return torch.randn(
        count, BATCH, N_HEADS, seq, width, generator=random, dtype=torch.float64
    )


def at(*position):
    return torch.tensor(position, dtype=torch.float64)


# --- A bag of words


def looks_at_itself(x):
    return attention(x, x, x)[0]


def test_attention_alone_is_equivariant_under_every_permutation():
    x = vectors(1, seq=4)[0]
    for order in map(list, itertools.permutations(range(4))):
        shuffled = looks_at_itself(x[..., order, :])
        torch.testing.assert_close(shuffled, looks_at_itself(x)[..., order, :], **EXACT)


def test_positions_and_also_a_causal_mask_end_that():
    x, order = vectors(1)[0], [1, 0, 2, 3, 4]
    places = sinusoids(POSITION, speeds(D_HEAD))
    causal = torch.ones(SEQ, SEQ, dtype=torch.bool).tril()
    for ordered in (
        lambda x: looks_at_itself(x + places),
        lambda x: attention(x, x, x, causal)[0],
        lambda x: attention(*turned(x, x, speeds(D_HEAD)), x)[0],
    ):
        apart = ordered(x[..., order, :]) - ordered(x)[..., order, :]
        assert apart.abs().amax() > 1e-2


# --- Sinusoids


def test_sinusoids_are_the_papers():
    d_model, late = 512, [0, 1, 2, 9_999]
    found = sinusoids(at(*late), speeds(d_model))
    for row, position in zip(found, late, strict=True):
        for i in range(d_model // 2):
            angle = position / 10_000 ** (2 * i / d_model)
            assert row[2 * i].item() == pytest.approx(math.sin(angle), abs=1e-11)
            assert row[2 * i + 1].item() == pytest.approx(math.cos(angle), abs=1e-11)


def test_sinusoids_equal_hugging_faces_with_all_sines_first():
    theirs = MarianSinusoidalPositionalEmbedding(SEQ, D_MODEL)
    ours = sinusoids(POSITION, speeds(D_MODEL))
    sorted_ = torch.cat([ours[:, 0::2], ours[:, 1::2]], -1)
    torch.testing.assert_close(sorted_.float(), theirs.create_weight())


@given(positions, positions)
def test_a_shift_is_the_same_rotation_wherever_it_begins(start, shift):
    speed = speeds(D_HEAD)
    blocks = [
        at([math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)])
        for a in (shift * speed).tolist()
    ]
    rotation = torch.block_diag(*blocks)
    before, after = sinusoids(at(start, start + shift), speed)
    torch.testing.assert_close(before @ rotation, after, rtol=0, atol=1e-9)


# --- Rotary


def turned(query, key, speed, start=0, **pairing):
    where = torch.arange(query.shape[-2], dtype=torch.float64) + start
    return (rotary(x, where, speed, **pairing) for x in (query, key))


@pytest.mark.parametrize("base", [10_000.0, 500_000.0])
def test_rotary_by_halves_equals_hugging_faces_llama(base):
    config = LlamaConfig(
        hidden_size=D_MODEL,
        num_attention_heads=N_HEADS,
        rope_parameters={"rope_type": "default", "rope_theta": base},
    )
    query, key = vectors(2).float()
    cos, sin = LlamaRotaryEmbedding(config)(query, torch.arange(SEQ)[None])
    theirs = apply_rotary_pos_emb(query, key, cos, sin)
    ours = turned(query, key, speeds(D_HEAD, base), halves=True)
    for mine, their in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, their, rtol=0, atol=2e-6)
    # The other pairing is another function, of the same shape.
    (other, _) = turned(query, key, speeds(D_HEAD, base))
    assert (other - theirs[0]).abs().max() > 0.1


def test_rotary_by_neighbours_equals_hugging_faces_gptj():
    query, _ = vectors(2).float()
    sin, cos = create_sinusoidal_positions(SEQ, D_HEAD).chunk(2, -1)
    # GPT-J has the heads after the positions.
    theirs = every_two(query.transpose(1, 2), sin[None], cos[None]).transpose(1, 2)
    ours, _ = turned(query, query, speeds(D_HEAD))
    torch.testing.assert_close(ours, theirs, rtol=0, atol=2e-6)


def test_rotary_is_multiplication_by_a_complex_number_of_length_1():
    x = vectors(1)[0]
    angle = POSITION[:, None] * speeds(D_HEAD)
    turn = torch.tensor(
        [[cmath.exp(1j * a) for a in row] for row in angle.tolist()],
        dtype=torch.complex128,
    )
    pairs = torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous()) * turn
    theirs = torch.view_as_real(pairs).flatten(-2)
    ours = rotary(x, POSITION, speeds(D_HEAD))
    torch.testing.assert_close(ours, theirs, **EXACT)
    torch.testing.assert_close(ours.norm(dim=-1), x.norm(dim=-1), **EXACT)


def outputs(query, key, value, start, turns_values=False):
    query, key = turned(query, key, speeds(D_HEAD), start)
    if turns_values:
        _, value = turned(value, value, speeds(D_HEAD), start)
    return attention(query, key, value)


@given(positions)
def test_only_the_distance_counts(start):
    query, key, value = vectors(3)
    before, after = (outputs(query, key, value, s) for s in (0, start))
    for mine, their in zip(before, after, strict=True):
        torch.testing.assert_close(mine, their, rtol=0, atol=1e-9)


def test_values_that_are_turned_too_are_refused():
    query, key, value = vectors(3)
    mistaken = (outputs(query, key, value, s, True)[0] for s in (0, 7))
    with pytest.raises(AssertionError):
        torch.testing.assert_close(*mistaken, rtol=0, atol=1e-9)


def for_hugging_face(weight):
    """Rows of a projection as the published weights of LLaMA were converted.

    huggingface/transformers, convert_llama_weights_to_hf.py, `permute`.
    """
    by_pair = weight.view(N_HEADS, D_HEAD // 2, 2, -1)
    return by_pair.transpose(1, 2).reshape(weight.shape)


def test_rotary_attention_equals_hugging_faces_llama():
    torch.manual_seed(0)
    config = LlamaConfig(
        hidden_size=D_MODEL,
        num_attention_heads=N_HEADS,
        num_key_value_heads=N_HEADS,
        attn_implementation="sdpa",
    )
    ours = RotaryAttention(D_MODEL, N_HEADS, bias=False)
    theirs = LlamaAttention(config, layer_idx=0)
    as_it_is = {"value": "v", "output": "o"}
    for mine, their in {"query": "q", "key": "k", **as_it_is}.items():
        weight = ours.get_submodule(mine).weight
        kept = weight if mine in as_it_is else for_hugging_face(weight)
        theirs.get_submodule(f"{their}_proj").weight.data = kept
    x = torch.randn(BATCH, SEQ, D_MODEL)
    causal = torch.ones(SEQ, SEQ, dtype=torch.bool).tril()
    places = LlamaRotaryEmbedding(config)(x, torch.arange(SEQ)[None])
    expected, _ = theirs(x, places, causal[None, None].expand(BATCH, -1, -1, -1))
    torch.testing.assert_close(ours(x, mask=causal), expected, rtol=0, atol=2e-6)


def test_positions_keep_their_digits_in_half_precision():
    speed, late = speeds(D_HEAD), 4096
    attends = RotaryAttention(D_HEAD, 1).bfloat16()
    x = torch.ones(1, late + 1, D_HEAD, dtype=torch.bfloat16)
    wanted = rotary(torch.ones(1, D_HEAD).double(), at(late), speed)[0]
    found = attends.turn(x)[0, late].double()
    torch.testing.assert_close(found, wanted, rtol=0, atol=0.01)


# --- ALiBi


def test_slopes_are_the_papers():
    assert slopes(8).tolist() == [2**-i for i in range(1, 9)]
    root = 2**-0.5
    sixteen = [root**i for i in range(1, 17)]
    assert slopes(16).tolist() == pytest.approx(sixteen)


@pytest.mark.parametrize("n_heads", [1, 2, 3, 5, 6, 8, 12, 16, 40])
def test_alibi_equals_hugging_faces_bloom(n_heads):
    theirs = build_alibi_tensor(torch.ones(1, SEQ), n_heads, torch.float32)
    # From the sequence's start, not from the query: softmax forgives a shift.
    torch.testing.assert_close(theirs[:, 0, 1], slopes(n_heads))
    scores = torch.randn(n_heads, SEQ, SEQ, generator=torch.Generator().manual_seed(0))
    causal = torch.ones(SEQ, SEQ, dtype=torch.bool).tril()
    weights = (softmax(scores + bias, causal) for bias in (theirs, alibi(n_heads, SEQ)))
    torch.testing.assert_close(*weights)


def test_alibi_counts_the_distance_both_ways():
    distance = torch.tensor([[0, 1, 2], [1, 0, 1], [2, 1, 0]])
    torch.testing.assert_close(alibi(2, 3)[1], -(2**-8) * distance)


def test_the_papers_sentence_is_not_the_code_of_its_authors():
    as_written = [2 ** (-8 * i / 12) for i in range(1, 13)]
    assert slopes(12).tolist() != pytest.approx(as_written)


# --- What is measured on MiniLM


def test_a_rotation_is_found_where_there_is_one_and_only_there():
    clocks = 2 * math.pi / at(6, 14, 48, 150)
    within = torch.linalg.qr(vectors(1, 40, 40)[0, 0, 0])[0][:8]  # eight directions
    hands = sinusoids(torch.arange(120, dtype=torch.float64), clocks) @ within
    random = torch.randn(120, 40, generator=torch.Generator().manual_seed(0)).double()
    there, nowhere = (turns(x[:60], x[60:]) for x in (hands, random))
    assert there["right"] == there["n"] == 59
    torch.testing.assert_close(there["turn"], at(6, 14, 48, 150), rtol=0.3, atol=0)
    assert nowhere["right"] <= 5
    # How much the directions hold of what differs, wherever the middle is.
    elsewhere = turns(hands[:60], hands[60:] + random[0])
    assert elsewhere["share"] == pytest.approx(1)
