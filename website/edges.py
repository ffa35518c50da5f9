"""The edges between the rooms of a concept, walked both ways.

A concept's page, snippet with its demo, test and recorded result are held together by
its name and by what a page includes. Every check here takes the files as data and gives
one line for each fault: where it is, what is wrong.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import jinja2
from jinja2 import nodes
from mkdocs.utils.meta import get_data

from reading_list.records import Resource
from reading_list.records import load as load_records
from reading_list.syllabus import ROOT, Concept, Syllabus, load_syllabus
from reading_list.vocabulary import Kind
from website.concepts import words
from website.render import environment

HEADINGS = (
    "The problem",
    "The picture",
    "By hand",
    "The formula",
    "Code",
    "Output",
    "Change one thing",
    "Confusions",
    "Why believe it",
    "In real models",
    "Check yourself",
)
QUESTIONS = ("Recall", "Compute", "Predict", "Debug")
SENTENCE = "The robot dropped the glass because it was slippery."
MOST_LINES, MOST_COLUMNS, MOST_LINES_OF_A_FILE = 25, 72, 200
FEWEST_WORDS, MOST_WORDS = 900, 1300
# Which kinds of resource fit which way of going on.
FITTING: dict[str, tuple[Kind, ...]] = {
    "read": ("blog", "tutorial", "docs", "book", "notebook", "code", "course"),
    "watch": ("video", "course"),
    "paper": ("paper",),
}
# What a snippet may depend on: what broke older teaching code was anything more.
LIBRARIES = {"torch", "numpy", "regex", "safetensors", "jaxtyping", "matplotlib"}
# What turns numbers into drawings.
DRAWING = {"matplotlib", "snippets.lab.plots", "snippets.lab.boxes"}
# Results that measure the project, not a concept.
MEASURED = {"lighthouse"}
UNWANTED = ("simply", "just", "obviously")


@dataclass(frozen=True)
class Tree:
    """The files that the edges join, by their path, and what they may name."""

    files: Mapping[str, str]
    syllabus: Syllabus
    resources: Mapping[str, Resource]

    @classmethod
    def read(cls, root: Path = ROOT) -> Tree:
        patterns = [
            *("docs/*.md", "docs/concepts/*.md", "docs/assets/pictures/*.svg"),
            *("docs/results/*.json", "docs/results/*.txt", "docs/results/*.svg"),
            *("snippets/*/*.py", "tests/snippets/*/*.py"),
        ]
        return cls(
            files={
                path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
                for pattern in patterns
                for path in sorted(root.glob(pattern))
            },
            syllabus=load_syllabus(root / "docs" / "concepts" / "concepts.yml"),
            resources=load_records().by_id,
        )

    def under(self, folder: str, ending: str) -> list[str]:
        return [p for p in self.files if p.startswith(folder) and p.endswith(ending)]

    @property
    def pages(self) -> list[tuple[Concept, str]]:
        """The written concepts whose page is there, each with the path of its page."""
        pages = [(c, f"docs/concepts/{c.name}.md") for c in self.syllabus.written]
        return [(concept, path) for concept, path in pages if path in self.files]

    @property
    def snippets(self) -> list[str]:
        return [
            path
            for path in self.under("snippets/", ".py")
            if PurePosixPath(path).name != "__init__.py"
            and not path.startswith("snippets/lab/")
        ]


def proof_of(snippet: str) -> str:
    """The test of a file under `snippets/`."""
    path = PurePosixPath("tests") / snippet
    return str(path.with_name(f"test_{path.name}"))


def rooms_of(concept: Concept, draws: bool) -> list[str]:
    """Where everything of a written concept stands."""
    page = f"docs/concepts/{concept.name}.md"
    if not concept.code:
        return [page]
    endings = ("json", "txt", "svg") if draws else ("json", "txt")
    return [
        *(page, *concept.sources, proof_of(concept.sources[0])),
        *(f"docs/results/{concept.name}.{ending}" for ending in endings),
    ]


def draws(source: str) -> bool:
    """Whether a demo has a function `draw`."""
    return any(
        isinstance(node, ast.FunctionDef) and node.name == "draw"
        for node in ast.parse(source).body
    )


def _rooms(tree: Tree, concept: Concept) -> list[str]:
    _, demo = concept.sources
    return rooms_of(concept, draws(tree.files.get(demo, "")))


def rooms(tree: Tree) -> Iterator[str]:
    """Each written concept has all its rooms; a helper that a page shows, a test."""
    for concept in tree.syllabus.written:
        for path in _rooms(tree, concept):
            if path not in tree.files:
                yield f"{concept.name}: {path} is missing"
    for path, owner in owners(tree).items():
        shown = path not in owner.sources and "--8<--" in tree.files.get(path, "")
        if shown and proof_of(path) not in tree.files:
            yield f"{owner.name}: {proof_of(path)} is missing"


def orphans(tree: Tree) -> Iterator[str]:
    """Each page, snippet, test and result belongs to a written concept."""
    owned = {path for c in tree.syllabus.written for path in _rooms(tree, c)}
    owned |= {f"docs/results/{name}.json" for name in MEASURED}
    owned |= {f"docs/results/benchmarks/{c.name}.json" for c in tree.syllabus.written}
    with_helpers = {path for path, owner in owners(tree).items() if owner.written}
    owned |= with_helpers | {proof_of(p) for p in with_helpers if "/demos/" not in p}
    for path in tree.files:
        in_a_room = (
            path.startswith(("docs/concepts/", "docs/results/"))
            or path in tree.snippets
            or (path.startswith("tests/snippets/") and "/lab/" not in path)
        )
        if in_a_room and path not in owned:
            yield f"{path}: belongs to no written concept of docs/concepts/concepts.yml"


def owners(tree: Tree) -> dict[str, Concept]:
    """Whose each file under `snippets/` is.

    A file without a concept's name is a helper. It belongs to the first concept of
    its chapter whose snippet or demo imports it; if none does, to nobody.
    """
    with_code = [c for c in tree.syllabus.concepts if c.code]
    found = {path: concept for concept in with_code for path in concept.sources}
    for concept in with_code:
        for path in concept.sources:
            for module in imported(tree.files.get(path, "")):
                helper = module.replace(".", "/") + ".py"
                if helper.startswith(f"snippets/{concept.chapter}/"):
                    found.setdefault(helper, concept)
    return found


# --- Included sections


def sections_of(source: str) -> dict[str, list[str]]:
    """The lines of each section between its two marks.

    Raises:
        ValueError: a section is not closed, or closed without being open.
    """
    found: dict[str, list[str]] = {}
    open_now: list[str] = []
    for line in source.splitlines():
        if mark := re.search(r"--8<-- \[(start|end):([\w-]+)\]", line):
            kind, name = mark.groups()
            if kind == "start" and name not in found:
                open_now.append(name)
                found[name] = []
            elif kind == "end" and name in open_now:
                open_now.remove(name)
            else:
                raise ValueError(f"the mark [{kind}:{name}] has no fellow")
        else:
            for name in open_now:
                found[name].append(line)
    if open_now:
        raise ValueError(f"the section {open_now[0]} has no end")
    return found


def _trimmed(lines: list[str]) -> list[str]:
    return "\n".join(lines).strip("\n").splitlines()


def sections(tree: Tree) -> Iterator[str]:
    """Each section that a page names exists and is short; each section is used."""
    there: dict[str, dict[str, list[str]]] = {}
    for path in tree.snippets:
        try:
            there[path] = sections_of(tree.files[path])
        except ValueError as error:
            yield f"{path}: {error}"
    used: Counter[tuple[str, str]] = Counter()
    owner_of = owners(tree)
    for concept, page in tree.pages:
        shown = calls(tree.files[page], "code")
        named = [(text(c, 0, "section"), text(c, 1, "helper")) for c in shown]
        of_file = Counter(helper for _, helper in named)
        if concept.code and not 1 <= of_file.pop("", 0) <= 3:
            yield f"{page}: shows {len(named)} sections of code, not one to three"
        for helper, times in of_file.items():
            if owner_of.get(concept.helper(helper)) != concept:
                yield f"{page}: shows {helper!r}, which is no helper of its own"
            if times > 1:
                yield f"{page}: shows {times} sections of {helper!r}, not one"
        for name, helper in named:
            sources = [concept.helper(helper)] if helper else concept.sources
            places = [p for p in sources if name in there.get(p, {})]
            used.update((path, name) for path in places)
            if len(places) != 1:
                files = " and ".join(sources)
                yield f"{page}: section {name!r} stands {len(places)} times in {files}"
    for content in tree.files.values():
        for path, name in re.findall(r'--8<-- "([\w/.-]+\.py):([\w-]+)"', content):
            used[path, name] += 1
    for path, found in there.items():
        for name, lines in found.items():
            where = f"{path}: section {name!r}"
            if not used[path, name]:
                yield f"{where} is used by no page"
                continue
            if (length := len(_trimmed(lines))) > MOST_LINES:
                yield f"{where} has {length} lines, more than {MOST_LINES}"
            for line in lines:
                if len(line) > MOST_COLUMNS:
                    yield f"{where} has {len(line)} columns: {line.strip()}"


# --- What the snippets import


def imported(source: str) -> set[str]:
    """The modules that a file imports; `from a import b` may mean a or a.b."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def imports(tree: Tree) -> Iterator[str]:
    """A snippet imports the lab, what its concept builds on, and little else.

    So does its demo, which may draw as well, and imports the snippet itself.
    """
    chapters = [chapter.name for chapter in tree.syllabus.chapters]
    owner_of = owners(tree)
    for path in tree.snippets:
        own = owner_of.get(path)
        if own is None:
            continue
        below = tree.syllabus.closure(own.name) | {own.name}
        is_demo = path.startswith("snippets/demos/")
        for module in sorted(imported(tree.files[path])):
            top, *rest = module.split(".")
            if top == "snippets":
                other = owner_of.get("/".join(module.split(".")[:3]) + ".py")
                if other is not None and other.name not in below:
                    yield f"{path}: imports {other.name}, which it does not build on"
                if other is not None and (
                    chapters.index(str(other.chapter))
                    > chapters.index(str(own.chapter))
                ):
                    yield f"{path}: imports {other.name} of a later chapter"
                if rest and rest[0] not in ("lab", *chapters, *["demos"] * is_demo):
                    yield f"{path}: imports {module}, neither lab nor chapter"
            elif top not in LIBRARIES | set(sys.stdlib_module_names):
                yield f"{path}: imports {top!r}, which a snippet may not depend on"
            if module in DRAWING and not is_demo:
                yield f"{path}: imports {module}, which only a demo needs"
        if is_demo and own.module not in imported(tree.files[path]):
            yield f"{path}: does not import {own.module}, which it is to show"
    for path in tree.under("snippets/lab/", ".py"):
        for module in sorted(imported(tree.files[path])):
            if module.startswith("snippets.") and module.split(".")[1] != "lab":
                yield f"{path}: the lab knows nothing of {module}"


