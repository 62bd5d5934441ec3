from pathlib import Path

import cv2
import pytest

from edgepose.runtime.inputs import input_files
from edgepose.runtime.model_files.shipped import MODELS_FOLDER
from support.clips import dot_image
from support.tiny_model import save_tiny_openvino


def test_the_files_of_a_model_are_its_weights_and_its_card_too(tmp_path: Path) -> None:
    path = save_tiny_openvino(tmp_path)
    files = input_files(str(path), "clip.mp4", "mine.toml")
    assert {file.name for file in files["the model"]} == {path.name, "tiny.bin", f"{path.name}.card.json"}
    assert files["the source"] == [Path("clip.mp4")]
    assert files["the device profile"] == [Path("mine.toml")]


@pytest.mark.parametrize("source", ["0", "rtsp://host/live", "synthetic:1"])
def test_what_is_no_file_has_none(source: str) -> None:
    files = input_files("ppnet-lsp-128", source, "auto")
    assert files["the source"] == []
    assert files["the model"][0] == MODELS_FOLDER / "ppnet-lsp-128.onnx"


def test_the_files_of_a_folder_are_its_images(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), dot_image(5, 5))
    (tmp_path / "poses.jsonl").touch()
    assert input_files("ppnet-lsp-128", str(tmp_path), "auto")["the source"] == [tmp_path / "a.png"]
