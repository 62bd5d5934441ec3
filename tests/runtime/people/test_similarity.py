"""How alike poses are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepose.runtime.people.similarity import (
    box_cover,
    box_cover_together,
    box_iou,
    oks,
    shared_joints,
    similarity,
    widened,
)
from support.walkers import poses_of, standing

seeds = st.integers(0, 2**32 - 1)


@given(seeds, st.integers(0, 4), st.integers(0, 4))
def test_likeness_is_symmetric_between_0_and_1_and_1_with_oneself(seed: int, n: int, m: int) -> None:
    rng = np.random.default_rng(seed)
    one, other = (poses_of(rng.uniform(0, 400, (count, 18, 2)).astype(np.float32)) for count in (n, m))
    for measure in (similarity, oks):
        alike = measure(one, other)
        assert alike.shape == (n, m)
        assert ((alike >= 0) & (alike <= 1)).all()
        assert alike == pytest.approx(measure(other, one).T, abs=1e-6)
        assert np.diag(measure(one, one)) == pytest.approx(1)


def test_oks_is_cocos_formula() -> None:
    here = poses_of(standing(100, 100, 200)[None])
    there = poses_of(standing(110, 100, 200)[None])
    size = float((here.boxes_xyxy[0, 2:] - here.boxes_xyxy[0, :2]).max())
    sigmas = np.array(here.skeleton.sigmas)
    expected = np.exp(-(10.0**2) / (2 * 0.2 * size**2 * (2 * sigmas) ** 2)).mean()
    assert oks(here, there)[0, 0] == pytest.approx(expected, abs=1e-4)


def test_joints_that_one_of_them_lacks_do_not_count() -> None:
    whole, half = standing(100, 100, 200), standing(100, 100, 200)
    half[8:14] = np.nan
    assert oks(poses_of(whole[None]), poses_of(half[None]))[0, 0] == pytest.approx(1)
    assert oks(poses_of(whole[None]), poses_of(np.full_like(whole[None], np.nan)))[0, 0] == 0


def test_overlap_of_boxes() -> None:
    boxes = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30]], np.float32)
    assert box_iou(boxes[:1], boxes)[0] == pytest.approx([1, 1 / 3, 0])


def test_what_of_a_box_lies_in_another() -> None:
    boxes = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [0, 0, 100, 100]], np.float32)
    assert box_cover(boxes[:1], boxes)[0] == pytest.approx([1, 0.5, 1])
    assert box_cover(boxes[2:], boxes[:1])[0, 0] == pytest.approx(0.01)


def test_boxes_grow_by_a_share_of_their_longer_side() -> None:
    boxes = np.array([[10, 20, 20, 120], [0, 0, 40, 10]], np.float32)
    np.testing.assert_allclose(widened(boxes, 0.1), [[0, 10, 30, 130], [-4, -4, 44, 14]])
    assert widened(boxes[:0], 0.1).shape == (0, 4)


@given(seeds, st.integers(0, 5))
def test_what_of_a_box_lies_in_several_is_counted_once(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    corners = np.sort(rng.integers(0, 12, (1 + count, 2, 2)), axis=1).reshape(-1, 4)
    box, others = corners[0] + [0, 0, 1, 1], corners[1:]
    cells = np.zeros((13, 13), bool)
    for x0, y0, x1, y1 in others:
        cells[y0:y1, x0:x1] = True
    x0, y0, x1, y1 = box
    covered = box_cover_together(box.astype(np.float32), others.astype(np.float32))
    assert covered == pytest.approx(cells[y0:y1, x0:x1].mean())
    assert covered >= box_cover(box[None], others).max(initial=0) - 1e-6


def test_who_is_half_of_somebody_shares_half_the_joints() -> None:
    one, other = standing(100, 100, 200), standing(400, 100, 200)
    mixed = np.where(np.arange(18)[:, None] < 9, one, other)
    assert shared_joints(poses_of(mixed[None]), poses_of(np.stack([one, other])))[0] == pytest.approx([0.5, 0.5])
    assert shared_joints(poses_of(one[None]), poses_of(other[None]))[0, 0] == 0


def test_who_is_seen_the_wrong_way_round_shares_the_joints_of_the_other_side() -> None:
    here = standing(100, 100, 200)
    there = here[list(poses_of(here[None]).skeleton.flip_order)]
    one, other = poses_of(here[None]), poses_of(there[None])
    assert shared_joints(one, other)[0, 0] < 0.5
    assert shared_joints(one, other, mirrored=True)[0, 0] == 1
    assert shared_joints(one, one, mirrored=True) == pytest.approx(shared_joints(one, other))