def sittings(tree: Tree) -> Iterator[str]:
    """Each snippet is short enough to be read in one sitting; demos may be longer."""
    for path in tree.snippets:
        count = len(tree.files[path].splitlines())
        if count > MOST_LINES_OF_A_FILE and not path.startswith("snippets/demos/"):
            yield f"{path}: has {count} lines, more than {MOST_LINES_OF_A_FILE}"


# --- What a page says


def matter_of(page: str) -> Mapping[str, Any]:
    """The front matter of a page."""
    return dict(get_data(page)[1])


def body_of(page: str) -> str:
    """A page without its front matter, and without Windows' line ends."""
    return str(get_data(page)[0])


@cache
def _parsed(text_of_page: str) -> nodes.Template:
    return environment().parse(text_of_page)


def templates(page: str) -> list[str]:
    """The texts of a page that are filled in: its body, and why each edit acts so."""
    whys = [str(edit.get("why", "")) for edit in matter_of(page).get("edits", [])]
    return [body_of(page), *whys]


def calls(page: str, function: str) -> list[nodes.Call]:
    """Every call of a function in the expressions of a page."""
    return [
        call
        for template in templates(page)
        for call in _parsed(template).find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name == function
    ]


def text(call: nodes.Call, position: int, keyword: str) -> str:
    """An argument of a call, the texts in it put together; "" where it is not given."""
    given = [arg.value for arg in call.kwargs if arg.key == keyword]
    given += call.args[position : position + 1]
    strings = [
        const
        for value in given[:1]
        for const in ([value] if isinstance(value, nodes.Const) else [])
        + list(value.find_all(nodes.Const))
        if isinstance(const.value, (str, int))
    ]
    return "".join(str(const.value) for const in strings)


