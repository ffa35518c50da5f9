"""The recorder: what a snippet computed, printed and drew, with the recipe for it.

A record is `docs/results/**/NAME.json`: its name, its recipe (what makes it again) and
its data; the text and the figure beside it are made from these alone. A snippet
`snippets/CHAPTER/NAME.py` takes part by `snippets/demos/NAME.py`, a module that has

    demo(seed, device) -> dict      computes; plain numbers, strings, lists, dicts
    show(data) -> None              prints what a person wants to see
    draw(data) -> Figure            optional
    EDITS                           optional: pairs of lines, some that stand in the
                                    snippet or the demo, and others to put there
    holds(data) -> dict             of what trains: sentences, and whether they hold
    TRAINS                          optional: the key of the data that the function of
                                    this name gives, after seconds of training
"""

from __future__ import annotations

import ast
import contextlib
import difflib
import hashlib
import importlib
import io
import json
import platform
import re
import shutil
import sys
import tempfile
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, cast

import torch

from snippets.lab import files

ROOT = Path(__file__).resolve().parent.parent.parent
RESULTS = ROOT / "docs" / "results"
DIGITS = 6  # significant digits kept of a float: more differ between processors

Data = dict[str, Any]


class RecordError(ValueError):
    """What cannot be recorded: an edit that fits nothing, a conclusion that fails."""


def demo_of(module: str) -> str:
    """The module that runs a snippet, prints and draws what it gave."""
    return f"snippets.demos.{module.rpartition('.')[2]}"


def _path(module: str) -> str:
    path = module.replace(".", "/")
    return f"{path}/__init__.py" if (ROOT / path).is_dir() else f"{path}.py"


# --- What a long run is made of


def code_hash(module: str) -> str:
    """The SHA-256 of what a long run's numbers come from, to tell when it is stale.

    That is: the module, what it imports from the chapters, and of the lab (the loop,
    the scores, the data) all that these use. Imports count; comments and docstrings do
    not, nor how figures look: to reword is not to recompute.
    """
    digest = hashlib.sha256()
    for path in sorted(_sources(module)):
        content = (ROOT / path).read_text(encoding="utf-8")
        if path.endswith(".py"):
            nodes = ast.parse(content).body
            if path == _path(module):
                nodes = [n for n in nodes if not SAID & _names(n)]
            content = _dump(nodes)
        digest.update(f"{path}\n{content}\n".encode())
    return digest.hexdigest()


# What is made of the rows of a claim, and said of them: compared, not hashed.
SAID = {"CLAIM", "PAPER", "WHERE", "REPORTED", "TRIED", "TOLERANCES"}
SAID |= {"conclude", "show", "draw"}


def _names(node: ast.stmt) -> set[str]:
    """What a statement at the top of a module gives a name to."""
    match node:
        case ast.FunctionDef(name=name):
            return {name}
        case ast.Assign(targets=[ast.Name(id=name)]):
            return {name}
    return set()


def _sources(module: str) -> set[str]:
    found: set[str] = set()
    to_visit = [module]
    while to_visit:
        name = to_visit.pop()
        path = _path(name)
        seen = path in found or name in NO_SOURCES
        if seen or not (ROOT / path).is_file():
            continue
        found.add(path)
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            match node:
                case ast.ImportFrom(module=str(parent), names=parts):
                    used = [f"{parent}.{part.name}" for part in parts]
                    used.append(parent)
                case ast.Import(names=parts):
                    used = [part.name for part in parts]
                case ast.Constant(value=str(text)) if DATA.fullmatch(text):
                    beside = f"{path.rpartition('/')[0]}/{text}"
                    if (ROOT / beside).is_file():
                        found.add(beside)
                    continue
                case _:
                    continue
            # What a chapter uses of other chapters is its own affair.
            to_visit += [n for n in used if name == module or n.startswith(BENCH)]
    return found


# They write down, draw, talk with whoever calls.
NO_SOURCES = {
    f"snippets.lab.{name}"
    for name in (
        *("record", "claims", "plots"),
        *("arguments", "checkpoints", "files", "progress"),
    )
}
BENCH = ("snippets.lab.", "snippets.corpora.")
DATA = re.compile(r"[\w-]+\.(yml|txt|json)")


def _dump(node: Any) -> str:
    """As `ast.dump` without docstrings, the same in every Python release."""
    match node:
        case ast.Expr(value=ast.Constant(value=str())):
            return ""
        case ast.AST():
            fields = (
                f"{name}={_dump(inner)}"
                for name, inner in ast.iter_fields(node)
                if inner not in (None, [])
            )
            return f"{type(node).__name__}({', '.join(fields)})"
        case list():
            return f"[{', '.join(filter(None, map(_dump, node)))}]"
    return repr(node)


