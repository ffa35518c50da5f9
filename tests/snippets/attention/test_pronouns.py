"""Why the search for the noun behind a pronoun can be believed."""

import pytest
import torch

from snippets.attention import pronouns
from snippets.attention.pronouns import KINDS
from snippets.lab import weights
from snippets.text.wordpiece import WordPiece


@pytest.fixture(scope="module")
def bert():
    return WordPiece(weights.vocabulary())


@pytest.fixture(scope="module")
def every(bert):
    return pronouns.cases(bert.tokenize)


def test_sentences_are_cut_as_their_whole_text_is(every, bert):
    assert len(every) == 140
    for case in every:
        assert list(case.tokens) == bert.tokenize(case.text)
        words = case.text.lower().replace(",", "").rstrip(".").split()
        assert case.tokens[case.pronoun] in {"it", "he", "she", "they"}
        assert len(case.nouns) > 1
        for i, noun in enumerate(case.nouns):
            assert case.words(i) in words
            assert noun.stop <= case.pronoun


def test_guesses_by_place_are_right_about_half_the_time(every):
    for part in (every[:100], every[100:]):
        for place in ("first", "last"):
            right = sum(
                case.meant == (0 if place == "first" else len(case.nouns) - 1)
                for case in part
            )
            assert 0.45 <= right / len(part) <= 0.55


def test_twins_differ_after_the_pronoun_and_in_who_is_meant(every):
    twins = [case for case in every if case.kind == "twins"]
    assert len(twins) == 40
    for one, other in zip(twins[::2], twins[1::2], strict=True):
        upto = one.pronoun + 1
        assert one.block == other.block
        assert one.tokens[:upto] == other.tokens[:upto]
        assert one.tokens != other.tokens
        assert (one.nouns, one.meant) != (other.nouns, other.meant)


@pytest.mark.parametrize("seed", range(5))
def test_halves_are_disjoint_and_keep_twins_together(every, seed):
    hundred = every[:100]
    choose, report = pronouns.halves(hundred, seed)
    assert len(choose) == len(report) == 50
    assert sorted(choose + report) == list(range(100))
    blocks = [{hundred[i].block for i in part} for part in (choose, report)]
    assert not blocks[0] & blocks[1]
    assert 0 in report  # the robot and the glass
    for kind in KINDS:
        counts = [sum(hundred[i].kind == kind for i in p) for p in (choose, report)]
        assert counts[0] == counts[1]


def test_scores_equal_those_of_a_plain_loop(every):
    generator = torch.Generator().manual_seed(0)
    for case in every[::7]:
        seq = len(case.tokens) + 2
        look = torch.rand(2, 3, seq, seq, generator=generator)
        found = pronouns.finds(look, case)
        for layer in range(2):
            for head in range(3):
                row = look[layer, head, case.pronoun + 1].tolist()
                on = [sum(row[i + 1] for i in noun) for noun in case.nouns]
                best = max(range(len(on)), key=on.__getitem__)
                assert bool(found[layer, head]) == (best == case.meant)


def test_a_tie_is_not_found(every):
    seq = len(every[0].tokens) + 2
    assert not pronouns.finds(torch.full((seq, seq), 1 / seq), every[0])


def test_the_other_way_round_reads_the_transposed_weights(every):
    generator = torch.Generator().manual_seed(1)
    for case in every[::7]:
        seq = len(case.tokens) + 2
        look = torch.rand(seq, seq, generator=generator)
        column = look[:, case.pronoun + 1].tolist()
        on = [sum(column[i + 1] for i in n) / len(n) for n in case.nouns]
        best = max(range(len(on)), key=on.__getitem__)
        assert bool(pronouns.found_back(look, case)) == (best == case.meant)
