"""Read one record: YAML front matter with a line for every field, then Markdown.

Only the plain part of YAML is taken. Values are built from the parser's events, and a
tag, an anchor, an alias or deep nesting is refused as it comes by: a record can neither
run code nor grow in memory.
"""

from __future__ import annotations

import codecs
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import yaml

#: libyaml's parser is ten times faster; PyYAML has it in nearly every wheel.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

MAX_BYTES = 64 * 1024
MAX_DEPTH = 4

#: Where a value stands: ("concepts", 2) is the third concept.
Place = tuple[str | int, ...]


class Wrong(NamedTuple):
    """What is wrong with a value, and how to mend it."""

    wrong: str
    mend: str
    #: Where it stands, when that is not where the rule was asked.
    place: Place = ()


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong, where it is, and how to mend it."""

    file: str
    line: int
    field: str
    wrong: str
    mend: str
    warning: bool = False

    def __str__(self) -> str:
        kind = "warning: " if self.warning else ""
        place = f"{self.file}:{self.line}: {kind}"
        name = f"{_cut(self.field, 60)}: " if self.field else ""
        wrong = _cut(self.wrong, 400)
        return printable(f"{place}{name}{wrong}. To mend it: {self.mend}.")


def _cut(text: str, most: int) -> str:
    """The beginning and the end of a text too long for a message."""
    half = most // 2
    return text if len(text) <= most else f"{text[:half]} ... {text[-half:]}"


def printable(text: str) -> str:
    """In one line that any terminal shows, whatever characters are in it."""
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


class InvalidError(ValueError):
    """Files have errors; the message is one line an error."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


class NotReadableError(Exception):
    """The text is no record at all; `in_file` says where, why and how to mend it."""

    def __init__(self, line: int, wrong: str, mend: str, field: str = "") -> None:
        super().__init__(wrong)
        self.line, self.wrong, self.mend, self.field = line, wrong, mend, field

    def in_file(self, file: str) -> Problem:
        return Problem(file, self.line, self.field, self.wrong, self.mend)


@dataclass
class Document:
    """A record as written: values, the line of each, and the text below."""

    values: dict[str, Any]
    lines: dict[Place, int] = field(default_factory=dict)
    body: str = ""
    body_line: int = 1

    def line(self, place: Place) -> int:
        """The line of a value, else of what contains it, else of the start."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    @cached_property
    def paragraphs(self) -> list[tuple[int, str]]:
        """The paragraphs of the body, each with its line."""
        found: list[tuple[int, str]] = []
        rows: list[str] = []
        for number, row in enumerate([*self.body.split("\n"), ""], self.body_line):
            if row.strip():
                rows.append(row.rstrip())
            elif rows:
                found.append((number - len(rows), "\n".join(rows)))
                rows = []
        return found

    @property
    def summary(self) -> str:
        """The first paragraph, in one line."""
        return " ".join(" ".join(text for _, text in self.paragraphs[:1]).split())

    @property
    def guide(self) -> str:
        """The paragraphs after the first."""
        return "\n\n".join(text for _, text in self.paragraphs[1:])


def read_text(path: Path) -> str:
    """The text of a file, or a NotReadableError that says what it is instead."""
    try:
        if path.is_symlink():
            wrong, mend = "is a link to another file", "give the file itself"
        elif path.is_dir():
            wrong, mend = "is a folder", "a record is one file, NAME.md"
        elif not stat.S_ISREG(path.stat().st_mode):
            wrong, mend = "is no plain file", "a record is a text file"
        else:
            with path.open("rb") as file:
                return decode(file.read(MAX_BYTES + 1))
    except OSError as error:
        wrong = f"cannot be read ({error.strerror or type(error).__name__})"
        mend = "check the file and its permissions"
    raise NotReadableError(1, wrong, mend)


def decode(raw: bytes) -> str:
    """UTF-8 with neither a byte order mark nor control characters; line ends plain."""
    line = 1
    if len(raw) > MAX_BYTES:
        wrong = f"is larger than {MAX_BYTES // 1024} KB"
        mend = "a record is a few facts and a few paragraphs; link what is longer"
    elif not raw.strip():
        wrong, mend = "is empty", "start from the example in CONTRIBUTING.md"
    elif raw.startswith(codecs.BOM_UTF8):
        wrong, mend = "begins with a byte order mark", "save it as UTF-8 without BOM"
    elif raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        wrong, mend = "is UTF-16, not UTF-8", "save it as UTF-8"
    else:
        try:
            text = raw.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            wrong = f"is not UTF-8 (byte 0x{raw[error.start]:02X})"
            mend = "save the file as UTF-8"
        else:
            bad = _CONTROL.search(text)
            if bad is None:
                return text
            line = text.count("\n", 0, bad.start()) + 1
            name = f"U+{ord(bad[0]):04X}{' (NUL)' if bad[0] == chr(0) else ''}"
            wrong, mend = f"has the control character {name} in it", "remove it"
    raise NotReadableError(line, wrong, mend)


_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def parse(text: str) -> Document:
    """Split a record into its front matter and its body."""
    rows = text.split("\n")
    if rows[0].rstrip() != "---":
        raise NotReadableError(
            1, "does not begin with front matter", "make --- the first line"
        )
    end = next((i for i, row in enumerate(rows[1:], 1) if row.rstrip() == "---"), None)
    if end is None:
        raise NotReadableError(
            1, "has front matter without an end", "close it with a line ---"
        )
    # The parser sees the front matter in its place, so that its marks are our lines.
    document = parse_fields("\n" + "\n".join(rows[1:end]) + "\n")
    document.body, document.body_line = "\n".join(rows[end + 1 :]), end + 2
    return document


def parse_fields(source: str, depth: int = MAX_DEPTH) -> Document:
    """Fields in YAML, at most so many levels deep, each with its line."""
    if tab := re.search(r"^ *\t", source, re.MULTILINE):
        line = source.count("\n", 0, tab.start()) + 1
        wrong, mend = "has a tab at the start of the line", "indent with spaces"
        raise NotReadableError(line, wrong, mend)
    document = Document({})
    try:
        document.values = _Builder(source, depth, document).values()
    except yaml.YAMLError as error:
        raise _not_yaml(error) from None
    return document


def _not_yaml(error: yaml.YAMLError) -> NotReadableError:
    """PyYAML's two parsers word their errors differently; the hint fits both."""
    problem, context, mark, opened_at = (
        getattr(error, name, None)
        for name in ("problem", "context", "problem_mark", "context_mark")
    )
    # What was opened and not closed is to be mended where it was opened.
    if mark is None or re.search("quoted scalar|flow", context or ""):
        mark = opened_at or mark
    told = f"{problem or ''}{context or ''}"
    hint = next(hint for words, hint in _HINTS.items() if re.search(words, told))
    wrong = f"is not valid YAML ({problem or context or type(error).__name__})"
    return NotReadableError(mark.line + 1 if mark else 1, wrong, hint)


