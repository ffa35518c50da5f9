"""The command line as a person meets it: a process, its output, its exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reading_list import command as command_line
from reading_list.checks import check_folder, check_text
from reading_list.command import main
from reading_list.frontmatter import InvalidError, NotReadableError, decode
from reading_list.model import FIELDS
from reading_list.records import RECORDS
from reading_list.syllabus import load_syllabus
from syllabus import ROOT
from syllabus import SYLLABUS as SYLLABUS_FILE

SYLLABUS = load_syllabus()
TODAY = date(2026, 1, 1)
GOOD = (RECORDS / "rush-annotated-transformer.md").read_text(encoding="utf-8")


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python with these words, as somebody does at the root of the project."""
    return subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        encoding="utf-8",
        errors="backslashreplace",
    )


def test_check_passes_the_records() -> None:
    done = run("-m", "reading_list", "check")
    assert (done.returncode, done.stderr) == (0, "")
    count = len(list(RECORDS.glob("*.md")))
    assert done.stdout == f"{count} records, no errors.\n"


def test_check_tells_errors_on_a_terminal_without_unicode(tmp_path: Path) -> None:
    bad = GOOD.replace("kind: tutorial", "kind: учебник")
    (tmp_path / "bad.md").write_text(bad, encoding="utf-8")
    words = ["-m", "reading_list", "check", "--dir", str(tmp_path)]
    done = run(*words, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (1, "")
    assert "bad.md:4: kind: is" in done.stdout


def test_check_ends_without_a_traceback_for_who_leaves_early(tmp_path: Path) -> None:
    for number in range(2000):
        (tmp_path / f"bad-{number}.md").write_text("x", encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "reading_list", "check", "--dir", str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert "bad-0.md:1:" in process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait() == 1


@pytest.mark.parametrize("arguments", [[], ["chekc"], ["check", "--folder", "x"]])
def test_command_line_shows_the_right_commands_on_a_wrong_one(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: python -m reading_list")


LINES = SYLLABUS_FILE.read_text(encoding="utf-8").splitlines(keepends=True)
HEADS = LINES.index("  - name: heads\n") + 1  # counted from 1, as messages do


def with_heads(name: str, value: str) -> str:
    """The syllabus with another value in a field of the concept heads."""
    end = next(i for i in range(HEADS, len(LINES)) if "- name:" in LINES[i])
    old = [f"    {name}:", *["      - {concept:"] * (name == "builds_on")]
    kept = [line for line in LINES[HEADS:end] if not line.startswith(tuple(old))]
    return "".join([*LINES[:HEADS], f"    {name}: {value}\n", *kept, *LINES[end:]])


BROKEN = {
    "chapters: []\nconcepts: 7\n": ":2: concepts: is a number, not a list.",
    "chapters: [\n": ":2: is not valid YAML",
    "title: 2017-13-45\n": ":1: concepts: is missing.",
    f"chapters: {'1' * 5000}\n": ":1: chapters: is read as a number (1111",
    "chapters: " + "[" * 60_000: ":1: nests deeper than 5 levels.",
    "\n": ":1: is empty.",
    "".join([*LINES, "concepts: []\n"]): f":{len(LINES) + 1}: concepts: stands here",
    with_heads("builds_on", ""): "heads.builds_on: is nothing, not a list.",
    with_heads("status", "writen"): "To mend it: perhaps you meant written.",
    with_heads("titel", "Heads"): "heads.titel: is not a field. To mend it: perhaps",
    with_heads(
        "title", "2017-01-01"
    ): "heads.title: is read as a date (2017-01-01), not text.",
    with_heads("chapter", "atention"): "heads.chapter: heads is in no chapter",
    with_heads("title", "'Heads{ onclick=x() }'"): "heads.title: has '{' in it",
    with_heads("title", "'<img src=x>'"): "heads.title: has '<' in it",
    with_heads("question", "'[Why](javascript:x())'"): "heads.question: has '['",
    with_heads("definition", "'a &lt; b'"): "heads.definition: has '&' in it",
    with_heads("definition", r'"a\u202e b"'): "heads.definition: has the hidden",
    with_heads("definition", "word " * 31): "heads.definition: has 31 words",
}


@pytest.mark.parametrize("text", BROKEN, ids=range(len(BROKEN)))
def test_load_syllabus_tells_an_error_in_a_line(
    text: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    syllabus = tmp_path / "concepts.yml"
    syllabus.write_text(text, encoding="utf-8")
    monkeypatch.setattr(command_line, "check", lambda _: load_syllabus(syllabus))
    assert main(["check"]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    told = [row for row in output.err.splitlines() if BROKEN[text] in row]
    assert len(told) == 1, output.err
    assert told[0].startswith(f"{syllabus}:")
    assert " To mend it: " in told[0]
    line = int(told[0].removeprefix(f"{syllabus}:").partition(":")[0])
    assert HEADS <= line < HEADS + 12 or "heads" not in BROKEN[text]


def test_load_syllabus_tells_every_edge_that_points_forwards(tmp_path: Path) -> None:
    syllabus = tmp_path / "concepts.yml"
    forwards = [
        line.replace("{concept: tokenization,", "{concept: gtp,") for line in LINES
    ]
    syllabus.write_text("".join(forwards), encoding="utf-8")
    with pytest.raises(InvalidError) as caught:
        load_syllabus(syllabus)
    assert [problem.line for problem in caught.value.problems] == [
        number for number, line in enumerate(forwards, 1) if "{concept: gtp," in line
    ]


@pytest.mark.parametrize("streams", [">&- 2>&-", "<&- >&-"])
def test_check_needs_nobody_to_listen(streams: str) -> None:
    words = ["sh", "-c", f'"$0" -m reading_list check {streams}', sys.executable]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_check_tells_a_full_disk_in_a_line() -> None:
    with Path("/dev/full").open("w") as full:
        words = [sys.executable, "-m", "reading_list", "check"]
        done = subprocess.run(words, cwd=ROOT, stdout=full, stderr=subprocess.PIPE)
    (row,) = done.stderr.decode().splitlines()
    assert row.startswith("The output cannot be written (No space left on device).")
    assert done.returncode == 1


SLOWLY = """
import signal, sys
import reading_list
from reading_list.guard import guarded
def stop(*_): signal.raise_signal(signal.SIGINT)
WHEN
sys.exit(guarded("reading_list.command"))
"""
STOPPED = {
    "while it is imported": "class Stop: find_spec = stop\nsys.meta_path[:0] = [Stop]",
    "while it works": "import reading_list.records as r; r.check_folder = stop",
}


@pytest.mark.parametrize("when", STOPPED)
def test_guarded_leaves_no_traceback_on_ctrl_c(when: str) -> None:
    code = SLOWLY.replace("WHEN", STOPPED[when])
    done = run("-c", code, "check")
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_check_folder_tells_a_file_that_may_not_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret.md").write_text(GOOD, encoding="utf-8")

    def refused(self: Path, *_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refused)
    (error,) = check_folder(tmp_path, SYLLABUS, TODAY, "x", {}).errors
    assert error.wrong == "cannot be read (Permission denied)"


def text_or_mend(raw: bytes) -> str:
    try:
        return decode(raw)
    except NotReadableError as error:
        return error.mend


@given(st.binary())
def test_decode_has_a_verdict_on_any_bytes(raw: bytes) -> None:
    told = text_or_mend(raw)
    assert told
    assert "\r" not in told


rows = st.sampled_from(GOOD.split("\n"))
noise = st.one_of(
    st.text(max_size=20), st.sampled_from(["---", "- ", "  - x", "a: [", "? x", "!!x"])
)


@given(st.lists(st.one_of(rows, noise), max_size=30))
def test_check_text_has_a_verdict_on_any_mixture_of_rows(mixture: list[str]) -> None:
    text = "\n".join(["---", *mixture])
    judgement = check_text("x.md", text, SYLLABUS, TODAY)
    assert judgement.resource is not None or judgement.problems
    for problem in judgement.problems:
        assert 1 <= problem.line <= text.count("\n") + 2
        assert problem.mend


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text(max_size=5), inner, max_size=3),
    ),
    max_leaves=5,
)


@given(st.sampled_from(FIELDS), values)
def test_check_text_has_a_verdict_on_any_value_of_any_field(
    name: str, value: object
) -> None:
    facts = {
        "title": "A title",
        "url": "https://blog.attention-walks.org/",
        "kind": "blog",
        "concepts": ["heads"],
        name: value,
    }
    # JSON is YAML, but for a few escapes: what it cannot say is refused as well.
    given_rows = [f"{key}: {json.dumps(facts[key])}" for key in facts]
    text = "\n".join(["---", *given_rows, "---", "", "A summary of five words."])
    judgement = check_text("x.md", text, SYLLABUS, TODAY)
    assert judgement.resource is not None or judgement.problems
