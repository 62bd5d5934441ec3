"""People of any data set in one small file, to train on another machine: `packed:FILE`.

It is a zip of `people.json` and of one picture a person, cut out around them and no larger than training needs, with
the mask of their parts where the data has one.
"""

import json
import math
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from edgepose.runtime.arrays import Array, FloatArray, ImageArray
from edgepose.runtime.plumbing.field_checks import check_values
from edgepose.runtime.plumbing.files import write_whole
from edgepose.runtime.skeleton import skeleton_named
from edgepose.runtime.synthetic import SYNTHETIC
from edgepose.train.data.pose_dataset import DataError, PoseDataset, Sample, decoded
from edgepose.train.data.spec import DataSpec

_INDEX = "people.json"
_SCHEMA = 1


@dataclass(frozen=True)
class PackSettings:
    """How people are packed: what is kept of their picture, `around` times their box, and no larger than `side_px`.

    Pictures are WebP of a `quality` of 1 to 100; `backgrounds` are so many pictures without anybody, where there are.
    """

    around: float = 2.0
    side_px: int = 224
    quality: int = 85
    backgrounds: int = 200

    def __post_init__(self) -> None:
        at_least = {"around": (1, math.inf), "side_px": (32, math.inf), "backgrounds": (0, math.inf)}
        check_values(self, {**at_least, "quality": (1, 100)})


class PackedDataset(PoseDataset):
    """What `write_packed` wrote, all of it in memory, pictures compressed."""

    def __init__(
        self,
        name: str,
        document: Mapping[str, Any],
        pictures: list[bytes],
        masks: Mapping[int, bytes],
        backgrounds: list[bytes],
    ) -> None:
        self.name = name
        skeleton = document["skeleton"]
        self.skeleton = SYNTHETIC if skeleton == SYNTHETIC.name else skeleton_named(skeleton)
        self._people: list[dict[str, Any]] = document["people"]
        self._image_ids = _own_ids([str(person["image_id"]) for person in self._people])
        self.has_joints = any(np.isfinite(self.keypoints(i)).any() for i in range(len(self)))
        self._pictures, self._masks, self._backgrounds = pictures, masks, backgrounds

    def __len__(self) -> int:
        return len(self._people)

    def keypoints(self, index: int) -> FloatArray:
        """Return a person's labels (K, 2)."""
        return np.array(self._people[index]["keypoints"], np.float32).reshape(-1, 2)  # null becomes NaN

    def sample(self, index: int) -> Sample:
        """Return a person in what was kept of their picture."""
        person, where = self._people[index], f"{self.name}, person {index}"
        return Sample(
            image_bgr=_decoded(self._pictures[index], where),
            keypoints=self.keypoints(index),
            occluded=np.array(person["occluded"], bool),
            box_xyxy=np.array(person["box_xyxy"], np.float32),
            image_id=self._image_ids[index],
            area_px2=_number(person["area_px2"]),
            head_px=_number(person["head_px"]),
            other_boxes_xyxy=np.array(person["other_boxes_xyxy"], np.float32).reshape(-1, 4),
            part_mask=_decoded(self._masks[index], where, grey=True) if index in self._masks else None,
        )

    def background(self, rng: np.random.Generator) -> ImageArray | None:
        """Return one of the packed pictures without anybody."""
        if not self._backgrounds:
            return None
        return _decoded(self._backgrounds[rng.integers(len(self._backgrounds))], f"{self.name}, a background")


def open_packed(name: str, path: Path) -> PackedDataset:
    """Open a file of `write_packed`.

    Raises `DataError` when it is none, or is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            document = json.loads(archive.read(_INDEX))
            people = range(len(document["people"]))
            pictures = [archive.read(_picture(i)) for i in people]
            names = set(archive.namelist())
            masks = {i: archive.read(_mask(i)) for i in people if _mask(i) in names}
            backgrounds = [archive.read(_background(i)) for i in range(document["backgrounds"])]
        if document["schema"] != _SCHEMA:
            raise DataError(f"{path} is packed by schema {document['schema']}, expected {_SCHEMA}; pack the data again")
        return PackedDataset(name, document, pictures, masks, backgrounds)
    except (OSError, zipfile.BadZipFile, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path} is no packed data or is damaged ({error}); make it with edgepose pack") from error


def write_packed(
    dataset: PoseDataset, path: Path, settings: PackSettings, on_progress: Callable[[int, int], None] | None = None
) -> None:
    """Write everybody of a data set to one file, whole; `on_progress` is told (people done, people in all).

    Raises `DataError` when a picture cannot be read, `EdgeposeError` where the file system refuses.
    """
    people = []
    with write_whole(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
        for index in range(len(dataset)):
            sample = _smaller(_cut_out(dataset.sample(index), settings.around), settings.side_px)
            archive.writestr(_picture(index), _encoded(sample.image_bgr, settings.quality))
            if sample.part_mask is not None:
                archive.writestr(_mask(index), cv2.imencode(".png", sample.part_mask)[1].tobytes())
            people.append(_facts(sample))
            if on_progress is not None:
                on_progress(index + 1, len(dataset))
        backgrounds = _pack_backgrounds(archive, dataset, settings)
        document = {
            "schema": _SCHEMA,
            "data": DataSpec.parse(dataset.name).without_folders(),
            "skeleton": dataset.skeleton.name,
            "backgrounds": backgrounds,
            "people": people,
        }
        archive.writestr(_INDEX, json.dumps(document))


def _pack_backgrounds(archive: zipfile.ZipFile, dataset: PoseDataset, settings: PackSettings) -> int:
    rng, packed = np.random.default_rng(0), 0
    for _ in range(settings.backgrounds):
        picture = dataset.background(rng)
        if picture is not None:
            shrunk = _shrunk(picture, settings.side_px)
            archive.writestr(_background(packed), _encoded(shrunk, settings.quality))
            packed += 1
    return packed


def _cut_out(sample: Sample, around: float) -> Sample:
    """Return what of a person's picture lies within a square `around` times as large as their box, if there is one."""
    box = sample.box_xyxy
    if not np.isfinite(box).all():
        return sample
    centre, reach = (box[:2] + box[2:]) / 2, around * float(max(box[2:] - box[:2])) / 2
    height, width = sample.image_bgr.shape[:2]
    x0, y0 = np.clip(np.floor(centre - reach).astype(int), 0, (width - 1, height - 1))
    x1, y1 = np.clip(np.ceil(centre + reach).astype(int) + 1, (x0 + 1, y0 + 1), (width, height))
    inside = np.s_[y0:y1, x0:x1]
    sample = replace(sample, part_mask=None if sample.part_mask is None else sample.part_mask[inside])
    return _moved(sample, sample.image_bgr[inside], np.array([x0, y0], np.float32), np.ones(2))


