"""Contact sheets: people in tiles, what was labelled and what was found drawn on them, figures below."""

from collections.abc import Sequence

import cv2
import numpy as np

from edgepose.runtime.arrays import Array, FloatArray, ImageArray
from edgepose.runtime.drawing import SHIFT, draw_poses, joint_colour, sixteenths
from edgepose.runtime.poses import Poses
from edgepose.runtime.skeleton import Skeleton
from edgepose.train.pictures.canvas import BLACK, WHITE, width_px, write

_GAP, _LINE, _MARGIN = 6, 16, 4
_SIZE = 0.4


def draw_found(view_bgr: ImageArray, skeleton: Skeleton, keypoints: FloatArray) -> ImageArray:
    """Return a copy of a picture (H, W, 3) with one person's joints (K, 2) and limbs; NaN is left out."""
    known = np.isfinite(keypoints[None, :, 0]).astype(np.float32)
    return draw_poses(view_bgr, Poses.of_keypoints(skeleton, keypoints[None], known))


def draw_labelled(view_bgr: ImageArray, skeleton: Skeleton, keypoints: FloatArray) -> None:
    """Draw one person's labelled joints (K, 2) as crosses in the colours of their sides, in place."""
    for joint, point in zip(skeleton.joints, keypoints, strict=True):
        if np.isfinite(point).all():
            for colour, width in ((WHITE, 3), (joint_colour(joint), 1)):
                cv2.drawMarker(view_bgr, _pixel(point), colour, cv2.MARKER_TILTED_CROSS, 7, width, cv2.LINE_AA)


def draw_errors(view_bgr: ImageArray, found: FloatArray, labelled: FloatArray, wrong: Array) -> None:
    """Draw a line from where joints (K, 2) were found to where they are labelled, of those that are wrong (K,)."""
    for row in np.flatnonzero(wrong):
        if np.isfinite(found[row]).all():
            ends = (sixteenths(found[row]), sixteenths(labelled[row]))
            cv2.line(view_bgr, *ends, BLACK, 2, cv2.LINE_AA, SHIFT)
            cv2.line(view_bgr, *ends, WHITE, 1, cv2.LINE_AA, SHIFT)


def contact_sheet(title: str, tiles: Sequence[tuple[ImageArray, Sequence[str]]], columns: int) -> ImageArray:
    """Return a picture (H, W, 3) BGR of tiles in rows: pictures of one size, each with as many lines below it."""
    captioned = [_captioned(picture, lines) for picture, lines in tiles]
    height, width = captioned[0].shape[:2]
    columns = min(columns, len(captioned))
    rows = -(-len(captioned) // columns)
    sheet = np.full((_LINE + 2 * _MARGIN + rows * (height + _GAP), columns * (width + _GAP) + _GAP, 3), 255, np.uint8)
    _fitted(sheet, title, (_GAP, _LINE))
    for number, tile in enumerate(captioned):
        top = _LINE + 2 * _MARGIN + number // columns * (height + _GAP)
        left = _GAP + number % columns * (width + _GAP)
        sheet[top : top + height, left : left + width] = tile
    return sheet


def _captioned(picture: ImageArray, lines: Sequence[str]) -> ImageArray:
    caption = np.full((_LINE * len(lines) + _MARGIN, picture.shape[1], 3), 255, np.uint8)
    for number, text in enumerate(lines, start=1):
        _fitted(caption, text, (0, _LINE * number - _MARGIN))
    return np.vstack([picture, caption])


def _fitted(picture: ImageArray, text: str, place: tuple[int, int]) -> None:
    """Write a line, smaller where the picture is too narrow for it."""
    room = picture.shape[1] - place[0]
    write(picture, text, place, size=_SIZE * min(1.0, room / width_px(text, _SIZE)))


def _pixel(point: Array) -> tuple[int, int]:
    return round(float(point[0])), round(float(point[1]))
