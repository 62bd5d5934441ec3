from dataclasses import replace

import numpy as np
import pytest

from edgepose.runtime.arrays import Array
from edgepose.runtime.drawing import (
    LEFT_BGR,
    MIDDLE_BGR,
    RIGHT_BGR,
    Painter,
    draw_poses,
    draw_text,
    edge_colour,
    joint_colour,
    line_width_px,
    person_colour,
)
from edgepose.runtime.poses import Frame, Poses
from edgepose.runtime.results import FrameResult
from edgepose.runtime.skeleton import LSP_14, SKELETONS

BLACK = np.zeros((240, 240, 3), np.uint8)


def _poses(keypoints: Array, scores: Array | float = 1.0) -> Poses:
    k = len(LSP_14)
    keypoint_scores = np.broadcast_to(np.asarray(scores, np.float32), (1, k))
    boxes_xyxy = np.array([[0, 0, 100, 100]], np.float32)
    return Poses(LSP_14, keypoints[None].astype(np.float32), keypoint_scores, np.ones(1, np.float32), boxes_xyxy, (1,))


def _scattered() -> Array:
    return np.random.default_rng(3).uniform(40, 200, (len(LSP_14), 2)).round()


def test_each_joint_has_its_sides_colour_at_its_place() -> None:
    # on a ring, nothing lies on top of a joint but itself
    turns = np.linspace(0, 2 * np.pi, len(LSP_14), endpoint=False)
    points = 120 + 90 * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    drawn = draw_poses(BLACK, _poses(points))
    for joint, (x, y) in zip(LSP_14.joints, points.round().astype(int), strict=True):
        assert np.abs(drawn[y, x].astype(int) - joint_colour(joint)).max() < 30, joint


def test_the_given_image_is_not_touched() -> None:
    draw_poses(BLACK, _poses(_scattered()))
    assert not BLACK.any()


def test_joints_under_the_threshold_are_left_out_with_their_limbs() -> None:
    points = _scattered()
    scores = np.zeros(len(LSP_14))
    assert not draw_poses(BLACK, _poses(points, scores), 0.3).any()
    scores[LSP_14.index("l_knee")] = 0.5
    drawn = draw_poses(BLACK, _poses(points, scores), 0.3)
    y, x = np.nonzero(drawn.any(axis=-1))
    assert np.hypot(x - points[4][0], y - points[4][1]).max() < 6


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1e9, 1e30])
def test_impossible_places_are_left_out(bad: float) -> None:
    points = _scattered()
    points[3] = bad
    assert draw_poses(BLACK, _poses(points)).any()
    assert not draw_poses(BLACK, _poses(np.full_like(points, bad))).any()


def test_nobody_is_an_unchanged_copy() -> None:
    drawn = draw_poses(BLACK, Poses.empty(LSP_14))
    assert drawn is not BLACK
    assert not drawn.any()


def test_lines_grow_with_the_person_and_never_vanish() -> None:
    points = _scattered()
    assert line_width_px(points[:1]) == 1
    assert line_width_px(points * 20) > 4 * line_width_px(points * 4) > 0


def test_edges_take_the_colour_of_their_side() -> None:
    assert edge_colour(("neck", "l_shoulder")) == LEFT_BGR
    assert edge_colour(("r_hip", "r_knee")) == RIGHT_BGR
    assert edge_colour(("l_hip", "r_hip")) == edge_colour(("head", "neck")) == MIDDLE_BGR


@pytest.mark.parametrize("name", SKELETONS)
def test_every_skeleton_can_be_drawn(name: str) -> None:
    skeleton = SKELETONS[name]
    k = len(skeleton)
    points = np.random.default_rng(4).uniform(0, 240, (1, k, 2)).astype(np.float32)
    ones = np.ones((1, k), np.float32)
    drawn = draw_poses(BLACK, Poses(skeleton, points, ones, ones[:, 0], np.zeros((1, 4), np.float32), (1,)))
    assert drawn.any()


def test_text_lies_in_the_upper_left() -> None:
    image = np.full((480, 640, 3), 128, np.uint8)
    draw_text(image, ["model", "30 fps"])
    rows, columns = np.nonzero((image != 128).any(axis=-1))
    assert 0 < rows.max() < 100
    assert 0 < columns.max() < 320


def test_a_painter_writes_its_title_only_when_it_has_one() -> None:
    def result(t_ns: int) -> FrameResult:
        return FrameResult(Frame(BLACK, 0, t_ns), Poses.empty(LSP_14), {}, 5_000_000)

    painter = Painter(title="ppnet")
    assert painter.paint(result(0)).any()
    painter.paint(result(50_000_000))
    assert painter._fps() == pytest.approx(20)
    assert not Painter().paint(result(0)).any()


def test_limbs_have_the_colour_of_the_persons_id() -> None:
    points = np.full((len(LSP_14), 2), np.nan)
    for joint, place in (("l_hip", (60, 60)), ("l_knee", (60, 180))):
        points[LSP_14.index(joint)] = place
    poses = _poses(points)
    for person in (1, 2, 7):
        drawn = draw_poses(BLACK, replace(poses, ids=(person,)))
        assert np.abs(drawn[120, 60].astype(int) - person_colour(person)).max() < 30
    assert draw_poses(BLACK, replace(poses, ids=()))[120, 60].astype(int) == pytest.approx(LEFT_BGR, abs=30)


def test_ids_near_each_other_differ_in_colour() -> None:
    colours = np.array([person_colour(person) for person in range(1, 9)])
    apart = np.abs(colours[:, None] - colours).sum(axis=-1) + 999 * np.eye(8)
    assert apart.min() > 60
    assert np.abs(np.diff(colours, axis=0)).sum(axis=1).min() > 200


def test_everybody_is_drawn_with_the_number_above() -> None:
    points = np.stack([_scattered() * 0.5, _scattered() * 0.5 + 110]).astype(np.float32)
    k = len(LSP_14)
    ones = np.ones((2, k), np.float32)
    drawn = draw_poses(BLACK, Poses(LSP_14, points, ones, ones[:, 0], np.zeros((2, 4), np.float32), (3, 12)))
    without = draw_poses(BLACK, Poses(LSP_14, points, ones, ones[:, 0], np.zeros((2, 4), np.float32)))
    for person in points:
        x, y = person[person[:, 1].argmin()].astype(int)
        above = np.s_[y - 16 : y - 4, x : x + 20]
        assert drawn[above].astype(int).sum() > without[above].astype(int).sum()
