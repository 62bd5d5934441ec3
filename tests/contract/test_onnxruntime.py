"""ONNX Runtime keeps the contract, and what is its own."""

from pathlib import Path

import pytest

from contract.session_contract import SessionContract
from edgepose.runtime.backends.base import Session, SessionOptions
from edgepose.runtime.errors import CardError, ModelError
from support.engines import backend_or_skip
from support.tiny_model import save_tiny_onnx


def open_onnx(path: Path, options: SessionOptions = SessionOptions()) -> Session:
    return backend_or_skip("onnxruntime").OnnxRuntimeSession(path, options)


class TestOnnxRuntime(SessionContract):
    def open(self, folder: Path, options: SessionOptions) -> Session:
        return open_onnx(save_tiny_onnx(folder), options)


def test_another_device_than_the_cpu_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="runs on the CPU, not on GPU; export the model to openvino"):
        open_onnx(save_tiny_onnx(tmp_path), SessionOptions(device="GPU"))


@pytest.mark.parametrize("kept", [0, 0.001, 0.25, 0.5, 0.99])
def test_a_truncated_file_is_one_clear_error(tmp_path: Path, kept: float) -> None:
    path = save_tiny_onnx(tmp_path, sidecar=False)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(ModelError, match=r"^.*tiny.onnx is not an ONNX model that can run: [^\n]*; export it again$"):
        open_onnx(path)


def test_a_foreign_file_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "picture.onnx"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" * 100)
    with pytest.raises(ModelError, match="is not an ONNX model that can run"):
        open_onnx(path)


def test_the_hash_is_checked_before_the_file_is_parsed(tmp_path: Path) -> None:
    path = save_tiny_onnx(tmp_path)
    path.write_bytes(b"no model at all")
    with pytest.raises(CardError, match="is not the file of its card"):
        open_onnx(path)
