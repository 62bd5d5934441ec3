"""TensorRT keeps the contract where there is a GPU; without one, what its files answer."""

import logging
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from contract.session_contract import SessionContract
from edgepose.runtime.backends import load_card, open_model
from edgepose.runtime.backends.base import Session, SessionOptions
from edgepose.runtime.backends.tensorrt_cache import EngineKey, engines_of
from edgepose.runtime.errors import CardError, ModelError, NotHereError
from edgepose.runtime.model_files.sidecar import write_sidecar
from support.engines import backend_or_skip
from support.tiny_card import random_feeds, tiny_card
from support.tiny_tensorrt import save_tiny_tensorrt

find_gpu = backend_or_skip("cuda").find_gpu
TensorRtSession = backend_or_skip("tensorrt").TensorRtSession


def gpu_is_here() -> bool:
    try:
        find_gpu()
    except NotHereError:
        return False
    return True


# no machine of the CI has one: unlike an engine that is not installed, this is a skip there as well
needs_gpu = pytest.mark.skipif(not gpu_is_here(), reason="needs a GPU")
without_gpu = pytest.mark.skipif(gpu_is_here(), reason="needs a machine without a GPU")


@needs_gpu
class TestTensorRt(SessionContract):
    def open(self, folder: Path, options: SessionOptions) -> Session:
        return TensorRtSession(save_tiny_tensorrt(folder), options)

    @pytest.mark.parametrize("threads", [1, 2])
    def test_the_engine_reports_the_threads_it_was_asked_for(self, tmp_path: Path, threads: int) -> None:
        with self.open(tmp_path, SessionOptions(threads=threads)) as session:
            assert session.info.threads == 1, "the GPU is fed by the caller's thread alone"


@needs_gpu
def test_the_engine_is_kept_and_used_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = save_tiny_tensorrt(tmp_path)
    with TensorRtSession(path) as session:
        first = session.run(random_feeds(session.card))["heatmaps"]
    assert "building the engine" in caplog.text
    caplog.clear()
    with TensorRtSession(path) as session:
        np.testing.assert_allclose(session.run(random_feeds(session.card))["heatmaps"], first, atol=1e-3)
    assert not caplog.messages


@needs_gpu
@pytest.mark.parametrize("damage", ["truncated", "foreign", "stale"])
def test_a_bad_engine_is_told_in_one_line_and_built_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    path = save_tiny_tensorrt(tmp_path)
    TensorRtSession(path).close()
    (engine,) = (file for file in engines_of(path) if file.suffix == ".engine")
    if damage == "stale":
        key = EngineKey.of_name(engine.name)
        assert key is not None
        engine = engine.rename(tmp_path / replace(key, driver="1.0").file_name())
    else:
        engine.write_bytes(engine.read_bytes()[:1000] if damage == "truncated" else b"\x89PNG" * 1000)
    caplog.clear()
    with TensorRtSession(path) as session:
        session.run(random_feeds(session.card))
    assert len(caplog.messages) == 1
    assert ("is out of date" if damage == "stale" else "is damaged") in caplog.messages[0]
    assert engine.exists() == (damage != "stale")


@without_gpu
def test_without_a_gpu_one_line_says_what_is_needed(tmp_path: Path) -> None:
    path = save_tiny_tensorrt(tmp_path)
    with pytest.raises(NotHereError, match=r"^TensorRT runs on an NVIDIA GPU, and [^\n]*; run it there$") as told:
        open_model(path)
    assert told.value.needs == "a GPU"
    assert engines_of(path) == []


@without_gpu
def test_neither_torch_nor_an_onnx_library_is_needed(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "for name in ('torch', 'onnx', 'onnxruntime', 'openvino', 'google.protobuf'): sys.modules[name] = None\n"
        "from edgepose.runtime.backends import load_card, open_model\n"
        "from edgepose.runtime.errors import NotHereError\n"
        "print(load_card(sys.argv[1]).name)\n"
        "try: open_model(sys.argv[1])\n"
        "except NotHereError as error: print(error.needs)\n"
    )
    command = [sys.executable, "-c", code, str(save_tiny_tensorrt(tmp_path))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.split("\n") == ["tiny", "a GPU", ""], done.stderr


def test_the_card_is_told_on_any_machine(tmp_path: Path) -> None:
    assert load_card(save_tiny_tensorrt(tmp_path)) == replace(tiny_card(), format="tensorrt")


@pytest.mark.parametrize("kept", [0, 0.001, 0.25, 0.5, 0.99])
def test_a_truncated_file_is_one_clear_error(tmp_path: Path, kept: float) -> None:
    path = save_tiny_tensorrt(tmp_path, sidecar=False)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(ModelError, match=r"^[^\n]*tiny.trt.onnx is no ONNX model, or is damaged: [^\n]*; export it ag"):
        open_model(path)


def test_a_foreign_file_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "picture.trt.onnx"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" * 100)
    with pytest.raises(ModelError, match="is no ONNX model, or is damaged"):
        open_model(path)


def test_a_swapped_file_is_one_clear_error(tmp_path: Path) -> None:
    path = save_tiny_tensorrt(tmp_path)
    save_tiny_tensorrt(tmp_path, tiny_card(name="other"), sidecar=False).replace(path)
    with pytest.raises(CardError, match="is not the file of its card"):
        open_model(path)


def test_the_card_beside_a_file_must_be_the_one_inside(tmp_path: Path) -> None:
    path = save_tiny_tensorrt(tmp_path)
    write_sidecar(path, replace(load_card(path), licence="another"))
    with pytest.raises(CardError, match="disagree in licence"):
        open_model(path)


@pytest.fixture(autouse=True)
def _messages(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