#: By words in what PyYAML says, the first that fit: how to mend it.
_HINTS = {
    "escape": "use single quotes, or write the character itself",
    "quoted scalar": "close the quotation mark",
    "flow": "close the bracket, and put commas between the items",
    "mapping values are not": "put quotes around a value with a colon in it",
    "cannot start any token|found character": "put quotes around a value that begins"
    " with @, %, ` or a tab",
    "block end|block mapping": "check the indentation and the line above",
    "simple key|expected ':'": "write field: value, and indent a value's further lines",
    "": "compare it with the example in CONTRIBUTING.md",
}


class _Builder:
    """Builds the values of a document from the events of YAML's parser."""

    def __init__(self, source: str, most: int, document: Document) -> None:
        self.events = yaml.parse(source, Loader=_Loader)
        self.most = most
        self.document = document

    def next(self) -> Any:
        """The next event, unless only full YAML needs it."""
        event = next(self.events)
        anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
        if isinstance(event, yaml.AliasEvent):
            wrong, mend = f"uses a YAML alias (*{anchor})", "write the value out"
        elif anchor:
            wrong, mend = f"uses a YAML anchor (&{anchor})", "write the value plainly"
        elif tag:
            wrong, mend = f"uses a YAML tag ({tag})", "remove the word after the !"
        else:
            return event
        raise NotReadableError(_line(event), wrong, mend)

    def values(self) -> dict[str, Any]:
        """The fields of the whole document."""
        self.next()  # the stream begins
        if isinstance(self.next(), yaml.StreamEndEvent):
            wrong, mend = "has empty front matter", "give at least title, url, kind"
            raise NotReadableError(1, wrong, f"{mend} and concepts")
        event = self.next()
        if not isinstance(event, yaml.MappingStartEvent):
            wrong = "has front matter that is not a list of fields"
            mend = "write one field a line, like kind: paper"
            raise NotReadableError(_line(event), wrong, mend)
        values: dict[str, Any] = self.value(event, ())
        self.next()  # the document ends
        if not isinstance(event := self.next(), yaml.StreamEndEvent):
            wrong = "has a second document in it"
            raise NotReadableError(_line(event), wrong, "remove the line --- or ...")
        return values

    def value(self, event: Any, place: Place) -> Any:
        """The value that begins with an event; every part's line is noted."""
        self.document.lines.setdefault(place, _line(event))
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event)
        if len(place) >= self.most:
            wrong = f"nests deeper than {self.most} levels"
            raise NotReadableError(_line(event), wrong, "flatten it")
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Any] = []
            while not isinstance(event := self.next(), yaml.SequenceEndEvent):
                items.append(self.value(event, (*place, len(items))))
            return tuple(items)
        group: dict[str, Any] = {}
        while not isinstance(event := self.next(), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                wrong = "has a list or a group where a field's name stands"
                mend = "write one field a line: value"
                raise NotReadableError(_line(event), wrong, mend)
            key, line = event.value, _line(event)
            if key in group:
                wrong = f"stands here and on line {self.document.lines[*place, key]}"
                raise NotReadableError(line, wrong, "keep one of the two", key)
            self.document.lines[*place, key] = line
            group[key] = self.value(self.next(), (*place, key))
        return group


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _scalar(event: yaml.ScalarEvent) -> object:
    """Text, whole number, true or false, or nothing: all that a record holds."""
    text = event.value
    tag = _RESOLVER.resolve(yaml.ScalarNode, text, event.implicit)
    kind = tag.rpartition(":")[2]
    if kind == "null":
        return None
    if kind == "int" and re.fullmatch(r"[-+]?\d{1,9}", text):
        return int(text)
    if kind == "bool":
        return text.lower() in ("true", "yes", "on")
    if kind in ("float", "int"):
        return NotText(text, "a number")
    if kind == "timestamp":
        return NotText(text, "a date")
    return text


#: Says what YAML takes a plain word for.
_RESOLVER: Any = yaml.resolver.Resolver()


@dataclass(frozen=True)
class NotText:
    """What YAML takes for a number or a date without being asked to."""

    text: str
    kind: str
