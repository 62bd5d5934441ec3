"""Packed people: the same people, smaller, from one file."""

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgepose.profiles.errors import EdgeposeError
from edgepose.train.data import DataError, PoseDataset, Sample, open_dataset
from edgepose.train.data.augment import plain_crop
from edgepose.train.data.packed import PackSettings, open_packed, write_packed
from support.data_sets import write_ccp, write_coco
from support.dot_dataset import DotDataset


class Enlarged(PoseDataset):
    """Somebody's data in the middle of pictures that are too large, one person without a label among them."""

    name = "lsp:/somebody/data/lsp:train"

    def __init__(self, dataset: PoseDataset, factor: int) -> None:
        self._dataset, self._factor, self.skeleton = dataset, factor, dataset.skeleton

    def __len__(self) -> int:
        return len(self._dataset)

    def sample(self, index: int) -> Sample:
        sample, n = self._dataset.sample(index), self._factor
        image = np.pad(sample.image_bgr, [(50, 50), (70, 70), (0, 0)]).repeat(n, 0).repeat(n, 1)
        corner = np.array([70, 50], np.float32)
        keypoints, box = (
            (points.reshape(-1, 2) + corner + 0.5) * n - 0.5 for points in (sample.keypoints, sample.box_xyxy)
        )
        keypoints[2] = np.nan
        moved = replace(sample, image_bgr=image, keypoints=keypoints, box_xyxy=box.reshape(4), head_px=np.nan)
        return moved if index else replace(moved, keypoints=keypoints * np.nan, box_xyxy=np.full(4, np.nan))

    def background(self, rng: np.random.Generator) -> np.ndarray:
        return np.full((300, 400, 3), rng.integers(256), np.uint8)


def packed(dataset: PoseDataset, folder: Path, **settings: int) -> PoseDataset:
    write_packed(dataset, folder / "people.zip", PackSettings(**settings))  # type: ignore[arg-type]
    return open_dataset(f"packed:{folder / 'people.zip'}")


def test_a_packed_person_gives_the_crop_of_the_original(tmp_path: Path) -> None:
    original = Enlarged(DotDataset(4), 3)
    small = packed(original, tmp_path, side_px=128, quality=100)
    assert (len(small), small.skeleton) == (4, original.skeleton)
    for i in range(1, 4):
        theirs, ours = original.sample(i), small.sample(i)
        assert max(ours.image_bgr.shape) <= 128
        (before, _), (after, _) = plain_crop(theirs, (64, 64), 1.25), plain_crop(ours, (64, 64), 1.25)
        np.testing.assert_allclose(after.keypoints_crop, before.keypoints_crop, atol=0.05)
        assert np.abs(after.image_rgb.astype(int) - before.image_rgb.astype(int)).mean() < 4
        assert np.isnan(ours.keypoints[2]).all()
        assert np.isnan(ours.head_px)
        scale = (ours.box_xyxy[2] - ours.box_xyxy[0]) / (theirs.box_xyxy[2] - theirs.box_xyxy[0])
        assert ours.area_px2 == pytest.approx(theirs.area_px2 * scale**2, rel=0.02)
        np.testing.assert_array_equal(small.keypoints(i), ours.keypoints)
        assert ours.image_id == theirs.image_id
        np.testing.assert_array_equal(ours.occluded, theirs.occluded)


def test_people_of_one_image_are_in_pictures_of_their_own(tmp_path: Path) -> None:
    write_coco(tmp_path)
    small = packed(open_dataset(f"coco:{tmp_path}"), tmp_path)
    assert [small.sample(index).image_id for index in range(len(small))] == ["7#0", "7#1"]


class Tall(Enlarged):
    """A narrow picture, 81x600, and one joint where it is bright."""

    def sample(self, index: int) -> Sample:
        sample, image = self._dataset.sample(index), np.zeros((600, 81, 3), np.uint8)
        image[550:571, 30:51] = 255
        keypoints = np.full_like(sample.keypoints, np.nan)
        keypoints[0] = 40, 560
        return replace(sample, image_bgr=image, keypoints=keypoints, box_xyxy=np.array([0, 0, 80, 599], np.float32))


def test_labels_follow_a_picture_whose_sides_are_rounded_apart(tmp_path: Path) -> None:
    small = packed(Tall(DotDataset(1), 1), tmp_path, backgrounds=0).sample(0)
    assert small.image_bgr.shape[:2] == (224, 30)
    y, x = np.nonzero(small.image_bgr[:, :, 0] > 127)
    np.testing.assert_allclose(small.keypoints[0], (x.mean(), y.mean()), atol=0.6)


