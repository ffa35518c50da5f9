"""Texts to learn from. For now there is one: our own stories about the robot."""

from __future__ import annotations

from pathlib import Path

SENTENCE = "The robot dropped the glass because it was slippery."


def robot() -> str:
    """Little stories about a robot, a glass and a kitchen; about 2,500 words.

    Written for this project, in few words that come back often, so that even a
    model of word pairs has something to learn.
    """
    path = Path(__file__).with_name("robot.txt")
    return path.read_text(encoding="utf-8")
