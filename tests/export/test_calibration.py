"""What int8 is fitted to needs no labels; what it is compared on does."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgepose.export.errors import ExportError
from edgepose.export.export_run import ExportRequest, run_export
from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.sidecar import read_sidecar


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
    with suppress(EdgeposeError):  # noise fits no network, so int8 may fail its checks
        run_export(request).raise_failures()
    card = read_sidecar(tmp_path / "out" / "small-fp32.onnx")
    assert card is not None
    assert (card.provenance["export"]["calibration"], card.provenance["export"]["calibrated_with"]) == (None, 0)
    with pytest.raises(ExportError, match=r"nobody in images:.* has a labelled joint"):
        run_export(replace(request, validate=None))
