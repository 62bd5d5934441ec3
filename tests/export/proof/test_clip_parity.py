"""How far one system's poses of a clip are from another's."""

from dataclasses import replace

import numpy as np
import pytest

from edgepose.export.proof.clip_parity import clip_parity
from edgepose.runtime.poses import Poses
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
    assert np.isnan(clip_parity([nobody], [PERSON], CARD).distance_px)


def test_a_joint_that_torch_hardly_sees_may_lie_anywhere() -> None:
    unsure = scored(3, 0.1)
    keypoints = PERSON.keypoints_frame.copy()
    keypoints[0, 3] += 50
    assert clip_parity([replace(unsure, keypoints_frame=keypoints)], [unsure], CARD).distance_px == 0
