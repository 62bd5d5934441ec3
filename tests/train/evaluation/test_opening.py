import subprocess
import sys
from pathlib import Path

import pytest

from edgepose.profiles import load_profile
from edgepose.runtime.errors import MissingExtraError, ModelError
from edgepose.runtime.model_files.shipped import shipped_names
from edgepose.train.checkpoints.checkpoint import CheckpointError
from edgepose.train.evaluation.opening import model_path, open_any
from support.engines import backend_or_skip
from support.tiny_checkpoint import save_tiny_checkpoint
from support.tiny_model import save_tiny_onnx


def test_the_suffix_chooses_the_engine(tmp_path: Path) -> None:
    backend_or_skip("onnxruntime")
    profile = load_profile("auto")
    with open_any(save_tiny_onnx(tmp_path), profile) as session:
        assert session.info.engine == "onnxruntime"
    with open_any(str(save_tiny_checkpoint(tmp_path)), profile) as session:
        assert session.info.engine == "torch"


def test_what_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no model file nothing; models that ship:"):
        open_any("nothing")
    with pytest.raises(CheckpointError, match=r"no checkpoint at .*nothing.safetensors"):
        open_any(tmp_path / "nothing.safetensors")
    assert model_path(tmp_path / "nothing.safetensors") == tmp_path / "nothing.safetensors"


def test_without_an_engine_torch_runs_what_ships(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for engine in ("onnxruntime", "openvino"):
        monkeypatch.delitem(sys.modules, f"edgepose.runtime.backends.{engine}", raising=False)
        monkeypatch.setitem(sys.modules, engine, None)
    with open_any(shipped_names()[0]) as session:
        assert session.info.engine == "torch"
    with pytest.raises(MissingExtraError, match="onnxruntime is not installed"):
        open_any(save_tiny_onnx(tmp_path))


def test_a_checkpoint_without_torch_names_the_pip_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save_tiny_checkpoint(tmp_path)
    monkeypatch.delitem(sys.modules, "edgepose.train.checkpoints.session", raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r'torch is not installed; run: pip install "edgepose\[train\]"'):
        open_any(path)


def test_evaluating_an_exported_model_needs_no_torch() -> None:
    code = (
        "import sys; import edgepose.train.data, edgepose.train.evaluation.evaluate; "
        "import edgepose.train.evaluation.opening; "
        "sys.exit('torch' in sys.modules or 'scipy' in sys.modules or 'pycocotools' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
