"""Pictures of one person with a mask of body parts, whoever published them."""

import zlib
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from edgepose.runtime.arrays import FloatArray, ImageArray
from edgepose.runtime.geometry import image_box_xyxy
from edgepose.runtime.skeleton import MPII_16, Skeleton
from edgepose.train.data.kept import Kept
from edgepose.train.data.matlab import read_matlab
from edgepose.train.data.part_labels import UNKNOWN
from edgepose.train.data.pose_dataset import (
    DataError,
    PoseDataset,
    Sample,
    area_in_box_px2,
    decoded,
    image_bytes,
    neck_to_head_px,
    no_boxes,
    read_image_bgr,
)

_PNG = b"\x89PNG\r\n\x1a\n"


class PartMaskDataset(PoseDataset):
    """Pictures and masks, files `(picture, mask)`; a person's box is that of the mask's body parts.

    `values` uint8 (256,) turns the masks' values into ours. `keypoints` (N, K, 2) are NaN where there is no label;
    without them nobody has a joint.
    """

    skeleton: Skeleton = MPII_16

    def __init__(
        self,
        name: str,
        files: Sequence[tuple[Path, Path]],
        values: ImageArray,
        keypoints: FloatArray | None = None,
    ) -> None:
        self.name = name
        self._files = files
        self._values = values
        self.has_joints = keypoints is not None
        nowhere = np.full((len(files), len(self.skeleton), 2), np.nan, np.float32)
        self._keypoints = nowhere if keypoints is None else keypoints
        self._read = Kept(self._read_pair, _pair_bytes)

    def __len__(self) -> int:
        return len(self._files)

    def keypoints(self, index: int) -> FloatArray:
        """Return the labels of a person (K, 2)."""
        return self._keypoints[index]  # type: ignore[no-any-return]

    def sample(self, index: int) -> Sample:
        """Return a person.

        Raises `DataError` when a file is missing or damaged, or a mask is not as large as its picture.
        """
        image, mask = self._read(index)
        box = _body_box_xyxy(mask)
        keypoints = self._keypoints[index]
        return Sample(
            image_bgr=image,
            keypoints=keypoints,
            occluded=np.zeros(len(keypoints), bool),
            box_xyxy=box,
            image_id=self._files[index][0].stem,
            area_px2=area_in_box_px2(box),
            head_px=neck_to_head_px(keypoints, self.skeleton),
            other_boxes_xyxy=no_boxes(),
            part_mask=mask,
        )

    def _read_pair(self, index: int) -> tuple[ImageArray, ImageArray]:
        picture, mask_path = self._files[index]
        mask = _read_mask(mask_path, self._values)
        height, width = mask.shape
        return read_image_bgr(picture, (width, height)), mask


def _read_mask(path: Path, values: ImageArray) -> ImageArray:
    """Return a mask file (H, W) in our values."""
    if not path.is_file():
        raise DataError(f"mask {path} is missing from the data set; restore it or leave its picture out")
    mask = _matlab_mask(path) if path.suffix == ".mat" else _png_mask(path)
    return cv2.LUT(mask, values)  # type: ignore[no-any-return]


def _pair_bytes(pair: tuple[ImageArray, ImageArray]) -> int:
    return sum(map(image_bytes, pair))


def _matlab_mask(path: Path) -> ImageArray:
    mask = np.asarray(read_matlab(path, "groundtruth", squeeze=False))
    if mask.ndim != 2 or mask.dtype.kind not in "uif" or not np.isin(mask, np.arange(256)).all():
        raise DataError(f"mask {path} holds no whole numbers of 8 bits, one a pixel; restore the file of the data set")
    return mask.astype(np.uint8)


def _png_mask(path: Path) -> ImageArray:
    """Return the values of a mask file (H, W); one of three equal channels is read by its first."""
    try:
        png = path.read_bytes()
    except OSError as error:
        raise DataError(f"mask {path} cannot be read: {error.strerror}; give yourself the right to") from error
    mask = decoded(np.frombuffer(without_palette(png), np.uint8), cv2.IMREAD_UNCHANGED)
    if mask is None or mask.dtype != np.uint8:
        raise DataError(f"mask {path} cannot be read as 8-bit values; replace the file")
    if mask.ndim == 3:
        if (mask[:, :, :3] != mask[:, :, :1]).any():
            raise DataError(f"mask {path} holds colours; expected the number of a part in each pixel: convert the file")
        mask = mask[:, :, 0]
    # OpenCV spreads the values of fewer bits over all 256
    values: ImageArray = mask // np.uint8(255 // (2 ** _bits(png) - 1))
    return values


def _bits(png: bytes) -> int:
    """Return the bits of a value in a PNG of one channel, 8 of any other file."""
    one_channel = png[:8] == _PNG and png[25:26] in (b"\x00", b"\x03")
    return min(png[24], 8) if one_channel else 8


def without_palette(png: bytes) -> bytes:
    """Return a PNG whose values are the indices of its palette, spread over 8 bits; any other file as it is.

    OpenCV reads colours where a file has a palette, and several indices may have the same colour.
    """
    if png[:8] != _PNG or len(png) < 33 or png[25:26] != b"\x03":
        return png
    kept, position = [_PNG], 8
    while position + 12 <= len(png):
        end = position + 12 + int.from_bytes(png[position : position + 4], "big")
        kind = png[position + 4 : position + 8]
        if kind == b"IHDR":
            header = kind + png[16:25] + b"\x00" + png[26:29]  # colour type 0: grey
            kept.append(png[position : position + 4] + header + zlib.crc32(header).to_bytes(4, "big"))
        elif kind not in (b"PLTE", b"tRNS"):
            kept.append(png[position:end])
        position = end
    return b"".join(kept)


def _body_box_xyxy(mask: ImageArray) -> FloatArray:
    """Return the tight box (4,) of all that is part of a body, the whole picture where nothing is."""
    body = (mask != 0) & (mask != UNKNOWN)
    columns, rows = np.flatnonzero(body.any(axis=0)), np.flatnonzero(body.any(axis=1))
    if len(columns) == 0:
        return image_box_xyxy(mask.shape[1], mask.shape[0])
    return np.array([columns[0], rows[0], columns[-1], rows[-1]], np.float32)
