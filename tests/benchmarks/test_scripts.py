"""The benchmarks run, on the tiny model: what they measure on it means nothing, that they measure does."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.tiny_model import save_tiny_onnx, save_tiny_openvino
from support.tiny_tflite import save_tiny_tflite

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
BRIEF = ("--rounds", "2", "--seconds", "0.02", "--threads", "1")


def run_script(name: str, out: Path, *arguments: str) -> Any:
    command = [sys.executable, str(BENCHMARKS / name), *arguments, *BRIEF, "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(out.read_text(encoding="utf-8"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("save", "engine", "tool"),
    [
        (save_tiny_openvino, "openvino", "benchmark_app"),
        (save_tiny_tflite, "litert", "litert-benchmark"),
        (save_tiny_onnx, "onnxruntime", "bare_onnxruntime"),
    ],
    ids=["openvino", "litert", "onnxruntime"],
)
def test_our_session_is_measured_beside_the_engines_tool(tmp_path: Path, save: Any, engine: str, tool: str) -> None:
    result = run_script("network_rate.py", tmp_path / "out.json", str(save(tmp_path)), "--engine", engine)
    assert (result["engine"], result["tool"], result["precision"]) == (engine, tool, "f32")
    assert len(result["rounds_ms"]["edgepose"]) == len(result["rounds_ms"][tool]) == 2
    assert min(*result["rounds_ms"]["edgepose"], *result["rounds_ms"][tool]) > 0
    assert result["rate_ratio"]["median"] > 0


@pytest.mark.slow
def test_two_files_are_compared_on_one_engine(tmp_path: Path) -> None:
    model = str(save_tiny_tflite(tmp_path))
    result = run_script("int8_speedup.py", tmp_path / "out.json", model, model, "--engine", "litert")
    assert result["engine"] == "litert"
    assert result["speedup"]["median"] > 0


def test_a_wrong_model_is_one_line() -> None:
    command = [sys.executable, str(BENCHMARKS / "network_rate.py"), "nothing.tflite"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: no model file nothing.tflite")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_training_is_measured_beside_a_plain_loop(tmp_path: Path) -> None:
    run = tmp_path / "run.toml"
    run.write_text('net = "ppnet-m1-d1-w8"\nsettings = { stem = 8 }\ninput = "32x32"\nskeleton = "lsp-14"\n')
    small = ("--config", str(run), "--data", "synthetic:8", "--batch", "4", "--workers", "0")
    result = run_script("train_throughput.py", tmp_path / "out.json", *small)
    assert min(result["images_per_s"].values()) > 0
    assert result["speedup"]["median"] > 0
    assert 0 < result["peak_share"] < 1
    assert result["batch"] == 4
