"""COCO keypoint annotations: `annotations/person_keypoints_SPLIT.json` beside `SPLIT/` with the images."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from edgepose.runtime.arrays import FloatArray, ImageArray
from edgepose.runtime.skeleton import COCO_17
from edgepose.train.data.coco_annotations import CocoAnnotations
from edgepose.train.data.coco_categories import of_people
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
_TRIES = 8


class CocoDataset(PoseDataset):
    """Everybody with at least one labelled joint who is no crowd."""

    skeleton = COCO_17
    knows_everybody = True

    def __init__(self, name: str, image_folder: Path, document: dict[str, Any]) -> None:
        self.name = name
        self._folder = image_folder
        images = {image["id"]: image for image in document["images"]}
        self._annotations = CocoAnnotations.of(of_people(document), images)
        self._people = np.flatnonzero(self._annotations.labelled)
        self._image_ids = [str(image_id) for image_id in images]
        self._files = [str(image.get("file_name")) for image in images.values()]
        self._sizes_wh = [(image.get("width"), image.get("height")) for image in images.values()]
        self._read = Kept(self._read_image, image_bytes)

    def __len__(self) -> int:
        return len(self._people)

    def _read_image(self, place: int) -> ImageArray:
        width, height = self._sizes_wh[place]
        size_wh = (width, height) if width is not None and height is not None else None
        return read_image_bgr(self._folder / self._files[place], size_wh)

    def keypoints(self, index: int) -> FloatArray:
        """Return one person's labels (17, 2)."""
        return self._annotations.keypoints(self._people[index])

    def picture(self, index: int) -> tuple[Picture, int]:
        """Return the image with everybody in it; crowds and people without labels are where nothing is known."""
        annotations, person = self._annotations, self._people[index]
        place = int(annotations.images[person])
        image = self._read(place)
        rows = annotations.in_image(place)
        labelled, unlabelled = rows[annotations.labelled[rows]], rows[~annotations.labelled[rows]]
        people, known = np.zeros(image.shape[:2], np.uint8), np.full(image.shape[:2], 255, np.uint8)
        for row in rows:
            mask = self._mask(row, image.shape[:2])
            people |= mask
            if not annotations.labelled[row]:
                known &= ~mask
        for row in labelled:  # what is labelled is known, even within a crowd
            known |= self._mask(row, image.shape[:2])
        outlined = all(annotations.segmentation(row) for row in rows)
        picture = Picture(
            image_bgr=image,
            keypoints=annotations.keypoints(labelled),
            boxes_xyxy=annotations.boxes_xyxy[labelled],
            areas_px2=annotations.areas_px2[labelled].astype(np.float32),
            image_id=self._image_ids[place],
            people=people if outlined else None,  # a box is not where somebody is
            known=known,
            joints_known=np.ones(len(COCO_17), bool),
            unlabelled=Unlabelled.of(
                list(annotations.boxes_xyxy[unlabelled]),
                annotations.areas_px2[unlabelled].tolist(),
                annotations.crowds[unlabelled].tolist(),
            ),
        )
        return picture, int(np.flatnonzero(labelled == person)[0])

    def _mask(self, row: int, shape_hw: tuple[int, ...]) -> ImageArray:
        """Return where somebody is in a picture (H, W)."""
        annotations = self._annotations
        try:
            return segmentation_mask(annotations.segmentation(row), annotations.boxes_xyxy[row], shape_hw)
        except (TypeError, ValueError) as error:
            raise DataError(f"{annotations.name(row)} has no mask of its picture: {error}; restore it") from error

    def one_a_picture(self) -> list[int]:
        """Return the first labelled person of every image that has one."""
        _, first = np.unique(self._annotations.images[self._people], return_index=True)
        return sorted(first.tolist())

    def sample(self, index: int) -> Sample:
        """Return one annotated person."""
        annotations, person = self._annotations, self._people[index]
        place = int(annotations.images[person])
        own, boxes_xyxy = annotations.boxes_xyxy[person], annotations.boxes_xyxy[annotations.in_image(place)]
        return Sample(
            image_bgr=self._read(place),
            keypoints=self.keypoints(index),
            occluded=annotations.points[person, :, 2] == 1,
            box_xyxy=own,
            image_id=self._image_ids[place],
            area_px2=float(annotations.areas_px2[person]),
            head_px=float("nan"),
            other_boxes_xyxy=boxes_xyxy[(boxes_xyxy != own).any(axis=1)],
        )

    def background(self, rng: np.random.Generator) -> ImageArray | None:
        """Return a part of a random image that no person's box touches; None when a few tries find none."""
        for _ in range(_TRIES):
            place = int(rng.integers(len(self._files)))
            try:
                image = self._read(place)
            except DataError:  # whoever keeps the pictures of people alone lacks others
                continue
            return _apart_from(self._annotations.boxes_xyxy[self._annotations.in_image(place)], image, rng)
        return None


def _apart_from(boxes: FloatArray, image: ImageArray, rng: np.random.Generator) -> ImageArray | None:
    height, width = image.shape[:2]
    for _ in range(_TRIES):
        side = int(rng.uniform(0.2, 0.9) * min(height, width))
        x, y = int(rng.integers(width - side + 1)), int(rng.integers(height - side + 1))
        apart = (boxes[:, 0] > x + side) | (boxes[:, 2] < x) | (boxes[:, 1] > y + side) | (boxes[:, 3] < y)
        if side >= 32 and apart.all():
            return image[y : y + side, x : x + side]
    return None


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