def test_a_person_without_labels_keeps_the_whole_picture(tmp_path: Path) -> None:
    original = Enlarged(DotDataset(2), 1)
    nobody = packed(original, tmp_path, side_px=1000).sample(0)
    assert nobody.image_bgr.shape == original.sample(0).image_bgr.shape
    assert np.isnan(nobody.box_xyxy).all()
    assert not nobody.labelled.any()


def test_data_without_joints_is_packed_as_such(tmp_path: Path) -> None:
    write_ccp(tmp_path)
    assert not packed(open_dataset(f"ccp:{tmp_path}"), tmp_path).has_joints
    assert packed(Enlarged(DotDataset(2), 1), tmp_path).has_joints


def test_backgrounds_come_along(tmp_path: Path) -> None:
    small = packed(Enlarged(DotDataset(2), 1), tmp_path, backgrounds=3, side_px=100)
    background = small.background(np.random.default_rng(0))
    assert background is not None
    assert background.shape == (75, 100, 3)
    assert packed(DotDataset(2), tmp_path, backgrounds=0).background(np.random.default_rng(0)) is None


def test_nothing_of_this_machine_is_in_the_file(tmp_path: Path) -> None:
    packed(Enlarged(DotDataset(2), 1), tmp_path)
    with zipfile.ZipFile(tmp_path / "people.zip") as archive:
        index = archive.read("people.json").decode()
    assert json.loads(index)["data"] == "lsp:train"
    assert "somebody" not in index


def test_rendered_people_are_packed_with_everybody_else_in_the_picture(tmp_path: Path) -> None:
    small = packed(open_dataset("synthetic:2:5"), tmp_path, backgrounds=1)
    assert small.sample(0).other_boxes_xyxy.shape == open_dataset("synthetic:2:5").sample(0).other_boxes_xyxy.shape


def test_part_masks_come_along_with_their_values(tmp_path: Path) -> None:
    original = open_dataset("synthetic:2:5")
    small = packed(original, tmp_path, side_px=96, backgrounds=0)
    for i in range(2):
        theirs, ours = original.sample(i), small.sample(i)
        assert theirs.part_mask is not None
        assert ours.part_mask is not None
        assert ours.part_mask.shape == ours.image_bgr.shape[:2]
        before, after = plain_crop(theirs, (64, 64), 1.0)[0].part_mask, plain_crop(ours, (64, 64), 1.0)[0].part_mask
        assert set(np.unique(ours.part_mask)) <= set(np.unique(theirs.part_mask))
        assert np.mean(before == after) > 0.9
    assert packed(DotDataset(2), tmp_path).sample(0).part_mask is None


@pytest.mark.parametrize("content", [b"", b"no zip", None])
def test_what_is_no_packed_data_is_one_clear_error(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "people.zip"
    packed(DotDataset(2), tmp_path)
    path.write_bytes(path.read_bytes()[:-200] if content is None else content)
    with pytest.raises(
        DataError, match=r"^[^\n]*people.zip is no packed data or is damaged [^\n]*make it with edgepose"
    ):
        open_packed("packed", path)


def test_a_damaged_picture_in_a_whole_zip_is_named(tmp_path: Path) -> None:
    packed(Enlarged(DotDataset(2), 1), tmp_path, backgrounds=1)
    path = tmp_path / "people.zip"
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, b"RIFF no picture" if name.endswith(".webp") else content)
    damaged = open_dataset(f"packed:{path}")
    with pytest.raises(DataError, match=r"people.zip, person 1: the picture is damaged; pack the data again$"):
        damaged.sample(1)
    with pytest.raises(DataError, match=r"people.zip, a background: the picture is damaged; pack the data again$"):
        damaged.background(np.random.default_rng(0))


def test_a_zip_of_something_else_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "people.zip"
    for document in ("{}", "[]", '{"schema": 2, "people": [], "backgrounds": 0, "skeleton": "lsp-14"}'):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("people.json", document)
        with pytest.raises(DataError, match=r"pack the data again|make it with edgepose pack"):
            open_packed("packed", path)


def test_impossible_settings_are_an_error() -> None:
    with pytest.raises(EdgeposeError, match=r"around is a number of 1 or more; found 0\.5"):
        PackSettings(around=0.5)


def test_a_picture_that_is_missing_leaves_nothing_half_written(tmp_path: Path) -> None:
    class Broken(DotDataset):
        def sample(self, index: int) -> Sample:
            if index == 1:
                raise DataError("image 1 is missing")
            return super().sample(index)

    with pytest.raises(DataError, match="image 1 is missing"):
        packed(Broken(3), tmp_path)
    assert list(tmp_path.iterdir()) == []