def anatomy(tree: Tree) -> Iterator[str]:
    """Each page has its parts, in their order and number."""
    for _, page in tree.pages:
        content, matter = tree.files[page], matter_of(tree.files[page])
        body = re.sub(r"^```.*?^```", "", body_of(content), flags=re.S | re.M)
        headings = tuple(re.findall(r"^## +(.+?)\s*$", body, re.M))
        if headings != HEADINGS:
            yield f"{page}: its headings are {', '.join(headings)}"
        if not matter.get("description"):
            yield f"{page}: has no description in its front matter"
        confusions = re.findall(
            r'^!!! confusion "(.*)"\n((?:\n|    .*\n?)*)', body, re.M
        )
        if not 3 <= len(confusions) <= 5:
            yield f"{page}: has {len(confusions)} confusions, not three to five"
        for title, answer in confusions:
            wanted = ("You may think", "**In fact**", "**See it**")
            for part in wanted:
                if part not in title + answer:
                    yield f"{page}: the confusion {title!r} lacks {part!r}"
        asked = re.findall(r'^\?\?\? question "(\w+): .+"', body, re.M)
        if tuple(asked) != QUESTIONS:
            yield f"{page}: its questions are {', '.join(asked)}"
        for word in UNWANTED:
            if re.search(rf"\b{word}\b", body, re.I):
                yield f"{page}: says {word!r}"
        if SENTENCE not in " ".join(body.split()):
            yield f"{page}: our sentence about the robot is not on it"


