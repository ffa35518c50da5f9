"""The command line: lists, runs, records; and says in one line what is wrong."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
import sys

import pytest
import torch

from reading_list.syllabus import load_syllabus
from snippets import __main__ as command_line
from snippets.demos import attention
from snippets.lab import record, weights
from snippets.lab.arguments import guarded
from syllabus import ROOT

BESIDE = [page.name for page in load_syllabus().beside]
WRITTEN = [concept.name for concept in load_syllabus().written if concept.code]


def python(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


def refusal(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that a refused call prints."""
    with pytest.raises(SystemExit) as stopped:
        guarded(lambda: command_line.main(arguments))
    assert stopped.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_list_waits_for_no_library():
    ran = python(
        "import runpy, sys\n"
        "sys.argv = ['snippets']\n"
        "try: runpy.run_module('snippets', run_name='__main__')\n"
        "except SystemExit as stopped: assert stopped.code == 0\n"
        "slow = {'torch', 'numpy', 'matplotlib', 'snippets.lab.record'}\n"
        "print(sorted(slow & set(sys.modules)), file=sys.stderr)"
    )
    assert ran.stderr.strip() == "[]"
    lines = ran.stdout.splitlines()
    listed = [line.strip() for line in lines if re.match("  [^ ]", line)]
    assert listed == [*WRITTEN, *BESIDE]
    chapters = [line for line in lines if re.match("[^ ]", line)]
    assert chapters[0] == load_syllabus().chapters[0].title
    assert chapters[-4:] == [
        "Beside them",
        "Run one: python -m snippets attention",
        "Train one for longer: python -m snippets train",
        "The claims of papers: python -m snippets claim",
    ]


def test_list_gives_each_definition(capsys):
    assert command_line.main([]) == 0
    words = " ".join(capsys.readouterr().out.split())
    for name in WRITTEN:
        assert load_syllabus().by_name[name].definition in words


def test_run_prints_by_seed_and_writes_nothing(capsys):
    before = {path: path.stat().st_mtime_ns for path in record.RESULTS.iterdir()}
    texts = []
    for seed in ("1", "1", "2"):
        assert command_line.main(["attention", "--seed", seed]) == 0
        texts.append(capsys.readouterr().out)
    assert '"it" looks at three tokens' in texts[0]
    assert texts[0] == texts[1] != texts[2]
    by_hand = [text.split("\n\n")[0] for text in texts]
    assert by_hand[0] == by_hand[2]
    after = {path: path.stat().st_mtime_ns for path in record.RESULTS.iterdir()}
    assert after == before


def test_out_writes_into_a_new_folder(tmp_path, capsys):
    folder = tmp_path / "a" / "b"
    arguments = ["attention", "--seed", "3", "--device", "cpu", "--out", str(folder)]
    assert command_line.main(arguments) == 0
    out, err = capsys.readouterr()
    assert {path.name for path in folder.iterdir()} == {
        *("attention.json", "attention.txt", "attention.svg"),
    }
    written = json.loads((folder / "attention.json").read_text("utf-8"))
    assert written["recipe"]["seed"] == 3 and written["recipe"]["device"] == "cpu"
    assert (folder / "attention.txt").read_text("utf-8") == out
    assert str(folder / "attention.json") in err


def test_record_without_a_name_records_all(tmp_path, monkeypatch):
    ran = []

    def run(name: str, module: str, seed: int, device: str) -> record.Result:
        ran.append((name, module))
        return record.Result({"name": name}, f"{name}\n", None)

    monkeypatch.setattr(record, "RESULTS", tmp_path)
    monkeypatch.setattr(record, "run_with_edits", run)
    assert command_line.main(["--record"]) == 0
    assert [name for name, _ in ran] == [*WRITTEN, *BESIDE]
    assert dict(ran)["attention"] == "snippets.attention.attention"
    assert {path.stem for path in tmp_path.iterdir()} == {*WRITTEN, *BESIDE}


def test_record_is_made_with_one_thread_and_has_the_edits(tmp_path, monkeypatch):
    monkeypatch.setattr(record, "RESULTS", tmp_path)
    torch.set_num_threads(2)
    assert command_line.main(["attention", "--record"]) == 0
    written = json.loads((tmp_path / "attention.json").read_text("utf-8"))
    assert written["recipe"]["threads"] == torch.get_num_threads() == 1
    edits = [(edit["find"], edit["replace"]) for edit in written["edits"]]
    assert edits == attention.EDITS
    assert all(edit["outcome"] for edit in written["edits"])


def test_record_refuses_an_edit_that_does_not_fit(monkeypatch, capsys):
    monkeypatch.setattr(attention, "EDITS", [("no such line", "x")])
    line = refusal(["attention", "--record"], capsys)
    assert line.startswith("snippets: attention.py: 'no such line', which an edit")


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


@pytest.mark.parametrize("wrong", ["atention", "Attention", "attention.py", "zzz"])
def test_wrong_name_suggests_the_nearest_or_points_to_the_list(wrong, capsys):
    hint = "did you mean attention?"
    if wrong == "zzz":
        hint = "python -m snippets lists them all"
    assert refusal([wrong], capsys) == f"snippets: no snippet {wrong!r}: {hint}"


@pytest.mark.parametrize("device", ["fridge", "", "cuda:99", "meta", "hpu"])
def test_device_that_is_not_there_is_one_line(device, capsys):
    line = f"snippets: --device {device}: not on this machine; cpu always is"
    assert refusal(["attention", "--device", device], capsys) == line


