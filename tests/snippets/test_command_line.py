"""The command line: lists, runs, records; and says in one line what is wrong."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
import torch

from reading_list.syllabus import load_syllabus
from snippets import __main__ as command_line
from snippets.demos import attention
from snippets.lab import record
from snippets.lab.arguments import guarded
from syllabus import ROOT

SYLLABUS = load_syllabus()
BESIDE = [page.name for page in SYLLABUS.beside]
WRITTEN = {concept.name: concept for concept in SYLLABUS.written if concept.code}
DEMO = "recurrent-networks"  # is the quickest


def start(*words: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """`python -m snippets` with these words, after some lines of another program."""
    program = (
        f"import runpy, sys\n{before}\nsys.argv = {['snippets', *words]}\n"
        "runpy.run_module('snippets', run_name='__main__')"
    )
    command = [sys.executable, "-c", program]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def refusal(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that a refused call prints."""
    with pytest.raises(SystemExit) as stopped:
        guarded(lambda: command_line.main(arguments))
    assert stopped.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_list_has_every_snippet_and_waits_for_no_library():
    slow = {"torch", "numpy", "matplotlib", "snippets.lab.record"}
    at_the_end = f"print(sorted({slow} & set(sys.modules)), file=sys.stderr)"
    ran = start(before=f"import atexit\natexit.register(lambda: {at_the_end})")
    assert (ran.returncode, ran.stderr) == (0, "[]\n")
    lines = ran.stdout.splitlines()
    listed = [line.strip() for line in lines if re.match("  [^ ]", line)]
    assert listed == [*WRITTEN, *BESIDE]
    words = " ".join(ran.stdout.split())
    assert all(concept.definition in words for concept in WRITTEN.values())
    chapters = [line for line in lines if re.match("[^ ]", line)]
    assert chapters[0] == SYLLABUS.chapters[0].title
    assert chapters[-4:] == [
        "Beside them",
        "Run one: python -m snippets attention",
        "Train one for longer: python -m snippets train",
        "The claims of papers: python -m snippets claim",
    ]


def test_run_prints_by_seed_and_writes_nothing(capsys):
    before = {path: path.stat().st_mtime_ns for path in record.RESULTS.iterdir()}
    texts = []
    for seed in ("1", "1", "2"):
        assert command_line.main([DEMO, "--seed", seed]) == 0
        texts.append(capsys.readouterr().out)
    assert "a plain network reads five words" in texts[0]
    assert texts[0] == texts[1] != texts[2]
    after = {path: path.stat().st_mtime_ns for path in record.RESULTS.iterdir()}
    assert after == before


def test_out_writes_into_a_new_folder(tmp_path, capsys):
    folder = tmp_path / "a" / "b"
    assert command_line.main([DEMO, "--seed", "3", "--out", str(folder)]) == 0
    out, err = capsys.readouterr()
    endings = ("json", "txt", "svg", "look.svg", *(f"{n}.svg" for n in range(1, 8)))
    names = {f"{DEMO}.{ending}" for ending in endings}
    assert {path.name for path in folder.iterdir()} == names
    written = json.loads((folder / f"{DEMO}.json").read_text("utf-8"))
    assert written["recipe"]["seed"] == 3 and written["recipe"]["device"] == "cpu"
    assert (folder / f"{DEMO}.txt").read_text("utf-8") == out
    assert str(folder / f"{DEMO}.json") in err


def test_record_without_a_name_records_all(tmp_path, monkeypatch):
    def run(name: str, *_: object) -> record.Result:
        return record.Result({"name": name}, f"{name}\n")

    monkeypatch.setattr(record, "RESULTS", tmp_path)
    monkeypatch.setattr(record, "run_with_edits", run)
    assert command_line.main(["--record"]) == 0
    assert {path.stem for path in tmp_path.iterdir()} == {*WRITTEN, *BESIDE}


