"""The recorder: what a snippet computed, printed and drew, with the recipe for it.

A record is `docs/results/**/NAME.json`: its name, its recipe (what makes it again) and
its data; the text and the figure beside it are made from these alone. A snippet
`snippets/CHAPTER/NAME.py` takes part by `snippets/demos/NAME.py`, a module that has

    demo(seed, device) -> dict      computes; plain numbers, strings, lists, dicts
    show(data) -> None              prints what a person wants to see
    draw(data) -> Figure            optional: what was measured, drawn
    frames(data) -> list[Figure]    optional: one drawing of a process that grows
    look(data) -> Figure            optional: what a trained model showed
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
import multiprocessing
import platform
import re
import shutil
import sys
import tempfile
import types
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, cast

import torch

from snippets.lab import files
from snippets.lab.arguments import RefusalError

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

# Of the lab, these write down, draw, or talk with whoever calls.
AROUND = {
    f"snippets.lab.{name}"
    for name in (
        *("record", "claims", "plots", "diagrams", "tables"),
        *("arguments", "checkpoints", "files", "progress"),
    )
}
# What is made of the rows of a claim, and said of them: compared, not hashed.
SAID = frozenset(
    {"CLAIM", "PAPER", "WHERE", "REPORTED", "TRIED", "TOLERANCES"}
    | {"conclude", "show", "draw"}
)


def code_hash(module: str) -> str:
    """The SHA-256 of what a long run's numbers come from, to tell when it is stale.

    That is: the module, what it imports, what these use in turn of their own chapter,
    and of the lab and the corpora (the loop, the scores, the data) all that they use.
    Comments, docstrings and line breaks do not count, nor how figures look: to reword
    is not to recompute.
    """
    digest = hashlib.sha256()
    for path in sorted(_sources(module)):
        content = (ROOT / path).read_text(encoding="utf-8")
        if path.endswith(".py"):
            content = _code(content, SAID if path == _path(module) else frozenset())
        digest.update(f"{path}\n{content}\n".encode())
    return digest.hexdigest()


def _code(source: str, without: Collection[str]) -> str:
    """A file as Python itself would write it, less its docstrings and these names."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        match node:
            case ast.Module() | ast.ClassDef() | ast.FunctionDef():
                if ast.get_docstring(node, clean=False) is not None:
                    del node.body[0]
    return "\n".join(ast.unparse(n) for n in tree.body if _name(n) not in without)


def _name(node: ast.stmt) -> str | None:
    """What a statement at the top of a module gives a name to."""
    match node:
        case ast.FunctionDef(name=name) | ast.Assign(targets=[ast.Name(id=name)]):
            return name
    return None


def _sources(module: str) -> set[str]:
    found: set[str] = set()
    to_visit = [module]
    while to_visit:
        name = to_visit.pop()
        path = _path(name)
        if path in found or name in AROUND or not (ROOT / path).is_file():
            continue
        found.add(path)
        source = (ROOT / path).read_text(encoding="utf-8")
        # What a chapter uses of other chapters is its own affair.
        room = name.split(".")[1]
        all_of_it = name == module or room in BENCH
        used = _imported(ast.parse(source))
        to_visit += [n for n in used if all_of_it or n.split(".")[1] in (room, *BENCH)]
        # Data stands beside the file that reads it.
        found |= {
            file.relative_to(ROOT).as_posix()
            for file in (ROOT / path).parent.iterdir()
            if file.suffix in (".yml", ".txt") and f'"{file.name}"' in source
        }
    return found


BENCH = ("lab", "corpora")


