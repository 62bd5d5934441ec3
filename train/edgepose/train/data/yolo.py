"""Labels of YOLO's pose format: a text file beside each picture, with everybody in it by shares of its sides."""

import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from edgepose.runtime.arrays import Array
from edgepose.runtime.skeleton import COCO_17
from edgepose.train.data.coco import CocoDataset
from edgepose.train.data.images import pictures_in
from edgepose.train.data.pose_dataset import DataError, read_image_bgr
from edgepose.train.data.text_files import read_text

_PERSON = 0
_BOX = 5
"""A class, and the middle and the sides of a box, come before the joints."""
_JOINTS = len(COCO_17)
_ORIENTATION, _ON_THEIR_SIDE = 274, (5, 6, 7, 8)
"""The tag of EXIF, and its values of pictures whose width is what they call their height."""


def open_yolo(name: str, root: Path, split: str = "val") -> CocoDataset:
    """Open `images/SPLIT` with `labels/SPLIT`, or `SPLIT/images` with `SPLIT/labels`: COCO's 17 joints of class 0.

    Joints are x, y and visibility, or x, y alone, 0 0 being none; somebody with a box alone is there without labels. A
    picture without a file of labels has nobody in it. Raises `DataError` for another layout or another number of
    joints.
    """
    layouts = (root / "images" / split, root / "labels" / split), (root / split / "images", root / split / "labels")
    folders = next((pair for pair in layouts if all(folder.is_dir() for folder in pair)), None)
    if folders is None:
        raise DataError(f"{root} is no YOLO folder: expected images/{split} and labels/{split} in it")
    pictures, labels = folders
    document: dict[str, Any] = {"images": [], "annotations": []}
    for path in pictures_in(pictures):
        inside = path.relative_to(pictures)
        width, height = _size_wh(path)
        document["images"].append({"id": str(inside), "file_name": str(inside), "width": width, "height": height})
        document["annotations"] += _people(labels / inside.with_suffix(".txt"), str(inside), np.array([width, height]))
    return CocoDataset(name, pictures, document)


def _size_wh(path: Path) -> tuple[int, int]:
    """Return the size of a picture when it is upright; one that lies as it is looked at is not decoded."""
    from PIL import Image  # noqa: PLC0415  an extra, and nothing else needs it

    exif = Image.Exif()
    try:
        with Image.open(path) as image:
            width, height = image.size
            found = image.info.get("exif")
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"image {path} cannot be decoded; replace the file") from error
    with suppress(SyntaxError, ValueError, struct.error):  # garbled: OpenCV takes no notice of it either
        exif.load(found or b"")
    if exif.get(_ORIENTATION) in _ON_THEIR_SIDE:  # as OpenCV understands it: what it reads is what is labelled
        height, width = read_image_bgr(path).shape[:2]
    return width, height


def _people(path: Path, image_id: str, size_wh: Array) -> Iterator[dict[str, Any]]:
    """Read the annotations of a picture in pixels, as COCO has them."""
    if not path.is_file():
        return
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        values = _numbers(line, f"{path}, line {number}")
        if len(values) == 0 or values[0] != _PERSON:
            continue
        middle, sides = values[1:3] * size_wh, values[3:_BOX] * size_wh
        yield {
            "id": f"in line {number}",
            "image_id": image_id,
            "bbox": [*(middle - sides / 2).tolist(), *sides.tolist()],
            "keypoints": _points(values[_BOX:], size_wh).ravel().tolist(),
        }


def _numbers(line: str, where: str) -> Array:
    """Return the numbers of a line; of a person those of a box, and of all joints or none."""
    try:
        values = np.array(line.split(), np.float64)
    except ValueError as error:
        raise DataError(f"{where}: {error}; expected numbers with blanks between them") from error
    whole = [_BOX + numbers for numbers in (3 * _JOINTS, 2 * _JOINTS, 0)]
    if len(values) and values[0] == _PERSON and len(values) not in whole:
        raise DataError(
            f"{where}: expected a class, a box and COCO's {_JOINTS} joints in {whole[0]} numbers ({whole[1]} without "
            f"visibility), found {len(values)}"
        )
    return values


def _points(joints: Array, size_wh: Array) -> Array:
    """Return x, y in pixels and visibility (17, 3) of the numbers after a box, or nothing of none."""
    points = joints.reshape(_JOINTS, -1) if len(joints) else np.zeros((0, 3))
    visible = points[:, 2] if points.shape[1] == 3 else 2.0 * (points != 0).any(axis=1)
    return np.column_stack([points[:, :2] * size_wh, visible])
