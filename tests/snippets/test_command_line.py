"""The command line: lists, runs, records; and says in one line what is wrong."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys

import pytest
import torch

from reading_list.syllabus import ROOT, load_syllabus
from snippets import __main__ as command_line
from snippets.demos import attention
from snippets.lab import record, weights

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
    listed = [line for line in ran.stdout.splitlines() if line and line[0] != " "]
    assert listed == [
        *WRITTEN,
        "corpus",
        "Run one: python -m snippets attention",
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
    assert [name for name, _ in ran] == [*WRITTEN, "corpus"]
    assert dict(ran)["attention"] == "snippets.attention.attention"
    assert {path.stem for path in tmp_path.iterdir()} == {*WRITTEN, "corpus"}


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
    ]
    syllabus = tmp_path / "concepts.yml"
    syllabus.write_text(json.dumps({"concepts": concepts}), encoding="utf-8")
    monkeypatch.setattr(command_line, "SYLLABUS", syllabus)
    for name, why in (
        ("near", "is planned, not written yet"),
        ("prose", "is a page without code"),
    ):
        with pytest.raises(SystemExit) as stopped:
            command_line.main([name])
        assert stopped.value.code == 2
        said = capsys.readouterr().err
        assert said == f"snippets: {name} {why}; python -m snippets lists what runs\n"


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


@pytest.mark.parametrize("seed", ["x", "-1", "1.5", str(2**63), ""])
def test_a_seed_that_is_none_is_one_line(seed, capsys):
    line = refusal(["attention", f"--seed={seed}"], capsys)
    assert f"argument --seed: invalid seed value: '{seed}'" in line


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


@pytest.mark.parametrize("library", ["torch", "jaxtyping", "matplotlib", "yaml"])
def test_a_library_that_is_not_installed_is_one_line(library):
    ran = python(
        "import runpy, sys\n"
        f"sys.modules[{library!r}] = None\n"
        "sys.argv = ['snippets', 'attention']\n"
        "runpy.run_module('snippets', run_name='__main__')"
    )
    assert ran.returncode == 2
    assert ran.stderr == (
        f"snippets: {library} is not installed: pip install -e '.[snippets]'\n"
    )


def test_a_fault_of_our_own_is_not_taken_for_a_missing_library(monkeypatch):
    def broken() -> int:
        raise ModuleNotFoundError("no snippets.lab.odd", name="snippets.lab.odd")

    monkeypatch.setattr(command_line, "main", broken)
    with pytest.raises(ModuleNotFoundError, match=r"lab\.odd"):
        command_line.start()


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
    assert "Try one: make run NAME='claim NAME'" in capsys.readouterr().out
    assert refusal(["zzz"], capsys).endswith("make run lists them all")
