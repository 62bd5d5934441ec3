"""MPII Human Pose: the official .mat, `annot/SPLIT.json` as most training code has it, or bare `SPLIT_joints.csv`.

Its pixels count from 1. The head's unit is 0.6 of the diagonal of the head rectangle, as in its own PCKh; the neck and
the top of the head are the ends of that diagonal.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgepose.runtime.arrays import Array, FloatArray
from edgepose.runtime.skeleton import MPII_16
from edgepose.train.data.kept import Kept
from edgepose.train.data.matlab import read_matlab
from edgepose.train.data.pose_dataset import (
    DataError,
    PoseDataset,
    Sample,
    area_in_box_px2,
    image_bytes,
    joints_box_xyxy,
    read_image_bgr,
)
from edgepose.train.data.text_files import read_rows, read_text

_MATLAB_FILE = "mpii_human_pose_v1_u12_1.mat"
_HEAD_SHARE = 0.6
_PERSON_PX = 200.0
"""A person of scale 1 is so tall."""


@dataclass(frozen=True)
class MpiiPerson:
    """One annotation: `keypoints` (16, 2) from 0, NaN where unlabelled; `occluded` (16,)."""

    image: str
    keypoints: FloatArray
    occluded: Array
    box_xyxy: FloatArray
    head_px: float


class MpiiDataset(PoseDataset):
    """Everybody with a labelled joint; the box is a square by the annotated centre and scale."""

    skeleton = MPII_16

    def __init__(self, name: str, image_folder: Path, people: list[MpiiPerson]) -> None:
        self.name = name
        self._folder = image_folder
        self._people = people
        self._in_image: dict[str, list[int]] = {}
        for number, person in enumerate(people):
            self._in_image.setdefault(person.image, []).append(number)
        self._read = Kept(read_image_bgr, image_bytes)

    def __len__(self) -> int:
        return len(self._people)

    def keypoints(self, index: int) -> FloatArray:
        """Return one person's labels (16, 2)."""
        return self._people[index].keypoints

    def sample(self, index: int) -> Sample:
        """Return one annotated person."""
        person = self._people[index]
        others = [self._people[i].box_xyxy for i in self._in_image[person.image] if i != index]
        return Sample(
            image_bgr=self._read(self._folder / person.image),
            keypoints=person.keypoints,
            occluded=person.occluded,
            box_xyxy=person.box_xyxy,
            image_id=person.image,
            area_px2=area_in_box_px2(joints_box_xyxy(person.keypoints)),
            head_px=person.head_px,
            other_boxes_xyxy=np.array(others, np.float32).reshape(-1, 4),
        )


def open_mpii(name: str, root: Path, split: str = "train") -> MpiiDataset:
    """Open an MPII folder: `annot/SPLIT.json` where it has one, else the .mat, whose only labelled split is `train`.

    Without either, `SPLIT_joints.csv` gives labels, and boxes about the joints; its images may be absent.
    Raises `DataError` when the folder is laid out in another way or an annotation is garbled.
    """
    document, matlab, table = root / "annot" / f"{split}.json", root / _MATLAB_FILE, root / f"{split}_joints.csv"
    if table.is_file() and not (document.is_file() or matlab.is_file()):
        return MpiiDataset(name, root / "images", list(_of_table(table)))
    if not (root / "images").is_dir() or not (document.is_file() or matlab.is_file()):
        raise DataError(
            f"{root} is no MPII folder: expected images/ and annot/{document.name} or {_MATLAB_FILE} in it, "
            f"or {table.name}"
        )
    if not document.is_file() and split != "train":
        raise DataError(f"unknown split {split!r} of mpii ({root}); {_MATLAB_FILE} has train, others need annot/")
    people = list(_of_json(document) if document.is_file() else _of_matlab(matlab))
    if not people:
        raise DataError(f"nobody in {document if document.is_file() else matlab} has a labelled joint")
    return MpiiDataset(name, root / "images", people)


def _box_xyxy(centre: Array, scale: float) -> FloatArray:
    """Return the square that a person fills; as its users do, the centre (2,) is moved down toward the hips."""
    middle = centre + np.array([0.0, 15.0 * scale])
    return np.concatenate([middle - _PERSON_PX * scale / 2, middle + _PERSON_PX * scale / 2]).astype(np.float32)


def _of_json(path: Path) -> Iterator[MpiiPerson]:
    """Read a list of {image, joints, joints_vis, center, scale}; joints out of sight have no label."""
    try:
        document = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise DataError(f"{path} is no JSON: {error}; restore the file of the data set") from error
    if not isinstance(document, list):
        raise DataError(f"{path}: expected a list of people, found {type(document).__name__}")
    heads_px = _heads_px(path, len(document))
    for number, (entry, head_px) in enumerate(zip(document, heads_px, strict=True)):
        try:
            person = _entry(entry, head_px)
        except (KeyError, TypeError, ValueError) as error:
            image = entry.get("image", "?") if isinstance(entry, dict) else "?"
            raise DataError(f"{path}: person {number} (image {image}) lacks or garbles {error}") from error
        if np.isfinite(person.keypoints).any():
            yield person


