"""Whole pictures of the data sets that know everybody in them."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from pycocotools.mask import encode

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.skeleton import COCO_17, SIMPLE_POSE_18
from edgepose.train.data import open_dataset
from edgepose.train.data.coco_masks import segmentation_mask
from edgepose.train.data.pose_dataset import picture_in_skeleton
from support.data_sets import coco_person, write_coco

BOX = np.array([1.5, 2.5, 5.5, 4.5], np.float32)


def test_a_box_a_polygon_and_runs_of_the_same_pixels_are_the_same_mask() -> None:
    by_box = segmentation_mask(None, BOX, (8, 10))
    assert np.argwhere(by_box).min(axis=0).tolist() == [3, 2]
    assert np.argwhere(by_box).max(axis=0).tolist() == [4, 5]
    assert sorted(np.unique(by_box)) == [0, 255]
    # a polygon is drawn with its outline: corners within the outer pixels
    polygon = [[2.5, 3.5, 5.5, 3.5, 5.5, 4.5, 2.5, 4.5]]
    np.testing.assert_array_equal(segmentation_mask(polygon, BOX, (8, 10)), by_box)
    runs = {"size": [8, 10], "counts": [2 * 8 + 3, 2, 6, 2, 6, 2, 6, 2]}
    np.testing.assert_array_equal(segmentation_mask(runs, BOX, (8, 10)), by_box)
    np.testing.assert_array_equal(segmentation_mask([], BOX, (8, 10)), by_box)


@given(arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=40), elements=st.integers(0, 1)))
def test_runs_as_text_are_those_of_pycocotools(mask: ImageArray) -> None:
    text = encode(np.asfortranarray(mask))["counts"].decode()
    told = {"counts": text, "size": list(mask.shape)}
    np.testing.assert_array_equal(segmentation_mask(told, BOX, mask.shape), mask * 255)


@given(st.text(st.characters(min_codepoint=1, max_codepoint=0x2FF)))
def test_damaged_text_is_a_mask_or_one_error(text: str) -> None:
    with suppress(ValueError):
        assert segmentation_mask({"counts": text, "size": [4, 6]}, BOX, (4, 6)).shape == (4, 6)


def test_coco_gives_everybody_and_where_nothing_is_known(tmp_path: Path) -> None:
    write_coco(tmp_path)
    dataset = open_dataset(f"coco:{tmp_path}:val")
    picture, row = dataset.picture(1)
    assert row == 1
    assert picture.keypoints.shape == (2, 17, 2)
    np.testing.assert_array_equal(picture.keypoints[1], dataset.keypoints(1))
    np.testing.assert_array_equal(picture.boxes_xyxy[1], dataset.sample(1).box_xyxy)
    assert picture.areas_px2.tolist() == [150, 60]
    assert picture.image_id == "7"
    assert picture.people is None  # the file has their boxes alone
    assert picture.known.shape == picture.image_bgr.shape[:2]
    assert picture.known[1, 1] == 0
    assert picture.known[5, 5] == 255  # labelled, though the crowd's box ends beside it
    assert picture.known[1, 23] == 0  # somebody without labels
    assert picture.known[30, 30] == 255
    assert picture.unlabelled.boxes_xyxy.tolist() == [[-0.5, -0.5, 4.5, 4.5], [19.5, 0.5, 23.5, 6.5]]
    assert picture.unlabelled.crowds.tolist() == [True, False]
    assert dataset.one_a_picture() == [0]


def test_coco_takes_the_segmentation_where_there_is_one(tmp_path: Path) -> None:
    document: dict[str, Any] = write_coco(tmp_path)
    document["annotations"] = [coco_person(1, 7, segmentation=[[4, 4, 8, 4, 8, 8, 4, 8]])]
    (tmp_path / "annotations" / "person_keypoints_val2017.json").write_text(json.dumps(document))
    picture, _ = open_dataset(f"coco:{tmp_path}:val").picture(0)
    assert 16 <= (picture.people > 0).sum() <= 36
    assert picture.people[6, 6] == 255


def test_rendered_pictures_have_exact_masks() -> None:
    dataset = open_dataset("synthetic:6:2")
    several = 0
    for index in dataset.one_a_picture():
        picture, row = dataset.picture(index)
        sample = dataset.sample(index)
        np.testing.assert_array_equal(picture.image_bgr, sample.image_bgr)
        np.testing.assert_array_equal(picture.keypoints[row], sample.keypoints)
        np.testing.assert_array_equal(picture.boxes_xyxy[row], sample.box_xyxy)
        assert picture.areas_px2[row] == pytest.approx(sample.area_px2)
        assert sample.part_mask is not None
        assert (picture.people[sample.part_mask > 0] == 255).all()
        seen = sample.keypoints[sample.labelled & ~sample.occluded].round().astype(int)
        assert (picture.people[seen[:, 1].clip(0, 255), seen[:, 0].clip(0, 255)] == 255).mean() > 0.8
        several += len(picture.keypoints) > 1
    assert several > 0


def test_who_is_hardly_seen_in_a_rendered_picture_is_unlabelled() -> None:
    dataset = open_dataset("synthetic:30:1")
    there = [dataset.picture(index)[0] for index in dataset.one_a_picture()]
    boxes = np.concatenate([picture.unlabelled.boxes_xyxy for picture in there])
    assert len(boxes) > 0
    assert np.isfinite(boxes).all()
    for picture in there:
        for x, y in (picture.unlabelled.boxes_xyxy[:, :2] + picture.unlabelled.boxes_xyxy[:, 2:]) / 2:
            assert picture.known[int(np.clip(y, 0, 255)), int(np.clip(x, 0, 255))] == 0


def test_joints_that_the_data_lacks_are_unlabelled(tmp_path: Path) -> None:
    write_coco(tmp_path)
    dataset = open_dataset(f"coco:{tmp_path}")
    picture, _ = picture_in_skeleton(dataset, 0, SIMPLE_POSE_18)
    assert np.isnan(picture.keypoints[:, SIMPLE_POSE_18.index("neck")]).all()
    nose = SIMPLE_POSE_18.index("nose"), COCO_17.index("nose")
    np.testing.assert_array_equal(picture.keypoints[0, nose[0]], dataset.keypoints(0)[nose[1]])


@pytest.mark.research_data("coco")
def test_the_real_coco_has_everybody_in_its_pictures(research_data: Path) -> None:
    dataset = open_dataset(f"coco:{research_data / 'coco'}:val")
    pictures = dataset.one_a_picture()
    assert sum(len(dataset.picture(index)[0].keypoints) for index in pictures) == len(dataset) > len(pictures) > 0
