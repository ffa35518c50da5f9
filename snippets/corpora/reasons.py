"""Pairs of sentences that differ in their reason, and with it in who is meant.

"a menina comeu a maçã porque estava com fome" is "because she was hungry"; with
"deliciosa" in place of "com fome" it is "because it was delicious". Portuguese has no
word there for she or it.
"""

from __future__ import annotations

from dataclasses import dataclass

from snippets.corpora.portuguese import words_of
from snippets.corpora.portuguese.words import agree, lexicon

ARTICLE = {"m": "o", "f": "a"}
PRONOUN = {"m": "he", "f": "she"}
# So many words are the subject, and so many come before the reason.
SUBJECT, REASON = 2, 7


@dataclass(frozen=True)
class Reasons:
    """Two sentences, how both begin in English, and who is meant in the first."""

    hungry: tuple[str, ...]
    delicious: tuple[str, ...]
    english: tuple[str, ...]
    pronoun: str

    @property
    def food(self) -> str:
        return self.hungry[4]


def reasons() -> list[Reasons]:
    """Everybody who is called he or she, with every food."""
    nouns = lexicon()["nouns"]
    found = []
    for person, (gender, who, *odd) in nouns["person"].items():
        if any("it" in said for said in odd):
            continue
        for food, (its, what, *_) in nouns["food"].items():
            told = (
                f"{ARTICLE[gender]} {person} comeu {ARTICLE[its]} {food} porque estava"
            )
            found.append(
                Reasons(
                    words_of(f"{told} com fome."),
                    words_of(f"{told} {agree('delicioso', its, False)}."),
                    words_of(f"the {who} ate the {what} because"),
                    PRONOUN[gender],
                )
            )
    return found


def he_and_she() -> list[tuple[Reasons, Reasons]]:
    """Two that differ in the subject alone: who is called he, who is called she."""
    return [
        both
        for food in {one.food: None for one in reasons()}
        for both in zip(
            *(
                [one for one in reasons() if (one.food, one.pronoun) == (food, pronoun)]
                for pronoun in PRONOUN.values()
            ),
            strict=False,
        )
    ]
