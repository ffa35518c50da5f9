"""Why what is recorded of the networks that write can be believed."""

import json
import math
from dataclasses import asdict, replace
from itertools import pairwise

import pytest
import torch

from snippets import speak
from snippets.lab import freshness, record
from snippets.lab.record import Result
from snippets.recurrence.recurrent_networks import unroll
from snippets.speak import Counts, Settings, Text, build, copied, judged

TINY = replace(
    Settings(), steps=3, batch_size=2, window=8, d_model=4, lstm=6, rnn=7,
    looks=(), written=20, samples=2,
)  # fmt: skip


@pytest.fixture(scope="module")
def text():
    return Text()


@pytest.mark.parametrize("kind", ["LSTM", "RNN"])
def test_a_network_reads_as_unroll_does(kind, text):
    torch.manual_seed(0)
    model = build(kind, text, TINY).eval()
    ids = text.train[None, :30]
    logits, state = model(ids[:, :12])
    more, _ = model(ids[:, 12:], state)
    hidden, _ = unroll(model.cell, model.embedding(ids))
    torch.testing.assert_close(
        torch.cat([logits, more], 1), model.output(hidden), rtol=0, atol=1e-6
    )


def test_text_comes_back_and_batches_are_of_the_training_pages(text):
    page = text.parts["test"][0]
    assert text.written(text.ids(page).tolist()) == page
    batch = text.batch(5, TINY, seed=1)
    assert batch.shape == (TINY.batch_size, TINY.window + 1)
    assert batch.equal(text.batch(5, TINY, seed=1))
    train = text.train.tolist()
    for row in batch.tolist():
        assert any(train[i : i + len(row)] == row for i in range(len(train)))


@pytest.mark.parametrize("order", [1, 2, 5])
def test_probabilities_by_counts_sum_to_1(order, text):
    counts = Counts(text, order)
    for words in ("", "The robo", "zzqx", '"'):
        context = text.ids(words).tolist()[-(order - 1) :] if order > 1 else []
        total = sum(counts.probability(context, i) for i in range(counts.size))
        assert math.isclose(total, 1, rel_tol=1e-9)


def test_bits_are_those_of_one_character_at_a_time(text):
    torch.manual_seed(0)
    model = build("LSTM", text, TINY).eval()
    short = replace_pages(text, "test", ["It was.\n", "Wet"])
    surprise, state = [], None
    with torch.no_grad():
        for page in short.parts["test"]:
            ids, state = short.ids(page), None
            for before, after in pairwise(ids):
                logits, state = model(before.view(1, 1), state)
                surprise.append(-logits[0, 0].softmax(-1)[after].log2().item())
    mean = sum(surprise) / len(surprise)
    assert math.isclose(speak.bits(model, short, "test"), mean, rel_tol=1e-5)


def replace_pages(text, part, some):
    other = Text.__new__(Text)
    other.__dict__.update(text.__dict__)
    other.parts = {**text.parts, part: some}
    return other


def test_a_memory_of_all_is_the_whole_memory(text):
    torch.manual_seed(0)
    model = build("RNN", text, TINY).eval()
    page = text.parts["test"][0][:40]
    short = replace_pages(text, "test", [page])
    (whole,) = speak.by_memory(model, short, [30], longest=30)
    with torch.no_grad():
        rows = [short.ids(page)[i : i + 31] for i in range(0, len(page) - 29, 3)]
        losses = [
            -model(row[None, :-1])[0][0, -1].log_softmax(-1)[row[-1]] for row in rows
        ]
    mean = torch.stack(losses).mean().item() / math.log(2)
    assert math.isclose(whole, mean, rel_tol=1e-5)


def test_the_longest_copy():
    assert copied("xabcabdz", "abd abcab") == "abcab"
    assert copied("xyz", "abc") == ""


def test_what_was_given_is_not_judged(text):
    found = judged([speak.PROMPT + "zzzz glass with qqqq cut"], text)
    assert found["words"] == 4 and found["exist"] == 0.5


@pytest.mark.fresh
def test_recorded_is_of_this_code_and_good():
    recorded = Result.read(speak.NAME, record.RESULTS / "trained")
    command = f"python -m snippets train {speak.NAME} --steps {Settings.steps} --seed 0"
    recipe = record.recipe(
        command, seed=0, device="cpu", code=record.code_hash("snippets.speak")
    )
    data = recorded.record["data"]
    settings = json.loads(json.dumps(asdict(Settings())))
    today = {
        "name": speak.NAME,
        "recipe": {**recipe, **freshness.pins(), "threads": 1},
        "data": {**data, "settings": settings},
    }
    assert freshness.compared(recorded, Result(today)) == []
    lstm, counting = data["networks"]["LSTM"], data["counting"]
    assert lstm["bits"]["test"] < counting["5-gram"] < counting["bigram"]
    assert lstm["stages"][-1]["exist"] > 0.9
