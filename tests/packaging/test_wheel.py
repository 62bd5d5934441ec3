"""The built wheel, with the source tree out of reach."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from support.clips import write_clip
from support.tiny_model import save_tiny_openvino
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


def test_it_carries_what_a_device_needs(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"edgepose/{part}/py.typed" for part in ("profiles", "runtime", "train", "export")} <= names
    assert "edgepose/profiles/devices/raspberry-pi-5.toml" in names
    shipped = json.loads(zipfile.ZipFile(wheel).read("edgepose/runtime/models/index.json"))
    for model in shipped:
        assert {
            f"edgepose/runtime/models/{model}{end}" for end in (".onnx", ".onnx.card.json", ".safetensors")
        } <= names


@pytest.mark.slow
@pytest.mark.parametrize("extra", ["openvino", "onnxruntime", "tflite"])
def test_with_one_engine_alone_it_runs_a_model_on_a_video(wheel: Path, tmp_path: Path, extra: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")], check=True)
    programs = tmp_path / "venv" / "bin"
    pip = [sys.executable, "-m", "pip", "--python", str(programs / "python")]
    # compiling everything would take longer than the test
    install = [*pip, "install", "--quiet", "--no-compile", "--constraint", str(REPOSITORY / "constraints.txt")]
    subprocess.run([*install, f"{wheel}[{extra}]"], check=True, env=environment, cwd=tmp_path)
    listed = [*pip, "list", "--format", "json"]
    installed = subprocess.run(listed, check=True, capture_output=True, text=True, env=environment)
    assert not {package["name"] for package in json.loads(installed.stdout)} & {"torch", "onnx", "nncf", "scikit-learn"}
    clip = write_clip(tmp_path / "clip.avi", frames=6)
    models = subprocess.run(
        [str(programs / "edgepose"), "models", "--json"], check=True, capture_output=True, text=True, env=environment
    )
    # the wheel carries ONNX files, which OpenVINO opens too
    own = {"openvino": save_tiny_openvino, "tflite": save_tiny_tflite}
    names = [str(own[extra](tmp_path))] if extra in own else []
    names += [json.loads(models.stdout)[0]["name"]] if extra != "tflite" else []
    for name in names:
        poses = tmp_path / f"{Path(name).name}.jsonl"
        command = [str(programs / "edgepose"), "run", name, "--source", str(clip), "--json", str(poses)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert len(poses.read_text().splitlines()) == 6
