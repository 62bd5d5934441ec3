"""OpenVINO keeps the contract, and what is its own."""

from pathlib import Path

import pytest

from contract.session_contract import SessionContract
from edgepose.runtime.backends.base import Session, SessionOptions
from edgepose.runtime.errors import CardError, ModelError
from support.engines import backend_or_skip, skip_where_openvino_has_more_than_a_cpu
from support.tiny_model import save_tiny_onnx, save_tiny_openvino


def open_openvino(path: Path, options: SessionOptions = SessionOptions()) -> Session:
    return backend_or_skip("openvino").OpenVinoSession(path, options)


def saved_ir(folder: Path, *, sidecar: bool = True) -> Path:
    backend_or_skip("openvino")
    return save_tiny_openvino(folder, sidecar=sidecar)


class TestOpenVino(SessionContract):
    def open(self, folder: Path, options: SessionOptions) -> Session:
        return open_openvino(saved_ir(folder), options)


class TestOnnxInOpenVino(SessionContract):
    """Where ONNX Runtime is not installed; the card inside the ONNX file is still found."""

    def open(self, folder: Path, options: SessionOptions) -> Session:
        return open_openvino(save_tiny_onnx(folder, sidecar=False), options)


def test_the_precision_asked_for_is_the_one_reported(tmp_path: Path) -> None:
    with open_openvino(saved_ir(tmp_path), SessionOptions(inference_precision="f32")) as session:
        assert session.info.precision == "f32"


@pytest.mark.parametrize(
    "options", [SessionOptions(device="ABACUS"), SessionOptions(inference_precision="f3")], ids=["device", "precision"]
)
def test_what_the_engine_does_not_offer_is_one_clear_error(tmp_path: Path, options: SessionOptions) -> None:
    with pytest.raises(ModelError, match=r"^openvino cannot run the model with [^\n]*; devices here: CPU[^\n]*$"):
        open_openvino(saved_ir(tmp_path), options)


@pytest.mark.parametrize(("device", "told"), [("CPU", 3), ("GPU.0", None), ("NPU", None)])
def test_threads_are_the_cpus_and_what_is_compiled_for_others_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: str, told: int | None
) -> None:
    path, asked = saved_ir(tmp_path), []
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def refuse(_core: object, _model: object, _device: str, settings: dict[str, object]) -> None:
        asked.append((settings.get("INFERENCE_NUM_THREADS"), settings.get("CACHE_DIR")))
        raise RuntimeError("not here")

    monkeypatch.setattr("openvino.Core.compile_model", refuse)
    with pytest.raises(ModelError, match="not here"):
        open_openvino(path, SessionOptions(device=device, threads=3))
    assert asked == [(told, None if told else str(tmp_path / "edgepose" / "openvino"))]


@pytest.mark.parametrize("kept", [0, 0.1, 0.5, 0.99])
def test_a_truncated_file_is_one_clear_error(tmp_path: Path, kept: float) -> None:
    path = saved_ir(tmp_path, sidecar=False)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(ModelError, match=r"^[^\n]*tiny.xml is not [^\n]*; export it again$"):
        open_openvino(path)


@pytest.mark.parametrize(("text", "damaged"), [(b"heatmaps", b"heat\xffaps"), (b"skeleton", b"skel\xe9ton")])
def test_damaged_names_and_cards_are_one_clear_error(tmp_path: Path, text: bytes, damaged: bytes) -> None:
    path = saved_ir(tmp_path, sidecar=False)
    path.write_bytes(path.read_bytes().replace(text, damaged))
    with pytest.raises(ModelError, match=r"^[^\n]*tiny.xml is [^\n]*; export it again$"):
        open_openvino(path)


def test_truncated_weights_are_one_clear_error(tmp_path: Path) -> None:
    path = saved_ir(tmp_path, sidecar=False)
    weights = path.with_suffix(".bin")
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(ModelError, match="weights in bin file"):
        open_openvino(path)


def test_absent_weights_are_one_clear_error(tmp_path: Path) -> None:
    path = saved_ir(tmp_path)
    path.with_suffix(".bin").unlink()
    with pytest.raises(ModelError, match=r"model file .*tiny.bin is absent or unreadable"):
        open_openvino(path)


def test_a_foreign_file_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "page.xml"
    path.write_text("<html></html>")
    path.with_suffix(".bin").touch()
    with pytest.raises(ModelError, match="has no <net> element"):
        open_openvino(path)


def test_the_hashes_are_checked_before_the_files_are_parsed(tmp_path: Path) -> None:
    path = saved_ir(tmp_path)
    path.with_suffix(".bin").write_bytes(b"other weights")
    with pytest.raises(CardError, match=r"tiny.bin is not the file of its card"):
        open_openvino(path)


def test_a_device_that_openvino_chooses_runs_and_does_not_tell_its_precision(tmp_path: Path) -> None:
    skip_where_openvino_has_more_than_a_cpu()
    with open_openvino(saved_ir(tmp_path), SessionOptions(device="AUTO")) as session:
        assert (session.info.device, session.info.precision) == ("CPU", "unknown")
