"""Where the real weights come from, and what a user hears when they do not."""

import dataclasses
import hashlib
import zipfile

import pytest
import torch
from safetensors.torch import load_file
from transformers import BertTokenizer

from snippets import __main__ as command_line
from snippets.lab import progress, weights

CONTENT = {"config.json": b"{}", "vocab.txt": b"[UNK]\n", "model.safetensors": b"w"}
TINY = weights.Model(
    name="tiny",
    files={name: hashlib.sha256(data).hexdigest() for name, data in CONTENT.items()},
    hub="someone/tiny",
    revision="0" * 40,
    package="tiny-model==1.0",
    size="3 bytes",
)


def put(folder, content=CONTENT):
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in content.items():
        (folder / name).write_bytes(data)
    return folder


def held_by(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A Hub of our own in a folder, empty at first."""
    monkeypatch.setattr(weights, "HUB", (tmp_path / "hub").as_uri())
    return tmp_path / "hub" / TINY.hub / "resolve" / TINY.revision


@pytest.fixture
def wheels(tmp_path, monkeypatch):
    """The only place where pip looks; a call puts a wheel there."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))

    def build(content):
        info = "tiny_model-1.0.dist-info"
        with zipfile.ZipFile(folder / "tiny_model-1.0-py3-none-any.whl", "w") as wheel:
            for name, data in content.items():
                wheel.writestr(f"tiny_model/model/{name}", data)
            wheel.writestr("tiny_model/__init__.py", "raise SystemExit('imported')")
            wheel.writestr("tiny_model/other/config.json", "not this one")
            wheel.writestr(
                f"{info}/METADATA",
                "Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\n",
            )
            wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
            wheel.writestr(f"{info}/RECORD", "")

    return build


def test_a_folder_that_is_given_comes_first(tmp_path, hub, wheels):
    given_folder = put(tmp_path / "given")
    put(tmp_path / "cache" / "tiny")
    assert weights.find(TINY, given_folder, tmp_path / "cache") == given_folder
    file = given_folder / "model.safetensors"
    assert weights.find(TINY, file, tmp_path / "cache") == given_folder


def test_the_cache_comes_before_the_network(tmp_path, hub, wheels, capsys):
    cached = put(tmp_path / "cache" / "tiny")
    assert weights.find(TINY, None, tmp_path / "cache") == cached
    assert capsys.readouterr().err == ""


def test_the_hub_fills_the_cache_once(tmp_path, hub, wheels, capsys):
    put(hub)
    folder = weights.find(TINY, None, tmp_path / "cache")
    assert held_by(folder) == CONTENT
    assert "3 bytes" in capsys.readouterr().err
    # Nothing half-made stays beside it, and the second look fetches nothing.
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["tiny"]
    weights.find.cache_clear()
    assert weights.find(TINY, None, tmp_path / "cache") == folder
    assert capsys.readouterr().err == ""


def test_without_the_hub_the_wheel_is_unzipped_and_not_imported(tmp_path, hub, wheels):
    wheels(CONTENT)
    folder = weights.find(TINY, None, tmp_path / "cache")
    assert held_by(folder) == CONTENT


def test_a_wrong_file_of_the_hub_is_left_for_the_wheel(tmp_path, hub, wheels):
    put(hub, CONTENT | {"vocab.txt": b"[UNK]\r\n"})
    wheels(CONTENT)
    folder = weights.find(TINY, None, tmp_path / "cache")
    assert held_by(folder) == CONTENT


def test_a_damaged_cache_is_fetched_again_and_told_why(tmp_path, hub, wheels, capsys):
    put(tmp_path / "cache" / "tiny", CONTENT | {"model.safetensors": b"half"})
    put(hub)
    folder = weights.find(TINY, None, tmp_path / "cache")
    assert held_by(folder) == CONTENT
    said = capsys.readouterr().err
    assert "3 bytes, again, since model.safetensors is another file" in said


def test_a_long_fetch_shows_how_far_it_is(tmp_path, hub, wheels, capsys, monkeypatch):
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    put(hub)
    weights.find(TINY, None, tmp_path / "cache")
    assert "vocab.txt: 100% 6.00/6.00 [" in capsys.readouterr().err


def test_nothing_anywhere_is_one_line_that_names_every_place(tmp_path, hub, wheels):
    with pytest.raises(weights.WeightsError) as error:
        weights.find(TINY, None, tmp_path / "cache")
    said = str(error.value)
    assert "\n" not in said
    for part in ("tiny", "the Hub", "pip", "--weights"):
        assert part in said
    assert held_by(tmp_path / "cache" / "tiny") == {}


def test_wrong_files_everywhere_never_reach_the_cache(tmp_path, hub, wheels):
    wrong = CONTENT | {"model.safetensors": b"other weights"}
    put(hub, wrong)
    wheels(wrong)
    with pytest.raises(weights.WeightsError, match="wrong file") as error:
        weights.find(TINY, None, tmp_path / "cache")
    assert "\n" not in str(error.value)
    assert held_by(tmp_path / "cache" / "tiny") == {}


def test_a_cache_that_cannot_be_written_is_said(tmp_path, hub, wheels):
    put(hub)
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(weights.WeightsError, match="cannot write") as error:
        weights.find(TINY, None, tmp_path / "cache")
    said = str(error.value)
    assert said.count("cannot write") == 1 and "Connect" not in said
    assert "RUNNABLE_CACHE=FOLDER" in said and "--weights FOLDER" in said


def test_a_given_folder_with_an_endless_file_is_refused(tmp_path):
    folder = put(tmp_path / "given")
    (folder / "config.json").unlink()
    (folder / "config.json").symlink_to("/dev/zero")
    with pytest.raises(weights.WeightsError, match=r"config\.json is no file"):
        weights.find(TINY, folder, tmp_path / "cache")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({}, "cannot read config.json"),
        (CONTENT | {"vocab.txt": b"[PAD]\n"}, "vocab.txt is another file"),
    ],
)
def test_a_given_folder_without_the_right_files_is_refused(tmp_path, content, said):
    with pytest.raises(weights.WeightsError, match=said):
        weights.find(TINY, put(tmp_path / "given", content), tmp_path / "cache")


