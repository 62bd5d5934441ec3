"""Keypoints stay on what they mark, whatever is done to the picture."""

from dataclasses import replace

import numpy as np
import pytest

from edgepose.runtime.arrays import FloatArray, ImageArray
from edgepose.runtime.geometry import invert_affine, transform_points
from edgepose.runtime.skeleton import LSP_14
from edgepose.train.data.augment import (
    AugmentConfig,
    empty_crop,
    half_body_box_xyxy,
    plain_crop,
    recolour,
    training_crop,
)
from edgepose.train.data.part_labels import UNKNOWN, value_of
from edgepose.train.data.pose_dataset import Sample, joints_box_xyxy, no_boxes
from support.dot_dataset import DotDataset

INPUT_WH = (96, 128)
WARP_ONLY = AugmentConfig(colour=0.0, occlude=0.0, badly_cut=0.0, empty=0.0)


def test_without_colour_a_crop_is_left_as_it_is() -> None:
    image = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    for seed in range(40):  # one in ten would be grey
        np.testing.assert_array_equal(recolour(image.copy(), 0.0, np.random.default_rng(seed)), image)


def person(keypoints: FloatArray, image_bgr: ImageArray) -> Sample:
    return Sample(image_bgr, keypoints, np.zeros(14, bool), joints_box_xyxy(keypoints), "dot", 900.0, 10.0, no_boxes())


def dotted(joint: str, rng: np.random.Generator) -> Sample:
    """A person whose picture is black but for a white dot, 11 pixels across, at one joint."""
    keypoints = rng.integers(60, 140, (14, 2)).astype(np.float32)
    keypoints[:2] = [[60, 60], [140, 140]]
    image = np.zeros((200, 200, 3), np.uint8)
    x, y = keypoints[LSP_14.index(joint)].astype(int)
    image[y - 5 : y + 6, x - 5 : x + 6] = 255
    return person(keypoints, image)


def centroid(image: ImageArray) -> FloatArray:
    grey = image.astype(np.float64).sum(axis=2)
    rows, columns = np.mgrid[: grey.shape[0], : grey.shape[1]]
    return (np.array([(columns * grey).sum(), (rows * grey).sum()]) / grey.sum()).astype(np.float32)


def test_keypoints_follow_the_plain_crop(rng: np.random.Generator) -> None:
    sample = dotted("l_elbow", rng)
    crop, affine = plain_crop(sample, INPUT_WH, 1.25)
    marked = crop.keypoints_crop[LSP_14.index("l_elbow")]
    assert crop.image_rgb.shape == (128, 96, 3)
    np.testing.assert_allclose(centroid(crop.image_rgb), marked, atol=0.1)
    np.testing.assert_allclose(
        transform_points(invert_affine(affine), crop.keypoints_crop), sample.keypoints, atol=1e-3
    )
    np.testing.assert_array_equal(crop.weights, np.ones(14))


def test_a_plain_crop_is_rgb(rng: np.random.Generator) -> None:
    sample = dotted("neck", rng)
    sample.image_bgr[:] = (1, 2, 3)
    assert plain_crop(sample, INPUT_WH, 0.5)[0].image_rgb[64, 48].tolist() == [3, 2, 1]


@pytest.mark.parametrize(("mirror", "shear"), [(0.0, 0.0), (1.0, 0.0), (1.0, 0.5)])
def test_keypoints_follow_every_warp(rng: np.random.Generator, mirror: float, shear: float) -> None:
    config = replace(WARP_ONLY, mirror=mirror, shear=shear)
    checked = 0
    for _ in range(80):
        crop = training_crop(dotted("r_knee", rng), LSP_14, INPUT_WH, config, rng)
        marked = crop.keypoints_crop[LSP_14.index("l_knee" if mirror else "r_knee")]
        if (marked > 10).all() and (marked < np.array(INPUT_WH) - 11).all():
            np.testing.assert_allclose(centroid(crop.image_rgb), marked, atol=0.25)
            checked += 1
    assert checked > 10


def test_a_mirror_swaps_left_and_right_labels_too(rng: np.random.Generator) -> None:
    sample = dotted("neck", rng)
    sample.keypoints[LSP_14.index("l_wrist")] = np.nan
    crop = training_crop(sample, LSP_14, INPUT_WH, replace(WARP_ONLY, mirror=1.0), rng)
    assert np.isnan(crop.keypoints_crop[LSP_14.index("r_wrist")]).all()
    assert np.flatnonzero(crop.weights == 0).tolist() == [LSP_14.index("r_wrist")]


def test_a_badly_cut_crop_loses_joints_but_knows_it(rng: np.random.Generator) -> None:
    config = replace(WARP_ONLY, badly_cut=1.0)
    crops = [training_crop(dotted("neck", rng), LSP_14, INPUT_WH, config, rng) for _ in range(40)]
    points = np.stack([crop.keypoints_crop for crop in crops])
    outside = ((points < -0.5) | (points > np.array(INPUT_WH) - 0.5)).any(axis=2)
    assert outside.mean() > 0.1
    assert all((crop.weights == 1).all() for crop in crops)


