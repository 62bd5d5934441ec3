import builtins
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgepose.profiles.profile import load_profile
from edgepose.runtime.backends import load_card, open_model
from edgepose.runtime.errors import CardError, MissingExtraError, ModelError
from edgepose.runtime.model_files.sidecar import write_sidecar
from edgepose.runtime.model_files.tensors import TensorSpec
from support.tiny_model import save_tiny_onnx, save_tiny_openvino, tiny_card
from support.tiny_tflite import save_tiny_tflite

broken: dict[str, ImportError] = {}
"""What the import of an engine raises that is there and does not load."""


@pytest.fixture
def absent(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """The engines that this set names cannot be imported."""
    names: set[str] = set()
    importing = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.split(".", maxsplit=1)[0] in names:
            raise broken.get(name) or ModuleNotFoundError(name, name=name)
        return importing(name, *args, **kwargs)

    for engine in ("onnxruntime", "openvino", "tflite"):
        monkeypatch.delitem(sys.modules, f"edgepose.runtime.backends.{engine}", raising=False)
    monkeypatch.setattr(builtins, "__import__", without)
    return names


def test_the_suffix_chooses_the_engine(tmp_path: Path) -> None:
    for path, engine in (
        (save_tiny_onnx(tmp_path), "onnxruntime"),
        (save_tiny_openvino(tmp_path), "openvino"),
        (save_tiny_tflite(tmp_path), "litert"),
    ):
        with open_model(path) as session:
            assert session.info.engine == engine


def test_a_profile_sets_threads_and_precision(tmp_path: Path) -> None:
    profile = replace(load_profile("intel-cpu"), threads=1, inference_precision="f32")
    with open_model(save_tiny_openvino(tmp_path), profile) as session:
        assert (session.info.threads, session.info.precision) == (1, "f32")


def test_a_profile_without_onnx_runtime_opens_onnx_with_openvino(tmp_path: Path) -> None:
    profile = replace(load_profile("intel-cpu"), formats=("openvino",))
    with open_model(save_tiny_onnx(tmp_path), profile) as session:
        assert session.info.engine == "openvino"


def test_an_unknown_suffix_lists_the_known_ones(tmp_path: Path) -> None:
    path = tmp_path / "model.pickle"
    path.touch()
    with pytest.raises(ModelError, match=r"no engine opens model.pickle; expected one of .onnx, .xml, .tflite"):
        open_model(path)


@pytest.mark.parametrize("broken_by", [None, "a DLL of it cannot be loaded"])
def test_onnx_opens_with_openvino_where_that_is_all_that_loads(
    tmp_path: Path, absent: set[str], monkeypatch: pytest.MonkeyPatch, broken_by: str | None
) -> None:
    path = save_tiny_onnx(tmp_path)
    absent.add("onnxruntime")
    if broken_by:
        monkeypatch.setitem(broken, "onnxruntime", ImportError(broken_by))
    with open_model(path) as session:
        assert session.info.engine == "openvino"


def test_a_broken_onnx_runtime_says_why_where_it_is_all_there_is(
    tmp_path: Path, absent: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save_tiny_onnx(tmp_path)
    absent.update({"onnxruntime", "openvino"})
    monkeypatch.setitem(broken, "onnxruntime", ImportError("a DLL of it cannot be loaded"))
    with pytest.raises(ModelError, match="onnxruntime is installed but cannot be loaded: a DLL"):
        open_model(path)


def test_a_missing_engine_names_the_pip_command(tmp_path: Path, absent: set[str]) -> None:
    onnx, ir, tflite = save_tiny_onnx(tmp_path), save_tiny_openvino(tmp_path), save_tiny_tflite(tmp_path)
    absent.update({"onnxruntime", "openvino", "ai_edge_litert", "tflite_runtime"})
    with pytest.raises(MissingExtraError, match=r'run: pip install "edgepose\[onnxruntime\]"'):
        open_model(onnx)
    with pytest.raises(MissingExtraError, match=r'run: pip install "edgepose\[openvino\]"'):
        open_model(ir)
    with pytest.raises(MissingExtraError, match=r'run: pip install "edgepose\[tflite\]"'):
        open_model(tflite)


def test_an_engine_that_is_there_and_does_not_load_says_why(
    tmp_path: Path, absent: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save_tiny_openvino(tmp_path)
    absent.add("openvino")
    monkeypatch.setitem(broken, "openvino", ImportError("libtbb.so.12: cannot open shared object file"))
    with pytest.raises(ModelError, match="openvino is installed but cannot be loaded: libtbb"):
        open_model(path)


@pytest.mark.parametrize("save", [save_tiny_onnx, save_tiny_openvino, save_tiny_tflite])
def test_the_card_is_found_inside_and_beside(tmp_path: Path, save: Any) -> None:
    assert load_card(save(tmp_path, tiny_card(name="inside"), sidecar=False)).name == "inside"
    assert load_card(save(tmp_path, tiny_card(name="beside"), embed=False)).name == "beside"


@pytest.mark.parametrize("save", [save_tiny_onnx, save_tiny_openvino, save_tiny_tflite])
def test_a_model_without_a_card_is_an_error(tmp_path: Path, save: Any) -> None:
    with pytest.raises(CardError, match="has no model card"):
        open_model(save(tmp_path, embed=False, sidecar=False))


@pytest.mark.parametrize("save", [save_tiny_onnx, save_tiny_openvino, save_tiny_tflite])
def test_a_card_of_other_tensors_is_an_error(tmp_path: Path, save: Any) -> None:
    path = save(tmp_path, embed=False)
    card = replace(load_card(path), outputs=(TensorSpec("maps", "float32", (-1, 14, 16, 12)),))
    write_sidecar(path, card)
    with pytest.raises(CardError, match=r"expected the tensors .*maps.*, found .*heatmaps"):
        open_model(path)
