import math
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from edgepose.runtime.geometry import (
    crop_affine,
    fit_box_xyxy,
    image_box_xyxy,
    invert_affine,
    keypoints_box_xyxy,
    transform_points,
    warp_crop,
)

Affine = np.ndarray[Any, Any]
CROP_WH = (48, 64)
angles = st.floats(-180, 180)


@st.composite
def boxes(draw: st.DrawFn) -> Affine:
    x, y = draw(st.floats(-2000, 2000)), draw(st.floats(-2000, 2000))
    return np.array([x, y, x + draw(st.floats(2, 2000)), y + draw(st.floats(2, 2000))], np.float32)


@st.composite
def affines(draw: st.DrawFn) -> Affine:
    box = fit_box_xyxy(draw(boxes()), CROP_WH[0] / CROP_WH[1])
    return crop_affine(box, CROP_WH, draw(angles), mirror=draw(st.booleans()))


points = st.lists(st.tuples(st.floats(-100, 100), st.floats(-100, 100)), min_size=1, max_size=5).map(
    lambda xy: np.array(xy, np.float64)
)


@given(affines(), points)
def test_an_affine_and_its_inverse_undo_each_other(affine: Affine, keypoints_crop: Affine) -> None:
    inverse = invert_affine(affine)
    linear, offset = inverse[:, :2], inverse[:, 2]
    there = keypoints_crop @ linear.T + offset
    np.testing.assert_allclose(there @ affine[:, :2].T + affine[:, 2], keypoints_crop, atol=1e-6)
    np.testing.assert_allclose(invert_affine(inverse), affine, rtol=1e-9, atol=1e-6)


@given(boxes())
def test_the_box_fills_the_crop(box_xyxy: Affine) -> None:
    box = fit_box_xyxy(box_xyxy, CROP_WH[0] / CROP_WH[1])
    corners = transform_points(crop_affine(box, CROP_WH), box.reshape(2, 2))
    np.testing.assert_allclose(corners.ravel(), image_box_xyxy(*CROP_WH), atol=0.02)


@given(boxes(), points)
def test_mirroring_twice_is_no_mirror(box_xyxy: Affine, keypoints_frame: Affine) -> None:
    box = fit_box_xyxy(box_xyxy, CROP_WH[0] / CROP_WH[1])
    plain = transform_points(crop_affine(box, CROP_WH), keypoints_frame)
    mirrored = transform_points(crop_affine(box, CROP_WH, mirror=True), keypoints_frame)
    np.testing.assert_allclose(CROP_WH[0] - 1 - mirrored[:, 0], plain[:, 0], atol=1e-2, rtol=1e-5)
    np.testing.assert_allclose(mirrored[:, 1], plain[:, 1], atol=1e-2, rtol=1e-5)


@given(boxes(), st.floats(0.2, 5), st.floats(1, 3))
def test_a_fitted_box_has_the_aspect_the_centre_and_room_for_the_box(
    box: Affine, aspect: float, padding: float
) -> None:
    fitted = fit_box_xyxy(box, aspect, padding)
    width, height = fitted[2:] - fitted[:2]
    assert width / height == pytest.approx(aspect, rel=1e-2)
    np.testing.assert_allclose((fitted[2:] + fitted[:2]) / 2, (box[2:] + box[:2]) / 2, atol=1e-2)
    assert (fitted[:2] <= box[:2] + 0.01).all()
    assert (fitted[2:] >= box[2:] - 0.01).all()
    tight = max((box[2] - box[0]) / width, (box[3] - box[1]) / height) * padding
    assert tight == pytest.approx(1.0, rel=1e-2)


def test_a_turn_is_clockwise_as_seen() -> None:
    affine = crop_affine(image_box_xyxy(101, 101), (101, 101), 90)
    np.testing.assert_allclose(transform_points(affine, np.array([[100.0, 50.0]])), [[50, 100]], atol=1e-4)


def test_the_box_of_kept_keypoints() -> None:
    keypoints = np.array([[1, 2], [5, 9], [100, 100]], np.float32)
    np.testing.assert_array_equal(keypoints_box_xyxy(keypoints, np.array([True, True, False])), [1, 2, 5, 9])
    assert np.isnan(keypoints_box_xyxy(keypoints, np.zeros(3, bool))).all()


