"""Read one record: YAML front matter with a line for every field, then Markdown.

Only the plain part of YAML is taken. Tags, anchors, aliases and duplicate keys are
refused before anything is built, so a record can neither run code nor grow in memory.
"""

from __future__ import annotations

import re
import stat
import unicodedata
from collections.abc import Iterator, Sequence
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
    lines: dict[Place, int]
    body: str
    body_line: int
    repeated: list[tuple[str, int, int]] = field(default_factory=list)

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
            raise NotReadableError(
                1, "is a link to another file", "give the file itself"
            )
        if path.is_dir():
            raise NotReadableError(1, "is a folder", "a record is one file, NAME.md")
        if not stat.S_ISREG(path.stat().st_mode):
            raise NotReadableError(1, "is no plain file", "a record is a text file")
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise NotReadableError(
            1, f"cannot be read ({why})", "check the file and its permissions"
        ) from None
    return decode(raw)


def decode(raw: bytes) -> str:
    """UTF-8 with neither a byte order mark nor NUL; line ends become plain."""
    if len(raw) > MAX_BYTES:
        raise NotReadableError(
            1,
            f"is larger than {MAX_BYTES // 1024} KB",
            "a record is a few facts and a few paragraphs; link what is longer",
        )
    if not raw.strip():
        raise NotReadableError(
            1, "is empty", "start from the example in CONTRIBUTING.md"
        )
    if raw.startswith(b"\xef\xbb\xbf"):
        raise NotReadableError(
            1, "begins with a byte order mark", "save it as UTF-8 without BOM"
        )
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise NotReadableError(1, "is UTF-16, not UTF-8", "save it as UTF-8")
    if (at := raw.find(b"\0")) >= 0:
        raise NotReadableError(
            raw.count(b"\n", 0, at) + 1, "has a NUL byte in it", "remove it"
        )
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotReadableError(
            raw.count(b"\n", 0, error.start) + 1,
            f"is not UTF-8 (byte 0x{raw[error.start]:02X})",
            "save the file as UTF-8",
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


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
    _refuse_characters(source)
    try:
        _refuse_events(source, depth)
        node = yaml.compose(source, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(error) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise NotReadableError(
            1,
            f"is not valid YAML ({type(error).__name__})",
            "compare it with the example in CONTRIBUTING.md",
        ) from None
    if node is None:
        raise NotReadableError(
            1, "has empty front matter", "give at least title, url, kind and concepts"
        )
    if not isinstance(node, yaml.MappingNode):
        raise NotReadableError(
            node.start_mark.line + 1,
            "has front matter that is not a list of fields",
            "write one field a line, like kind: paper",
        )
    lines: dict[Place, int] = {}
    repeated: list[tuple[str, int, int]] = []
    values = _build(node, (), lines, repeated)
    return Document(values, lines, "", 1, repeated)


def _not_yaml(error: yaml.MarkedYAMLError) -> NotReadableError:
    """PyYAML's two parsers word their errors differently; the hint fits both."""
    problem, context = error.problem or "", error.context or ""
    opened = any(word in context for word in ("quoted scalar", "flow"))
    # What was opened and not closed is to be mended where it was opened.
    mark = error.context_mark if opened else error.problem_mark
    mark = mark or error.problem_mark or error.context_mark
    hint = next(
        (hint for words, hint in _HINTS if any(w in problem + context for w in words)),
        "compare it with the example in CONTRIBUTING.md",
    )
    line = mark.line + 1 if mark else 1
    return NotReadableError(
        line, f"is not valid YAML ({problem or context or 'cannot be parsed'})", hint
    )


_HINTS = (
    (("escape",), "use single quotes, or write the character itself"),
    (("quoted scalar",), "close the quotation mark"),
    (("flow",), "close the bracket, and put commas between the items"),
    (("mapping values are not",), "put quotes around a value with a colon in it"),
    (
        ("cannot start any token", "found character"),
        "put quotes around a value that begins with @, %, ` or a tab",
    ),
    (("block end", "block mapping"), "check the indentation and the line above"),
    (
        ("simple key", "expected ':'"),
        "write field: value, and indent a value's further lines",
    ),
)


def _refuse_characters(source: str) -> None:
    """Refuse what PyYAML would report less plainly, or not at all."""
    for number, row in enumerate(source.split("\n"), 1):
        if "\t" in row[: len(row) - len(row.lstrip())]:
            raise NotReadableError(
                number, "has a tab at the start of the line", "indent with spaces"
            )
        if row.isprintable():
            continue
        for char in row:
            if unicodedata.category(char) in ("Cc", "Cs") and char != "\t":
                raise NotReadableError(
                    number,
                    f"has the control character U+{ord(char):04X} in it",
                    "remove it",
                )


def _refuse_events(source: str, most: int) -> None:
    """Refuse what only full YAML needs, while it is still a stream of events."""
    depth = 0
    for event in yaml.parse(source, Loader=_Loader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
        if isinstance(event, yaml.AliasEvent):
            wrong, mend = f"uses a YAML alias (*{anchor})", "write the value out"
            raise NotReadableError(line, wrong, mend)
        if anchor:
            wrong, mend = f"uses a YAML anchor (&{anchor})", "write the value plainly"
            raise NotReadableError(line, wrong, mend)
        if tag:
            wrong, mend = f"uses a YAML tag ({tag})", "remove the word after the !"
            raise NotReadableError(line, wrong, mend)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > most:
                raise NotReadableError(
                    line, f"nests deeper than {most} levels", "flatten it"
                )
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _build(
    node: yaml.Node,
    place: Place,
    lines: dict[Place, int],
    repeated: list[tuple[str, int, int]],
) -> Any:
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        built: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                wrong = "has a list or a group where a field's name stands"
                raise NotReadableError(line, wrong, "write one field a line: value")
            key = str(key_node.value)
            if key in built:
                repeated.append((key, line, lines[(*place, key)]))
                continue
            lines[(*place, key)] = line
            built[key] = _build(value_node, (*place, key), lines, repeated)
        return built
    if isinstance(node, yaml.SequenceNode):
        return [
            _build(item, (*place, i), lines, repeated)
            for i, item in enumerate(node.value)
        ]
    return _scalar(node)


def _scalar(node: yaml.Node) -> object:
    """Text, whole number, true or false, or nothing: all that a record holds."""
    text = str(node.value)
    if node.tag.endswith(":null"):
        return None
    if node.tag.endswith(":int") and re.fullmatch(r"[-+]?\d{1,9}", text):
        return int(text)
    if node.tag.endswith(":bool"):
        return text.lower() in ("true", "yes", "on")
    if node.tag.endswith((":float", ":int")):
        return NotText(text, "a number")
    if node.tag.endswith(":timestamp"):
        return NotText(text, "a date")
    return text


@dataclass(frozen=True)
class NotText:
    """What YAML takes for a number or a date without being asked to."""

    text: str
    kind: str


def hidden_characters(text: str) -> Iterator[tuple[int, str]]:
    """Characters that nobody can see or that turn text around: place and name."""
    if text.isprintable():
        return
    for i, char in enumerate(text):
        bidirectional = unicodedata.bidirectional(char) in _TURNING
        unseen = unicodedata.category(char) in _UNSEEN
        if bidirectional or (unseen and char not in "\n\u200d\u00ad"):
            yield i, f"U+{ord(char):04X} ({unicodedata.name(char, 'unnamed')})"


_UNSEEN = {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"}
_TURNING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
