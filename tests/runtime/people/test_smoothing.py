from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import Array
from edgepose.runtime.people.smoothing import OneEuroFilter, OneEuroSettings, PoseSmoother
from edgepose.runtime.poses import Poses
from edgepose.runtime.skeleton import LSP_14

K = len(LSP_14)
PERIOD_NS = 33_333_333
SURE = np.ones(K)


def _filtered(points: Array, size_px: float = 200, period_ns: int = PERIOD_NS) -> Array:
    one_euro = OneEuroFilter(points.shape[1], OneEuroSettings())
    scores = np.ones(points.shape[1])
    return np.stack([one_euro(p, scores, i * period_ns, size_px) for i, p in enumerate(points)])


@given(
    start=st.floats(-500, 500),
    end=st.floats(-500, 500),
    fps=st.floats(5, 120),
    size_px=st.floats(10, 2000),
)
def test_converges_on_constants(start: float, end: float, fps: float, size_px: float) -> None:
    one_euro = OneEuroFilter(1, OneEuroSettings())
    sure = np.ones(1)
    one_euro(np.full((1, 2), start), sure, 0, size_px)
    for i in range(1, round(5 * fps)):
        out = one_euro(np.full((1, 2), end), sure, round(i * 1e9 / fps), size_px)
    assert np.abs(out - end).max() < 1e-3 + 1e-4 * abs(end - start)


def test_a_constant_stays_exactly() -> None:
    points = np.tile(np.array([[[12.5, 7.25]]], np.float32), (20, K, 1))
    assert np.array_equal(_filtered(points), points)


@given(scale=st.sampled_from([0.25, 2.0, 8.0]))
def test_resolution_changes_nothing_but_the_scale(scale: float) -> None:
    rng = np.random.default_rng(1)
    points = rng.normal(size=(30, 3, 2)).cumsum(axis=0) * 4 + 100
    scaled = _filtered(points * scale, 200 * scale)
    assert np.allclose(scaled, _filtered(points) * scale, rtol=1e-4)


def test_rest_trembles_less_and_motion_lags_little() -> None:
    rng = np.random.default_rng(2)
    noise = rng.normal(size=(300, K, 2))  # 0.5 % of the person
    at_rest = _filtered(100 + noise)
    assert at_rest[30:].std(axis=0).mean() < 0.6 * noise.std(axis=0).mean()
    moving = np.zeros((60, K, 2))
    moving[..., 0] = (np.arange(60) * 10.0)[:, None]  # 1.5 persons a second
    lag_px = (moving - _filtered(moving))[30:, :, 0]
    assert 0 < lag_px.mean() < 10  # less than a frame


def test_the_result_hangs_on_time_not_on_the_number_of_frames() -> None:
    steps = {fps: np.repeat(np.array([0.0, 10.0]), fps)[:, None, None] * np.ones((1, 1, 2)) for fps in (30, 120)}
    after = {fps: _filtered(steps[fps], 200, round(1e9 / fps)) for fps in steps}
    # a quarter of a second after the step
    assert after[30][30 + 7, 0, 0] == pytest.approx(after[120][120 + 31, 0, 0], abs=1.0)


def test_unsure_joints_pass_and_leave_no_trace() -> None:
    one_euro = OneEuroFilter(2, OneEuroSettings())
    here, far = np.full((2, 2), 50.0), np.array([[50.0, 50.0], [900.0, 900.0]])
    unsure = np.array([0.9, 0.01])
    one_euro(here, np.ones(2), 0, 100)
    out = one_euro(far, unsure, PERIOD_NS, 100)
    assert np.array_equal(out, far)
    assert np.array_equal(one_euro(here, np.ones(2), 2 * PERIOD_NS, 100), here)


