"""A phrase with its two sides: Portuguese words, and English words that know them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from snippets.corpora.portuguese.words import (
    MELTED,
    Person,
    Tense,
    Verb,
    agree,
    be,
    conjugate,
    do,
    gerund,
    lexicon,
    with_s,
)


@dataclass(eq=False)
class Word:
    """A Portuguese word on its way into a sentence; two of one spelling differ."""

    text: str


@dataclass
class Gloss:
    """An English word and the Portuguese words that it translates."""

    text: str
    of: tuple[Word, ...] = ()


@dataclass(frozen=True)
class Head:
    """What the rest of a sentence has to know of a noun.

    Attributes:
        kind: as in words.yml; of a pronoun that could be anybody, "".
        pronoun: he, she, it, they: what English says when the noun comes again.
        human: whether English says who, and not that.
        quality: the adjective that was said of it, as the lexicon has it.
    """

    kind: str
    gender: str
    person: Person
    pronoun: str
    human: bool = False
    quality: str = ""

    @property
    def many(self) -> bool:
        return self.person == "3p"


@dataclass
class Phrase:
    """The two sides of a phrase."""

    portuguese: list[Word] = field(default_factory=list)
    english: list[Gloss] = field(default_factory=list)

    def __add__(self, other: Phrase) -> Phrase:
        return Phrase(self.portuguese + other.portuguese, self.english + other.english)


@dataclass
class Nominal(Phrase):
    """A noun or a pronoun with all that belongs to it."""

    head: Head = Head("", "m", "3s", "it")


@dataclass
class Predicate(Phrase):
    """A verb with its helpers; the ending of `finite` says who does it."""

    finite: Word = field(default_factory=lambda: Word(""))


def glosses(text: str, of: Sequence[Word]) -> list[Gloss]:
    """English words that all translate the same Portuguese ones."""
    return [Gloss(word, tuple(of)) for word in text.split()]


def fixed(portuguese: str, english: str, links: str = "") -> Phrase:
    """A phrase that never changes. Links are like "0-1 2-0"; else word by word."""
    words = [Word(text) for text in portuguese.split()]
    targets = [Gloss(text) for text in english.split()]
    links = links or " ".join(f"{i}-{i}" for i in range(len(words)))
    for link in links.split():
        i, j = map(int, link.split("-"))
        targets[j].of += (words[i],)
    return Phrase(words, targets)


def melt(preposition: str, noun: Phrase) -> Word:
    """Put a preposition before a phrase: de + o is do. Where it stands then."""
    first = noun.portuguese[0]
    if first.text in MELTED[preposition]:
        first.text = MELTED[preposition][first.text]
        return first
    word = Word(preposition)
    noun.portuguese.insert(0, word)
    return word


def form(determiner: str, head: Head) -> str:
    """What a determiner looks like before a noun; "-" where it cannot be."""
    forms: list[str] = lexicon()["determiners"][determiner]
    return forms[2 * head.many + (head.gender == "f")]


def determine(noun: Nominal, english: str) -> None:
    """Put a determiner to a noun, where each language has it."""
    word = Word(form(english, noun.head))
    the = Word(form("the", noun.head))
    if english in ("his", "her"):
        noun.portuguese[:] = [the, *noun.portuguese, word]
    elif english in ("my", "our"):
        noun.portuguese[:0] = [the, word]
    else:
        noun.portuguese.insert(0, word)
    noun.english.insert(0, Gloss(english, (word,)))


def belong(noun: Nominal, owner: Nominal) -> None:
    """ "o livro da menina": the girl's book."""
    of = melt("de", owner)
    the = Word(form("the", noun.head))
    noun.portuguese[:] = [the, *noun.portuguese, *owner.portuguese]
    has_s = owner.head.many and owner.english[-1].text.endswith("s")
    mark = Gloss("'" if has_s else "'s", (of,))
    noun.english[:] = [*owner.english, mark, *noun.english]


def predicate(
    verb: Verb,
    person: Person,
    tense: Tense,
    negative: bool = False,
    asked: bool = False,
) -> Predicate:
    """The verb and its helpers. A question needs an auxiliary as the first word."""
    no = [Word("não")] * negative
    itself = {"1s": "me", "1p": "nos"}.get(person, "se")
    reflexive = [Word(itself)] * (verb.group == "reflexive")
    helper: list[Word] = []
    if tense == "future":
        helper = [Word(conjugate("ir", "present", person))]
        main = Word(verb.main)
    elif tense == "progressive":
        helper = [Word(conjugate("estar", "present", person))]
        main = Word(gerund(verb.main))
    else:
        main = Word(conjugate(verb.main, tense, person))
    verbal = [*reflexive, main, *map(Word, verb.rest)]

    base, past, ing = verb.en
    if tense == "future":
        auxiliary, english = glosses("will", helper), base
    elif tense == "progressive":
        auxiliary, english = glosses(be(person), helper), ing
    elif negative or asked:
        auxiliary, english = glosses(do(person, tense), [main]), base
    elif tense == "past":
        auxiliary, english = [], past
    else:
        auxiliary, english = ([], with_s(base) if person == "3s" else base)
    denied = glosses("not" * negative, no)
    return Predicate(
        no + helper + verbal,
        auxiliary + denied + glosses(english, verbal),
        (helper or [main])[0],
    )


def state(
    head: Head, tense: Literal["past", "present"], name: str, negative: bool = False
) -> Predicate:
    """ "estava cansado": was tired."""
    no = [Word("não")] * negative
    verb = Word(conjugate("estar", tense, head.person))
    text = agree(name, head.gender, head.many)
    words = [Word(word) for word in text.split()]
    return Predicate(
        [*no, verb, *words],
        glosses(be(head.person, tense), [verb])
        + glosses("not" * negative, no)
        + glosses(lexicon()["states"][head.kind][name], words),
        verb,
    )


def join(subject: Nominal, said: Predicate, question: bool = False) -> Phrase:
    """The subject and its verb; a question begins with the English auxiliary."""
    if not subject.portuguese:
        # Dropped, as the ending says who: "comi" is I ate. But a sentence does
        # not begin with me or nos: "eu me levantei".
        meant = said.finite
        if said.portuguese[0].text in ("me", "nos"):
            i = subject.head.person == "1s"
            meant = Word("eu" if i else "nós")
            subject.portuguese.append(meant)
        subject.english[0].of = (meant,)
    if not question:
        return subject + said
    auxiliary, *rest = said.english
    return Phrase(
        subject.portuguese + said.portuguese, [auxiliary, *subject.english, *rest]
    )
