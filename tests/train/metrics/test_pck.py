import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edgepose.runtime.skeleton import LSP_14
from edgepose.train.metrics.pck import pck, torso_px

TRUTH = np.array([[[0, 0], [10, 0], [20, 0]], [[0, 0], [10, 0], [np.nan, np.nan]]], np.float32)
coordinates = st.floats(-1000, 1000, width=32)


def test_pck_is_what_counting_by_hand_gives() -> None:
    units_px = np.array([10, 20], np.float32)  # limits of 2 and 4 pixels
    offsets = np.array([[[2, 0], [0, 2.1], [-1, 1]], [[0, 4], [3, 3], [0, 0]]], np.float32)
    overall, per_joint = pck(np.nan_to_num(TRUTH) + offsets, TRUTH, units_px, 0.2)
    # right: 2 of 3 in the first (2.1 is too far), 1 of 2 in the second (4.2 is); the last has no label
    assert overall == pytest.approx(100 * 3 / 5)
    np.testing.assert_allclose(per_joint, [100, 0, 100])


def test_pckh_takes_half_of_the_head() -> None:
    found = TRUTH[:1] + np.array([[5, 0], [5.1, 0], [0, -5]], np.float32)
    assert pck(found, TRUTH[:1], np.array([10], np.float32), 0.5)[0] == pytest.approx(100 * 2 / 3)


def test_who_has_no_unit_does_not_count() -> None:
    for unit in (np.nan, 0.0):
        overall, per_joint = pck(TRUTH, TRUTH, np.array([10, unit], np.float32))
        assert overall == 100
        assert np.isfinite(per_joint).all()
    assert np.isnan(pck(TRUTH, TRUTH, np.array([np.nan, np.nan], np.float32))[0])


def test_a_joint_without_labels_has_no_figure() -> None:
    overall, per_joint = pck(TRUTH[1:], TRUTH[1:], np.array([10], np.float32))
    assert overall == 100
    assert np.isnan(per_joint[2])


def test_a_prediction_that_is_no_number_is_wrong() -> None:
    found = TRUTH[:1].copy()
    found[0, 1] = np.nan
    assert pck(found, TRUTH[:1], np.array([10], np.float32))[0] == pytest.approx(100 * 2 / 3)


def test_the_torso_reaches_from_the_left_shoulder_to_the_right_hip() -> None:
    keypoints = np.full((2, 14, 2), np.nan, np.float32)
    keypoints[0, LSP_14.index("l_shoulder")] = [3, 0]
    keypoints[0, LSP_14.index("r_hip")] = [0, 4]
    assert torso_px(keypoints, LSP_14)[0] == 5
    assert np.isnan(torso_px(keypoints, LSP_14)[1])


@given(
    arrays(np.float32, (3, 14, 2), elements=coordinates),
    arrays(np.float32, (3, 14, 2), elements=coordinates),
    arrays(np.float32, 3, elements=st.floats(1, 500, width=32)),
)
def test_pck_is_a_percentage_that_grows_with_the_fraction(
    found: np.ndarray, truth: np.ndarray, units_px: np.ndarray
) -> None:
    figures = [pck(found, truth, units_px, fraction)[0] for fraction in (0.05, 0.2, 0.5, 5000.0)]
    assert all(0 <= figure <= 100 for figure in figures)
    assert figures == sorted(figures)
    assert figures[-1] == 100
    assert pck(truth, truth, units_px)[0] == 100


@given(arrays(np.float32, (2, 5, 2), elements=coordinates), st.permutations(range(5)))
def test_the_order_of_the_joints_does_not_matter(truth: np.ndarray, order: list[int]) -> None:
    found = truth + np.arange(20, dtype=np.float32).reshape(2, 5, 2)
    units_px = np.array([50, 90], np.float32)
    overall, per_joint = pck(found, truth, units_px)
    shuffled, shuffled_per_joint = pck(found[:, order], truth[:, order], units_px)
    assert shuffled == pytest.approx(overall)
    np.testing.assert_allclose(shuffled_per_joint, per_joint[order])
