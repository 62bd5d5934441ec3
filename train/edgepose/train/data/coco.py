"""COCO keypoint annotations: `annotations/person_keypoints_SPLIT.json` beside `SPLIT/` with the images."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from edgepose.runtime.arrays import FloatArray, ImageArray
from edgepose.runtime.skeleton import COCO_17
from edgepose.train.data.coco_masks import segmentation_mask
from edgepose.train.data.kept import Kept
from edgepose.train.data.pose_dataset import (
    DataError,
    Picture,
    PoseDataset,
    Sample,
    Unlabelled,
    image_bytes,
    read_image_bgr,
)
from edgepose.train.data.text_files import read_text

_SHORT_SPLITS = {"train": "train2017", "val": "val2017"}


class CocoDataset(PoseDataset):
    """Everybody with at least one labelled joint who is no crowd."""

    skeleton = COCO_17
    knows_everybody = True

    def __init__(self, name: str, image_folder: Path, document: dict[str, Any]) -> None:
        self.name = name
        self._folder = image_folder
        self._images = {image["id"]: image for image in document["images"]}
        self._boxes: dict[int, list[FloatArray]] = defaultdict(list)
        self._in_image: dict[int, list[dict[str, Any]]] = defaultdict(list)
        self._people = []
        for annotation in document["annotations"]:
            _check(annotation, self._images)
            self._boxes[annotation["image_id"]].append(_box_xyxy(annotation["bbox"]))
            self._in_image[annotation["image_id"]].append(annotation)
            if _is_labelled(annotation):
                self._people.append(annotation)
        self._read = Kept(self._read_image, image_bytes)

    def __len__(self) -> int:
        return len(self._people)

    def _read_image(self, image_id: Any) -> ImageArray:
        image = self._images[image_id]
        size_wh = (image["width"], image["height"]) if {"width", "height"} <= image.keys() else None
        return read_image_bgr(self._folder / str(image["file_name"]), size_wh)

    def keypoints(self, index: int) -> FloatArray:
        """Return one person's labels (17, 2)."""
        return _keypoints(self._people[index])

    def picture(self, index: int) -> tuple[Picture, int]:
        """Return the image with everybody in it; crowds and people without labels are where nothing is known."""
        person = self._people[index]
        image = self._read(self._people[index]["image_id"])
        everybody = self._in_image[person["image_id"]]
        labelled = [other for other in everybody if _is_labelled(other)]
        unlabelled = [other for other in everybody if not _is_labelled(other)]
        row = next(i for i, other in enumerate(labelled) if other is person)
        people, known = np.zeros(image.shape[:2], np.uint8), np.full(image.shape[:2], 255, np.uint8)
        for other in everybody:
            mask = _mask(other, image.shape[:2])
            people |= mask
            if not _is_labelled(other):
                known &= ~mask
        for other in labelled:  # what is labelled is known, even within a crowd
            known |= _mask(other, image.shape[:2])
        picture = Picture(
            image_bgr=image,
            keypoints=np.stack([_keypoints(other) for other in labelled]),
            boxes_xyxy=np.stack([_box_xyxy(other["bbox"]) for other in labelled]),
            areas_px2=np.array([other["area"] for other in labelled], np.float32),
            image_id=str(person["image_id"]),
            people=people,
            known=known,
            joints_known=np.ones(len(COCO_17), bool),
            unlabelled=Unlabelled.of(
                [_box_xyxy(other["bbox"]) for other in unlabelled],
                [float(other.get("area") or other["bbox"][2] * other["bbox"][3]) for other in unlabelled],
                [bool(other.get("iscrowd", 0)) for other in unlabelled],
            ),
        )
        return picture, row

    def one_a_picture(self) -> list[int]:
        """Return the first labelled person of every image that has one."""
        first: dict[Any, int] = {}
        for index, person in enumerate(self._people):
            first.setdefault(person["image_id"], index)
        return list(first.values())

    def sample(self, index: int) -> Sample:
        """Return one annotated person."""
        person = self._people[index]
        own = _box_xyxy(person["bbox"])
        others = [box for box in self._boxes[person["image_id"]] if not np.array_equal(box, own)]
        return Sample(
            image_bgr=self._read(self._people[index]["image_id"]),
            keypoints=self.keypoints(index),
            occluded=_points(person)[:, 2] == 1,
            box_xyxy=own,
            image_id=str(person["image_id"]),
            area_px2=float(person["area"]),
            head_px=float("nan"),
            other_boxes_xyxy=np.array(others, np.float32).reshape(-1, 4),
        )

    def background(self, rng: np.random.Generator) -> ImageArray | None:
        """Return a part of a random image that no person's box touches; None when a few tries find none."""
        image_id = list(self._images)[rng.integers(len(self._images))]
        image = self._read(image_id)
        height, width = image.shape[:2]
        for _ in range(8):
            side = int(rng.uniform(0.2, 0.9) * min(height, width))
            x, y = int(rng.integers(width - side + 1)), int(rng.integers(height - side + 1))
            boxes = np.array(self._boxes[image_id], np.float32).reshape(-1, 4)
            apart = (boxes[:, 0] > x + side) | (boxes[:, 2] < x) | (boxes[:, 1] > y + side) | (boxes[:, 3] < y)
            if side >= 32 and apart.all():
                return image[y : y + side, x : x + side]
        return None


