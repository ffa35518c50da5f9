"""The grammar that writes a Portuguese sentence and its English at once.

Every rule builds the two sides of a phrase together, so the alignment is known and not
guessed. Here it is chosen what to say; phrases.py says it.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import random
from collections.abc import Sequence
from typing import Literal, TypeVar

from snippets.corpora.portuguese.phrases import (
    Gloss,
    Head,
    Nominal,
    Phrase,
    Predicate,
    Word,
    belong,
    determine,
    fixed,
    form,
    join,
    melt,
    predicate,
    state,
)
from snippets.corpora.portuguese.words import (
    PRONOUNS,
    Person,
    Tense,
    Verb,
    agree,
    lexicon,
    plural,
    verbs,
    with_s,
)

T = TypeVar("T")
TENSES: list[Tense] = ["past", "past", "present", "future", "progressive"]
OVERT: list[tuple[str, str, Person]] = [
    ("ele", "he", "3s"),
    ("ela", "she", "3s"),
    ("você", "you", "2s"),
    ("eles", "they", "3p"),
    ("elas", "they", "3p"),
]


@functools.cache
def reserved(noun: str, adjective: str) -> bool:
    """Whether the two are kept apart in training, to meet first in the unseen set."""
    name = f"{noun} {adjective}".encode()
    return hashlib.sha256(name).digest()[0] % 10 == 0


@functools.cache
def names_of(*kinds: str) -> list[tuple[str, str]]:
    """The nouns of these kinds, and those named themselves, each with its kind."""
    return [
        (kind, name)
        for kind, nouns in lexicon()["nouns"].items()
        for name in nouns
        if kind in kinds or name in kinds
    ]


@functools.cache
def determiners(head: Head, owned: bool) -> list[str]:
    """What can stand before a noun, the frequent more than once."""
    options = ["the"] * 5 + ["this", "these", "two", "three", "some", "many"]
    if head.kind not in lexicon()["mass"]:
        options += ["a"] * 4
    if owned:
        options += ["my", "our", "his", "her"]
    return [option for option in options if form(option, head) != "-"]


def news(head: Head, name: str) -> bool:
    """Whether a state neither repeats nor denies the adjective of a noun."""
    opposites = map(set, lexicon()["opposites"])
    return head.quality != name and {head.quality, name} not in opposites


class Writer:
    """Writes sentences; the same seed, the same sentences, on every Python.

    Attributes:
        unseen: whether reserved pairs of words meet.
        met: whether such a pair stands in the last sentence.
    """

    def __init__(self, seed: str, unseen: bool = False) -> None:
        # Of all that `random` offers, only this is promised to stay as it is.
        self.random = random.Random(seed).random
        self.unseen = unseen
        self.met = False

    def maybe(self, probability: float) -> bool:
        return self.random() < probability

    def choose(self, options: Sequence[T]) -> T:
        return options[int(self.random() * len(options))]

    # --- Nouns

    def noun_phrase(self, kinds: Sequence[str], depth: float) -> Nominal:
        """A noun with a determiner; perhaps an adjective, an owner, a clause."""
        name, noun = self.noun(kinds)
        words = lexicon()
        owned = noun.head.kind not in words["unowned"]
        if noun.head.kind == "person":
            owned = name in words["relations"]
        if owned and self.maybe(0.12 * depth):
            belong(noun, self.noun_phrase(["person"], 0))
        else:
            determine(noun, self.choose(determiners(noun.head, owned)))
        if self.maybe(0.3 * depth):
            clause = self.relative(noun.head, depth / 2)
            noun.portuguese += clause.portuguese
            noun.english += clause.english
        return noun

    def noun(self, kinds: Sequence[str], plurals: float = 0.25) -> tuple[str, Nominal]:
        """A noun, perhaps in the plural, perhaps with an adjective."""
        kind, name = self.choose(names_of(*kinds))
        gender, english, *rest = lexicon()["nouns"][kind][name]
        odd = rest[0] if rest else {}
        many = kind not in lexicon()["mass"] and self.maybe(plurals)
        human = kind == "person" and "it" not in odd
        pronoun = {"m": "he", "f": "she"}[gender] if human else "it"
        if many:
            pronoun = "they"
            english = odd.get("men", with_s(english))
        word = Word(odd.get("many", plural(name)) if many else name)
        head = Head(kind, gender, "3p" if many else "3s", pronoun, human)
        noun = Nominal([word], [Gloss(english, (word,))], head)
        if self.maybe(0.35):
            self.describe(noun, name, odd.get("never", []))
        return name, noun

    def describe(self, noun: Nominal, name: str, never: Sequence[str]) -> None:
        """Put an adjective after the noun, and before it in English."""
        head = noun.head
        english = lexicon()["adjectives"][head.kind]
        choices = [a for a in english if a not in never]
        apart = [a for a in choices if reserved(name, a)]
        together = [a for a in choices if a not in apart]
        adjective = self.choose(apart if self.unseen and apart else together)
        self.met |= reserved(name, adjective)
        word = Word(agree(adjective, head.gender, head.many))
        noun.portuguese.append(word)
        noun.english.insert(0, Gloss(english[adjective], (word,)))
        noun.head = dataclasses.replace(head, quality=adjective)

    def relative(self, head: Head, depth: float) -> Phrase:
        """A clause on the noun: it does something, or something is done to it."""
        tense: Literal["past", "present"] = self.choose(["past", "past", "present"])
        able = [v for v in verbs()["transitive"] if tense in v.tenses]
        active = [v for v in able if head.kind in v.who]
        passive = [v for v in able if head.kind in v.what and not v.takes_de]
        that = Word("que")
        if passive and not (active and self.maybe(0.6)):
            verb = self.choose(passive)
            subject = self.subject(["person"], 0, ["1s"])
            said = predicate(verb, subject.head.person, tense)
            english, clause = "whom", join(subject, said)
        elif active:
            verb = self.choose(active)
            said = predicate(verb, head.person, tense, self.maybe(0.1))
            english, clause = "who", said + self.objects(verb, depth)
        else:
            english, clause = "who", self.state(head, tense, False)
        link = Gloss(english if head.human else "that", (that,))
        return Phrase([that], [link]) + clause

    # --- Clauses

    def state(
        self, head: Head, tense: Literal["past", "present"], negative: bool
    ) -> Predicate:
        """What the noun is for a while."""
        states = lexicon()["states"][head.kind]
        name = self.choose([s for s in states if news(head, s)])
        return state(head, tense, name, negative)

    def objects(self, verb: Verb, depth: float) -> Nominal:
        """What the verb is done to, and whom it is given to."""
        if not verb.what:
            return Nominal()
        what = self.noun_phrase(verb.what, depth)
        if verb.takes_de:
            melt("de", what)
        if verb.group == "giving":
            receiver = self.noun_phrase(["person"], depth / 2)
            to = melt("a", receiver)
            what.portuguese += receiver.portuguese
            what.english += [Gloss("to", (to,)), *receiver.english]
        return what

    def subject(
        self, kinds: Sequence[str], depth: float, dropped: Sequence[Person]
    ) -> Nominal:
        """A noun or a pronoun; one that is dropped has no Portuguese word."""
        roll = self.random() if "person" in kinds else 1
        if roll < 0.16 and dropped:
            person = self.choose(dropped)
            head = Head("", "m", person, PRONOUNS[person])
            return Nominal([], [Gloss(head.pronoun)], head)
        if 0.16 <= roll < 0.32:
            portuguese, english, person = self.choose(OVERT)
            kind = "" if english == "you" else "person"
            gender = "f" if portuguese.startswith("ela") else "m"
            word = Word(portuguese)
            head = Head(kind, gender, person, english)
            return Nominal([word], [Gloss(english, (word,))], head)
        return self.noun_phrase(kinds, depth)

    def clause(
        self,
        depth: float,
        tense: Tense,
        question: bool,
        negative: bool,
        first: bool = True,
    ) -> Phrase:
        """Who does what, or how somebody is."""
        if tense in ("past", "present") and self.maybe(0.1):
            noun = self.noun_phrase(list(lexicon()["states"]), depth)
            said = self.state(noun.head, tense, negative)
            return join(noun, said, question)
        group = self.choose(
            ["transitive"] * 11 + ["alone"] * 3 + ["giving", "reflexive"] * 2
        )
        verb = self.choose([v for v in verbs()[group] if tense in v.tenses])
        # "comemos" is we eat and we ate: then a time has to say which. And nobody
        # asks what he himself did.
        unclear = verb.unclear(tense)
        dropped: list[Person] = [] if question else ["1s"]
        if first or not unclear:
            dropped += ["1p"]
        subject = self.subject(verb.who, depth, dropped)
        person = subject.head.person
        said = predicate(verb, person, tense, negative, question)
        what = self.objects(verb, depth)
        clause = join(subject, said, question) + what

        if self.maybe(0.3 + 0.2 * depth):
            clause = clause + self.place(verb, what.head)
        timed = (unclear and person == "1p") or self.maybe(0.2)
        if first and timed:
            time = fixed(*self.choose(lexicon()["times"][tense]))
            ahead = not question and self.maybe(0.4)
            clause = time + clause if ahead else clause + time
        told = tense == "past" and not question and not negative
        if told and self.maybe(0.25 + 0.2 * depth):
            clause = clause + self.reason(verb, subject.head, what.head)
        return clause

    def place(self, verb: Verb, what: Head) -> Phrase:
        """ "na cozinha": in the kitchen."""
        names = verb.where
        if names is None:
            names = list(lexicon()["nouns"]["place"])
        if not names or what.kind == "place":
            return Phrase()
        name, noun = self.noun(names, plurals=0)
        determine(noun, "the")
        where = melt("em", noun)
        preposition = lexicon()["prepositions"].get(name, "in")
        return Phrase([], [Gloss(preposition, (where,))]) + noun

    def reason(self, verb: Verb, who: Head, what: Head) -> Phrase:
        """ "porque estava escorregadio": because it was slippery.

        Portuguese has no pronoun there: the ending and the sense say who is meant.
        """
        states = lexicon()["states"]
        meant = {
            name: head
            for head in (who, what)  # The object, where it can be that.
            for name in verb.because
            if name in states.get(head.kind, {})
        }
        reasons = [name for name in meant if news(meant[name], name)]
        if not reasons:
            return Phrase()
        name = self.choose(reasons)
        said = state(meant[name], "past", name)
        pronoun = Gloss(meant[name].pronoun, (said.finite,))
        return fixed("porque", "because") + Phrase([], [pronoun]) + said

    def sentence(self, depth: float) -> Phrase:
        """One clause or more, and the mark at the end."""
        self.met = False
        question = self.maybe(0.15)
        tense = self.choose(TENSES)
        negative = not question and self.maybe(0.12)
        whole = self.clause(depth, tense, question, negative)
        while not question and depth > 0.5 and self.maybe(0.2 + 0.3 * depth):
            joints = [("e", "and", 0.1), (", mas", ", but", 0.3)]
            if tense == "progressive":
                joints += [("enquanto", "while", 0.0)]
            portuguese, english, denied = self.choose(joints)
            more = self.clause(depth / 2, tense, False, self.maybe(denied), first=False)
            whole = whole + fixed(portuguese, english) + more
        mark = "?" if question else "."
        return whole + fixed(mark, mark)