def _of_table(path: Path) -> Iterator[MpiiPerson]:
    """Read lines of an image's name, then x, y of the 16 joints, all labelled."""
    for number, (image, *numbers) in read_rows(path):
        try:
            keypoints = np.array(numbers, np.float32).reshape(len(MPII_16), 2) - 1
        except ValueError as error:
            raise DataError(f"{path}, line {number}: expected a name and 32 numbers ({error})") from error
        neck, head = (keypoints[MPII_16.index(joint)] for joint in ("neck", "head"))
        head_px = _HEAD_SHARE * float(np.linalg.norm(head - neck))
        occluded = np.zeros(len(MPII_16), bool)
        yield MpiiPerson(image, keypoints, occluded, joints_box_xyxy(keypoints), head_px)


def _entry(entry: dict[str, Any], head_px: float) -> MpiiPerson:
    joints = np.array(entry["joints"], np.float32).reshape(len(MPII_16), 2)
    seen = np.array(entry["joints_vis"]).reshape(len(MPII_16)) > 0
    centre = np.array(entry["center"], np.float32).reshape(2) - 1
    keypoints = np.where(seen[:, None], joints - 1, np.nan).astype(np.float32)
    box = _box_xyxy(centre, float(entry["scale"]))
    return MpiiPerson(str(entry["image"]), keypoints, np.zeros(len(MPII_16), bool), box, head_px)


def _heads_px(document: Path, people: int) -> list[float]:
    """Return the heads' units from `gt_SPLIT.mat` beside the document; NaN for all without that file."""
    path = document.with_name(f"gt_{document.stem}.mat")
    if not path.is_file():
        return [float("nan")] * people
    corners = np.asarray(read_matlab(path, "headboxes_src"), np.float32).reshape(2, 2, -1)
    if corners.shape[2] != people:
        raise DataError(f"{path} has {corners.shape[2]} head boxes, {document.name} {people} people; restore both")
    return (_HEAD_SHARE * np.linalg.norm(corners[1] - corners[0], axis=0)).tolist()  # type: ignore[no-any-return]


def _of_matlab(path: Path) -> Iterator[MpiiPerson]:
    release = read_matlab(path, "RELEASE")
    try:
        images, in_training = _listed(release.annolist), np.atleast_1d(release.img_train)
    except AttributeError as error:
        raise DataError(f"{path}: RELEASE is laid out in another way: {error}") from error
    if len(images) != len(in_training):
        raise DataError(f"{path} lists {len(images)} images, and {len(in_training)} in img_train; restore it")
    for number, (annotated, is_training) in enumerate(zip(images, in_training, strict=True)):
        try:
            rectangles = _listed(annotated.annorect) if is_training else []
            people = [_rectangle(str(annotated.image.name), one) for one in rectangles]
        except (AttributeError, IndexError, TypeError, ValueError) as error:
            name = getattr(getattr(annotated, "image", None), "name", f"number {number}")
            raise DataError(f"{path}: an annotation of {name} is garbled: {error}") from error
        yield from (person for person in people if person is not None)


def _rectangle(image: str, rectangle: Any) -> MpiiPerson | None:
    """Read a struct of annopoints.point, objpos, scale and the head's x1, y1, x2, y2; some lack one or the other."""
    points = _listed(getattr(getattr(rectangle, "annopoints", None), "point", None))
    if not points or not all(_listed(getattr(rectangle, name, None)) for name in ("scale", "objpos")):
        return None
    keypoints = np.full((len(MPII_16), 2), np.nan, np.float32)
    occluded = np.zeros(len(MPII_16), bool)
    for point in points:
        keypoints[point.id] = point.x - 1, point.y - 1
        occluded[point.id] = str(getattr(point, "is_visible", None)) == "0"
    centre = np.array([rectangle.objpos.x, rectangle.objpos.y], np.float32) - 1
    x1, y1, x2, y2 = (float(getattr(rectangle, name, np.nan)) for name in ("x1", "y1", "x2", "y2"))
    box = _box_xyxy(centre, float(rectangle.scale))
    return MpiiPerson(image, keypoints, occluded, box, _HEAD_SHARE * float(np.hypot(x2 - x1, y2 - y1)))


def _listed(value: Any) -> list[Any]:
    """Return MATLAB's nothing, one or many as a list."""
    return [] if value is None else list(np.atleast_1d(np.asarray(value, object)).ravel())
