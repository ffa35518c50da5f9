"""Why the corpus can be learned from: it is ours, whole and repetitive."""

import collections
import re

from snippets.corpora.robot import SENTENCE, robot


def test_robot_has_the_sentence_of_every_page():
    assert SENTENCE in robot()


def test_robot_is_long_enough_and_repeats_its_words():
    words = re.findall(r"[a-z]+", robot().lower())
    counts = collections.Counter(words)
    assert 2_000 <= len(words) <= 3_000
    # Most of the text is made of words that come five times or more.
    assert sum(n for n in counts.values() if n >= 5) > 0.8 * len(words)


def test_robot_is_plain_text():
    assert robot().isascii() and robot().endswith('."\n')
