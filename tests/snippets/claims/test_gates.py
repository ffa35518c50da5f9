"""Why `gates` measures what it says."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from snippets.claims import gates
from snippets.recurrence.recurrent_networks import unroll


@given(st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_only_the_first_symbol_tells_the_answer(distance, seed):
    random = torch.Generator().manual_seed(seed)
    x, first = gates.sequences(50, distance, random)
    assert x.shape == (50, distance + 1, gates.D_MODEL)
    assert x.sum(-1).eq(1).all()
    ids = x.argmax(-1)
    assert torch.equal(ids[:, 0], first)
    # The others are other symbols, and drawn without looking at the first.
    assert ids[:, 1:].ge(gates.SYMBOLS).all()


def test_all_symbols_are_drawn_alike():
    x, first = gates.sequences(4000, 5, torch.Generator().manual_seed(0))
    counts = x.argmax(-1)[:, 1:].flatten().bincount()[gates.SYMBOLS :] / (4000 * 5)
    for shares in (first.bincount() / 4000, counts):
        torch.testing.assert_close(shares, torch.full((4,), 0.25), rtol=0, atol=0.03)


def test_the_models_have_about_as_many_numbers_to_learn():
    sizes = {
        name: sum(weight.numel() for weight in gates.Model.build(name).parameters)
        for name in gates.MODELS
    }
    assert max(sizes.values()) < 1.06 * min(sizes.values())


@pytest.mark.parametrize(
    ("name", "keep", "within"),
    [
        *(("LSTM", 0.993, 0.002), ("GRU", 0.993, 0.002)),
        *(("LSTM half", 0.5, 0.05), ("GRU half", 0.5, 0.05)),
    ],
)
def test_gates_begin_as_the_rows_say(name, keep, within):
    cell = gates.MODELS[name]()
    biases = (cell.input.bias + cell.recurrent.bias)[cell.d_hidden : 2 * cell.d_hidden]
    assert biases.sigmoid().mean().item() == pytest.approx(keep, abs=within)


def test_an_lstm_reads_by_the_fast_path_what_it_would_read_by_ours():
    torch.manual_seed(0)
    model = gates.Model.build("LSTM")
    x, _ = gates.sequences(7, 12, torch.Generator().manual_seed(0))
    hidden, _ = unroll(model.cell, x)
    torch.testing.assert_close(model.recall(x), model.output(hidden[:, -1]))


@pytest.mark.parametrize("name", gates.MODELS)
def test_every_model_learns_a_short_distance(name):
    # What fails at a distance does not fail because it cannot be trained at all.
    model, steps = gates.train(name, 3, 0.01, seed=0)
    x, first = gates.sequences(1000, 3, torch.Generator().manual_seed(9))
    assert model.recall(x).argmax(-1).eq(first).float().mean() >= gates.LEARNED
    assert steps < gates.MOST_STEPS
    x[:, 0] = x[:, 1]  # without the symbol it can but guess
    blind = model.recall(x).argmax(-1).eq(first).float().mean().item()
    assert blind == pytest.approx(gates.CHANCE, abs=0.06)


def rows_of(**reaches):
    """Rows in which each model learned up to a distance, and guessed beyond."""
    return [
        {
            "seed": seed,
            "model": name,
            "distance": far,
            "rate": 0.003,
            "accuracy": 1.0 if far <= reaches.get(name, 0) else 0.25 + seed / 100,
        }
        for seed in range(3)
        for name in gates.MODELS
        for far in gates.DISTANCES
    ]


@pytest.mark.parametrize(
    ("reaches", "verdict"),
    [
        ({"RNN": 10, "LSTM": 80, "GRU": 80}, "seen"),
        ({"RNN": 80, "LSTM": 80, "GRU": 80}, "not seen"),
        ({"RNN": 10, "LSTM": 80, "GRU": 40}, "partly"),
        ({"RNN": 20, "LSTM": 10, "GRU": 20}, "not seen"),
    ],
)
def test_the_conclusion_follows_the_rows(reaches, verdict):
    found, words = gates.conclude(rows_of(**reaches))
    assert found == verdict
    assert f"over {reaches['RNN']} steps, the LSTM over {reaches['LSTM']}" in words
    assert f"the GRU over {reaches['GRU']}." in words


def test_one_seed_that_fails_ends_the_reach():
    rows = rows_of(LSTM=80)
    failed = {"seed": 2, "model": "LSTM", "distance": 40}
    rows = [row | {"accuracy": 0.9} if failed.items() <= row.items() else row
            for row in rows]  # fmt: skip
    assert gates.reach(rows, "LSTM") == 20
