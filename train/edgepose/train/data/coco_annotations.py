"""What a COCO file says of everybody, as a few arrays.

Processes that prepare crops share what nobody writes to. Reading a Python object writes its count of references: of the
quarter of a million people of train2017 as dictionaries and lists, every process would soon have a copy of its own.
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgepose.runtime.arrays import Array, FloatArray
from edgepose.runtime.skeleton import COCO_17
from edgepose.train.data.pose_dataset import OF_THE_BOX, DataError, joints_box_xyxy


@dataclass(frozen=True)
class CocoAnnotations:
    """All A annotations of a file that has the image of each, in its order.

    `points` (A, 17, 3) are x, y and visibility, `boxes_xyxy` (A, 4) in pixels here, `areas_px2` (A,); `labelled` (A,)
    says who has a joint and is no crowd, `crowds` (A,) who is one; `images` (A,) has the place of each one's image.
    """

    points: FloatArray
    boxes_xyxy: FloatArray
    areas_px2: Array
    labelled: Array
    crowds: Array
    images: Array
    _by_image: Array
    _starts: Array
    _details: bytes
    _detail_ends: Array

    @classmethod
    def of(cls, annotations: list[dict[str, Any]], images: dict[Any, Any]) -> "CocoAnnotations":
        """Return the annotations of the images by their ids; raise `DataError` naming the first that is garbled."""
        for annotation in annotations:
            _check(annotation, images)
        places = {image_id: place for place, image_id in enumerate(images)}
        known = [annotation for annotation in annotations if annotation["image_id"] in places]
        of_image = np.array([places[annotation["image_id"]] for annotation in known], np.int64)
        details = [json.dumps([a.get("id"), a["image_id"], a.get("segmentation")]).encode() for a in known]
        return cls(
            points=np.array([_points(a) for a in known], np.float32).reshape(-1, len(COCO_17), 3),
            boxes_xyxy=np.array([_box_xyxy(a) for a in known], np.float32).reshape(-1, 4),
            areas_px2=np.array([_area_px2(a) for a in known], np.float64),
            labelled=np.array([_is_labelled(a) for a in known], bool),
            crowds=np.array([bool(a.get("iscrowd", 0)) for a in known], bool),
            images=of_image,
            _by_image=of_image.argsort(kind="stable"),
            _starts=np.searchsorted(np.sort(of_image), np.arange(len(images) + 1)),
            _details=b"".join(details),
            _detail_ends=np.cumsum([0, *map(len, details)]),
        )

    def in_image(self, place: int) -> Array:
        """Return the rows of everybody in an image, in the file's order."""
        rows: Array = self._by_image[self._starts[place] : self._starts[place + 1]]
        return rows

    def keypoints(self, rows: Any) -> FloatArray:
        """Return the labels (..., 17, 2) of rows, NaN where there are none."""
        points = self.points[rows]
        return np.where(points[..., 2:] > 0, points[..., :2], np.nan).astype(np.float32)

    def segmentation(self, row: int) -> Any:
        """Return what the file says of where somebody is."""
        return self._detail(row)[2]

    def name(self, row: int) -> str:
        """Return what a row is called in errors."""
        number, image_id, _ = self._detail(row)
        return f"annotation {number} of image {image_id}"

    def _detail(self, row: int) -> list[Any]:
        detail: list[Any] = json.loads(self._details[self._detail_ends[row] : self._detail_ends[row + 1]])
        return detail


def _check(annotation: dict[str, Any], images: dict[Any, Any]) -> None:
    """Raise `DataError` naming the annotation unless its numbers are numbers, and the image of a label is listed."""
    where = f"annotation {annotation.get('id')} of image {annotation.get('image_id')}"
    try:
        annotation["image_id"], _box_xyxy(annotation), _area_px2(annotation)
        if not _is_labelled(annotation):
            return
        if annotation["image_id"] not in images:
            raise DataError(f"{where}: the file lists no such image; restore the annotations")
        _points(annotation)
        str(images[annotation["image_id"]]["file_name"])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{where} lacks or garbles {error}; restore the annotations") from error


def _is_labelled(annotation: dict[str, Any]) -> bool:
    """Tell whether somebody has a joint and a size; files of other tools do not count joints, or know things without.

    Of a single joint without a box nobody knows how large its person is.
    """
    if annotation.get("iscrowd", 0) or not _joints(annotation):
        return False
    if min(annotation["bbox"][2:]) > 0:
        return True
    x0, y0, x1, y1 = _box_xyxy(annotation)
    return bool(x1 > x0 and y1 > y0)


def _joints(annotation: dict[str, Any]) -> int:
    """Return how many joints are labelled."""
    if "num_keypoints" in annotation:
        return int(annotation["num_keypoints"])
    return sum(visible > 0 for visible in (annotation.get("keypoints") or [])[2::3])


def _points(annotation: dict[str, Any]) -> FloatArray:
    """Return x, y and visibility (17, 3), zeros of whoever has no label."""
    if not _is_labelled(annotation):
        return np.zeros((len(COCO_17), 3), np.float32)
    points = np.array(annotation["keypoints"], np.float32)
    if points.size != 3 * len(COCO_17):
        raise ValueError(f"keypoints: expected x, y and visibility of COCO's 17 joints, found {points.size} numbers")
    return points.reshape(len(COCO_17), 3)


def _box_xyxy(annotation: dict[str, Any]) -> FloatArray:
    """Return the box in pixels here; about the joints where other tools write an empty one."""
    x, y, width, height = annotation["bbox"]
    if (width > 0 and height > 0) or annotation.get("iscrowd", 0) or not _joints(annotation):
        return np.array([x, y, x + width, y + height], np.float32) - np.float32(0.5)
    points = np.array(annotation["keypoints"], np.float32).reshape(-1, 3)
    box = joints_box_xyxy(np.where(points[:, 2:] > 0, points[:, :2], np.nan))
    flat = box[2:] == box[:2]
    # joints on one line are a pixel wide, a single one is nothing
    return box if flat.all() else (box + np.concatenate([-0.5 * flat, 0.5 * flat])).astype(np.float32)


def _area_px2(annotation: dict[str, Any]) -> float:
    if annotation.get("area"):
        return float(annotation["area"])
    x0, y0, x1, y1 = _box_xyxy(annotation).tolist()
    return float((OF_THE_BOX if _is_labelled(annotation) else 1.0) * (x1 - x0) * (y1 - y0))
