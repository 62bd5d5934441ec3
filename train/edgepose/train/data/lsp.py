"""Leeds Sports Pose and its extension, in their own layout: `images/` and `joints.mat`."""

from pathlib import Path

import numpy as np

from edgepose.runtime.arrays import Array, FloatArray, ImageArray
from edgepose.runtime.skeleton import LSP_14
from edgepose.train.data.kept import Kept
from edgepose.train.data.matlab import read_matlab
from edgepose.train.data.pose_dataset import (
    DataError,
    PoseDataset,
    Sample,
    area_in_box_px2,
    image_bytes,
    joints_box_xyxy,
    neck_to_head_px,
    no_boxes,
    read_image_bgr,
)


class LspDataset(PoseDataset):
    """One person an image, 14 joints; the box is the joints' unless told otherwise."""

    skeleton = LSP_14

    def __init__(self, name: str, root: Path, keypoints: FloatArray, occluded: Array, digits: int, first: int) -> None:
        self.name = name
        self._root = root
        self._keypoints = keypoints
        self._occluded = occluded
        self._digits = digits
        self._first = first
        self._image = Kept(self._read, image_bytes)

    def __len__(self) -> int:
        return len(self._keypoints)

    def keypoints(self, index: int) -> FloatArray:
        """Return the labels of person `index` of the split (14, 2)."""
        return self._keypoints[index]  # type: ignore[no-any-return]

    def _read(self, index: int) -> ImageArray:
        return read_image_bgr(self._root / "images" / f"im{self._first + index:0{self._digits}d}.jpg")

    def sample(self, index: int) -> Sample:
        """Return person `index` of the split."""
        keypoints = self._keypoints[index]
        box = joints_box_xyxy(keypoints)
        return Sample(
            image_bgr=self._image(index),
            keypoints=keypoints,
            occluded=self._occluded[index],
            box_xyxy=box,
            image_id=f"im{self._first + index:0{self._digits}d}",
            area_px2=area_in_box_px2(box),
            head_px=neck_to_head_px(keypoints, LSP_14),
            other_boxes_xyxy=no_boxes(),
        )


def _read_joints(root: Path, shape: tuple[int, ...]) -> FloatArray:
    path = root / "joints.mat"
    if not path.is_file() or not (root / "images").is_dir():
        raise DataError(f"{root} is no LSP folder: expected joints.mat and images/ in it")
    joints = read_matlab(path, "joints", squeeze=False)
    if joints.ndim != 3 or any(want not in (-1, have) for want, have in zip(shape, joints.shape, strict=True)):
        raise DataError(f"{path}: expected 'joints' of shape {shape} (-1 is any), found {joints.shape}")
    return joints.astype(np.float32)  # type: ignore[no-any-return]


def _split(name: str, root: Path, split: str, splits: dict[str, slice]) -> slice:
    if split not in splits:
        raise DataError(f"unknown split {split!r} of {name} ({root}); it has {', '.join(splits)}")
    return splits[split]


def open_lsp(name: str, root: Path, split: str = "all") -> LspDataset:
    """Open LSP: `train` is images 1-1000, `test` 1001-2000, `all` both.

    The file marks joints as occluded, not as missing: all have a label. Its pixels count from 1.
    """
    joints = _read_joints(root, (3, 14, -1))
    part = _split("lsp", root, split, {"train": slice(0, 1000), "test": slice(1000, 2000), "all": slice(None)})
    keypoints = joints[:2].transpose(2, 1, 0) - 1.0
    return LspDataset(name, root, keypoints[part], joints[2].T[part] > 0, 4, 1 + (part.start or 0))


def open_lspet(name: str, root: Path, split: str = "all") -> LspDataset:
    """Open LSP Extended: `train` is images 1-9500, `holdout` the rest, `all` both. Unlabelled joints are NaN."""
    joints = _read_joints(root, (14, 3, -1)).transpose(2, 0, 1)
    part = _split("lspet", root, split, {"train": slice(0, 9500), "holdout": slice(9500, None), "all": slice(None)})
    keypoints = np.where(joints[:, :, 2:] > 0, joints[:, :, :2], np.nan).astype(np.float32)[part]
    return LspDataset(name, root, keypoints, np.zeros(keypoints.shape[:2], bool), 5, 1 + (part.start or 0))