def test_record_is_made_with_one_thread_and_has_the_edits(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(record, "RESULTS", tmp_path)
    monkeypatch.setattr(attention, "EDITS", attention.EDITS[:1])
    torch.set_num_threads(2)
    assert command_line.main(["attention", "--record"]) == 0
    written = json.loads((tmp_path / "attention.json").read_text("utf-8"))
    assert written["recipe"]["threads"] == torch.get_num_threads() == 1
    edits = [(edit["find"], edit["replace"]) for edit in written["edits"]]
    assert edits == attention.EDITS
    assert all(edit["outcome"] for edit in written["edits"])
    monkeypatch.setattr(attention, "EDITS", [("no such line", "x")])
    capsys.readouterr()
    line = refusal(["attention", "--record"], capsys)
    assert line.startswith("snippets: attention.py: 'no such line', which an edit")


# --- What is wrong


def test_concept_without_a_snippet_says_why(tmp_path, monkeypatch, capsys):
    common = {"title": "T", "chapter": "text", "question": "Q?", "definition": "D."}
    concepts = [
        {"name": "near", "status": "planned"},
        {"name": "prose", "status": "written", "code": False},
        {"name": "bare", "status": "written"},
    ]
    chapters = [{"name": "text", "title": "Text", "main_line": True}]
    listed = [{**common, "builds_on": [], **concept} for concept in concepts]
    syllabus = tmp_path / "concepts.yml"
    syllabus.write_text(json.dumps({"chapters": chapters, "concepts": listed}))
    monkeypatch.setattr("syllabus.SYLLABUS", syllabus)
    lists = "python -m snippets lists what runs"
    for words, why in (
        (["near"], f"near is planned, not written yet; {lists}"),
        (["prose"], f"prose is a page without code; {lists}"),
        (["bare"], "no snippets/text/bare.py and no snippets/demos/bare.py: write it"),
        (["--record"], "bare is marked as written, but there is no snippets/text/bare"),
    ):
        assert why in refusal(words, capsys)


NO_NUMBER = "is no whole number from"
OPTIONS = "python -m snippets --help shows the options"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        *(
            ([name], f"snippets: no snippet {name!r}: did you mean attention?")
            for name in ("atention", "Attention", "attention.py", "atten\ntion")
        ),
        (["zzz"], "snippets: no snippet 'zzz': python -m snippets lists them all"),
        (["claim", "gatse"], "no claim 'gatse': did you mean gates?"),
        (["claim", "zzz"], "no claim 'zzz': python -m snippets claim lists them all"),
        (["train", "seq2sec"], "no training 'seq2sec': did you mean seq2seq?"),
        *((words, OPTIONS) for words in (["--sed"], ["attention", "x"], ["--out"])),
        (["--dev\nice"], OPTIONS),
        *(
            (["attention", "--device", device], f"--device {device}: not on this mach")
            for device in ("fridge", "", "cuda:99", "meta", "hpu")
        ),
        (["train", "seq2seq", "--device", "fridge"], "--device fridge: not on this"),
        *(
            ([*command, f"{option}={seed}"], f"{option}: {seed[:40]!r} {NO_NUMBER}")
            for *command, option in (["attention", "--seed"], ["claim", "--seeds"])
            for seed in ("x", "-1", str(2**32), "9" * 5000, "")
        ),
        (["claim", "gates", "--seeds", "1,x"], f"--seeds: 'x' {NO_NUMBER} 0 to"),
        *(
            (["train", "seq2seq", "--steps", steps], f"{steps[:40]!r} {NO_NUMBER} 1 to")
            for steps in ("0", "9" * 400)
        ),
        (["train", "seq2seq", "--record", "--pairs", "x"], "--record: of our own"),
        (["train", "seq2seq", "--record", "--resume"], "--record: of a training from"),
        (["train", "seq2seq", "--resume", "--restart"], "--resume: not with --restart"),
    ],
)  # fmt: skip
def test_wrong_call_is_one_line(words, said, capsys):
    assert said in refusal(words, capsys)


def test_seed_as_large_as_can_be_goes_into_every_generator():
    # The transducer's multiplies it.
    from snippets.claims import transducer
    from snippets.demos import rnn_transducer
    from snippets.lab.arguments import MOST

    assert len(rnn_transducer.batch(2, 6, 1000 * (MOST + 1))[1]) == 2
    assert len(transducer.recordings(False, 2, MOST, 10_000 * (MOST + 1))[1]) == 2