def _box_xyxy(box_xywh: list[float]) -> FloatArray:
    x, y, width, height = box_xywh
    return np.array([x, y, x + width, y + height], np.float32) - np.float32(0.5)


def _is_labelled(annotation: dict[str, Any]) -> bool:
    return bool(annotation["num_keypoints"] > 0 and not annotation.get("iscrowd", 0))


def _keypoints(annotation: dict[str, Any]) -> FloatArray:
    points = _points(annotation)
    return np.where(points[:, 2:] > 0, points[:, :2], np.nan).astype(np.float32)


def _points(annotation: dict[str, Any]) -> FloatArray:
    """Return x, y and visibility (17, 3)."""
    return np.array(annotation["keypoints"], np.float32).reshape(len(COCO_17), 3)


def _mask(annotation: dict[str, Any], shape_hw: tuple[int, ...]) -> ImageArray:
    """Return where somebody is in a picture (H, W)."""
    try:
        return segmentation_mask(annotation.get("segmentation"), _box_xyxy(annotation["bbox"]), shape_hw)
    except (TypeError, ValueError) as error:
        raise DataError(f"{_where(annotation)} has no mask of its picture: {error}; restore it") from error


def _where(annotation: dict[str, Any]) -> str:
    return f"annotation {annotation.get('id')} of image {annotation.get('image_id')}"


def _check(annotation: dict[str, Any], images: dict[Any, Any]) -> None:
    """Raise `DataError` naming the annotation unless its numbers are numbers, and the image of a label is listed."""
    where = _where(annotation)
    try:
        annotation["image_id"], _box_xyxy(annotation["bbox"])
        if not _is_labelled(annotation):
            return
        if annotation["image_id"] not in images:
            raise DataError(f"{where}: the file lists no such image; restore the annotations")
        _points(annotation)
        float(annotation["area"])
        str(images[annotation["image_id"]]["file_name"])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{where} lacks or garbles {error}; restore the annotations") from error


def open_coco(name: str, root: Path, split: str = "val") -> CocoDataset:
    """Open a COCO folder: `train` and `val` stand for train2017 and val2017, other splits for themselves.

    Its keypoints are at integers where pixels have their centres, as here; its boxes and masks count corners of pixels
    from 0, and move by half a pixel.
    """
    split = _SHORT_SPLITS.get(split, split)
    path = root / "annotations" / f"person_keypoints_{split}.json"
    if not path.is_file():
        raise DataError(f"{root} is no COCO folder: expected annotations/{path.name} in it")
    try:
        document = json.loads(read_text(path))
        return CocoDataset(name, root / split, document)
    except json.JSONDecodeError as error:
        raise DataError(f"{path} is no JSON: {error}") from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path} is no COCO keypoint file: it lacks or garbles {error}") from error