def test_a_joint_begins_anew_after_a_pause_and_when_time_runs_back() -> None:
    one_euro = OneEuroFilter(1, OneEuroSettings(forget_s=0.5))
    sure = np.ones(1)
    one_euro(np.zeros((1, 2)), sure, 10**9, 100)
    assert one_euro(np.full((1, 2), 80.0), sure, 2 * 10**9, 100)[0, 0] == 80
    assert one_euro(np.full((1, 2), 10.0), sure, 5, 100)[0, 0] == 10


def test_nan_is_never_remembered() -> None:
    one_euro = OneEuroFilter(1, OneEuroSettings())
    sure = np.ones(1)
    one_euro(np.full((1, 2), 5.0), sure, 0, 100)
    assert np.isnan(one_euro(np.full((1, 2), np.nan), sure, PERIOD_NS, 100)).all()
    assert np.isinf(one_euro(np.full((1, 2), np.inf), sure, PERIOD_NS, 100)).all()
    assert (one_euro(np.full((1, 2), 5.0), sure, 2 * PERIOD_NS, 100) == 5).all()


def test_the_same_time_twice_is_harmless() -> None:
    one_euro = OneEuroFilter(1, OneEuroSettings())
    sure = np.ones(1)
    one_euro(np.zeros((1, 2)), sure, 0, 100)
    assert np.abs(one_euro(np.full((1, 2), 50.0), sure, 0, 100)).max() < 1


def _person(x: float, person: int) -> Poses:
    keypoints = np.full((1, K, 2), x, np.float32)
    box_xyxy = np.array([[0, 0, 100, 200]], np.float32)
    return Poses(LSP_14, keypoints, np.ones((1, K), np.float32), np.ones(1, np.float32), box_xyxy, (person,))


def _both(a: Poses, b: Poses) -> Poses:
    fields = ("keypoints_frame", "keypoint_scores", "scores", "boxes_xyxy")
    joined = [np.concatenate([getattr(a, f), getattr(b, f)]) for f in fields]
    return Poses(LSP_14, *joined, (*a.ids, *b.ids))


def test_people_are_filtered_by_id_not_by_row() -> None:
    smoother = PoseSmoother()
    smoother.smooth(_both(_person(0, 1), _person(500, 2)), 0)
    out = smoother.smooth(_both(_person(500, 2), _person(0, 1)), PERIOD_NS)
    assert np.array_equal(out.keypoints_frame[:, 0, 0], [500, 0])


def test_who_was_gone_begins_anew() -> None:
    smoother = PoseSmoother()
    smoother.smooth(_person(0, 1), 0)
    assert smoother.smooth(_person(300, 1), 2 * 10**9).keypoints_frame[0, 0, 0] == 300


def test_poses_without_ids_come_back_as_they_are() -> None:
    smoother = PoseSmoother()
    nameless = replace(_person(1, 1), ids=())
    smoother.smooth(_person(0, 1), 0)
    assert smoother.smooth(nameless, PERIOD_NS) is nameless


@given(st.lists(st.floats(-20, 20), min_size=4, max_size=4), st.integers(0, K - 1))
def test_a_box_stays_that_of_the_same_joints(steps: list[float], unseen: int) -> None:
    smoother, joints = PoseSmoother(), np.random.default_rng(3).uniform(100, 300, (K, 2)).astype(np.float32)
    scores = np.ones((1, K), np.float32)
    scores[0, unseen] = 0
    found = np.arange(K) != unseen
    for number, step in enumerate(steps):
        here = (joints + step).astype(np.float32)
        here[unseen] = 900
        box = np.concatenate([here[found].min(axis=0), here[found].max(axis=0)])[None]
        raw = Poses(LSP_14, here[None], scores, scores.mean(axis=1), box, (1,))
        poses = smoother.smooth(raw, number * PERIOD_NS)
        seen = poses.keypoints_frame[0, found]
        np.testing.assert_array_equal(poses.boxes_xyxy[0], np.concatenate([seen.min(axis=0), seen.max(axis=0)]))


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(EdgeposeError, match="min_cutoff_hz is a number of 1e-06 or more; found 0"):
        OneEuroSettings(min_cutoff_hz=0)
