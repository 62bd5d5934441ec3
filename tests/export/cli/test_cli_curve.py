"""`edgepose curve`: a table, a document with --json, a picture on request."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import pytest

from support.command_line import printed, refused
from support.tiny_card import tiny_card
from support.tiny_checkpoint import save_tiny_checkpoint
from support.tiny_tensorrt import save_tiny_tensorrt
from support.trained_cards import training


@pytest.fixture
def checkpoint(tmp_path: Path) -> str:
    """A checkpoint that was trained for two epochs."""
    return str(save_tiny_checkpoint(tmp_path, training=training([0.5, 0.25], [40.0, 61.5])))


def test_json_is_one_document(checkpoint: str) -> None:
    (document,) = json.loads(printed("curve", checkpoint, "--json"))
    assert list(document) == ["model", "metric", "validated_on", "epochs"]
    assert document["model"] == checkpoint
    assert list(document["epochs"][0]) == ["epoch", "run", "loss", "accuracy", "seconds", "learning_rate"]
    assert [(each["loss"], each["accuracy"]) for each in document["epochs"]] == [(0.5, 40.0), (0.25, 61.5)]


def test_a_table_and_a_picture_of_several_models(checkpoint: str, tmp_path: Path) -> None:
    plot = tmp_path / "curve.png"
    shown = printed("curve", checkpoint, checkpoint, "--plot", plot)
    assert shown.count("61.50") == 2
    assert "PCK@0.2" in shown
    assert f"wrote {plot}" in shown.replace("\n", "")
    assert cv2.imread(str(plot)) is not None


def test_a_file_for_tensorrt_tells_its_curve_without_a_gpu(tmp_path: Path) -> None:
    card = replace(tiny_card(), provenance=training([0.5], [40.0]))
    path = save_tiny_tensorrt(tmp_path, card)
    (document,) = json.loads(printed("curve", path, "--json"))
    assert [each["accuracy"] for each in document["epochs"]] == [40.0]


def test_a_model_without_one_says_so(tmp_path: Path) -> None:
    assert "the card of tiny keeps no training curve" in refused("curve", save_tiny_checkpoint(tmp_path))
