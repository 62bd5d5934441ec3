"""What every reader of pose data gives: people, one a sample."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import cv2
import numpy as np

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import Array, FloatArray, ImageArray
from edgepose.runtime.geometry import keypoints_box_xyxy
from edgepose.runtime.skeleton import Skeleton, remap_keypoints

_ABOUT = 1.25
"""So much wider and higher than a person's joints is what belongs to them: hands, feet, the top of the head."""
OF_THE_BOX = 0.53
"""The share of their box that people's masks take in COCO, on average."""


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
class Unlabelled:
    """People in a picture of whom no joint is labelled; whoever finds them is neither right nor wrong.

    `boxes_xyxy` (Q, 4), `areas_px2` (Q,) as OKS takes them, and which are `crowds` (Q,): several people in one box.
    """

    boxes_xyxy: FloatArray
    areas_px2: FloatArray
    crowds: Array

    @classmethod
    def of(cls, boxes_xyxy: Sequence[FloatArray], areas_px2: Sequence[float], crowds: Sequence[bool]) -> Self:
        """Put one or more people, or none, together."""
        boxes = np.array(boxes_xyxy, np.float32).reshape(-1, 4)
        return cls(boxes, np.array(areas_px2, np.float32), np.array(crowds, bool))

    def joined(self, others: Self) -> Self:
        """Return both, these first."""
        columns = zip(*((each.boxes_xyxy, each.areas_px2, each.crowds) for each in (self, others)), strict=True)
        return type(self)(*(np.concatenate(column) for column in columns))

    def __len__(self) -> int:
        return len(self.boxes_xyxy)


@dataclass(frozen=True)
class Picture:
    """Everybody in one image, in pixels of `image_bgr` (H, W, 3).

    `keypoints` float32 (P, K, 2), NaN where unlabelled; `boxes_xyxy` (P, 4); `areas_px2` (P,) is OKS's scale. Masks are
    uint8 (H, W), 0 or 255: `people` where anybody is, where the data has masks, and `known` where everybody who is
    there is labelled. Of the joints `joints_known` (K,), what is unlabelled is not to be seen; the others may be there.
    `unlabelled` are those who are there too, where the data tells of them.
    """

    image_bgr: ImageArray
    keypoints: FloatArray
    boxes_xyxy: FloatArray
    areas_px2: FloatArray
    image_id: str
    people: ImageArray | None
    known: ImageArray
    joints_known: Array
    unlabelled: Unlabelled = field(default_factory=lambda: Unlabelled.of([], [], []))


class PoseDataset(ABC):
    """People with labelled joints. `name` is the specification it was opened by.

    `knows_everybody` is whether its pictures hold all who are in the image, or one person each. Where it `has_joints`
    not, nobody in it has a labelled one, and its skeleton says nothing.
    """

    name: str
    skeleton: Skeleton
    knows_everybody = False
    has_joints = True

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

        Of data that does not know everybody it is a picture of this person, known about the box and nowhere else.
        Raises `DataError` when the image cannot be read.
        """
        sample = self.sample(index)
        known = np.zeros(sample.image_bgr.shape[:2], np.uint8)
        fill_box(known, widened(sample.box_xyxy, _ABOUT), 255)
        for other in sample.other_boxes_xyxy:
            fill_box(known, other, 0)
        picture = Picture(
            image_bgr=sample.image_bgr,
            keypoints=sample.keypoints[None],
            boxes_xyxy=sample.box_xyxy[None],
            areas_px2=np.array([sample.area_px2], np.float32),
            image_id=sample.image_id,
            people=None,
            known=known,
            joints_known=sample.labelled,
        )
        return picture, 0

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
    rows, data_rows = skeleton.shared_rows(dataset.skeleton)
    joints_known = np.zeros(len(skeleton), bool)
    joints_known[rows] = picture.joints_known[data_rows]
    keypoints = remap_keypoints(picture.keypoints, dataset.skeleton, skeleton)
    return replace(picture, keypoints=keypoints, joints_known=joints_known), row


def read_image_bgr(path: Path, size_wh: tuple[int, int] | None = None) -> ImageArray:
    """Decode an image file (H, W, 3), turned upright as it says; not where its labels are of `size_wh` as it lies.

    Raises `DataError` when it is absent, may not be read, is no image or one of another size.
    """
    try:
        content = np.fromfile(path, np.uint8)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise DataError(f"image {path} is missing from the data set; restore it or fix the annotations") from error
    except OSError as error:
        raise DataError(f"image {path} cannot be read: {error.strerror}; give yourself the right to") from error
    image = _decoded(path, content, cv2.IMREAD_COLOR)
    if size_wh is None or image.shape[1::-1] == size_wh:
        return image
    as_it_lies = _decoded(path, content, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if as_it_lies.shape[1::-1] == size_wh:
        return as_it_lies
    found, told = ("x".join(map(str, size)) for size in (image.shape[1::-1], size_wh))
    raise DataError(f"image {path} is {found}, its labels are of {told}; restore the file")


def decoded(content: Array, how: int) -> ImageArray | None:
    """Return the picture in a file's bytes; None where they are none, or a larger one than OpenCV takes."""
    try:
        return cv2.imdecode(content, how) if len(content) else None
    except cv2.error:
        return None


def _decoded(path: Path, content: Array, how: int) -> ImageArray:
    image = decoded(content, how)
    if image is None:
        raise DataError(f"image {path} cannot be decoded; replace the file")
    return image


def image_bytes(image: ImageArray) -> int:
    """Return how much memory a decoded image takes."""
    return int(image.nbytes)


def joints_box_xyxy(keypoints: FloatArray) -> FloatArray:
    """Return the tight box (4,) of the labelled keypoints (K, 2); all NaN without any."""
    return keypoints_box_xyxy(keypoints, np.asarray(np.isfinite(keypoints).all(axis=1)))


def area_in_box_px2(box_xyxy: FloatArray) -> float:
    """Return the area of somebody in a box (4,), as COCO's masks have it on average."""
    return OF_THE_BOX * float((box_xyxy[2] - box_xyxy[0]) * (box_xyxy[3] - box_xyxy[1]))


def neck_to_head_px(keypoints: FloatArray, skeleton: Skeleton) -> float:
    """Return the length of the head of somebody's keypoints (K, 2); NaN without both labels."""
    neck, head = (keypoints[skeleton.index(joint)] for joint in ("neck", "head"))
    return float(np.linalg.norm(head - neck))


def widened(box_xyxy: FloatArray, factor: float) -> FloatArray:
    """Return a box (4,) about the same middle, `factor` times as wide and as high."""
    middle, half = (box_xyxy[:2] + box_xyxy[2:]) / 2, (box_xyxy[2:] - box_xyxy[:2]) / 2 * factor
    return np.concatenate([middle - half, middle + half])


def fill_box(mask: ImageArray, box_xyxy: FloatArray, value: int) -> None:
    """Set the pixels of a mask (H, W) that a box covers, as far as it is inside."""
    x0, y0, x1, y1 = np.maximum(np.round(box_xyxy), -1).astype(int)
    mask[max(y0, 0) : y1 + 1, max(x0, 0) : x1 + 1] = value


def no_boxes() -> FloatArray:
    """Return the boxes (0, 4) of a picture with nobody else in it."""
    return np.zeros((0, 4), np.float32)