def test_the_command_line_says_it_in_one_line_without_a_traceback(
    tmp_path, monkeypatch, capsys
):
    def needs_weights(*_):
        weights.minilm()

    monkeypatch.setattr("snippets.lab.record.run", needs_weights)
    monkeypatch.setattr(weights, "USE", None)
    with pytest.raises(SystemExit) as exit:
        command_line.main(["attention", "--weights", str(tmp_path)])
    printed = capsys.readouterr().err
    assert exit.value.code == 2
    assert printed.startswith(f"snippets: --weights {tmp_path}: cannot read config")
    assert printed.count("\n") == 1


def test_the_cache_can_be_put_elsewhere(tmp_path, monkeypatch):
    monkeypatch.setenv("RUNNABLE_CACHE", str(tmp_path))
    assert weights.cache() == tmp_path


@pytest.mark.parametrize(
    ("platform", "variable", "below"),
    [
        ("linux", "XDG_CACHE_HOME", ".cache"),
        ("darwin", None, "Library/Caches"),
        ("win32", "LOCALAPPDATA", "AppData/Local"),
    ],
)
def test_the_cache_is_where_the_platform_has_it(
    platform, variable, below, tmp_path, monkeypatch
):
    for name in ("RUNNABLE_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr("pathlib.Path.home", lambda: tmp_path)
    assert weights.cache() == tmp_path / below / "runnable-transformer"
    if variable:
        monkeypatch.setenv(variable, str(tmp_path / "own"))
        assert weights.cache() == tmp_path / "own" / "runnable-transformer"


def test_the_tensors_are_those_of_the_file():
    everything = load_file(weights.minilm() / "model.safetensors")
    names = "embeddings.LayerNorm.weight", "encoder.layer.0.attention.self.key.weight"
    for name, ours in zip(names, weights.tensors(*names), strict=True):
        assert torch.equal(ours, everything[name])
    with pytest.raises(KeyError, match=r"no\.such"):
        weights.tensors("no.such")


@pytest.fixture(scope="module")
def bert():
    return BertTokenizer(str(weights.minilm() / "vocab.txt"))


def test_the_vocabulary_is_berts(bert):
    ours = weights.vocabulary()
    assert len(ours) == 30522 == len(set(ours))
    for number in (0, 101, 8957, 30521):
        assert bert.convert_ids_to_tokens(number) == ours[number]


def test_a_wrong_hash_of_the_real_file_is_seen():
    changed = dataclasses.replace(
        weights.MINILM, files=weights.MINILM.files | {"config.json": "0" * 64}
    )
    assert weights.fault(weights.MINILM, weights.minilm()) is None
    assert "config.json" in weights.fault(changed, weights.minilm())
