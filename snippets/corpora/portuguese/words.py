"""The words of our Portuguese and of its English, and the forms that they take."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

LEXICON = Path(__file__).with_name("words.yml")

# I, you, he or she or it, we, they. "Você", you, takes the form of he and she.
Person = Literal["1s", "2s", "3s", "1p", "3p"]
Tense = Literal["past", "present", "future", "progressive"]
TENSES: tuple[Tense, ...] = ("past", "present", "future", "progressive")


@functools.cache
def lexicon() -> dict[str, Any]:
    """The words, as words.yml has them."""
    words: dict[str, Any] = yaml.safe_load(LEXICON.read_text(encoding="utf-8"))
    return words


@dataclass(frozen=True)
class Verb:
    """A verb as words.yml has it, and what goes with it."""

    name: str
    group: str
    en: list[str]
    who: list[str]
    what: list[str] = field(default_factory=list)
    tenses: Sequence[Tense] = TENSES
    where: list[str] | None = None
    because: list[str] = field(default_factory=list)

    @property
    def main(self) -> str:
        """The part that is conjugated: deixar of deixar cair."""
        return self.name.split()[0]

    @property
    def rest(self) -> list[str]:
        """The part that is not: cair. A preposition belongs to the object."""
        return self.name.removesuffix(" de").split()[1:]

    @property
    def takes_de(self) -> bool:
        return self.name.endswith(" de")

    def unclear(self, tense: Tense) -> bool:
        """Whether "we" has one form for two tenses: comemos is eat and ate."""
        return tense in ("past", "present") and conjugate(
            self.main, "past", "1p"
        ) == conjugate(self.main, "present", "1p")


@functools.cache
def verbs() -> dict[str, list[Verb]]:
    """The verbs by group."""
    return {
        group: [Verb(name, group, **facts) for name, facts in some.items()]
        for group, some in lexicon()["verbs"].items()
    }


# --- Portuguese

MELTED = {
    "de": {"o": "do", "a": "da", "os": "dos", "as": "das"}
    | {f"est{end}": f"dest{end}" for end in ("e", "a", "es", "as")},
    "em": {"o": "no", "a": "na", "os": "nos", "as": "nas"}
    | {f"est{end}": f"nest{end}" for end in ("e", "a", "es", "as")},
    "a": {"o": "ao", "a": "à", "os": "aos", "as": "às"},
}


def plural(word: str) -> str:
    """The plural of a noun or an adjective, by its ending.

    >>> [plural(word) for word in ("casa", "flor", "jornal", "jardim")]
    ['casas', 'flores', 'jornais', 'jardins']
    """
    for end, new in (
        ("al", "ais"), ("ul", "uis"), ("m", "ns"), ("ão", "ões"),
        ("r", "res"), ("z", "zes"),
    ):  # fmt: skip
        if word.endswith(end):
            return word.removesuffix(end) + new
    return word + "s"


def agree(adjective: str, gender: str, many: bool) -> str:
    """The adjective in the gender and number of its noun: "com fome" has one form."""
    if " " in adjective:
        return adjective
    if gender == "f" and adjective.endswith("o"):
        adjective = adjective[:-1] + "a"
    return plural(adjective) if many else adjective


# The endings of I, he, we, they.
PERSONS = {"1s": 0, "2s": 1, "3s": 1, "1p": 2, "3p": 3}
PRESENT = {"ar": "o a amos am", "er": "o e emos em", "ir": "o e imos em"}
PAST = {"ar": "ei ou amos aram", "er": "i eu emos eram", "ir": "i iu imos iram"}
IRREGULAR_PRESENT = {
    "cair": "caio cai caímos caem",
    "conhecer": "conheço conhece conhecemos conhecem",
    "dar": "dou dá damos dão",
    "dirigir": "dirijo dirige dirigimos dirigem",
    "divertir": "divirto diverte divertimos divertem",
    "dormir": "durmo dorme dormimos dormem",
    "estar": "estou está estamos estão",
    "ir": "vou vai vamos vão",
    "ler": "leio lê lemos leem",
    "ouvir": "ouço ouve ouvimos ouvem",
    "perder": "perco perde perdemos perdem",
    "seguir": "sigo segue seguimos seguem",
    "sorrir": "sorrio sorri sorrimos sorriem",
    "ver": "vejo vê vemos veem",
    "vestir": "visto veste vestimos vestem",
}
IRREGULAR_PAST = {
    "cair": "caí caiu caímos caíram",
    "dar": "dei deu demos deram",
    # The imperfect: what was so for a while.
    "estar": "estava estava estávamos estavam",
    "ver": "vi viu vimos viram",
}


def conjugate(verb: str, tense: Literal["present", "past"], person: Person) -> str:
    """One form of a Portuguese verb; the past is the preterite."""
    now = tense == "present"
    irregular = IRREGULAR_PRESENT if now else IRREGULAR_PAST
    if verb in irregular:
        return irregular[verb].split()[PERSONS[person]]
    stem, ending = verb[:-2], verb[-2:]
    new = (PRESENT if now else PAST)[ending].split()[PERSONS[person]]
    if new == "ei":
        # The sound stays, so the spelling changes: cheguei, brinquei, dancei.
        for sound, spelling in (("c", "qu"), ("g", "gu"), ("ç", "c")):
            if stem.endswith(sound):
                return stem.removesuffix(sound) + spelling + new
    return stem + new


def gerund(verb: str) -> str:
    """comendo, dormindo, falando."""
    return verb.removesuffix("r") + "ndo"


# --- English

PRONOUNS = {"1s": "i", "2s": "you", "1p": "we", "3p": "they"}


def with_s(word: str) -> str:
    """The first word with -s: boys, boxes, cities; eats, washes, gets up."""
    first, *rest = word.split()
    if first == "have":
        first = "has"
    elif first.endswith(("s", "sh", "ch", "x")):
        first += "es"
    elif first.endswith("y") and first[-2] not in "aeiou":
        first = first[:-1] + "ies"
    else:
        first += "s"
    return " ".join([first, *rest])


def be(person: Person, tense: Tense = "present") -> str:
    """am, are, is, was, were."""
    if tense == "past":
        return "was" if person in ("1s", "3s") else "were"
    return {"1s": "am", "3s": "is"}.get(person, "are")


def do(person: Person, tense: Tense) -> str:
    """do, does, did."""
    if tense == "past":
        return "did"
    return "does" if person == "3s" else "do"
