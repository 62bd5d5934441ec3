"""Poses on a picture."""

import colorsys
from collections.abc import Sequence

import cv2
import numpy as np

from edgepose.runtime.arrays import Array, ImageArray
from edgepose.runtime.poses import Poses
from edgepose.runtime.results import FrameResult
from edgepose.runtime.skeleton import Skeleton

Colour = tuple[int, int, int]
LEFT_BGR: Colour = (60, 160, 255)
RIGHT_BGR: Colour = (255, 170, 50)
MIDDLE_BGR: Colour = (120, 230, 120)
_OUTLINE_BGR: Colour = (30, 30, 30)
_TURN = 0.618034
"""Of the circle of hues from one id to the next: the golden section never comes back to where it was."""
SHIFT = 4
"""OpenCV draws at sixteenths of a pixel."""


def draw_poses(image_bgr: ImageArray, poses: Poses, threshold: float = 0.3) -> ImageArray:
    """Return a copy of the image (H, W, 3) with the people drawn on it.

    Joints of a person's left are orange, of the right blue, of the middle green; limbs have the colour of the
    person's id, which stands above, or of their side where there are no ids. Lines grow with the person; joints
    that score below `threshold` are left out, with their limbs.
    """
    drawn_bgr = image_bgr.copy()
    for row, (keypoints, scores) in enumerate(zip(poses.keypoints_frame, poses.keypoint_scores, strict=True)):
        shown = (scores >= threshold) & _is_drawable(keypoints, image_bgr.shape)
        if shown.any():
            _draw_person(drawn_bgr, poses.skeleton, keypoints, shown, poses.ids[row] if poses.ids else None)
    return drawn_bgr


def draw_text(image_bgr: ImageArray, lines: Sequence[str]) -> None:
    """Write lines of text onto a dark panel in the upper left of an image (H, W, 3), in place."""
    scale = max(0.4, min(image_bgr.shape[:2]) / 900)
    step, margin = round(34 * scale), round(12 * scale)
    font, width = cv2.FONT_HERSHEY_SIMPLEX, max(1, round(1.5 * scale))
    reach = max(cv2.getTextSize(text, font, scale, width)[0][0] for text in lines)
    panel = image_bgr[: step * len(lines) + margin, : reach + 2 * margin]
    panel[:] = panel // 3
    for row, text in enumerate(lines, start=1):
        cv2.putText(image_bgr, text, (margin, row * step), font, scale, (255, 255, 255), width, cv2.LINE_AA)


class Painter:
    """Draws results, with the frame rate and the model's name on request."""

    def __init__(self, threshold: float = 0.3, title: str | None = None) -> None:
        self._threshold, self._title = threshold, title
        self._last_ns: int | None = None
        self._period_ns = 0.0

    def paint(self, result: FrameResult) -> ImageArray:
        """Return a copy of the result's picture with the poses, and the text if there is a title."""
        self._note_rate(result.frame.t_ns + result.age_ns)
        drawn_bgr = draw_poses(result.frame.image_bgr, result.poses, self._threshold)
        if self._title is not None:
            draw_text(drawn_bgr, [self._title, f"{self._fps():.0f} fps  {result.age_ns / 1e6:.0f} ms"])
        return drawn_bgr

    def _note_rate(self, done_ns: int) -> None:
        if self._last_ns is not None:
            period_ns = done_ns - self._last_ns
            self._period_ns += (period_ns - self._period_ns) * (0.1 if self._period_ns else 1.0)
        self._last_ns = done_ns

    def _fps(self) -> float:
        return 1e9 / self._period_ns if self._period_ns > 0 else 0.0


def joint_colour(joint: str) -> Colour:
    """Return the colour of a joint's side."""
    return {"l_": LEFT_BGR, "r_": RIGHT_BGR}.get(joint[:2], MIDDLE_BGR)


def edge_colour(edge: tuple[str, str]) -> Colour:
    """Return the colour of an edge's side; one between left and right belongs to the middle."""
    sides = {joint_colour(joint) for joint in edge} - {MIDDLE_BGR}
    return sides.pop() if len(sides) == 1 else MIDDLE_BGR


def person_colour(person: int) -> Colour:
    """Return the colour of a person's id; those of ids near each other differ most."""
    blue, green, red = (round(255 * part) for part in reversed(colorsys.hsv_to_rgb(person * _TURN % 1, 0.75, 1)))
    return blue, green, red


def line_width_px(keypoints: Array) -> int:
    """Return the width of a limb's line for a person of joints (K, 2)."""
    return max(1, round(float(np.hypot(*np.ptp(keypoints, axis=0))) * 0.012))


def _is_drawable(keypoints: Array, shape: tuple[int, ...]) -> Array:
    """Return a boolean (K,); far outside, OpenCV's fixed-point coordinates overflow."""
    with np.errstate(invalid="ignore"):
        return np.asarray((np.abs(keypoints) < 4 * max(shape)).all(axis=-1))


def _draw_person(image_bgr: ImageArray, skeleton: Skeleton, keypoints: Array, shown: Array, person: int | None) -> None:
    width = line_width_px(keypoints[shown])
    edges = zip(skeleton.edges, skeleton.edge_rows, strict=True)
    own = None if person is None else person_colour(person)
    limbs = [(own or edge_colour(edge), rows) for edge, rows in edges if shown[list(rows)].all()]
    points = [sixteenths(point) if visible else (0, 0) for point, visible in zip(keypoints, shown, strict=True)]
    for outline in (True, False):
        for colour, (a, b) in limbs:
            stroke = (_OUTLINE_BGR, width + 2) if outline else (colour, width)
            cv2.line(image_bgr, points[a], points[b], *stroke, cv2.LINE_AA, SHIFT)
    for row in np.flatnonzero(shown):
        radius = round((width + 1) * 2**SHIFT)
        cv2.circle(image_bgr, points[row], radius, _OUTLINE_BGR, -1, cv2.LINE_AA, SHIFT)
        colour = joint_colour(skeleton.joints[row])
        cv2.circle(image_bgr, points[row], round(width * 2**SHIFT), colour, -1, cv2.LINE_AA, SHIFT)
    if person is not None and limbs:
        _draw_id(image_bgr, keypoints[shown], person, width)


def _draw_id(image_bgr: ImageArray, keypoints: Array, person: int, width: int) -> None:
    """Write an id above the highest of a person's joints (K, 2), as far as the picture goes."""
    x, y = keypoints[keypoints[:, 1].argmin()]
    place = round(float(x)) + 3 * width, max(round(float(y)) - 5 * width, 8 * width)
    for colour, stroke in ((_OUTLINE_BGR, width + 2), (person_colour(person), width)):
        cv2.putText(
            image_bgr, str(person), place, cv2.FONT_HERSHEY_SIMPLEX, 0.3 * (width + 1), colour, stroke, cv2.LINE_AA
        )


def sixteenths(point: Array) -> tuple[int, int]:
    """Return a point (2,) in the units that OpenCV draws in with `SHIFT`."""
    return round(float(point[0]) * 2**SHIFT), round(float(point[1]) * 2**SHIFT)