# --- Records


def plain(value: Any) -> Any:
    """The value as JSON holds it, floats cut to six significant digits.

    Raises:
        TypeError: something in it is neither a number, a text, a list nor a dict.
    """
    match value:
        case torch.Tensor():
            return plain(value.tolist())
        case bool() | int() | str() | None:
            return value
        case float():
            return float(f"{value:.{DIGITS}g}")
        case Mapping():
            return {str(key): plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [plain(inner) for inner in value]
    raise TypeError(f"a result holds numbers, texts, lists, dicts; not {type(value)}")


def recipe(command: str, **settings: Any) -> Data:
    """How a result came about, so that anybody can make it again."""
    return {
        "command": command,
        **settings,
        "threads": torch.get_num_threads(),
        # Patch releases compute alike.
        "python": ".".join(platform.python_version_tuple()[:2]),
        "torch": torch.__version__.split("+")[0],
        "date": date.today().isoformat(),
    }


@dataclass(frozen=True)
class Result:
    """What one run gave; the benchmarks have neither a text nor a figure."""

    record: Data
    text: str | None = None
    figure: str | None = None

    @classmethod
    def read(cls, name: str, folder: Path | None = None) -> Result:
        """What is recorded under a name.

        Raises:
            OSError, ValueError: there is no such record, or it is no JSON.
        """
        texts = {
            ending: path.read_text(encoding="utf-8")
            for ending in ("json", "txt", "svg")
            if (path := (folder or RESULTS) / f"{name}.{ending}").exists()
        }
        if "json" not in texts:
            raise FileNotFoundError(f"{name}.json is missing")
        record = json.loads(texts["json"])
        return cls(record, texts.get("txt"), texts.get("svg"))

    def write(self, folder: Path) -> list[Path]:
        """Write `NAME.json` and, where there are such, `NAME.txt` and `NAME.svg`.

        All or nothing; and where nothing else is new, the date stays.

        Raises:
            OSError: they cannot be written.
        """
        record = self.record
        with contextlib.suppress(OSError, ValueError, LookupError, TypeError):
            old = Result.read(record["name"], folder).record
            if undated(old) == undated(record):
                record = old
        text = json.dumps(record, indent=1, ensure_ascii=False)
        contents = {
            folder / f"{record['name']}.{ending}": content
            for ending, content in (
                ("json", f"{text}\n"),
                ("txt", self.text),
                ("svg", self.figure),
            )
            if content is not None
        }
        files.write(contents)
        return list(contents)


# When it was made, and how long that took: no run repeats these.
ONCE = ("date", "minutes")


def undated(record: Data) -> Data:
    """A record without what no run repeats."""
    return {
        **record,
        "recipe": {
            key: value for key, value in record["recipe"].items() if key not in ONCE
        },
    }


# --- Demos


def compute(
    demo: types.ModuleType, seed: int, device: str, trained: Any = None
) -> Data:
    """Run the demo; its data as it will be read back from the JSON.

    `trained` is taken for what the function named by its TRAINS would give.
    """
    if trained is not None:
        setattr(demo, demo.TRAINS, lambda *_, **__: trained)
    torch.manual_seed(seed)
    return cast(Data, plain(demo.demo(seed=seed, device=device)))


def printed(demo: types.ModuleType, data: Data) -> str:
    """What the demo prints about the data."""
    return captured(lambda: demo.show(data))


def captured(show: Callable[[], None]) -> str:
    """What a function prints."""
    buffer = io.StringIO()
    with contextlib.redirect_stdout(buffer):
        show()
    return buffer.getvalue()


def drawn(demo: types.ModuleType, data: Data, name: str) -> str | None:
    """The demo's figure as SVG, or None where it draws none."""
    draw: Callable[[Data], Any] | None = getattr(demo, "draw", None)
    if draw is None:
        return None
    from snippets.lab.plots import svg

    return svg(draw(data), name)


def failing(demo: types.ModuleType, data: Data) -> list[str]:
    """The conclusions, stated by the demo of what trains, that do not hold."""
    holds: Callable[[Data], dict[str, bool]] | None = getattr(demo, "holds", None)
    found = holds(data) if holds else {}
    return [sentence for sentence, held in found.items() if not held]


def run(name: str, module: str, seed: int = 0, device: str = "cpu") -> Result:
    """Run the snippet of the concept `name`, without the edits of its page."""
    demo = importlib.import_module(demo_of(module))
    data = compute(demo, seed, device)
    record = {
        "name": name,
        "recipe": recipe(f"python -m snippets {name}", seed=seed, device=device),
        "data": data,
    }
    return Result(record, printed(demo, data), drawn(demo, data, name))


def run_with_edits(
    name: str,
    module: str,
    seed: int = 0,
    device: str = "cpu",
    recorded: Data | None = None,
) -> Result:
    """Run the snippet, then a changed copy for every edit that its demo proposes.

    Args:
        recorded: the record of before. An edit that left alone what was trained, when
            it was recorded, is tried without training again.

    Raises:
        RecordError: an edit fits neither file, or what the demo concludes fails.
    """
    result = run(name, module, seed, device)
    demo = importlib.import_module(demo_of(module))
    if fails := failing(demo, result.record["data"]):
        raise RecordError(f"{name}: does not hold: {'; '.join(fails)}")
    before = (recorded or {}).get("edits", [])
    edits = []
    for number, (find, put) in enumerate(getattr(demo, "EDITS", ())):
        then = before[number] if number < len(before) else {}
        again = then.get("trains") is not False
        edits.append(try_edit(module, find, put, result, again))
    return replace(result, record={**result.record, "edits": edits})


def try_edit(
    module: str, find: str, put: str, before: Result, train: bool = True
) -> Data:
    """Run a copy of the snippets with some lines changed, and say what differs.

    Raises:
        RecordError: the lines do not stand exactly once in the snippet and its demo.
    """
    paths = (_path(module), _path(demo_of(module)))
    sources = {path: "\n" + (ROOT / path).read_text(encoding="utf-8") for path in paths}
    times = {p: s.count(f"\n{find}\n") for p, s in sources.items()}
    if sum(times.values()) != 1:
        raise RecordError(
            f"{Path(paths[0]).name}: {find!r}, which an edit changes,"
            f" stands {sum(times.values())} times in it and in its demo"
        )
    path = max(times, key=times.__getitem__)
    changed = sources[path].replace(f"\n{find}\n", f"\n{put}\n")[1:]
    seed, device = (before.record["recipe"][k] for k in ("seed", "device"))
    data, known = before.record["data"], None
    outcome: Data = {"file": path, "find": find, "replace": put}
    with copied(path, changed):
        try:
            demo = importlib.import_module(demo_of(module))
            trains = getattr(demo, "TRAINS", None)
            known = None if train or trains is None else data[trains]
            after = compute(demo, seed, device, known)
            if trains is not None:
                outcome["trains"] = after[trains] != data[trains]
            text = printed(demo, after)
            differs = differing(before.text or "", text)
        except Exception as error:
            differs = [f"+ {type(error).__name__}: {error}"]
    return {**outcome, "outcome": differs}


@contextlib.contextmanager
def copied(path: str, content: str) -> Iterator[None]:
    """Let Python import `snippets` from a copy in which one file is another."""

    def ours() -> dict[str, types.ModuleType]:
        return {
            name: module
            for name, module in sys.modules.items()
            if name.split(".")[0] == "snippets"
        }

    originals = ours()
    ignore = shutil.ignore_patterns("__pycache__")
    with tempfile.TemporaryDirectory() as folder:
        for part in ("snippets", "docs/results"):
            if (ROOT / part).exists():
                shutil.copytree(ROOT / part, Path(folder, part), ignore=ignore)
        Path(folder, path).write_text(content, encoding="utf-8")
        for name in originals:
            del sys.modules[name]
        sys.path.insert(0, folder)
        try:
            yield
        finally:
            sys.path.remove(folder)
            for name in ours():
                del sys.modules[name]
            sys.modules.update(originals)


# What two processors need not agree in: the last digits of a float.
NOISE = re.compile(r"\d(\.\d+)?e-(0[6-9]|[1-9]\d)|0(\.0+)?e\+00")
MOST_LINES = 8  # that changed, of a paragraph


def differing(before: str, after: str) -> list[str]:
    """Where two printed texts differ, in the marks of `diff`.

    Each paragraph with a change begins with its first two lines, which say which table
    it is; of many lines that changed it has the first.
    """
    old = before.splitlines()
    # A line that differs by rounding alone is no other line.
    known = {NOISE.sub("0", line): line for line in old}
    new = [known.get(NOISE.sub("0", n), n) for n in after.splitlines()]
    lines = [n.rstrip() for n in difflib.ndiff(old, new) if n[0] != "?"]
    shown: list[str] = []
    paragraph: list[str] = []
    for line in [*lines, ""]:
        if line:
            paragraph.append(line)
            continue
        changed = [n for n in paragraph if n[0] != " "]
        if changed:
            most = [n for n in paragraph[:2] if n[0] == " "]
            most += changed[:MOST_LINES]
            left = len(changed) - MOST_LINES
            most += [f"  ({left} more)"] if left > 0 else []
            shown += [*([""] if shown else []), *most]
        paragraph = []
    return shown
