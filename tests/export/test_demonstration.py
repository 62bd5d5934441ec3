"""The demonstration runs what is recommended, and where that cannot run here the fastest that can."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from rich.console import Console

from edgepose.export.demonstration import _run, file_to_run, run_demonstration
from edgepose.export.errors import ExportError
from edgepose.export.summary.report import ExportReport, Recommendation, Row
from edgepose.profiles.errors import EdgeposeError
from support.clips import write_clip
from support.colour_people import STANDING, draw_person, save_colour_model
from support.engines import backend_or_skip


def row(path: str, p50: float | None) -> Row:
    not_run = None if p50 else "needs a GPU"
    return Row("openvino", "fp32", path, "0" * 64, 1, 0.0, 0.0, 0.0, 70.0, 0.0, p50, not_run, None, ())


def test_the_recommended_file_runs_else_the_fastest_that_can() -> None:
    rows = (row("gpu", None), row("slow", 9.0), row("fast", 3.0))
    report = ExportReport("net", "auto", "PCK@0.2", 70.0, "lsp", 100, None, rows, {}, None, (), ())
    assert file_to_run(replace(report, recommended=Recommendation("slow", "its order"))) == "slow"
    assert file_to_run(replace(report, recommended=Recommendation("gpu", "its order"))) == "fast"
    assert file_to_run(report) == "fast"
    with pytest.raises(ExportError, match="no file runs here as auto asks; choose another --device"):
        file_to_run(replace(report, rows=rows[:1]))


def test_its_last_video_is_not_replaced_while_it_is_the_source(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", frames=3).rename(tmp_path / "poses.mp4")
    before = clip.read_bytes()
    with pytest.raises(EdgeposeError, match=r"the video .*poses\.mp4 would overwrite the source"):
        run_demonstration(str(clip), tmp_path, None, "auto", 3, Console())
    assert clip.read_bytes() == before
    assert list(tmp_path.iterdir()) == [clip]


def test_somebody_is_seen_in_a_single_picture(tmp_path: Path) -> None:
    backend_or_skip("onnxruntime")
    image_bgr = np.full((240, 320, 3), 128, np.uint8)
    draw_person(image_bgr, STANDING + 40, radius=6)
    cv2.imwrite(str(tmp_path / "photo.png"), image_bgr)
    tally, _ = _run(save_colour_model(tmp_path), str(tmp_path / "photo.png"), "auto", tmp_path / "poses.mp4", 3)
    assert (tally.frames, tally.with_people) == (1, 1)
