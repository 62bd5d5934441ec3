"""What every reader of pose data gives: people, one a sample."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import Array, FloatArray, ImageArray
from edgepose.runtime.skeleton import Skeleton, remap_keypoints


class DataError(EdgeposeError):
    """A data set is absent, laid out in another way, or one of its files is bad."""


@dataclass(frozen=True)
class Sample:
    """One person in one image, in pixels of `image_bgr` (H, W, 3).

    `keypoints` float32 (K, 2), NaN where unlabelled; `occluded` bool (K,); `box_xyxy` (4,); `other_boxes_xyxy` (M, 4)
    are everybody else's. `area_px2` is OKS's scale, `head_px` PCKh's unit (NaN where the data does not tell).
    `part_mask` uint8 (H, W), where the data has one, holds values of `part_labels` for this person; other people are
    background in it, as things are.
    """

    image_bgr: ImageArray
    keypoints: FloatArray
    occluded: Array
    box_xyxy: FloatArray
    image_id: str
    area_px2: float
    head_px: float
    other_boxes_xyxy: FloatArray
    part_mask: ImageArray | None = None

    @property
    def labelled(self) -> Array:
        """Which joints have a label: bool (K,)."""
        return np.asarray(np.isfinite(self.keypoints).all(axis=1))


@dataclass(frozen=True)
class Picture:
    """Everybody in one image, in pixels of `image_bgr` (H, W, 3).

    `keypoints` float32 (P, K, 2), NaN where unlabelled; `boxes_xyxy` (P, 4); `areas_px2` (P,) is OKS's scale. Masks are
    uint8 (H, W), 0 or 255: `people` where anybody is, `known` where everybody who is there is labelled.
    """

    image_bgr: ImageArray
    keypoints: FloatArray
    boxes_xyxy: FloatArray
    areas_px2: FloatArray
    image_id: str
    people: ImageArray
    known: ImageArray


class PoseDataset(ABC):
    """People with labelled joints. `name` is the specification it was opened by."""

    name: str
    skeleton: Skeleton

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of people."""

    @abstractmethod
    def sample(self, index: int) -> Sample:
        """Return one person.

        Raises `DataError` naming the image when it cannot be read.
        """

    def keypoints(self, index: int) -> FloatArray:
        """Return a person's keypoints (K, 2), NaN where unlabelled; readers of files need no image for it."""
        return self.sample(index).keypoints

    def picture(self, index: int) -> tuple[Picture, int]:
        """Return the whole picture that a person is in, and that person's row in it.

        Raises `DataError` for data that does not know everybody in its pictures, or when the image cannot be read.
        """
        raise DataError(
            f"{self.name}, person {index}: the data knows one person a picture; for everybody in it give coco or "
            "synthetic data"
        )

    def one_a_picture(self) -> list[int]:
        """Return one person of every picture, in the pictures' order."""
        return list(range(len(self)))

    def background(self, rng: np.random.Generator) -> ImageArray | None:  # noqa: ARG002
        """Return a picture (H, W, 3) BGR without anybody in it, where the data has some."""
        return None


def in_skeleton(dataset: PoseDataset, person: int, skeleton: Skeleton) -> Sample:
    """Return a person with the joints of another convention; those that the data lacks are unlabelled."""
    sample = dataset.sample(person)
    if dataset.skeleton is skeleton:
        return sample
    rows, data_rows = skeleton.shared_rows(dataset.skeleton)
    occluded = np.zeros(len(skeleton), bool)
    occluded[rows] = sample.occluded[data_rows]
    return replace(sample, keypoints=remap_keypoints(sample.keypoints, dataset.skeleton, skeleton), occluded=occluded)


def picture_in_skeleton(dataset: PoseDataset, person: int, skeleton: Skeleton) -> tuple[Picture, int]:
    """Return a person's picture with the joints of another convention; those that the data lacks are unlabelled."""
    picture, row = dataset.picture(person)
    if dataset.skeleton is skeleton:
        return picture, row
    return replace(picture, keypoints=remap_keypoints(picture.keypoints, dataset.skeleton, skeleton)), row


def read_image_bgr(path: Path) -> ImageArray:
    """Decode an image file (H, W, 3).

    Raises `DataError` when it is absent or no image.
    """
    if not path.is_file():
        raise DataError(f"image {path} is missing from the data set; restore it or fix the annotations")
    image = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR) if path.stat().st_size else None
    if image is None:
        raise DataError(f"image {path} cannot be decoded; replace the file")
    return image  # type: ignore[no-any-return]


def joints_box_xyxy(keypoints: FloatArray) -> FloatArray:
    """Return the tight box (4,) of the labelled keypoints (K, 2); all NaN without any."""
    labelled = keypoints[np.isfinite(keypoints).all(axis=1)]
    if len(labelled) == 0:
        return np.full(4, np.nan, np.float32)
    return np.concatenate([labelled.min(axis=0), labelled.max(axis=0)]).astype(np.float32)


def no_boxes() -> FloatArray:
    """Return the boxes (0, 4) of a picture with nobody else in it."""
    return np.zeros((0, 4), np.float32)
