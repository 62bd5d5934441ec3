"""`edgepose suspects`: a table or a document, and a picture of the most doubtful."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.io import savemat

from edgepose.runtime.skeleton import LSP_14
from support.colour_people import save_colour_model
from support.command_line import printed
from support.dot_dataset import DotDataset
from support.engines import backend_or_skip


@pytest.fixture(scope="module")
def arguments(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """A model, and three people of whom the second is labelled the wrong way round."""
    backend_or_skip("onnxruntime")
    root = tmp_path_factory.mktemp("lspet")
    (root / "images").mkdir()
    samples = [DotDataset(3).sample(i) for i in range(3)]
    for number, sample in enumerate(samples, start=1):
        cv2.imwrite(str(root / "images" / f"im{number:05d}.jpg"), sample.image_bgr)
    joints = np.stack([sample.keypoints for sample in samples])
    joints[1] = joints[1, list(LSP_14.flip_order)]
    savemat(root / "joints.mat", {"joints": np.concatenate([joints, np.ones((3, 14, 1))], axis=2).transpose(1, 2, 0)})
    return str(save_colour_model(root)), "--data", f"lspet:{root}:all"


def test_json_is_one_document(arguments: tuple[str, ...]) -> None:
    document = json.loads(printed("suspects", *arguments, "--json"))
    assert list(document) == ["model", "data", "people", "suspects"]
    assert document["people"] == 3
    (suspect,) = document["suspects"]
    assert (suspect["person"], suspect["image"], suspect["kind"]) == (1, "im00002", "swapped")
    assert set(suspect["joints"]) == {joint for joint in LSP_14.joints if "_" in joint}


def test_a_table_and_a_picture(arguments: tuple[str, ...], tmp_path: Path) -> None:
    plot = tmp_path / "suspects.png"
    shown = printed("suspects", *arguments, "--plot", plot)
    assert "1 of 3 people look mislabelled" in shown
    assert cv2.imread(str(plot)) is not None
    none = printed("suspects", *arguments, "--limit", "1", "--plot", tmp_path / "none.png")
    assert "0 of 1 people look mislabelled" in none
    assert "wrote" not in none
