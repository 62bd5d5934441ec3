"""What int8 is fitted to needs no labels; what it is compared on does."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgepose.export.errors import ExportError
from edgepose.export.export_run import ExportRequest, run_export
from edgepose.export.proof.crops import load_pixels
from edgepose.runtime.model_files.sidecar import read_sidecar
from edgepose.train.checkpoints.card import card_of_checkpoint
from edgepose.train.checkpoints.checkpoint import load_checkpoint
from edgepose.train.data import open_dataset
from support.dot_dataset import DotDataset


def test_photographs_without_labels_calibrate(ppnet: Path, dots: str, tmp_path: Path) -> None:
    folder = tmp_path / "photographs"
    folder.mkdir()
    for number in range(16):
        image_bgr = np.random.default_rng(number).integers(0, 255, (40, 30, 3), np.uint8)
        cv2.imwrite(str(folder / f"{number}.png"), image_bgr)
    request = ExportRequest(
        ppnet,
        [("onnx", "int8"), ("onnx", "fp32")],
        tmp_path / "out",
        calibrate=f"images:{folder}",
        validate=dots,
        runs=3,
    )
    card = card_of_checkpoint(load_checkpoint(ppnet), None)
    assert load_pixels(open_dataset(f"images:{folder}"), card, 10).shape == (10, 64, 64, 3)
    # noise fits no network: int8 may fail its checks, but nothing else
    assert all("is not as good as torch" in failure for failure in run_export(request).failures)
    of_fp32 = read_sidecar(tmp_path / "out" / "small-fp32.onnx")
    assert of_fp32 is not None
    of_export = of_fp32.provenance["export"]
    assert (of_export["calibration"], of_export["calibrated_with"]) == (None, 0)
    with pytest.raises(ExportError, match=r"nobody in images:.* has a labelled joint"):
        run_export(replace(request, validate=request.calibrate))
    assert run_export(replace(request, targets=[("onnx", "fp32")], validate=None)).validation == "synthetic:200"


def test_data_of_nobody_calibrate_nothing(ppnet: Path) -> None:
    card = card_of_checkpoint(load_checkpoint(ppnet))
    with pytest.raises(ExportError, match="there is nobody in dots:0; give other data"):
        load_pixels(DotDataset(0), card, 10)
