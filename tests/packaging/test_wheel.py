"""The built wheel, with the source tree out of reach."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from edgepose.export.formats.tensorrt import has_gpu
from support.clips import write_clip
from support.tiny_model import save_tiny_openvino
from support.tiny_tensorrt import save_tiny_tensorrt
from support.tiny_tflite import save_tiny_tflite

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(REPOSITORY)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*.whl"))


def test_its_only_top_level_name_is_edgepose(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"edgepose"}
    assert "edgepose/__init__.py" not in names


def test_every_module_and_every_file_beside_them_is_in_it(wheel: Path) -> None:
    expected = {
        str(path.relative_to(REPOSITORY / room))
        for room in ("profiles", "runtime", "train", "export")
        for path in (REPOSITORY / room / "edgepose").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert len(expected) > 300
    assert expected - set(zipfile.ZipFile(wheel).namelist()) == set()


def test_it_carries_what_a_device_needs(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"edgepose/{part}/py.typed" for part in ("profiles", "runtime", "train", "export")} <= names
    assert "edgepose/profiles/devices/raspberry-pi-5.toml" in names
    shipped = json.loads(zipfile.ZipFile(wheel).read("edgepose/runtime/models/index.json"))
    for model in shipped:
        assert {
            f"edgepose/runtime/models/{model}{end}" for end in (".onnx", ".onnx.card.json", ".safetensors")
        } <= names


def installed(wheel: Path, extra: str, folder: Path) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Install the wheel with one extra into an environment of its own, and return what runs `edgepose` there."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], check=True)
    programs = folder / "venv" / "bin"
    pip = [sys.executable, "-m", "pip", "--python", str(programs / "python")]
    # compiling everything would take longer than the test
    install = [*pip, "install", "--quiet", "--no-compile", "--constraint", str(REPOSITORY / "constraints.txt")]
    command = [*install, f"{wheel}[{extra}]"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=folder)
    if done.returncode != 0 and "connection broken by" in done.stderr and os.environ.get("CI") != "true":
        pytest.skip("pip reaches no package index")
    assert done.returncode == 0, done.stderr
    listed = [*pip, "list", "--format", "json"]
    packages = subprocess.run(listed, check=True, capture_output=True, text=True, env=environment)
    assert not {package["name"] for package in json.loads(packages.stdout)} & {"torch", "onnx", "nncf", "scikit-learn"}

    def edgepose(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [str(programs / "edgepose"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=folder)

    return edgepose


@pytest.mark.slow
@pytest.mark.parametrize("extra", ["openvino", "onnxruntime", "tflite"])
def test_with_one_engine_alone_it_runs_a_model_on_a_video(wheel: Path, tmp_path: Path, extra: str) -> None:
    edgepose = installed(wheel, extra, tmp_path)
    clip = write_clip(tmp_path / "clip.avi", frames=6)
    # the wheel carries ONNX files, which OpenVINO opens too
    own = {"openvino": save_tiny_openvino, "tflite": save_tiny_tflite}
    names = [str(own[extra](tmp_path))] if extra in own else []
    names += [json.loads(edgepose("models", "--json").stdout)[0]["name"]] if extra != "tflite" else []
    for name in names:
        poses = tmp_path / f"{Path(name).name}.jsonl"
        done = edgepose("run", name, "--source", str(clip), "--json", str(poses))
        assert done.returncode == 0, done.stderr
        assert len(poses.read_text().splitlines()) == 6


@pytest.mark.slow
def test_with_an_engine_and_evaluate_alone_it_tells_how_accurate_a_model_is(wheel: Path, tmp_path: Path) -> None:
    edgepose = installed(wheel, "tflite,evaluate", tmp_path)
    done = edgepose("evaluate", str(save_tiny_tflite(tmp_path)), "--data", "synthetic:4:1", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["people"] == 4
    assert {"PCK@0.2", "OKS AP"} <= document["metrics"].keys()


@pytest.mark.slow
@pytest.mark.skipif(has_gpu(), reason="with a GPU it runs")
def test_with_tensorrt_rtx_alone_it_says_that_a_gpu_is_missing(wheel: Path, tmp_path: Path) -> None:
    edgepose = installed(wheel, "tensorrt-rtx", tmp_path)
    model, clip = save_tiny_tensorrt(tmp_path), write_clip(tmp_path / "clip.avi", 6)
    done = edgepose("run", str(model), "--source", str(clip), "--json", "poses.jsonl")
    assert (done.returncode, done.stdout) == (2, "")
    assert "TensorRT runs on an NVIDIA GPU" in done.stderr
    assert len(done.stderr.splitlines()) == 1
