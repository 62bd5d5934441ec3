"""Pictures side by side in square tiles, in rows under the titles of their columns."""

from collections.abc import Iterable, Sequence

import cv2
import numpy as np

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.drawing import draw_poses
from edgepose.runtime.poses import Poses
from edgepose.train.pictures.canvas import write

_TITLE_PX, _BORDER_PX = 26, 2


def tile(picture: ImageArray, side_px: int, interpolation: int = cv2.INTER_LINEAR) -> ImageArray:
    """Return a picture (h, w, 3) in the middle of a white square."""
    scale = (side_px - 2 * _BORDER_PX) / max(picture.shape[:2])
    size_wh = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
    square = np.full((side_px, side_px, 3), 255, np.uint8)
    left, top = (side_px - size_wh[0]) // 2, (side_px - size_wh[1]) // 2
    resized = cv2.resize(picture, size_wh, interpolation=interpolation)
    square[top : top + size_wh[1], left : left + size_wh[0]] = resized
    return square


def table(titles: Sequence[str], rows: Iterable[Sequence[ImageArray]], side_px: int) -> ImageArray:
    """Return a picture (H, W, 3) BGR of rows of tiles, one tile for each title."""
    line = np.full((_TITLE_PX, side_px * len(titles), 3), 255, np.uint8)
    for number, title in enumerate(titles):
        write(line, title, (number * side_px + 6, 18))
    return np.vstack([line, *(np.hstack(row) for row in rows)])


def strip_rgb(views_rgb: Iterable[ImageArray], people: Iterable[Poses]) -> ImageArray:
    """Return views (h, w, 3) of one size side by side, RGB as they are, with the people in each drawn."""
    views_bgr = (cv2.cvtColor(view, cv2.COLOR_RGB2BGR) for view in views_rgb)
    drawn_bgr = np.hstack([draw_poses(view, found) for view, found in zip(views_bgr, people, strict=True)])
    return cv2.cvtColor(drawn_bgr, cv2.COLOR_BGR2RGB)  # type: ignore[no-any-return]
