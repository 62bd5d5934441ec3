import json
from pathlib import Path

import pytest

from edgepose.runtime.errors import CardError, ModelError
from edgepose.runtime.model_files.shipped import resolve_model, shipped_models
from support.tiny_model import save_tiny_onnx, tiny_card


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A models folder with two models, the first being the default."""
    for name in ("second", "first"):
        save_tiny_onnx(tmp_path, tiny_card(name=name))
        (tmp_path / f"{name}.safetensors").touch()
    (tmp_path / "index.json").write_text(json.dumps(["first", "second"]))
    return tmp_path


def test_what_ships_is_listed_default_first(folder: Path) -> None:
    first, second = shipped_models(folder)
    assert (first.name, first.default, second.name, second.default) == ("first", True, "second", False)
    assert first.path == folder / "first.onnx"
    assert first.checkpoint == folder / "first.safetensors"
    assert first.size_mb == first.path.stat().st_size / 1e6
    assert first.accuracy == tiny_card().accuracy
    assert not first.everybody


def test_an_empty_folder_ships_nothing(tmp_path: Path) -> None:
    assert shipped_models(tmp_path) == []
    with pytest.raises(ModelError, match=r"no model file first; models that ship: none"):
        resolve_model("first", tmp_path)


def test_an_altered_model_is_an_error(folder: Path) -> None:
    (folder / "second.onnx").write_bytes(b"altered")
    with pytest.raises(CardError, match=r"second.onnx is not the file of its card"):
        shipped_models(folder)


def test_a_model_without_its_card_is_an_error(folder: Path) -> None:
    (folder / "second.onnx.card.json").unlink()
    with pytest.raises(ModelError, match=r"second.onnx has lost its card; install edgepose anew"):
        shipped_models(folder)


def test_a_name_a_path_and_neither(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert resolve_model("second", folder) == folder / "second.onnx"
    assert resolve_model(str(folder / "first.onnx"), folder) == folder / "first.onnx"
    with pytest.raises(ModelError, match=r"no model file third; models that ship: first, second"):
        resolve_model("third", folder)


def test_a_folder_is_not_a_model(folder: Path) -> None:
    with pytest.raises(ModelError, match="is a folder; name the model file in it"):
        resolve_model(str(folder), folder)


def test_what_ships_with_this_package_is_whole() -> None:
    for model in shipped_models():
        assert model.path.is_file()
        assert model.checkpoint.is_file()


def test_a_name_that_the_system_refuses_says_why() -> None:
    with pytest.raises(ModelError, match=r"cannot read x+: File name too long; check the path"):
        resolve_model("x" * 300)
