"""Pictures of people without labels, for a teacher to label: a folder of them, or any data with its labels hidden."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from edgepose.runtime.arrays import FloatArray
from edgepose.runtime.geometry import image_box_xyxy
from edgepose.runtime.skeleton import LSP_14
from edgepose.train.data.kept import Kept
from edgepose.train.data.pose_dataset import (
    DataError,
    PoseDataset,
    Sample,
    image_bytes,
    no_boxes,
    read_image_bgr,
)
from edgepose.train.data.spec import DataSpec

_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}


class ImagesDataset(PoseDataset):
    """One person an image, whose box is the whole image and of whom no joint is known."""

    skeleton = LSP_14
    has_joints = False

    def __init__(self, name: str, files: list[Path]) -> None:
        self.name = name
        self._files = files
        self._read = Kept(read_image_bgr, image_bytes)

    def __len__(self) -> int:
        return len(self._files)

    def keypoints(self, index: int) -> FloatArray:  # noqa: ARG002
        """Return NaN (14, 2)."""
        return np.full((len(self.skeleton), 2), np.nan, np.float32)

    def sample(self, index: int) -> Sample:
        """Return the person of one image."""
        image = self._read(self._files[index])
        height, width = image.shape[:2]
        return Sample(
            image_bgr=image,
            keypoints=self.keypoints(index),
            occluded=np.zeros(len(self.skeleton), bool),
            box_xyxy=image_box_xyxy(width, height),
            image_id=self._files[index].name,
            area_px2=float(width * height),
            head_px=float("nan"),
            other_boxes_xyxy=no_boxes(),
        )


class UnlabelledDataset(PoseDataset):
    """The people of other data, in their boxes, of whom no joint and no part is known."""

    has_joints = False

    def __init__(self, dataset: PoseDataset) -> None:
        self.name = str(replace(DataSpec.parse(dataset.name), hidden=True))
        self.skeleton = dataset.skeleton
        self._dataset = dataset

    def __len__(self) -> int:
        return len(self._dataset)

    def keypoints(self, index: int) -> FloatArray:  # noqa: ARG002
        """Return NaN (K, 2)."""
        return np.full((len(self.skeleton), 2), np.nan, np.float32)

    def sample(self, index: int) -> Sample:
        """Return a person without labels, neither joints nor parts."""
        sample = self._dataset.sample(index)
        return replace(sample, keypoints=np.full_like(sample.keypoints, np.nan), part_mask=None)


def _is_picture(path: Path) -> bool:
    """Tell a picture by its path inside the folder; what systems hide there, or leave beside it, is none."""
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return path.suffix.lower() in _SUFFIXES and not hidden


def open_images(name: str, root: Path) -> ImagesDataset:
    """Open a folder of pictures, with those in its folders, in the order of their names.

    Raises `DataError` when there is none.
    """
    return ImagesDataset(name, pictures_in(root))


def pictures_in(root: Path) -> list[Path]:
    """Return the pictures in a folder and in its folders, in the order of their names.

    Raises `DataError` when there is none.
    """
    files = sorted(file for file in root.rglob("*") if _is_picture(file.relative_to(root)) and file.is_file())
    if not files:
        raise DataError(f"no pictures in {root}: expected files of {', '.join(sorted(_SUFFIXES))}")
    return files
