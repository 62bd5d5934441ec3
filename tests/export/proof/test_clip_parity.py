"""How far one system's poses of a clip are from another's."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgepose.export.errors import ExportError
from edgepose.export.export_run import ExportRequest, run_export
from edgepose.export.proof.clip_parity import clip_parity, require_clip
from edgepose.runtime.backends import load_card
from edgepose.runtime.errors import SourceError
from edgepose.runtime.poses import Poses
from edgepose.train.checkpoints.checkpoint import resolve_checkpoint
from support.clips import write_clip
from support.tiny_card import tiny_card
from support.walkers import poses_of, standing

CARD = tiny_card()
PERSON = poses_of(standing(100, 200, 150)[None])


def moved(pixels: float) -> Poses:
    return replace(PERSON, keypoints_frame=PERSON.keypoints_frame + np.float32([pixels, 0]))


def scored(row: int, score: float) -> Poses:
    scores = PERSON.keypoint_scores.copy()
    scores[0, row] = score
    return replace(PERSON, keypoint_scores=scores)


def test_the_same_poses_are_no_distance_apart() -> None:
    found = clip_parity([PERSON, PERSON.take([])], [PERSON, PERSON.take([])], CARD)
    assert (found.frames, found.distance_px, found.lost_joints, found.missed_frames) == (1, 0, 0, 0)


def test_a_distance_is_in_pixels_of_the_crop() -> None:
    x0, y0, x1, y1 = PERSON.boxes_xyxy[0]
    found = clip_parity([moved(4), moved(-2)], [PERSON, PERSON], CARD)
    (width, height), padding = CARD.input_wh, CARD.crop.padding
    # a person who stands is as high as the crop
    assert (x1 - x0) / width < (y1 - y0) / height
    assert found.distance_px == pytest.approx(3 * height / ((y1 - y0) * padding), rel=1e-4)


def test_what_is_not_seen_is_counted() -> None:
    nobody = PERSON.take([])
    found = clip_parity([nobody, scored(3, 0.05), scored(3, 0.15)], [PERSON] * 3, CARD)
    assert (found.frames, found.missed_frames, found.lost_joints) == (3, 1, 1)
    assert clip_parity([nobody], [PERSON], CARD).distance_px is None


def test_a_joint_that_torch_hardly_sees_may_lie_anywhere() -> None:
    unsure = scored(3, 0.1)
    keypoints = PERSON.keypoints_frame.copy()
    keypoints[0, 3] += 50
    assert clip_parity([replace(unsure, keypoints_frame=keypoints)], [unsure], CARD).distance_px == 0


def test_what_is_not_the_same_film_twice_is_told_before_the_work(tmp_path: Path) -> None:
    require_clip(str(write_clip(tmp_path / "clip.avi", frames=3)), CARD)
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.png").write_bytes(cv2.imencode(".png", np.zeros((8, 8, 3), np.uint8))[1].tobytes())
    with pytest.raises(ExportError, match="pictures is not the same film twice; give --clip a video"):
        require_clip(str(tmp_path / "pictures"), CARD)
    with pytest.raises(SourceError, match="no such source"):
        require_clip(str(tmp_path / "absent.mp4"), CARD)


def test_a_clip_is_for_models_of_one_person() -> None:
    with pytest.raises(ExportError, match="sees everybody in a picture; --clip follows one person: leave it out"):
        require_clip("synthetic:4:10", load_card("simplepose-edge-coco-128"))


@pytest.mark.slow
def test_an_export_is_followed_through_a_clip_beside_torch(tmp_path: Path) -> None:
    targets = [("onnx", "fp32"), ("onnx", "int8")]
    checkpoint, data = resolve_checkpoint("ppnet-small-lsp-128"), "synthetic:60"
    report = run_export(ExportRequest(checkpoint, targets, tmp_path, data, runs=3, clip="synthetic:4:90"))
    exact, quantised = (row.clip for row in report.rows)
    assert exact is not None
    assert quantised is not None
    assert exact.frames == quantised.frames > 20
    assert (exact.lost_joints, exact.missed_frames, quantised.missed_frames) == (0, 0, 0)
    assert exact.distance_px is not None
    assert exact.distance_px < 0.05 < (quantised.distance_px or 0) < 2
    told = [note for note in report.notes if " on synthetic:4:90: " in note]
    assert [note.split(" on ")[0] for note in told] == ["onnx fp32", "onnx int8"]
