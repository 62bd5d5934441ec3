"""Crops with everybody in them: who is where, who is unknown, and what varying does to it."""

from dataclasses import replace

import numpy as np
import pytest

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.codecs.body_part import BodyPartCodec
from edgepose.runtime.geometry import transform_points
from edgepose.runtime.skeleton import SIMPLE_POSE_18
from edgepose.train.data import WeightedDataset, open_dataset
from edgepose.train.data.crops import Draw
from edgepose.train.data.crowds import CrowdDataset, crowd_crop, known_maps, neck_between_shoulders
from edgepose.train.data.pose_dataset import Picture
from edgepose.train.evaluation.everybody import whole_picture
from support import still
from support.crowds import crowd_in_a_row
from support.dot_dataset import DotDataset

CODEC = BodyPartCodec((128, 128), (32, 32))
PARTS = CODEC.parts
STILL = replace(still.STILL, padding=1 / 0.6)
VARIED = replace(STILL, scale=(0.7, 1.7), rotation_deg=50, shift=0.13, mirror=0.5, colour=0.2)


def a_picture() -> Picture:
    """Two people side by side, the left half of the picture known."""
    keypoints = crowd_in_a_row(2, 200)
    known = np.zeros((200, 200), np.uint8)
    known[:, :100] = 255
    low, high = np.nanmin(keypoints, axis=1), np.nanmax(keypoints, axis=1)
    people = np.zeros((200, 200), np.uint8)
    for (x0, y0), (x1, y1) in zip(low.astype(int), high.astype(int), strict=True):
        people[y0:y1, x0:x1] = 255
    image = np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)
    areas, all_joints = np.full(2, 900.0, np.float32), np.ones(18, bool)
    return Picture(image, keypoints, np.hstack([low, high]), areas, "a", people, known, all_joints)


def test_a_neck_is_the_middle_of_two_labelled_shoulders() -> None:
    keypoints = crowd_in_a_row(2, 200)
    right, neck = SIMPLE_POSE_18.index("r_shoulder"), SIMPLE_POSE_18.index("neck")
    keypoints[1, right] = np.nan
    placed = neck_between_shoulders(keypoints, SIMPLE_POSE_18)
    expected = (keypoints[0, right] + keypoints[0, SIMPLE_POSE_18.index("l_shoulder")]) / 2
    np.testing.assert_allclose(placed[0, neck], expected)
    assert np.isnan(placed[1, neck]).all()
    others = [row for row in range(18) if row != neck]
    np.testing.assert_array_equal(placed[:, others], keypoints[:, others])


def test_the_person_is_six_tenths_of_the_crop_and_in_its_middle() -> None:
    crop = crowd_crop(a_picture(), 1, CODEC, STILL, np.random.default_rng(0))
    low, high = crop.keypoints_crop[1].min(axis=0), crop.keypoints_crop[1].max(axis=0)
    assert high[1] - low[1] == pytest.approx(0.6 * 128, rel=0.02)
    np.testing.assert_allclose((low + high) / 2, 63.5, atol=1)
    assert crop.keypoints_crop.shape == (2, 18, 2)
    assert crop.image_rgb.shape == (128, 128, 3)


def test_of_the_whole_picture_everybody_is_as_small_as_to_a_runtime() -> None:
    picture = a_picture()
    crop = crowd_crop(picture, 1, CODEC, replace(STILL, whole_picture=1.0), np.random.default_rng(0))
    view_rgb, affine = whole_picture(picture.image_bgr, CODEC.input_wh)
    expected = transform_points(affine, neck_between_shoulders(picture.keypoints, SIMPLE_POSE_18))
    np.testing.assert_allclose(crop.keypoints_crop, expected, atol=1e-3)
    assert np.abs(crop.image_rgb.astype(int) - view_rgb).mean() < 1


def test_masks_are_shares_of_cells_and_nobody_is_beyond_the_picture() -> None:
    picture = a_picture()
    crop = crowd_crop(picture, 0, CODEC, STILL, np.random.default_rng(0))
    assert (crop.people.shape, crop.people.dtype) == ((32, 32), np.float32)
    assert crop.people[16, 16] == 1
    cells = crop.keypoints_crop[0].mean(axis=0) / 4
    assert crop.people[int(cells[1]), int(cells[0])] == 1
    beyond = crowd_crop(picture, 1, CODEC, replace(STILL, padding=8.0), np.random.default_rng(0))
    assert beyond.known[0, 0] == beyond.known[-1, -1] == 1
    assert beyond.people[0, 0] == 0
    assert beyond.known.min() == 0
    assert np.all((crop.known >= 0) & (crop.known <= 1))