def test_a_well_cut_crop_keeps_nearly_everything(rng: np.random.Generator) -> None:
    config = replace(WARP_ONLY, rotation_deg=0.0, scale=(0.9, 1.35))
    crops = [training_crop(dotted("neck", rng), LSP_14, INPUT_WH, config, rng) for _ in range(40)]
    points = np.stack([crop.keypoints_crop for crop in crops])
    assert ((points >= -0.5) & (points < np.array(INPUT_WH) - 0.5)).all(axis=2).mean() > 0.95


def test_an_empty_crop_knows_that_nobody_is_there(rng: np.random.Generator) -> None:
    crop = empty_crop(rng.integers(0, 256, (50, 70, 3), np.uint8), 14, INPUT_WH, AugmentConfig(), rng)
    assert crop.image_rgb.shape == (128, 96, 3)
    assert np.isnan(crop.keypoints_crop).all()
    assert (crop.weights == 1).all()


def test_the_same_seed_gives_the_same_crop() -> None:
    sample = dotted("head", np.random.default_rng(0))
    one, two = (training_crop(sample, LSP_14, INPUT_WH, AugmentConfig(), np.random.default_rng(4)) for _ in range(2))
    np.testing.assert_array_equal(one.image_rgb, two.image_rgb)
    np.testing.assert_array_equal(one.keypoints_crop, two.keypoints_crop)


def test_the_picture_of_the_data_set_is_left_alone(rng: np.random.Generator) -> None:
    sample = dotted("head", rng)
    before = sample.image_bgr.copy()
    for _ in range(10):
        training_crop(sample, LSP_14, INPUT_WH, AugmentConfig(occlude=1.0, colour=1.0), rng)
    np.testing.assert_array_equal(sample.image_bgr, before)


def test_shear_leans_people_and_leaves_their_height(rng: np.random.Generator) -> None:
    still = replace(WARP_ONLY, scale=(1, 1), rotation_deg=0.0, shift=0.0, mirror=0.0)
    sample = dotted("neck", rng)
    upright = training_crop(sample, LSP_14, INPUT_WH, still, rng).keypoints_crop
    leaning = training_crop(sample, LSP_14, INPUT_WH, replace(still, shear=0.5), rng).keypoints_crop
    np.testing.assert_allclose(leaning[:, 1], upright[:, 1], atol=1e-3)
    moved, below = leaning[:, 0] - upright[:, 0], upright[:, 1] - 63.5
    slope = float(moved @ below / (below @ below))
    assert 0 < abs(slope) <= 0.5
    np.testing.assert_allclose(moved, slope * below, atol=1e-3)


def with_mask(joint: str, rng: np.random.Generator) -> Sample:
    """A dotted person whose left hand is where the dot is; everything else is background."""
    sample = dotted(joint, rng)
    dot = (sample.image_bgr[:, :, 0] > 0).astype(np.uint8)
    return replace(sample, part_mask=dot * np.uint8(value_of("l_hand")))


@pytest.mark.parametrize("mirror", [0.0, 1.0])
def test_a_mask_stays_on_the_picture_and_keeps_its_values(rng: np.random.Generator, mirror: float) -> None:
    for _ in range(20):
        crop = training_crop(with_mask("l_wrist", rng), LSP_14, INPUT_WH, replace(WARP_ONLY, mirror=mirror), rng)
        hand = value_of("r_hand" if mirror else "l_hand")
        assert crop.part_mask is not None
        assert crop.part_mask.shape == (128, 96)
        assert set(np.unique(crop.part_mask)) <= {0, hand}
        white = crop.image_rgb[:, :, 0]
        assert (crop.part_mask[white == 255] == hand).all()
        assert (crop.part_mask[white == 0] == 0).all()


def test_what_is_covered_is_unknown(rng: np.random.Generator) -> None:
    config = replace(WARP_ONLY, occlude=1.0)
    for _ in range(20):
        crop = training_crop(with_mask("neck", rng), LSP_14, INPUT_WH, config, rng)
        assert crop.part_mask is not None
        covered = np.argwhere(crop.part_mask == UNKNOWN)
        (top, left), (bottom, right) = covered.min(axis=0), covered.max(axis=0)
        assert len(covered) == (bottom - top + 1) * (right - left + 1)


def test_without_a_mask_there_is_none_and_nobody_has_an_empty_one(rng: np.random.Generator) -> None:
    assert training_crop(dotted("neck", rng), LSP_14, INPUT_WH, AugmentConfig(), rng).part_mask is None
    crop = empty_crop(rng.integers(0, 256, (50, 70, 3), np.uint8), 14, INPUT_WH, AugmentConfig(), rng)
    assert crop.part_mask is not None
    assert not crop.part_mask.any()


@pytest.mark.parametrize("upper", [True, False])
def test_half_a_body_is_above_the_hips_or_from_them_down(upper: bool) -> None:
    sample = DotDataset(1).sample(0)
    x0, y0, x1, y1 = half_body_box_xyxy(sample, LSP_14, upper=upper)
    inside = [
        name for name, (x, y) in zip(LSP_14.joints, sample.keypoints, strict=True) if x0 <= x <= x1 and y0 <= y <= y1
    ]
    assert ("head" in inside, "r_ankle" in inside) == (upper, not upper)
    hidden = replace(sample, keypoints=np.where(np.arange(14)[:, None] < 3, sample.keypoints, np.nan))
    assert half_body_box_xyxy(hidden, LSP_14, upper=upper) is hidden.box_xyxy