def _imported(tree: ast.Module) -> Iterator[str]:
    """What a file imports of ours: modules, and names that may be modules."""
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=str(parent), names=parts):
                names = [parent, *(f"{parent}.{part.name}" for part in parts)]
            case ast.Import(names=parts):
                names = [part.name for part in parts]
            case _:
                continue
        yield from (name for name in names if name.startswith("snippets."))


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
    """What one run gave; the benchmarks have neither a text nor a figure.

    `figures` are named as their files end: svg, look.svg, and 1.svg of the first frame.
    """

    record: Data
    text: str | None = None
    figures: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, name: str, folder: Path | None = None) -> Result:
        """What is recorded under a name.

        Raises:
            OSError, ValueError: there is no such record, or it is no JSON.
        """
        texts = {
            path.name.removeprefix(f"{name}."): path.read_text(encoding="utf-8")
            for path in sorted((folder or RESULTS).glob(f"{name}.*"))
        }
        if "json" not in texts:
            raise FileNotFoundError(f"{name}.json is missing")
        record, text = json.loads(texts.pop("json")), texts.pop("txt", None)
        return cls(record, text, texts)

    def write(self, folder: Path) -> list[Path]:
        """Write `NAME.json` and, where there are such, `NAME.txt` and the figures.

        All or nothing; and where nothing else is new, the date stays. A figure that is
        drawn no more goes.

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
            for ending, content in {
                "json": f"{text}\n",
                "txt": self.text,
                **self.figures,
            }.items()
            if content is not None
        }
        files.write(contents)
        for path in {*folder.glob(f"{record['name']}.*svg")} - {*contents}:
            path.unlink()
        return list(contents)


def write_trained(
    name: str, command: str, module: str, seed: int, data: Data, folder: Path
) -> None:
    """Record what came of a training, and say where.

    Args:
        command: what makes it again.
        module: the one that trains; its code is what the record is of.

    Raises:
        RefusalError: it cannot be written.
    """
    content = {
        "name": name,
        "recipe": recipe(command, seed=seed, device="cpu", code=code_hash(module)),
        "data": data,
    }
    try:
        paths = Result(plain(content)).write(folder)
    except OSError as error:
        raise RefusalError(
            f"{error.filename}: cannot write there ({error.strerror})"
        ) from error
    print(f"wrote {paths[0]}", file=sys.stderr)


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


def presented(
    record: Data, of: types.ModuleType, figure: str, data: Any = None
) -> Result:
    """A record with the text and the figures that a module makes of its data.

    Args:
        figure: a name that is in no other figure of a page.
        data: to present in place of the record's.
    """
    data = record["data"] if data is None else data
    drawn: Data = {}
    if hasattr(of, "draw"):
        drawn["svg"] = of.draw(data)
    if hasattr(of, "look"):
        drawn["look.svg"] = of.look(data)
    if hasattr(of, "frames"):
        drawn |= {f"{n}.svg": frame for n, frame in enumerate(of.frames(data), 1)}
    if drawn:
        from snippets.lab.plots import svg

        for ending, drawing in drawn.items():
            part = ending.removesuffix("svg").rstrip(".")
            drawn[ending] = svg(drawing, f"{figure}-{part}" if part else figure)
    return Result(record, printed(of, data), drawn)


def printed(of: types.ModuleType, data: Any) -> str:
    """What a demo or a claim prints about the data."""
    buffer = io.StringIO()
    with contextlib.redirect_stdout(buffer):
        of.show(data)
    return buffer.getvalue()


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


def failing(demo: types.ModuleType, data: Data) -> list[str]:
    """The conclusions, stated by the demo of what trains, that do not hold."""
    found = demo.holds(data) if hasattr(demo, "holds") else {}
    return [sentence for sentence, held in found.items() if not held]


def run(name: str, module: str, seed: int = 0, device: str = "cpu") -> Result:
    """Run the snippet of the concept `name`, without the edits of its page."""
    demo = importlib.import_module(demo_of(module))
    record = {
        "name": name,
        "recipe": recipe(f"python -m snippets {name}", seed=seed, device=device),
        "data": compute(demo, seed, device),
    }
    return presented(record, demo, name)


def run_with_edits(
    name: str,
    module: str,
    seed: int = 0,
    device: str = "cpu",
    recorded: Data | None = None,
    retrain: bool = True,
) -> Result:
    """Run the snippet, then a changed copy for every edit that its demo proposes.

    Args:
        recorded: the record of before. An edit that left alone what was trained, when
            it was recorded, is tried without training again.
        retrain: without it, an edit that trained otherwise is taken as recorded, if it
            still is the same and fits.

    Raises:
        RecordError: an edit fits neither file, or what the demo concludes fails.
    """
    result = run(name, module, seed, device)
    demo = importlib.import_module(demo_of(module))
    if fails := failing(demo, result.record["data"]):
        raise RecordError(f"{name}: does not hold: {'; '.join(fails)}")
    then = {edit["find"]: edit for edit in (recorded or {}).get("edits", ())}
    edits = []
    for find, put in getattr(demo, "EDITS", ()):
        old = then.get(find, {})
        if old.get("trains") and old["replace"] == put and not retrain:
            edits.append({**old, "file": changed(module, find, put)[0]})
        else:
            edits.append(try_edit(module, find, put, result, old.get("trains", True)))
    return replace(result, record={**result.record, "edits": edits})


def changed(module: str, find: str, put: str) -> tuple[str, str]:
    """The file of a snippet or its demo that an edit changes, and what it then says.

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
    return path, sources[path].replace(f"\n{find}\n", f"\n{put}\n")[1:]


def try_edit(
    module: str, find: str, put: str, before: Result, train: bool = True
) -> Data:
    """Run a copy of the snippets with some lines changed, and say what differs.

    Without `train`, what was trained before is taken for what it would train.

    Raises:
        RecordError: the lines do not stand exactly once in the snippet and its demo.
    """
    path, source = changed(module, find, put)
    with tempfile.TemporaryDirectory() as folder:
        ignore = shutil.ignore_patterns("__pycache__")
        for part in ("snippets", "docs/results"):
            shutil.copytree(ROOT / part, Path(folder, part), ignore=ignore)
        Path(folder, path).write_text(source, encoding="utf-8")
        with ProcessPoolExecutor(1, mp_context=APART) as apart:
            found = apart.submit(_run_copy, folder, module, before, train).result()
    return {"file": path, "find": find, "replace": put, **found}


# A copy is run by a process of its own; where it can be, by one that has PyTorch.
APART = multiprocessing.get_context(
    "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
)
APART.set_forkserver_preload(["torch", "matplotlib.backends.backend_svg"])


def _run_copy(folder: str, module: str, before: Result, train: bool) -> Data:
    """Run the demo in a copy of the project; what it prints otherwise, or its error."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "snippets"]:
        del sys.modules[name]
    sys.path.insert(0, folder)
    torch.set_num_threads(1)
    recipe, data = before.record["recipe"], before.record["data"]
    found: Data = {}
    try:
        demo = importlib.import_module(demo_of(module))
        trains = getattr(demo, "TRAINS", None)
        known = None if train or trains is None else data[trains]
        after = compute(demo, recipe["seed"], recipe["device"], known)
        if trains is not None:
            found["trains"] = after[trains] != data[trains]
        differs = differing(before.text or "", printed(demo, after))
    except Exception as error:
        differs = [f"+ {type(error).__name__}: {error}"]
    return {**found, "outcome": differs}


# What two processors need not agree in: the last digits of a float.
NOISE = re.compile(r"\d(\.\d+)?e-(0[6-9]|[1-9]\d)|0(\.0+)?e\+00")
MOST_LINES = 16  # that changed, of a paragraph


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