@pytest.mark.parametrize("command", [["attention", "--seed"], ["claim", "--seeds"]])
@pytest.mark.parametrize("seed", ["x", "-1", str(2**32), "9" * 5000, ""])
def test_seed_that_is_none_is_one_line_with_the_bounds(command, seed, capsys):
    line = refusal([command[0], f"{command[1]}={seed}"], capsys)
    said = (
        f"argument {command[1]}: {seed[:40]!r} is no whole number from 0 to 4294967295"
    )
    assert said in line


def test_seed_as_large_as_can_be_goes_into_every_generator():
    # The transducer's multiplies it.
    from snippets.claims import transducer
    from snippets.demos import rnn_transducer
    from snippets.lab.arguments import MOST

    assert len(rnn_transducer.batch(2, 6, 1000 * (MOST + 1))[1]) == 2
    assert len(transducer.recordings(False, 2, MOST, 10_000 * (MOST + 1))[1]) == 2


@pytest.mark.parametrize(
    "words", [["atten\ntion"], ["--dev\nice"], ["--sed"], ["attention", "x"], ["--out"]]
)
def test_wrong_words_are_one_line(words, capsys):
    assert re.search("did you mean|python -m snippets --help", refusal(words, capsys))


def test_out_that_cannot_be_written_is_one_line(tmp_path, capsys):
    file = tmp_path / "file"
    file.write_text("in the way")
    line = refusal(["attention", "--out", str(file / "folder")], capsys)
    assert line == f"snippets: {file / 'folder'}: cannot write there (Not a directory)"


def test_weights_that_are_not_to_be_had_are_one_line(monkeypatch, capsys):
    def none(*_: object) -> None:
        raise weights.WeightsError("no files of all-MiniLM-L6-v2")

    monkeypatch.setattr(record, "run", none)
    assert refusal(["attention"], capsys) == "snippets: no files of all-MiniLM-L6-v2"


WITHOUT = """
import runpy, sys
for library, *words in (
    *(("jaxtyping", "attention"), ("yaml", "attention"), ("torch", "train", "seq2seq")),
    *(("torch", "attention"), ("matplotlib", "attention")),
):
    kept = dict(sys.modules)
    sys.modules[library] = None
    sys.argv = ["snippets", *words]
    try:
        runpy.run_module("snippets", run_name="__main__")
    except SystemExit as stopped:
        print(stopped.code, flush=True)
    for name in {*sys.modules}:
        if name.startswith(("snippets", "syllabus")) or name == library:
            del sys.modules[name]
    ours = ("snippets", "syllabus")
    sys.modules.update({n: m for n, m in kept.items() if not n.startswith(ours)})
"""


def test_library_that_is_not_installed_is_one_line():
    ran = python(WITHOUT)
    libraries = ("jaxtyping", "yaml", "torch", "torch", "matplotlib")
    assert ran.stdout == "2\n" * len(libraries)
    assert ran.stderr.splitlines() == [
        f"snippets: {library} is not installed in this Python; make run has its own,"
        " or: pip install -e '.[snippets]'"
        for library in libraries
    ]


@pytest.mark.parametrize(
    ("where", "said"),
    [
        (">&-", "standard output is closed"),
        ("> /dev/full", "standard output: No space left on device"),
    ],
)
def test_output_that_goes_nowhere_is_one_line(where, said):
    for words in ("", "claim"):
        command = f"{sys.executable} -m snippets {words} {where}"
        ran = subprocess.run(
            ["sh", "-c", command], cwd=ROOT, capture_output=True, text=True
        )
        assert (ran.returncode, ran.stderr.count("\n")) == (2, 1)
        assert said in ran.stderr


def test_guarded_takes_no_fault_of_ours_for_a_missing_library(monkeypatch):
    def broken() -> int:
        raise ModuleNotFoundError("no snippets.lab.odd", name="snippets.lab.odd")

    monkeypatch.setattr(command_line, "main", broken)
    with pytest.raises(ModuleNotFoundError, match=r"lab\.odd"):
        command_line.start()


def test_ctrl_c_while_the_libraries_load_ends_without_a_traceback():
    process = subprocess.Popen(
        [
            *(sys.executable, "-c"),
            "import runpy, signal, sys\n"
            "class Interrupts:\n"
            "    def find_spec(self, name, *_):\n"
            "        if name == 'torch': signal.raise_signal(signal.SIGINT)\n"
            "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
            "sys.meta_path.insert(0, Interrupts())\n"
            "sys.argv = ['snippets', 'train', 'seq2seq']\n"
            "runpy.run_module('snippets', run_name='__main__')",
        ],
        cwd=ROOT,
        stderr=subprocess.PIPE,
    )
    assert process.communicate()[1] == b""
    assert process.returncode == 130


def test_ctrl_c_ends_without_a_traceback(monkeypatch, capsys):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(record, "run", interrupted)
    monkeypatch.setattr(sys, "argv", ["snippets", "attention"])
    monkeypatch.delitem(sys.modules, "snippets.__main__")
    with pytest.raises(SystemExit) as stopped:
        runpy.run_module("snippets", run_name="__main__")
    assert stopped.value.code == 130
    assert capsys.readouterr().err == ""


def test_output_that_nobody_reads_on_is_no_error():
    process = subprocess.Popen(
        [sys.executable, "-m", "snippets"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 0
    process.stderr.close()


def test_console_without_our_signs_shows_the_rest():
    ran = subprocess.run(
        [
            *(sys.executable, "-c"),
            "from snippets import __main__ as line\n"
            "line.main = lambda: print('\\u221a2 is a root') or 0\n"
            "line.start()",
        ],
        cwd=ROOT,
        capture_output=True,
        env={"PYTHONIOENCODING": "ascii", "PATH": ""},
    )
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
