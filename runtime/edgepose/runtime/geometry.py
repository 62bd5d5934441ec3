"""Boxes and the one affine between a frame and a crop.

Pixel centres lie at integers, so an image of width W reaches from -0.5 to W - 0.5, and the box of a whole
image is (-0.5, -0.5, W - 0.5, H - 0.5).
"""

import math
from typing import TypeVar

import cv2
import numpy as np

from edgepose.runtime.arrays import Array, FloatArray, ImageArray

Points = TypeVar("Points")
"""Places of numpy or of torch, x and y last or one of the two alone."""


def pixels_to_cells(pixels: Points, stride: float) -> Points:
    """Return where places in crop pixels lie on maps of which a cell is `stride` pixels wide: centres at integers."""
    return (pixels - (stride / 2 - 0.5)) / stride  # type: ignore[operator, return-value]


def cells_to_pixels(cells: Points, stride: float) -> Points:
    """Return where places on maps lie in crop pixels: `pixels_to_cells` undone."""
    return cells * stride + (stride / 2 - 0.5)  # type: ignore[operator, return-value]


_LONGEST_SIDE_PX = 2**15 - 1
"""OpenCV warps no image that is as wide or high."""


def image_box_xyxy(width: int, height: int) -> FloatArray:
    """Return the box (4,) that an image fills."""
    return np.array([-0.5, -0.5, width - 0.5, height - 0.5], np.float32)


def keypoints_box_xyxy(keypoints: Array, keep: Array | None = None) -> FloatArray:
    """Return the tight box (4,) of the kept keypoints (K, 2).

    `keep` is a boolean (K,). With nothing kept the box is all NaN.
    """
    points = keypoints if keep is None else keypoints[keep]
    if len(points) == 0:
        return np.full(4, np.nan, np.float32)
    return np.concatenate([points.min(axis=0), points.max(axis=0)]).astype(np.float32)


def fit_box_xyxy(box_xyxy: Array, aspect: float, padding: float = 1.0) -> FloatArray:
    """Widen a box (4,) about its centre to `aspect` = width / height, then scale it by `padding`."""
    x0, y0, x1, y1 = (float(v) for v in box_xyxy)
    width, height = max(x1 - x0, 1.0), max(y1 - y0, 1.0)
    width, height = max(width, height * aspect) * padding, max(height, width / aspect) * padding
    cx, cy = (x0 + x1) / 2, (y0 + y1) / 2
    return np.array([cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2], np.float32)


def crop_affine(box_xyxy: Array, size_wh: tuple[int, int], rotation_deg: float = 0.0, *, mirror: bool = False) -> Array:
    """Return the affine, float64 (2, 3), from frame pixels to crop pixels.

    The box (4,) fills the crop of `size_wh`; the content turns by `rotation_deg` (clockwise as seen) about the
    box's centre, after being mirrored left to right on request. The box is expected to have the crop's aspect.
    """
    x0, y0, x1, y1 = (float(v) for v in box_xyxy)
    scale_x, scale_y = size_wh[0] / (x1 - x0), size_wh[1] / (y1 - y0)
    cos, sin = math.cos(math.radians(rotation_deg)), math.sin(math.radians(rotation_deg))
    side = -1.0 if mirror else 1.0
    linear = np.array([[scale_x * cos * side, -scale_x * sin], [scale_y * sin * side, scale_y * cos]])
    centre_frame = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
    centre_crop = np.array([(size_wh[0] - 1) / 2, (size_wh[1] - 1) / 2])
    return np.column_stack([linear, centre_crop - linear @ centre_frame])


def invert_affine(affine: Array) -> Array:
    """Return the inverse of an affine (2, 3)."""
    linear = np.linalg.inv(affine[:, :2])
    return np.column_stack([linear, -linear @ affine[:, 2]])


def transform_points(affine: Array, points: Array) -> FloatArray:
    """Apply an affine (2, 3) to points (..., 2)."""
    return (points @ affine[:, :2].T + affine[:, 2]).astype(np.float32)


def warp_crop(image: ImageArray, affine: Array, size_wh: tuple[int, int], out: ImageArray | None = None) -> ImageArray:
    """Cut the crop (h, w, 3) out of an image (H, W, 3) by one bilinear warp; outside is black.

    `out`, where given, is written to and returned. Shrinking by more than two first halves the image as often as
    needed, so that thin limbs are averaged, not skipped.
    """
    if _shrink(affine) > 2.0 or max(image.shape[:2]) >= _LONGEST_SIDE_PX:
        image, affine = _halve_while_large(*_cut_to_crop(image, affine, size_wh))
    return cv2.warpAffine(image, affine, size_wh, dst=out, flags=cv2.INTER_LINEAR)  # type: ignore[no-any-return]


def _shrink(affine: Array) -> float:
    return 1.0 / math.sqrt(abs(float(np.linalg.det(affine[:, :2]))))


def _cut_to_crop(image: ImageArray, affine: Array, size_wh: tuple[int, int]) -> tuple[ImageArray, Array]:
    """Return the part of the image that the crop shows, as a view, and the affine from there."""
    width, height = size_wh
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) - 0.5
    x, y = transform_points(invert_affine(affine), corners).T
    block = 2 ** max(math.ceil(math.log2(_shrink(affine) / 2.0)), 0)
    x0, x1 = _span(float(x.min()), float(x.max()), image.shape[1], block)
    y0, y1 = _span(float(y.min()), float(y.max()), image.shape[0], block)
    part = image[y0:y1, x0:x1]
    if part.size == 0:
        return image, affine
    return part, affine @ np.array([[1.0, 0.0, x0], [0.0, 1.0, y0], [0.0, 0.0, 1.0]])


def _span(low: float, high: float, length: int, block: int) -> tuple[int, int]:
    """Return where to cut a side so that low..high lie within.

    The cut is a multiple of `block` long where the image has room: halving then loses no pixel of its far end.
    """
    start, stop = max(math.floor(low) - 1, 0), min(math.ceil(high) + 2, length)
    if start >= stop:
        return 0, 0
    whole = math.ceil((stop - start) / block) * block
    stop = min(start + whole, length)
    return max(stop - whole, 0), stop


def _halve_while_large(image: ImageArray, affine: Array) -> tuple[ImageArray, Array]:
    while _shrink(affine) > 2.0 and min(image.shape[:2]) >= 2:
        height, width = image.shape[0] // 2, image.shape[1] // 2
        image = cv2.resize(image[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA)
        # a half-size pixel (x, y) covers full-size pixels 2x and 2x + 1: its centre is 2x + 0.5
        affine = affine @ np.array([[2.0, 0.0, 0.5], [0.0, 2.0, 0.5], [0.0, 0.0, 1.0]])
    return image, affine