def with_dot(size_wh: tuple[int, int], centre_xy: tuple[float, float], sigma_px: float) -> Affine:
    """Paint a soft white dot on black."""
    x = np.exp(-((np.arange(size_wh[0]) - centre_xy[0]) ** 2) / (2 * sigma_px**2))
    y = np.exp(-((np.arange(size_wh[1]) - centre_xy[1]) ** 2) / (2 * sigma_px**2))
    grey = np.rint(255 * y[:, None] * x).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def centroid(image: Affine) -> Affine:
    weight = image[..., 0].astype(np.float64)
    y, x = np.mgrid[: weight.shape[0], : weight.shape[1]]
    return np.array([(x * weight).sum(), (y * weight).sum()]) / weight.sum()


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("rotation_deg", [0.0, 17.0, -90.0, 180.0])
@pytest.mark.parametrize("shrink", [0.3, 0.5, 1.0, 1.9, 2.1, 4.0, 7.3, 16.0])
def test_a_dot_is_where_the_affine_puts_it(shrink: float, rotation_deg: float, mirror: bool) -> None:
    width, height = CROP_WH[0] * shrink, CROP_WH[1] * shrink
    box = np.array([31.3, 17.8, 31.3 + width, 17.8 + height])
    affine = crop_affine(box, CROP_WH, rotation_deg, mirror=mirror)
    expected = np.array([20.0, 37.0])
    sigma_px = max(1.5 * shrink, 1.5)
    dot = transform_points(invert_affine(affine), expected)
    size_wh = (math.ceil(31 + width * 1.5) + 60, math.ceil(17 + height * 1.2) + 60)
    crop = warp_crop(with_dot(size_wh, (dot[0], dot[1]), sigma_px), affine, CROP_WH)
    assert crop.shape == (CROP_WH[1], CROP_WH[0], 3)
    np.testing.assert_allclose(centroid(crop), expected, atol=0.06)


def test_shrinking_averages_what_a_bilinear_warp_would_skip() -> None:
    stripes = np.zeros((512, 512, 3), np.uint8)
    stripes[:, ::2] = 255
    crop = warp_crop(stripes, crop_affine(image_box_xyxy(512, 512), (32, 32)), (32, 32))
    assert abs(crop.astype(float) - 127.5).max() <= 1


def test_a_crop_beside_the_image_is_black() -> None:
    image = np.full((50, 50, 3), 255, np.uint8)
    for size in (40.0, 4000.0):
        box = np.array([10_000.0, 10_000.0, 10_000 + size, 10_000 + size])
        assert not warp_crop(image, crop_affine(box, (32, 32)), (32, 32)).any()


def test_a_crop_larger_than_the_image_keeps_it_in_place() -> None:
    image = np.full((50, 50, 3), 255, np.uint8)
    crop = warp_crop(image, crop_affine(np.array([-75.5, -75.5, 124.5, 124.5]), (40, 40)), (40, 40))
    # halving 50 pixels twice leaves 12 of 4: a band of two pixels at the far border of the image is lost
    np.testing.assert_allclose(centroid(crop), [19.5, 19.5], atol=0.2)
    assert crop[..., 0].sum() / 255 == pytest.approx(100, rel=0.1)


@given(st.floats(0.5, 30), st.floats(50, 400), st.floats(50, 400), st.sampled_from([0.0, 30.0]))
def test_a_crop_inside_the_image_has_no_black_border(shrink: float, x: float, y: float, rotation_deg: float) -> None:
    image = np.full((2200, 2200, 3), 255, np.uint8)
    box = np.array([x, y, x + CROP_WH[0] * shrink, y + CROP_WH[1] * shrink])
    affine = crop_affine(box, CROP_WH, rotation_deg)
    width, height = CROP_WH
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]]) - 0.5
    reach = transform_points(invert_affine(affine), corners)
    assume(reach.min() > 0)
    assume(reach.max() < 2199)
    assert warp_crop(image, affine, CROP_WH).min() == 255


def test_a_person_is_cut_out_of_a_picture_wider_than_opencv_warps() -> None:
    image = np.zeros((64, 40000, 3), np.uint8)
    image[20:24, 39000:39004] = 255
    box = np.array([38980, 0, 39043, 63], np.float32)
    crop = warp_crop(image, crop_affine(box, (63, 63)), (63, 63))
    y, x = np.nonzero(crop[:, :, 0] > 127)
    np.testing.assert_allclose((x.mean(), y.mean()), (21, 21), atol=0.6)


def test_the_crop_is_written_where_it_is_wanted() -> None:
    image = with_dot((100, 100), (50, 50), 5)
    batch = np.zeros((2, CROP_WH[1], CROP_WH[0], 3), np.uint8)
    affine = crop_affine(image_box_xyxy(75, 100), CROP_WH)
    warp_crop(image, affine, CROP_WH, out=batch[1])
    np.testing.assert_array_equal(batch[1], cv2.warpAffine(image, affine, CROP_WH))
    assert not batch[0].any()
