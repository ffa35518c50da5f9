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
        command_line.main(arguments)
    assert stopped.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_the_list_waits_for_no_library():
    ran = python(
        "import runpy, sys\n"
        "sys.argv = ['snippets']\n"
        "try: runpy.run_module('snippets', run_name='__main__')\n"
        "except SystemExit as stopped: assert stopped.code == 0\n"
        "slow = {'torch', 'numpy', 'matplotlib', 'pydantic', 'snippets.lab.record'}\n"
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


def test_the_list_gives_each_definition(capsys):
    assert command_line.main([]) == 0
    words = " ".join(capsys.readouterr().out.split())
    for name in WRITTEN:
        assert load_syllabus().by_name[name].definition in words


def test_a_name_runs_its_snippet_and_writes_nothing(capsys):
    before = {path: path.stat().st_mtime_ns for path in record.RESULTS.iterdir()}
    assert command_line.main(["attention"]) == 0
    assert '"it" looks at three tokens' in capsys.readouterr().out
    after = {path: path.stat().st_mtime_ns for path in record.RESULTS.iterdir()}
    assert after == before


def test_the_seed_changes_what_is_random_and_only_that(capsys):
    texts = []
    for seed in ("1", "1", "2"):
        command_line.main(["attention", "--seed", seed])
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1] != texts[2]
    by_hand = [text.split("\n\n")[0] for text in texts]
    assert by_hand[0] == by_hand[2]


def test_out_writes_the_result_into_a_new_folder(tmp_path, capsys):
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


def test_record_writes_the_edits_too(tmp_path, monkeypatch):
    monkeypatch.setattr(record, "RESULTS", tmp_path)
    assert command_line.main(["attention", "--record"]) == 0
    written = json.loads((tmp_path / "attention.json").read_text("utf-8"))
    edits = [(edit["find"], edit["replace"]) for edit in written["edits"]]
    assert edits == attention.EDITS
    assert all(edit["outcome"] for edit in written["edits"])


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


def test_a_record_is_made_with_one_thread(tmp_path, monkeypatch):
    monkeypatch.setattr(record, "RESULTS", tmp_path)
    torch.set_num_threads(2)
    command_line.main(["attention", "--record"])
    written = json.loads((tmp_path / "attention.json").read_text("utf-8"))
    assert written["recipe"]["threads"] == torch.get_num_threads() == 1


def test_an_edit_of_the_page_that_does_not_fit_is_one_line(monkeypatch, capsys):
    monkeypatch.setattr(attention, "EDITS", [("no such line", "x")])
    line = refusal(["attention", "--record"], capsys)
    assert line.startswith("snippets: attention.py: 'no such line', which an edit")


def test_a_concept_without_a_snippet_says_why(tmp_path, monkeypatch, capsys):
    concepts = [
        {"name": "near", "status": "planned"},
        {"name": "prose", "status": "written", "code": False},
        {"name": "bare", "status": "written", "chapter": "text"},
    ]
    syllabus = tmp_path / "concepts.yml"
    read = {"chapters": [], "concepts": concepts}
    syllabus.write_text(json.dumps(read), encoding="utf-8")
    monkeypatch.setattr(command_line, "SYLLABUS", syllabus)
    lists = "python -m snippets lists what runs"
    for words, why in (
        (["near"], f"near is planned, not written yet; {lists}"),
        (["prose"], f"prose is a page without code; {lists}"),
        (["bare"], "no snippets/text/bare.py and no snippets/demos/bare.py: write it"),
        (["--record"], "bare is marked as written, but there is no snippets/text/bare"),
    ):
        assert why in refusal(words, capsys)


@pytest.mark.parametrize(
    "wrong, near",
    [
        ("atention", "attention"),
        ("Attention", "attention"),
        ("attention.py", "attention"),
    ],
)
def test_a_wrong_name_suggests_the_nearest(wrong, near, capsys):
    line = f"snippets: no snippet {wrong!r}: did you mean {near}?"
    assert refusal([wrong], capsys) == line


def test_a_name_like_no_other_points_to_the_list(capsys):
    line = refusal(["zzz"], capsys)
    assert line == "snippets: no snippet 'zzz': python -m snippets lists them all"


@pytest.mark.parametrize("device", ["fridge", "", "cuda:99", "meta", "hpu", "a b"])
def test_a_device_that_is_not_there_is_one_line(device, capsys):
    line = f"snippets: --device {device}: not on this machine; cpu always is"
    assert refusal(["attention", "--device", device], capsys) == line


@pytest.mark.parametrize("command", [["attention", "--seed"], ["claim", "--seeds"]])
@pytest.mark.parametrize("seed", ["x", "-1", "1.5", str(2**32), "9" * 5000, ""])
def test_a_seed_that_is_none_is_one_line_that_names_the_bounds(command, seed, capsys):
    line = refusal([command[0], f"{command[1]}={seed}"], capsys)
    said = (
        f"argument {command[1]}: {seed[:40]!r} is no whole number from 0 to 4294967295"
    )
    assert said in line


def test_the_largest_seed_goes_into_every_generator():
    # The transducer's multiplies it.
    from snippets.claims import transducer
    from snippets.demos import rnn_transducer
    from snippets.lab.arguments import MOST

    assert len(rnn_transducer.batch(2, 6, 1000 * (MOST + 1))[1]) == 2
    assert len(transducer.recordings(False, 2, MOST, 10_000 * (MOST + 1))[1]) == 2


@pytest.mark.parametrize("words", [["atten\ntion"], ["attention", "--dev\nice"]])
def test_an_argument_of_two_lines_gives_one(words, capsys):
    refusal(words, capsys)


@pytest.mark.parametrize("arguments", [["--sed"], ["attention", "x"], ["--out"]])
def test_a_wrong_option_is_one_line(arguments, capsys):
    assert "python -m snippets --help" in refusal(arguments, capsys)


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path, capsys):
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
        if name.startswith("snippets") or name == library:
            del sys.modules[name]
    sys.modules.update({n: m for n, m in kept.items() if not n.startswith("snippets")})
"""


def test_a_library_that_is_not_installed_is_one_line():
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


def test_a_fault_of_our_own_is_not_taken_for_a_missing_library(monkeypatch):
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


def test_a_reader_that_hangs_up_is_no_error():
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


def test_a_console_without_our_signs_shows_the_rest():
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


def test_under_make_it_speaks_of_make(monkeypatch, capsys):
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