def test_out_that_cannot_be_written_is_one_line(tmp_path, capsys):
    file = tmp_path / "file"
    file.write_text("in the way")
    line = refusal(["attention", "--out", str(file / "folder")], capsys)
    assert line == f"snippets: {file / 'folder'}: cannot write there (Not a directory)"


# --- What is around it


@pytest.mark.parametrize(
    ("library", "words"),
    [
        *(("yaml", ["attention"]), ("torch", ["attention"])),
        *(("jaxtyping", ["attention"]), ("torch", ["train", "seq2seq"])),
    ],
)
def test_library_that_is_not_installed_is_one_line(library, words):
    ran = start(*words, before=f"sys.modules[{library!r}] = None")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == (
        f"snippets: {library} is not installed in this Python; make run has its own,"
        " or: pip install -e '.[snippets]'\n"
    )


def test_guarded_takes_no_fault_of_ours_for_a_missing_library():
    def broken() -> int:
        raise ModuleNotFoundError("no snippets.lab.odd", name="snippets.lab.odd")

    with pytest.raises(ModuleNotFoundError, match=r"lab\.odd"):
        guarded(broken)


@pytest.mark.parametrize(
    ("where", "status", "said"),
    [
        (">&-", 2, "snippets: standard output is closed; "),
        ("> /dev/full", 2, "snippets: standard output: No space left on device\n"),
        ("| true", 0, ""),
    ],
)
def test_output_that_goes_nowhere_is_at_most_one_line(where, status, said):
    # Whoever reads it is gone before a list is printed that fits into one buffer.
    command = f"(sleep 0.5; {sys.executable} -m snippets claim; echo $? >&2) {where}"
    ran = subprocess.run(
        ["sh", "-c", command], cwd=ROOT, capture_output=True, text=True
    )
    *lines, found = ran.stderr.splitlines(keepends=True)
    assert int(found) == status
    assert len(lines) == bool(said) and "".join(lines).startswith(said)


def test_ctrl_c_while_the_libraries_load_ends_without_a_traceback():
    ran = start(
        *("train", "seq2seq"),
        before="import signal\n"
        "class Interrupts:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'torch': signal.raise_signal(signal.SIGINT)\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "sys.meta_path.insert(0, Interrupts())",
    )
    assert (ran.returncode, ran.stderr) == (130, "")


def test_console_without_our_signs_shows_the_rest():
    program = (
        "from snippets import __main__ as line\n"
        "line.main = lambda: print('\\u221a2 is a root') or 0\n"
        "line.start()"
    )
    command = [sys.executable, "-c", program]
    console = {"PYTHONIOENCODING": "ascii", "PATH": ""}
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, env=console)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert ran.stdout.strip() == b"?2 is a root"


def test_call_speaks_of_make_under_make(monkeypatch, capsys):
    monkeypatch.setenv("MAKE_RUN", "1")
    assert command_line.main([]) == 0
    assert "Run one: make run NAME=attention" in capsys.readouterr().out
    assert command_line.main(["claim"]) == 0
    assert "Try one: make claim NAME=NAME" in capsys.readouterr().out
    assert refusal(["zzz"], capsys).endswith("make run lists them all")
    assert "make train ARGS=--help" in refusal(["train", "--sed"], capsys)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("run attention", "make run NAME=attention"),
        ("record attention", "make record NAME=attention"),
        ("train seq2seq", "make train NAME=seq2seq"),
        ("claim gates", "make claim NAME=gates"),
        (
            "test rnn-transducer",
            'make test ARGS="tests/snippets/recurrence/test_rnn_transducer.py"',
        ),
        (
            "test NAME=attention",
            'make test ARGS="tests/snippets/attention/test_attention.py"',
        ),
        ("test zebra", 'make test ARGS="-k zebra"'),
    ],
)
def test_make_teaches_how_to_name_one(words, said):
    command = ["make", "--dry-run", *words.split()]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 2
    assert f"write: {said}." in ran.stderr
