"""Where somebody is, as COCO says it: polygons, runs of pixels, or no more than a box."""

from typing import Any

import cv2
import numpy as np

from edgepose.runtime.arrays import Array, FloatArray, ImageArray

_BITS = 4
"""Binary digits below a pixel that a polygon's corners keep."""


def segmentation_mask(segmentation: Any, box_xyxy: FloatArray, shape_hw: tuple[int, ...]) -> ImageArray:
    """Return a mask uint8 (H, W), 255 where somebody is: of polygons, of runs, compressed or not, else of the box (4,).

    COCO's polygons count pixel corners from 0; the box is in pixels here. Raises `ValueError` for
    runs of another size.
    """
    mask = np.zeros(shape_hw, np.uint8)
    if isinstance(segmentation, list) and segmentation:
        for polygon in segmentation:
            cv2.fillPoly(mask, [_fixed_point(np.array(polygon, np.float64).reshape(-1, 2) - 0.5)], 255, shift=_BITS)
    elif isinstance(segmentation, dict) and isinstance(counts := segmentation.get("counts"), list | str):
        lengths = _uncompressed(counts.encode()) if isinstance(counts, str) else counts
        mask[:] = _from_runs(lengths, segmentation.get("size"), shape_hw)
    else:
        x0, y0, x1, y1 = np.round(box_xyxy + 0.5).astype(int).clip(0)
        mask[y0:y1, x0:x1] = 255
    return mask


def _fixed_point(points: Array) -> Array:
    return np.round(points * (1 << _BITS)).astype(np.int32)


def _uncompressed(text: bytes) -> list[int]:
    """Return the lengths of runs that pycocotools wrote as text.

    A character holds five bits, the low ones first, and whether more follow; the highest bit of the last is the sign.
    From the fourth on a length is told as what it has more than the last but one. (pycocotools itself writes past its
    memory where the text is damaged.)
    """
    counts: list[int] = []
    length = shift = 0
    for character in text:
        bits = character - 48
        length |= (bits & 0x1F) << shift
        shift += 5
        if not bits & 0x20:
            length -= (bits & 0x10) << (shift - 4)
            counts.append(length + (counts[-2] if len(counts) > 2 else 0))
            length = shift = 0
    return counts


def _from_runs(counts: list[int], size_hw: list[int] | None, shape_hw: tuple[int, ...]) -> ImageArray:
    """Return the mask of lengths of runs, empty and full in turn, down the columns."""
    height, width = shape_hw
    if size_hw != [height, width] or sum(counts) > height * width or min(counts, default=0) < 0:
        raise ValueError(
            f"expected runs of {height}x{width} pixels, found a size of {size_hw} and {sum(counts)} pixels"
        )
    pixels = np.zeros(height * width, np.uint8)
    pixels[: sum(counts)] = np.repeat(np.arange(len(counts)) % 2 * 255, counts)
    return pixels.reshape(width, height).T
