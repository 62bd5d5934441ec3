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
