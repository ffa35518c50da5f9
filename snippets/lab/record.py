"""The recorder: what a snippet computed, printed and drew, with the recipe for it.

A result is `docs/results/NAME.json`; the text and the figure beside it are made from
the JSON alone. A snippet `snippets/CHAPTER/NAME.py` takes part by a module of its name,
`snippets/demos/NAME.py`, that has

    demo(seed, device) -> dict      computes; plain numbers, strings, lists, dicts
    show(data) -> None              prints what a person wants to see
    draw(data) -> Figure            optional
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
import sys
import time
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, cast

import torch
import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
RESULTS = ROOT / "docs" / "results"
PAGES = ROOT / "docs" / "concepts"
# How figures look, not what is in them: no part of a result's code.
STYLE = ("snippets.lab.plots",)
DIGITS = 6  # significant digits kept of a float: more differ between processors

Data = dict[str, Any]


class EditError(ValueError):
    """A page proposes an edit that fits neither its snippet nor the demo."""


@dataclass(frozen=True)
class Edit:
    """One "change one thing": `find` stands once in the snippet or its demo."""

    find: str
    replace: str


def demo_of(module: str) -> str:
    """The module that runs a snippet, prints and draws what it gave."""
    return f"snippets.demos.{module.rpartition('.')[2]}"


def code_hash(module: str) -> str:
    """The SHA-256 of a module and of every module of ours that it uses.

    Comments, docstrings and imports do not count: to reword is not to recompute.
    Nor does the plot style: a figure is compared with one drawn anew.
    """
    digest = hashlib.sha256()
    for path in sorted(_sources(module)):
        tree = _Bare().visit(
            ast.parse(path.read_text(encoding="utf-8"))
        )
        digest.update(_dump(tree).encode())
    return digest.hexdigest()


def _dump(node: Any) -> str:
    """As `ast.dump`, whose text differs from one Python release to the next."""
    match node:
        case ast.AST():
            fields = (
                f"{name}={_dump(inner)}"
                for name, inner in ast.iter_fields(node)
                if inner not in (None, [])
            )
            return f"{type(node).__name__}({', '.join(fields)})"
        case list():
            return f"[{', '.join(map(_dump, node))}]"
    return repr(node)


class _Bare(ast.NodeTransformer):
    """Removes imports and docstrings."""

    def visit_Import(self, node: ast.Import) -> None:
        return None

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        return None

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        is_text = isinstance(node.value, ast.Constant) and isinstance(
            node.value.value, str
        )
        return None if is_text else node


def _path(module: str) -> Path:
    return ROOT.joinpath(*module.split(".")).with_suffix(".py")


def _sources(module: str) -> set[Path]:
    """The files of a module and of all `snippets.*` modules it imports."""
    found: set[Path] = set()
    to_visit = [module]
    while to_visit:
        name = to_visit.pop()
        path = _path(name)
        if path in found or name in STYLE or not path.exists():
            continue
        found.add(path)
        for node in ast.walk(
            ast.parse(path.read_text(encoding="utf-8"))
        ):
            to_visit += _imported(node)
    return found


def _imported(node: ast.AST) -> list[str]:
    """The modules of ours that an import statement may name."""
    match node:
        case ast.ImportFrom(module=str(parent)):
            names = [
                parent,
                *(f"{parent}.{alias.name}" for alias in node.names),
            ]
        case ast.Import():
            names = [alias.name for alias in node.names]
        case _:
            names = []
    return [n for n in names if n.split(".")[0] == "snippets"]


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
            return {
                str(key): plain(inner) for key, inner in value.items()
            }
        case list() | tuple():
            return [plain(inner) for inner in value]
    raise TypeError(
        f"a result holds numbers, texts, lists, dicts; not {type(value)}"
    )


def compute(demo: types.ModuleType, seed: int, device: str) -> Data:
    """Run the demo; its data as it will be read back from the JSON."""
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


def edits_of(name: str) -> list[Edit]:
    """The edits that the page of the concept proposes, from its front matter."""
    page = PAGES / f"{name}.md"
    if not page.exists():
        return []
    _, front, _ = page.read_text(encoding="utf-8").split("---\n", 2)
    edits = (yaml.safe_load(front) or {}).get("edits", [])
    return [Edit(edit["find"], edit["replace"]) for edit in edits]


def try_edit(
    module: str, edit: Edit, before: str, seed: int, device: str
) -> Data:
    """Run the demo with one thing changed: the lines that it then prints otherwise.

    Raises:
        EditError: the text to change does not stand exactly once in the two files.
    """
    # The demo last: it is to be made anew from the snippet that was changed.
    names = (module, demo_of(module))
    sources = {n: _path(n).read_text(encoding="utf-8") for n in names}
    times = {n: s.count(edit.find) for n, s in sources.items()}
    if sum(times.values()) != 1:
        raise EditError(
            f"{_path(module).name}: {edit.find!r}, which the page changes, "
            f"stands {sum(times.values())} times in it and in its demo"
        )
    place = max(times, key=times.__getitem__)
    sources[place] = sources[place].replace(edit.find, edit.replace)
    changed = {name: types.ModuleType(name) for name in names}
    with stand_ins(changed):
        try:
            for name, source in sources.items():
                code = compile(source, _path(name).name, "exec")
                exec(code, vars(changed[name]))
            demo = changed[demo_of(module)]
            after = printed(demo, compute(demo, seed, device))
        except Exception as error:
            after = f"{type(error).__name__}: {error}\n"
    lines = list(difflib.ndiff(before.splitlines(), after.splitlines()))
    return {
        "file": _path(place).relative_to(ROOT).as_posix(),
        "find": edit.find,
        "replace": edit.replace,
        "before": [line[2:] for line in lines if line.startswith("- ")],
        "after": [line[2:] for line in lines if line.startswith("+ ")],
    }


@contextlib.contextmanager
def stand_ins(
    modules: Mapping[str, types.ModuleType],
) -> Iterator[None]:
    """Let these be what an import of their names finds, for a while."""
    originals = {name: sys.modules.get(name) for name in modules}
    try:
        for name, module in modules.items():
            _let_stand(name, module)
        yield
    finally:
        for name, original in originals.items():
            _let_stand(name, original)


def _let_stand(name: str, module: types.ModuleType | None) -> None:
    """Where Python looks: in its list of modules, and in the package."""
    package, _, child = name.rpartition(".")
    inside = vars(importlib.import_module(package))
    if module is None:
        sys.modules.pop(name, None)
        inside.pop(child, None)
    else:
        sys.modules[name] = inside[child] = module


def recipe(
    command: str, module: str, seconds: float, **settings: int | str
) -> Data:
    """How a result came about, so that anybody can make it again."""
    return {
        "command": command,
        **settings,
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": torch.__version__.split("+")[0],
        "machine": f"{platform.system()} {platform.machine()}",
        "seconds": round(seconds, 2),
        "date": date.today().isoformat(),
        "code": code_hash(module),
    }


@dataclass(frozen=True)
class Result:
    """What one run of a snippet gave."""

    record: Data
    text: str
    figure: str | None

    def write(self, folder: Path) -> list[Path]:
        """Write `NAME.json`, `NAME.txt` and, where there is one, `NAME.svg`."""
        folder.mkdir(parents=True, exist_ok=True)
        files = {
            "json": json.dumps(
                self.record, indent=1, ensure_ascii=False
            )
            + "\n",
            "txt": self.text,
        }
        if self.figure is not None:
            files["svg"] = self.figure
        paths = [
            folder / f"{self.record['name']}.{ending}"
            for ending in files
        ]
        for path, content in zip(paths, files.values(), strict=True):
            path.write_text(content, encoding="utf-8")
        return paths


def run(
    name: str, module: str, seed: int = 0, device: str = "cpu"
) -> Result:
    """Run the snippet of the concept `name`, without the edits of its page."""
    demo = importlib.import_module(demo_of(module))
    command = f"python -m snippets {name}"
    # Of one processor: a busy machine does not make a snippet slower.
    start = time.process_time()
    data = compute(demo, seed, device)
    seconds = time.process_time() - start
    record = {
        "name": name,
        "recipe": recipe(
            command,
            demo_of(module),
            seconds,
            seed=seed,
            device=device,
        ),
        "data": data,
    }
    return Result(record, printed(demo, data), drawn(demo, data, name))


def run_with_edits(
    name: str, module: str, seed: int = 0, device: str = "cpu"
) -> Result:
    """Run the snippet, then once more for every edit that its page proposes."""
    result = run(name, module, seed, device)
    edits = [
        try_edit(module, e, result.text, seed, device)
        for e in edits_of(name)
    ]
    return Result(
        {**result.record, "edits": edits}, result.text, result.figure
    )