def _smaller(sample: Sample, side_px: int) -> Sample:
    shrunk = _shrunk(sample.image_bgr, side_px)
    if sample.part_mask is not None:
        size_wh = (shrunk.shape[1], shrunk.shape[0])
        mask = cv2.resize(sample.part_mask, size_wh, interpolation=cv2.INTER_NEAREST_EXACT)
        sample = replace(sample, part_mask=np.asarray(mask, np.uint8))
    # whole pixels make the two sides' scales differ by some percent
    scale_xy = np.array(shrunk.shape[1::-1]) / np.array(sample.image_bgr.shape[1::-1])
    return _moved(sample, shrunk, np.zeros(2, np.float32), scale_xy)


def _shrunk(image: ImageArray, side_px: int) -> ImageArray:
    """Return a picture whose longer side is at most so long."""
    scale = side_px / max(image.shape[:2])
    if scale >= 1:
        return image
    size_wh = (max(round(image.shape[1] * scale), 1), max(round(image.shape[0] * scale), 1))
    return cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA)  # type: ignore[no-any-return]


def _moved(sample: Sample, image_bgr: ImageArray, origin: Array, scale_xy: Array) -> Sample:
    """Return a sample in a picture that begins at `origin` of its own and is `scale_xy` times as wide and high."""

    def place(points: Array) -> FloatArray:
        return ((points - origin + 0.5) * scale_xy - 0.5).astype(np.float32)

    area_scale = float(scale_xy.prod())

    return replace(
        sample,
        image_bgr=image_bgr,
        keypoints=place(sample.keypoints),
        box_xyxy=place(sample.box_xyxy.reshape(2, 2)).reshape(4),
        area_px2=sample.area_px2 * area_scale,
        head_px=sample.head_px * math.sqrt(area_scale),
        other_boxes_xyxy=place(sample.other_boxes_xyxy.reshape(-1, 2, 2)).reshape(-1, 4),
    )


def _facts(sample: Sample) -> dict[str, Any]:
    return {
        "keypoints": _numbers(sample.keypoints),
        "occluded": np.asarray(sample.occluded, bool).tolist(),
        "box_xyxy": _numbers(sample.box_xyxy),
        "image_id": sample.image_id,
        "area_px2": _numbers(np.float32(sample.area_px2)),
        "head_px": _numbers(np.float32(sample.head_px)),
        "other_boxes_xyxy": _numbers(sample.other_boxes_xyxy),
    }


def _own_ids(image_ids: list[str]) -> list[str]:
    """Return an id for every picture: what was cut out of one image are several, with places of their own."""
    times = Counter(image_ids)
    return [f"{name}#{index}" if times[name] > 1 else name for index, name in enumerate(image_ids)]


def _numbers(values: Array | np.float32) -> Any:
    """Return JSON values to a hundredth, null for NaN."""
    rounded = np.asarray(values, np.float64).round(2)
    return np.where(np.isnan(rounded), None, rounded).tolist()  # type: ignore[call-overload]


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _encoded(image_bgr: ImageArray, quality: int) -> bytes:
    _, content = cv2.imencode(".webp", image_bgr, [cv2.IMWRITE_WEBP_QUALITY, quality])
    return content.tobytes()


def _decoded(content: bytes, where: str, *, grey: bool = False) -> ImageArray:
    image = decoded(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE if grey else cv2.IMREAD_COLOR)
    if image is None:
        raise DataError(f"{where}: the picture is damaged; pack the data again")
    return image


def _picture(index: int) -> str:
    return f"{index:06d}.webp"


def _mask(index: int) -> str:
    return f"{index:06d}-parts.png"


def _background(index: int) -> str:
    return f"background-{index:04d}.webp"