def edits(tree: Tree) -> Iterator[str]:
    """Each page proposes two or three edits that fit its code, and shows each."""
    for concept, page in tree.pages:
        if not concept.code:
            continue
        content = tree.files[page]
        proposed = matter_of(content).get("edits", [])
        if not 2 <= len(proposed) <= 3:
            yield f"{page}: proposes {len(proposed)} edits, not two or three"
        shown = [text(call, 0, "number") for call in calls(content, "change")]
        if shown != [str(number) for number, _ in enumerate(proposed, 1)]:
            yield f"{page}: shows the edits {', '.join(shown)} of {len(proposed)}"
        sources = [tree.files.get(path, "") for path in concept.sources]
        for number, edit in enumerate(proposed, 1):
            for key in ("find", "replace", "why"):
                if key not in edit:
                    yield f"{page}: edit {number} has no {key!r}"
            if (times := sum(s.count(edit.get("find", "")) for s in sources)) != 1:
                yield f"{page}: what edit {number} changes stands {times} times"


def seen(tree: Tree) -> Iterator[str]:
    """Each page shows what its snippet printed and drew."""
    for concept, page in tree.pages:
        content = tree.files[page]
        if concept.code and len(calls(content, "printed")) != 1:
            yield f"{page}: does not show what the snippet printed"
        if f"docs/results/{concept.name}.svg" in _rooms(tree, concept) and (
            len(calls(content, "figure")) != 1
        ):
            yield f"{page}: does not show what the snippet drew"


def names(tree: Tree) -> Iterator[str]:
    """Each concept and each resource that a page names exists."""
    for concept, page in tree.pages:
        content = tree.files[page]
        for call in calls(content, "term"):
            name = text(call, 0, "name")
            if name not in tree.syllabus.by_name:
                yield f"{page}: names the concept {name!r}, which does not exist"
            if name == concept.name:
                yield f"{page}: links to itself"
        for name in re.findall(r"resources/([\w.-]+?)\.md", content):
            if name not in tree.resources:
                yield f"{page}: names the resource {name!r}, which does not exist"


