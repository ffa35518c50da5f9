"""Why what is recorded of the Transformer that translates can be believed."""

from dataclasses import asdict, dataclass

import pytest
import torch
from torch.nn import functional as F

from snippets import translate
from snippets.corpora.reasons import REASON, SUBJECT, he_and_she, reasons
from snippets.corpora.translation import SENTENCE, sentences
from snippets.lab import freshness, record
from snippets.lab.record import Result
from snippets.text.vocabulary import PAD
from snippets.translate import Settings, error_rates, looks, loss, sharpness, train


@dataclass(frozen=True)
class Tiny(Settings):
    steps: int = 2
    count: int = 40
    batch_size: int = 8
    d_model: int = 8
    n_heads: int = 2
    d_ff: int = 8
    n_layers: int = 1


TINY = Tiny()


@pytest.fixture(scope="module")
def translator():
    return train(sentences("train", TINY.data, TINY.count), TINY, seed=0)


def test_both_languages_share_one_vocabulary(translator):
    assert translator.source is translator.target
    assert {"o", "the"} <= set(translator.source.words)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_loss_is_pytorchs_without_padding(translator, smoothing):
    batch = translator.rows(sentences("test", TINY.data, 5))
    model = translator.model.eval()
    logits = model(batch.source, batch.target[:, :-1])
    expected = F.cross_entropy(
        logits.flatten(0, 1), batch.target[:, 1:].flatten(),
        ignore_index=PAD, label_smoothing=smoothing,
    )  # fmt: skip
    torch.testing.assert_close(loss(model, batch, smoothing), expected)


def test_each_pair_looks_alone_as_among_others(translator):
    pairs = sentences("test", TINY.data, 4)
    together = looks(translator, pairs)
    assert len(together) == 3 * TINY.n_layers
    for number, pair in enumerate(pairs):
        for name, (weights,) in looks(translator, [pair]).items():
            source, target = len(pair.portuguese) + 1, len(pair.english) + 1
            queries = source if name.startswith("encoder") else target
            keys = target if name.startswith("decoder") else source
            keys = source if name.endswith("cross") else keys
            assert weights.shape == (TINY.n_heads, queries, keys)
            sums = weights.sum(-1)
            torch.testing.assert_close(sums, torch.ones_like(sums))
            torch.testing.assert_close(together[name][number], weights)


def test_a_head_on_gold_has_no_error_and_one_beside_it_has():
    words, places = len(SENTENCE.english) + 1, len(SENTENCE.portuguese) + 1
    on_gold = torch.zeros(words, places)
    for place, word in SENTENCE.alignment:
        on_gold[word, place] = 1
    beside = on_gold.roll(1, 1)
    # Of the twelve links two share a word with another: eleven words, eleven right.
    right, wrong = error_rates([torch.stack([on_gold, beside])], [SENTENCE])
    assert right == pytest.approx(1 - 2 * 11 / (11 + 12))
    assert wrong > 0.8


def test_sharpness_is_the_mean_of_the_largest_weight():
    one, two = torch.eye(3), torch.full((5, 4), 0.25)
    found = sharpness([torch.stack([one, one / 2]), torch.stack([two, two])])
    assert found == pytest.approx([(3 + 5 / 4) / 8, (3 / 2 + 5 / 4) / 8])


def test_reasons_differ_where_they_say():
    for one in reasons():
        assert one.hungry[:REASON] == one.delicious[:REASON]
        assert one.hungry[REASON:] == ("com", "fome", ".")
        assert one.food == one.hungry[4] and one.english[-1] == "because"
    for he, she in he_and_she():
        assert (he.pronoun, she.pronoun) == ("he", "she")
        assert he.hungry[SUBJECT:] == she.hungry[SUBJECT:]


def test_swapped_vectors_are_taken_from_the_other_sentence(translator):
    found = translate.swapped(translator, ())
    assert found["what"]["of"] == len(reasons())
    assert found["who"]["of"] == len(he_and_she()) == 104
    known = {one.hungry for one in reasons()[:10]}
    assert translate.swapped(translator, known)["what"]["of"] == len(reasons()) - 10


def test_training_says_and_records_how_good_it_is(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(translate, "RESULTS", tmp_path)
    monkeypatch.setattr(translate, "TESTS", 2)
    monkeypatch.setattr(translate, "TOLD", 300)
    monkeypatch.setattr(translate, "ALPHAS", (0.6,))
    # Tested by themselves, and long where nothing learned to end a sentence.
    monkeypatch.setattr(translate, "held_out", lambda *_: {})
    monkeypatch.setattr(translate, "Settings", Tiny)
    threads = torch.get_num_threads()
    assert translate.main([translate.NAME, "--record", "--steps", "2"]) == 0
    torch.set_num_threads(threads)
    assert "BLEU" in capsys.readouterr().out
    data = Result.read(translate.NAME, tmp_path).record["data"]
    assert data["settings"]["steps"] == 2
    assert data["pronouns"]["right"] <= data["pronouns"]["of"]
    assert len(data["heads"]) == 3 * TINY.n_layers * TINY.n_heads
    assert {best["part"] for best in data["best"].values()} == data["best"].keys()


@pytest.mark.fresh
def test_recorded_is_of_this_code_and_good():
    recorded = Result.read(translate.NAME, record.RESULTS / "trained")
    command = (
        f"python -m snippets train {translate.NAME} --steps {Settings.steps} --seed 0"
    )
    recipe = record.recipe(
        command, seed=0, device="cpu", code=record.code_hash("snippets.translate")
    )
    data = recorded.record["data"]
    today = {
        "name": translate.NAME,
        "recipe": {**recipe, **freshness.pins(), "threads": 1},
        "data": {**data, "settings": asdict(Settings())},
    }
    assert freshness.compared(recorded, Result(today)) == []
    assert data["scores"]["bleu"] >= 97 and data["unseen"]["bleu"] >= 90
    assert data["best"]["cross"]["test"] < 0.13
