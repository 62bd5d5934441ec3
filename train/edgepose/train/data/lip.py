"""Look into Person in its own layout: pictures of one person with 16 joints and a mask of 20 classes."""

from pathlib import Path

import numpy as np

from edgepose.runtime.arrays import FloatArray
from edgepose.runtime.skeleton import MPII_16
from edgepose.train.data.part_labels import LIP_LABELS, part_values
from edgepose.train.data.part_masks import PartMaskDataset
from edgepose.train.data.pose_dataset import DataError
from edgepose.train.data.text_files import read_rows

_SPLITS = ("train", "val")


def open_lip(name: str, root: Path, split: str = "val") -> PartMaskDataset:
    """Open LIP's `train` or `val`: everybody in `lip_SPLIT_set.csv`; its joints are MPII's, its spine their thorax.

    Raises `DataError` for another split or layout, or a row that is none.
    """
    if split not in _SPLITS:
        raise DataError(f"unknown split {split!r} of lip ({root}); it has {', '.join(_SPLITS)}")
    table = root / "TrainVal_pose_annotations" / f"lip_{split}_set.csv"
    pictures = _folder(root, "TrainVal_images", f"{split}_images")
    masks = _folder(root, "TrainVal_parsing_annotations", f"{split}_segmentations")
    if not table.is_file():
        raise DataError(f"{root} is no LIP folder with a {split} split: expected {table.relative_to(root)} in it")
    names, keypoints = _read_table(table)
    files = [(pictures / f"{stem}.jpg", masks / f"{stem}.png") for stem in names]
    return PartMaskDataset(name, files, part_values(LIP_LABELS), keypoints)


def _folder(root: Path, archive: str, folder: str) -> Path:
    """Return a folder of an archive, which some unpack into a folder of its name once more."""
    for place in (root / archive / folder, root / archive / archive / folder):
        if place.is_dir():
            return place
    raise DataError(f"{root} is no LIP folder: expected {archive}/{folder} in it")


def _read_table(path: Path) -> tuple[list[str], FloatArray]:
    """Return names without suffix and keypoints (N, 16, 2), nan where there is none.

    A row is a name, then x, y and visibility of each joint; what the last says differs between its releases, and is
    not read.
    """
    numbered, width = read_rows(path), 1 + 3 * len(MPII_16)
    for number, row in numbered:
        if len(row) < width:
            raise DataError(f"{path}, row {number}: expected {width} values, found {len(row)}; restore the file")
    rows = [row for _, row in numbered]
    try:
        values = np.array([row[1:width] for row in rows], np.float32).reshape(len(rows), len(MPII_16), 3)
    except ValueError as error:
        raise DataError(f"{path}: a value is no number ({error}); restore the file") from error
    labelled = np.isfinite(values).all(axis=2, keepdims=True)
    return [Path(row[0]).stem for row in rows], np.where(labelled, values[:, :, :2], np.nan)