def go_on(tree: Tree) -> Iterator[str]:
    """Each page ends in something to read, to watch and a paper, all on its concept."""
    for concept, page in tree.pages:
        chosen = matter_of(tree.files[page]).get("go_on", {})
        if list(chosen) != list(FITTING):
            yield f"{page}: go_on has {', '.join(chosen)}, not {', '.join(FITTING)}"
        for way, kinds in FITTING.items():
            choice = chosen.get(way, {})
            name, because = choice.get("resource"), choice.get("because")
            where = f"{page}: go_on.{way} names {name!r}"
            resource = tree.resources.get(str(name))
            if resource is None:
                yield f"{where}, which does not exist"
                continue
            if resource.kind not in kinds:
                yield f"{where}, which is a {resource.kind}"
            if concept.name not in resource.concepts:
                yield f"{where}, whose record does not name {concept.name}"
            if not because or because.endswith("."):
                yield f"{page}: go_on.{way} needs a reason, without a full stop"


def length(tree: Tree) -> Iterator[str]:
    """Each page is as long as a page should be, by the words of its prose."""
    for _, page in tree.pages:
        count = words(body_of(tree.files[page]))
        if not FEWEST_WORDS <= count <= MOST_WORDS:
            yield f"{page}: has {count} words, not {FEWEST_WORDS} to {MOST_WORDS}"


# A number that is a name: where something stands in a paper, a release.
_NAMED = re.compile(
    r"\b(?:section|chapter|equation|figure|table|appendix|version|python|pytorch|torch)"
    r"s?\s+\d+(?:\.\d+)+(?:\s+(?:and|to)\s+\d+(?:\.\d+)+)?",
    re.I,
)
_NOT_PROSE = [
    re.compile(pattern, re.S | re.M)
    for pattern in (
        r"^ *```.*?^ *```$",
        r"`[^`]*`",
        r"\$\$.*?\$\$",
        r"\$[^$\n]+\$",
        r"\{\{.*?\}\}",
        r"<%.*?%>",
        r"<[^>]+>",
        # A published number stands in the words that link to where it is published.
        r"\[[^\]]*\]\(\.\./resources/[^)]*\)",
        r"\]\([^)]*\)",
    )
]


def typed_numbers(prose: str) -> list[str]:
    """The decimal numbers in Markdown that somebody typed as prose.

    Not counted: code, formulas, expressions, addresses; a number of a section or
    release ("section 3.2"); the words of a link to a resource, its source.
    """
    for pattern in _NOT_PROSE:
        prose = pattern.sub(" ", prose)
    return re.findall(r"\d+\.\d+", _NAMED.sub(" ", prose))


def numbers(tree: Tree) -> Iterator[str]:
    """No number that a program could produce is typed, not even in a caption."""
    for _, page in tree.pages:
        for template in templates(tree.files[page]):
            parsed = _parsed(template)
            found = typed_numbers(template)
            for const in parsed.find_all(nodes.Const):
                if isinstance(const.value, str):
                    found += typed_numbers(const.value)
            for output in parsed.find_all(nodes.Output):
                found += [
                    str(node.value)
                    for node in output.nodes
                    if isinstance(node, nodes.Const) and isinstance(node.value, float)
                ]
            for number in found:
                yield f"{page}: the number {number} is typed by hand"


# --- Drawings


@cache
def _heat() -> frozenset[str]:
    """The colours of heat maps and of the numbers in their cells: as hex."""
    from matplotlib import colormaps, colors

    steps = colormaps["cividis"].resampled(256)
    return frozenset(colors.to_hex(steps(i)) for i in range(256)) | {
        *("#000000", "#ffffff"),
    }


