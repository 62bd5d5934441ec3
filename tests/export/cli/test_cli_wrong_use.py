"""Wrong use of the command line: one line that says what to do, exit code 2, nothing left behind."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgepose.runtime.skeleton import LSP_14
from edgepose.train.data import WeightedDataset
from edgepose.train.loop.trainer import Trainer
from edgepose.train.networks import NetworkSpec
from edgepose.train.recipe import Recipe
from support.clips import write_clip
from support.command_line import edgepose, refused
from support.dot_dataset import DotDataset
from support.tiny_model import save_tiny_onnx, tiny_card

Fail = Callable[..., str]


@pytest.fixture
def fail(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Fail:
    """What runs a command in `tmp_path`, expects code 2, and returns its one line."""
    monkeypatch.chdir(tmp_path)
    return refused


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return save_tiny_onnx(tmp_path)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.avi", frames=4)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    spec = NetworkSpec.of_paper("ppnet-m1-d1-w8", {"stem": "8"}, LSP_14, (32, 32))
    out = tmp_path_factory.mktemp("run")
    Trainer(spec, Recipe(epochs=1, batch=4), [WeightedDataset(DotDataset(4), 1.0)], out, workers=0).run()
    return out / "last.safetensors"


def test_no_such_model(fail: Fail, clip: Path) -> None:
    assert "no model file nowhere.onnx" in fail("run", "nowhere.onnx", "--source", clip, "--json", "p.jsonl")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("broken.onnx", "broken.onnx is not an ONNX model that can run: "),
        ("broken.xml", "broken.xml is not an OpenVINO model: it has no <net> element; export it again"),
    ],
)
def test_a_corrupt_model(fail: Fail, clip: Path, tmp_path: Path, name: str, told: str) -> None:
    (tmp_path / name).write_bytes(b"\x08\x07not a model")
    (tmp_path / "broken.bin").write_bytes(b"")
    assert told in fail("run", name, "--source", clip, "--json", "p.jsonl")
    assert not (tmp_path / "p.jsonl").exists()


def test_a_card_that_does_not_match_its_file(fail: Fail, clip: Path, tmp_path: Path) -> None:
    mine = save_tiny_onnx(tmp_path, tiny_card(name="mine"))
    other = save_tiny_onnx(tmp_path, tiny_card(name="other", presence_threshold=0.5))
    shutil.copy(f"{other}.card.json", f"{mine}.card.json")
    told = fail("run", mine, "--source", clip, "--json", "p.jsonl")
    assert "mine.onnx.card.json is the card of other.onnx, not of mine.onnx; put back the model's own" in told


def test_a_video_that_cannot_be_decoded(fail: Fail, model: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.mp4").write_bytes(b"no video at all" * 100)
    told = fail("run", model, "--source", "bad.mp4", "--json", "p.jsonl")
    assert "bad.mp4 holds no video that OpenCV can decode; convert it" in told


def test_a_camera_that_is_not_there(fail: Fail, model: Path) -> None:
    assert "camera 63" in fail("run", model, "--source", "63", "--json", "p.jsonl")


def test_a_data_folder_in_another_layout(fail: Fail, checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for data, told in (
        ("lsp:data:test", "data is no LSP folder: expected joints.mat and images/ in it"),
        ("coco:data:val", "data is no COCO folder: expected annotations/person_keypoints_val2017.json in it"),
    ):
        assert told in fail("evaluate", checkpoint, "--data", data)


def test_unknown_names(fail: Fail, model: Path, clip: Path, checkpoint: Path) -> None:
    assert "ppnet-mM-dD-wW" in fail("info", "resnet50")
    assert "raspberry-pi-5" in fail("run", model, "--source", clip, "--json", "p.jsonl", "--device", "toaster")
    assert "known: fp32, fp16, int8" in fail("export", checkpoint, "--to", "onnx", "--precision", "int4", "--out", "o")
    assert "known: all, onnx, openvino" in fail(
        "export", checkpoint, "--to", "coreml", "--precision", "fp32", "--out", "o"
    )
    assert "No such option" in fail("run", model, "--source", clip, "--frobnicate")
    assert "No such command" in fail("runn")
    assert "lsp, lspet, coco" in fail("evaluate", checkpoint, "--data", "imagenet:x")
    assert "coarsest" in fail("info", "repose", "--set", "coarseness=8")


def test_int8_without_calibration_data(fail: Fail, checkpoint: Path, tmp_path: Path) -> None:
    told = fail("export", checkpoint, "--to", "openvino", "--precision", "int8", "--out", "o")
    assert "int8 needs data to calibrate with; give --calibrate" in told
    assert not (tmp_path / "o").exists()


def test_a_checkpoint_that_is_none(fail: Fail, tmp_path: Path) -> None:
    (tmp_path / "x.safetensors").write_bytes(b"garbage")
    told = fail("export", "x.safetensors", "--to", "onnx", "--precision", "fp32", "--out", "o")
    assert "x.safetensors is no edgepose checkpoint or is damaged (" in told


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /proc, a folder where nothing can be made")
def test_a_folder_that_cannot_be_written(fail: Fail, model: Path, clip: Path, checkpoint: Path) -> None:
    assert "cannot write /proc/out/p.jsonl: " in fail("run", model, "--source", clip, "--json", "/proc/out/p.jsonl")
    told = fail("export", checkpoint, "--to", "onnx", "--precision", "fp32", "--out", "/proc/out")
    assert "cannot write /proc/" in told
    training = ("train", "--net", "repose", "--set", "width=8", "--data", "synthetic:64", "--epochs", "1")
    assert "cannot write /proc/out: " in fail(*training, "--out", "/proc/out")


def test_a_training_folder_is_not_overwritten(fail: Fail, checkpoint: Path) -> None:
    before = checkpoint.read_bytes()
    told = fail("train", "--net", "repose", "--data", "synthetic:64", "--out", checkpoint.parent)
    assert "already holds a training run; add --resume to go on, or choose another --out" in told
    assert checkpoint.read_bytes() == before


def test_a_mistake_that_shows_late_leaves_no_folder(fail: Fail, tmp_path: Path) -> None:
    network = ("--net", "ppnet-m1-d1-w8", "--set", "stem=8", "--input", "32x32", "--skeleton", "lsp-14")
    train = ("train", *network, "--data", "synthetic:2", "--out", "o")
    assert "fewer than a batch of 4" in fail(*train, "--batch", "4")
    assert "nothing is saved in o" in fail(*train, "--batch", "2", "--resume")
    assert "Invalid value for '--seed': " in fail(*train, "--seed", "-1")
    assert not (tmp_path / "o").exists()


def test_quantisation_aware_training_goes_on_from_weights_of_its_own_kind(
    fail: Fail, checkpoint: Path, tmp_path: Path
) -> None:
    network = ("--net", "ppnet-m1-d1-w8", "--set", "stem=8", "--input", "32x32", "--skeleton", "lsp-14")
    train = ("train", *network, "--data", "synthetic:8", "--batch", "4", "--epochs", "1")
    assert "--start-from CHECKPOINT" in fail(*train, "--qat", "--out", "o")
    assert "no checkpoint absent.safetensors; expected" in fail(
        *train, "--qat", "--start-from", "absent.safetensors", "--out", "o"
    )
    assert not (tmp_path / "o").exists()
    shutil.copytree(checkpoint.parent, tmp_path / "plain")
    told = fail(*train, "--qat", "--start-from", checkpoint, "--out", "plain", "--resume")
    assert "another recipe: " in told
    assert "qat False" in told


def test_a_budget_missed_is_code_1_not_2(tmp_path: Path, model: Path, clip: Path) -> None:
    profile = tmp_path / "tight.toml"
    profile.write_text(
        'name = "tight"\ndescription = "no device is that fast"\nformats = ["onnx"]\nprecisions = ["fp32"]\n'
        "threads = 1\n[budget]\nnetwork_p50_ms = 0.000001\n"
    )
    report = tmp_path / "r.json"
    arguments = ["--source", clip, "--device", profile, "--json", report, "--runs", "3"]
    code, _, told = edgepose("profile", model, *arguments)
    assert code == 1, told
    assert json.loads(report.read_text())["budget"][0]["name"] == "network_p50_ms"


def test_packed_data_are_not_packed_into_themselves(fail: Fail, tmp_path: Path) -> None:
    (tmp_path / "data.zip").write_bytes(b"people")
    assert "--out data.zip would overwrite the data" in fail("pack", "--data", "packed:data.zip", "--out", "data.zip")
    assert (tmp_path / "data.zip").read_bytes() == b"people"


def test_an_unreadable_image_in_a_folder_is_named(fail: Fail, model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    cv2.imwrite(str(folder / "a.png"), np.zeros((64, 64, 3), np.uint8))
    (folder / "b.png").write_bytes(b"no picture")
    told = fail("run", model, "--source", folder, "--json", "p.jsonl")
    assert "b.png is no image that OpenCV can decode; remove or replace it" in told