def test_a_mirrored_crop_has_left_and_right_changed() -> None:
    picture = a_picture()
    plain = crowd_crop(picture, 0, CODEC, STILL, np.random.default_rng(0))
    mirrored = crowd_crop(picture, 0, CODEC, replace(STILL, mirror=1.0), np.random.default_rng(0))
    expected = plain.keypoints_crop[:, list(SIMPLE_POSE_18.flip_order)]
    np.testing.assert_allclose(mirrored.keypoints_crop[..., 0], 127 - expected[..., 0], atol=1e-3)
    np.testing.assert_allclose(mirrored.keypoints_crop[..., 1], expected[..., 1], atol=1e-3)
    assert np.abs(mirrored.image_rgb[:, ::-1].astype(int) - plain.image_rgb).mean() < 3
    assert np.abs(mirrored.people[:, ::-1] - plain.people).mean() < 0.05


def test_varied_crops_keep_joints_on_their_pixels() -> None:
    picture = a_picture()
    picture.image_bgr[:] = 0
    x, y = np.round(picture.keypoints[0, 4]).astype(int)
    picture.keypoints[0, 4] = x, y
    picture.image_bgr[y - 1 : y + 2, x - 1 : x + 2] = 255
    checked = 0
    for seed in range(20):
        crop = crowd_crop(picture, 0, CODEC, VARIED, np.random.default_rng(seed))
        wrists = crop.keypoints_crop[0, [4, 7]]
        inside = wrists[((wrists > 3) & (wrists < 124)).all(axis=1)].round().astype(int)
        if len(inside) == 2:
            assert max(crop.image_rgb[row, column].max() for column, row in inside) > 60
            checked += 1
    assert checked > 5


def test_an_example_is_a_function_of_its_draw() -> None:
    mix = [WeightedDataset(open_dataset("synthetic:2:5"), 1.0)]
    a, b = (CrowdDataset(mix, CODEC, VARIED)[Draw(0, 1, (3, 1, 4))] for _ in range(2))
    for one, other in zip(vars(a).values(), vars(b).values(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(CrowdDataset(mix, CODEC, VARIED)[Draw(0, 1, (3, 1, 5))].image_rgb, a.image_rgb)


def test_a_picture_without_anybody_has_empty_maps_that_are_known() -> None:
    mix = [WeightedDataset(open_dataset("synthetic:1"), 1.0)]
    crop = CrowdDataset(mix, CODEC, replace(VARIED, empty=1.0))[Draw(0, 0, (0, 0, 0))]
    assert crop.keypoints_crop.shape == (0, 18, 2)
    assert (crop.known == 1).all()
    assert crop.people.max() == 0
    assert crop.image_rgb.flags.c_contiguous


def test_labels_of_some_joints_tell_of_their_maps_alone() -> None:
    known = np.ones(18, bool)
    known[[SIMPLE_POSE_18.index(joint) for joint in ("nose", "l_shoulder")]] = False
    maps = known_maps(PARTS, known, masks=False)
    untold = {PARTS.limbs[i] for i in np.flatnonzero(maps[: len(PARTS.limbs)] == 0)}
    assert untold == {limb for limb in PARTS.limbs if {"nose", "l_shoulder", "neck"} & set(limb)}
    joints = np.flatnonzero(maps[PARTS.keypoint_maps] == 0)
    assert {SIMPLE_POSE_18.joints[row] for row in joints} == {"nose", "l_shoulder", "neck"}
    assert maps[PARTS.mask_map] == maps[PARTS.any_keypoint_map] == 0
    assert known_maps(PARTS, np.ones(18, bool), masks=True).all()


def test_who_is_alone_in_the_data_is_known_about_the_box_and_nowhere_else() -> None:
    dots = DotDataset(2)
    crop = CrowdDataset([WeightedDataset(dots, 1.0)], CODEC, replace(STILL, padding=3.0))[Draw(0, 1, (0, 0, 0))]
    assert crop.keypoints_crop.shape == (1, 18, 2)
    x, y = (np.nanmean(crop.keypoints_crop[0], axis=0) / 4).astype(int)
    assert crop.known[y, x] == 1
    assert 0.1 < crop.known[crop.known < 1].size / crop.known.size < 1
    assert crop.people.max() == 0
    labelled = np.isfinite(crop.keypoints_crop[0]).all(axis=1)
    np.testing.assert_array_equal(crop.maps_known[PARTS.keypoint_maps] > 0, labelled)
    assert crop.maps_known[PARTS.mask_map] == 0


def test_a_mirrored_crop_knows_the_other_side() -> None:
    known = np.ones(18, bool)
    known[SIMPLE_POSE_18.index("l_wrist")] = False
    picture = replace(a_picture(), joints_known=known)
    mirrored = crowd_crop(picture, 0, CODEC, replace(STILL, mirror=1.0), np.random.default_rng(0))
    unknown = np.flatnonzero(mirrored.maps_known[PARTS.keypoint_maps] == 0)
    assert unknown.tolist() == [SIMPLE_POSE_18.index("r_wrist")]


def test_data_without_a_limb_is_one_clear_line() -> None:
    tail = replace(SIMPLE_POSE_18, name="tail-1", joints=("tail",), edges=(), sigmas=(0.1,))
    tails = DotDataset(1)
    tails.skeleton = tail
    with pytest.raises(EdgeposeError, match="dots:0 has no two joints of a limb of simplepose-18"):
        CrowdDataset([WeightedDataset(tails, 1.0)], CODEC, STILL)