def colours(svg: str) -> list[str]:
    """The colours of a drawing that follow no colour scheme.

    Not those of a heat map: it brings its own ground, and the numbers on it are
    black or white in both schemes.
    """
    found = re.sub(r"var\(--[a-z]+, ?#[0-9a-f]{6}\)", "", svg, flags=re.I)
    # An image's content and a reference to an id are no colours.
    found = re.sub(r'href="[^"]*"|url\(#[^)]*\)|id="[^"]*"', "", found)
    found = re.sub(r"<image[^>]*>|>[^<]*<", "><", found)
    by_number = re.findall(r"#[0-9a-fA-F]{3,8}\b|rgba?\([^)]*\)", found)
    by_name = re.findall(
        r"(?:fill|stroke|stop-color|(?<![\w-])color)(?:=\"|:\s*)([a-z]+)\b(?!\()", found
    )
    # Words that are no colours, or take that of the text around.
    by_name = [
        n for n in by_name if n not in ("none", "inherit", "currentcolor", "var")
    ]
    heat = _heat() | {"black", "white"} if _is_heat_map(svg) else frozenset()
    return sorted({c for c in by_number + by_name if c.lower() not in heat})


def _is_heat_map(svg: str) -> bool:
    if "<image" in svg:
        return True
    used = Counter(c.lower() for c in re.findall(r"#[0-9a-fA-F]{6}", svg))
    cividis = _heat() - {"#000000", "#ffffff"}
    return sum(used[colour] for colour in cividis) >= 4


def drawings(tree: Tree) -> Iterator[str]:
    """Each drawing follows the colour scheme and is told in words; none is unused."""
    for path in tree.under("docs/", ".svg"):
        content = tree.files[path]
        for colour in colours(content):
            yield f"{path}: the colour {colour} follows no scheme"
        for identifier in re.findall(r'\bid="([^"]+)"', content):
            if not identifier.startswith(PurePosixPath(path).stem):
                yield f"{path}: the id {identifier!r} may clash with another's"
        for sign in ("<style", "<script", "<metadata", "<!--"):
            if sign in content:
                yield f"{path}: holds {sign}"
        if re.search(r'(?:href|src)="(?!#|data:image/png)', content):
            yield f"{path}: asks for something elsewhere"
        if not re.search(r'viewBox="0 0 \d+', content):
            yield f"{path}: has no viewBox from 0 0"
    shown: set[str] = set()
    every_page = [p for p in tree.files if p.endswith(".md")]
    for page in every_page:
        for function, first in (("figure", 0), ("picture", 1)):
            for call in calls(tree.files[page], function):
                for offset, part in enumerate(("alt", "caption")):
                    if len(text(call, first + offset, part).split()) < 5:
                        yield f"{page}: a {function} has no {part} to speak of"
                if function == "picture":
                    path = f"docs/{text(call, 0, 'path')}"
                    shown.add(path)
                    if path not in tree.files:
                        yield f"{page}: shows {path}, which does not exist"
    for path in tree.under("docs/assets/pictures/", ".svg"):
        if path not in shown:
            yield f"{path}: is on no page"


def definitions(tree: Tree) -> Iterator[str]:
    """Each definition is one sentence; each reason to build on is a clause."""
    for concept in tree.syllabus.concepts:
        definition = concept.definition
        if not definition.endswith(".") or ". " in definition:
            yield f"{concept.name}: its definition is not one sentence: {definition}"
        if not concept.question.endswith("?"):
            yield f"{concept.name}: its question does not ask: {concept.question}"
        for edge in concept.builds_on:
            if edge.because.endswith("."):
                yield f"{concept.name}: the reason {edge.because!r} is a clause"


CHECKS: tuple[Callable[[Tree], Iterator[str]], ...] = (
    rooms,
    orphans,
    sections,
    imports,
    sittings,
    anatomy,
    edits,
    seen,
    names,
    go_on,
    length,
    numbers,
    drawings,
    definitions,
)


def faults(tree: Tree) -> dict[str, list[str]]:
    """Every fault, by the check that found it."""
    found = {}
    for check in CHECKS:
        try:
            found[check.__name__] = list(check(tree))
        except (jinja2.TemplateSyntaxError, SyntaxError) as error:
            found[check.__name__] = [f"cannot be read: {error}"]
    return found


def main() -> int:
    """Print every fault; `python -m website.edges`."""
    lines = [
        f"{name}: {fault}" for name, f in faults(Tree.read()).items() for fault in f
    ]
    print("\n".join(lines) or "Every edge holds.")
    return 1 if lines else 0


if __name__ == "__main__":
    raise SystemExit(main())
