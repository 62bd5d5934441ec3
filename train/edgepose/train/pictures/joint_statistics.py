"""A picture of the statistics of joints: the matrix of mutual information, and a figure coloured by group."""

import colorsys
import itertools
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.drawing import Colour
from edgepose.train.label_study.joint_statistics import JointStatistics
from edgepose.train.pictures.canvas import BLACK, WHITE, width_px, write
from edgepose.train.pictures.file import save_picture

_CELL, _MARGIN, _LABELS = 38, 24, 150
_FIGURE_WIDTH = 600
_GREY: Colour = (190, 190, 190)
# somebody who stands facing us: x to our right, y down, in heights of the figure
_STANDING = {
    "head": (0.0, 0.02),
    "nose": (0.0, 0.08),
    "neck": (0.0, 0.16),
    "thorax": (0.0, 0.27),
    "pelvis": (0.0, 0.46),
    "l_eye": (0.035, 0.04),
    "l_ear": (0.08, 0.07),
    "l_shoulder": (0.14, 0.22),
    "l_elbow": (0.2, 0.36),
    "l_wrist": (0.24, 0.49),
    "l_hip": (0.09, 0.53),
    "l_knee": (0.1, 0.74),
    "l_ankle": (0.11, 0.95),
}


def draw_joint_statistics(statistics: JointStatistics, groups: Sequence[Sequence[str]]) -> ImageArray:
    """Return a picture (H, W, 3) BGR: the matrix in the order of the groups, and a standing figure in their colours.

    Raises `EdgeposeError` for a joint that the figure does not have.
    """
    colours = dict(zip(map(tuple, groups), _colours(len(groups)), strict=True))
    of_joint = {joint: colour for group, colour in colours.items() for joint in group}
    matrix = _matrix(statistics, groups, of_joint)
    figure = _figure(statistics, of_joint, matrix.shape[0])
    return np.hstack([matrix, figure])


def save_joint_statistics_picture(path: Path, statistics: JointStatistics, groups: Sequence[Sequence[str]]) -> None:
    """Write `draw_joint_statistics` to a file of any kind that OpenCV writes.

    Raises `EdgeposeError` for another suffix and where the file system refuses.
    """
    save_picture(path, draw_joint_statistics(statistics, groups))


def _colours(count: int) -> list[Colour]:
    """Return so many colours (BGR) that are told apart."""
    found = []
    for i in range(count):
        red, green, blue = colorsys.hsv_to_rgb(i / count, 0.85, 0.85 if i % 2 == 0 else 0.6)
        found.append((round(255 * blue), round(255 * green), round(255 * red)))
    return found


def _matrix(statistics: JointStatistics, groups: Sequence[Sequence[str]], of_joint: dict[str, Colour]) -> ImageArray:
    joints = [joint for group in groups for joint in group]
    rows = [statistics.skeleton.index(joint) for joint in joints]
    values = statistics.mutual_information[np.ix_(rows, rows)]
    shades = cv2.applyColorMap((255 * values / max(values.max(), 1e-9)).astype(np.uint8), cv2.COLORMAP_VIRIDIS)
    side = _CELL * len(joints)
    corner = _MARGIN + _LABELS
    picture = np.full((corner + side + 2 * _MARGIN, corner + side + _MARGIN, 3), 255, np.uint8)
    picture[corner : corner + side, corner : corner + side] = np.kron(shades, np.ones((_CELL, _CELL, 1), np.uint8))
    labels = np.full((side, _LABELS, 3), 255, np.uint8)
    for row, joint in enumerate(joints):
        write(labels, joint, (4, row * _CELL + _CELL // 2 + 5), of_joint[joint])
    picture[corner : corner + side, _MARGIN:corner] = labels
    picture[_MARGIN:corner, corner : corner + side] = cv2.rotate(labels, cv2.ROTATE_90_CLOCKWISE)[::-1, ::-1]
    _write_values(picture, values, corner)
    starts = np.cumsum([0, *map(len, groups)]) * _CELL + corner
    for start, end in itertools.pairwise(starts):
        cv2.rectangle(picture, (start, start), (end, end), WHITE, 2)
    told = f"mutual information in nats, {statistics.people} people, {statistics.skeleton.name}"
    write(picture, told, (corner, corner + side + 30))
    return picture


def _write_values(picture: ImageArray, values: np.ndarray, corner: int) -> None:
    for (row, column), value in np.ndenumerate(values):
        if row != column:
            colour = BLACK if value > 0.6 * values.max() else WHITE
            place = (corner + column * _CELL + 6, corner + row * _CELL + _CELL // 2 + 4)
            write(picture, f"{value:.1f}", place, colour, 0.38)


def _figure(statistics: JointStatistics, of_joint: dict[str, Colour], height: int) -> ImageArray:
    picture = np.full((height, _FIGURE_WIDTH, 3), 255, np.uint8)
    places = {joint: _place(joint, height) for joint in of_joint}
    for a, b in statistics.skeleton.edges:
        together = of_joint[a] == of_joint[b]
        colour, width = (of_joint[a], 7) if together else (_GREY, 2)
        cv2.line(picture, places[a], places[b], colour, width, cv2.LINE_AA)
    for joint, place in places.items():
        cv2.circle(picture, place, 9, of_joint[joint], -1, cv2.LINE_AA)
        reach = width_px(joint)
        beside = -reach - 14 if joint.startswith("r_") else 14
        write(
            picture,
            joint,
            (place[0] + beside, place[1] + (-4 if joint.endswith(("eye", "pelvis")) else 12)),
            of_joint[joint],
        )
    return picture


def _place(joint: str, height: int) -> tuple[int, int]:
    mirror = -1 if joint.startswith("r_") else 1
    known = "l_" + joint[2:] if joint.startswith("r_") else joint
    if known not in _STANDING:
        raise EdgeposeError(f"cannot draw {joint}: the figure has no such joint; leave out --plot")
    x, y = _STANDING[known]
    return round(_FIGURE_WIDTH / 2 + mirror * x * height * 0.9), round(height * (0.03 + 0.92 * y))
