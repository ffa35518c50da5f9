"""Ranges stand in pyproject.toml, one exact pin for each in constraints.txt."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from importlib import metadata
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = PROJECT["project"]["optional-dependencies"]


def pins_in(name: str) -> list[Requirement]:
    lines = (ROOT / name).read_text().splitlines()
    return [
        Requirement(line.removesuffix("\\"))
        for line in lines
        if line and not line.startswith(("#", " "))
    ]


PINS = pins_in("constraints.txt")
OLDEST = ".github/constraints-oldest.txt"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


def ranges() -> list[Requirement]:
    """Every requirement that the project names."""
    groups = [PROJECT["dependency-groups"]["setup"]]
    build = PROJECT["build-system"]["requires"]
    lists = [PROJECT["project"]["dependencies"], build, *EXTRAS.values(), *groups]
    every = [Requirement(text) for texts in lists for text in texts]
    return [one for one in every if one.name != PROJECT["project"]["name"]]


def pins_of(name: str, python: str, system: str) -> list[Requirement]:
    """The pins that hold for a package on this Python and system."""
    environment = {
        **{key: str(value) for key, value in default_environment().items()},
        "python_version": python,
        "python_full_version": f"{python}.9",
        "sys_platform": system,
    }
    return [
        pin
        for pin in PINS
        if canonicalize_name(pin.name) == canonicalize_name(name)
        and (pin.marker is None or pin.marker.evaluate(environment))
    ]


@pytest.mark.parametrize("wanted", ranges(), ids=str)
def test_every_requirement_has_one_pin_and_it_is_in_range(wanted: Requirement) -> None:
    for python, system in product(PYTHONS, ("linux", "darwin", "win32")):
        pins = pins_of(wanted.name, python, system)
        assert len(pins) == 1, f"{wanted.name}: `make pins` writes the missing pin"
        (only,) = pins[0].specifier
        assert wanted.specifier.contains(only.version), (
            f"{pins[0]} is outside {wanted}: `make pins`"
        )


def test_pins_are_exact_and_name_no_local_build_and_no_address() -> None:
    pinned = [(pin, *pin.specifier) for pin in PINS]
    assert len(pinned) > 100
    for pin, only in pinned:
        assert only.operator == "==" and pin.url is None, pin
        assert "*" not in only.version and "+" not in only.version, pin


def test_every_pin_names_its_files_by_hash() -> None:
    text = (ROOT / "constraints.txt").read_text()
    with_hash = re.findall(r"^(\S+==.*) \\\n +--hash=sha256:[0-9a-f]{64}", text, re.M)
    assert [Requirement(line) for line in with_hash] == PINS


def brought(name: str, extras: Iterable[str] = ()) -> Iterator[tuple[str, str]]:
    """What an installed package needs, as names with the extras that are asked for."""
    for text in metadata.requires(name) or ():
        one = Requirement(text)
        if one.marker is None or any(
            one.marker.evaluate({"extra": extra}) for extra in ("", *extras)
        ):
            yield from ((canonicalize_name(one.name), e) for e in ("", *one.extras))


def test_whatever_comes_along_is_pinned() -> None:
    project = canonicalize_name(PROJECT["project"]["name"])
    seen: set[tuple[str, str]] = set()
    todo = {(project, "test")}
    while todo:
        seen |= todo
        todo = {more for n, extra in todo for more in brought(n, [extra])} - seen
    names = {name for name, _ in seen} - {project}
    assert len(names) > 80
    assert names <= {canonicalize_name(pin.name) for pin in PINS}


@pytest.mark.parametrize("wanted", [*map(Requirement, EXTRAS["snippets"])], ids=str)
def test_the_job_of_the_oldest_torch_takes_the_lower_end_of_each_range(
    wanted: Requirement,
) -> None:
    (lowest,) = wanted.specifier
    assert lowest.operator == ">="
    oldest = {pin.name: pin.specifier for pin in pins_in(OLDEST)}[wanted.name]
    (pinned,) = oldest
    assert f"{pinned.version}.".startswith(f"{lowest.version}.")
