"""Boxes of people that a detector of one's own found, frame by frame."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from edgepose.profiles.errors import EdgeposeError
from edgepose.profiles.schema import one_line
from edgepose.runtime.arrays import FloatArray
from edgepose.runtime.poses import Frame
from edgepose.runtime.sources.base import FrameSource

Boxes = Mapping[int | str, FloatArray]
"""Boxes (N, 4), left, top, right, bottom in pixels of the frame, by its index or its file's name."""
Detector = Callable[[Frame], FloatArray]
"""A frame -> the boxes (N, 4) of the people in it."""

_EXPECTED = 'a JSON object as {"frame": 0, "boxes": [[x0, y0, x1, y1]]}, or with "file" instead of "frame"'


def boxes_of(boxes: Boxes | Detector, frame: Frame) -> FloatArray:
    """Return the boxes (N, 4) of a frame; of its file's name first, none where neither is known.

    Raises `EdgeposeError` where a detector gives something else.
    """
    if callable(boxes):
        return _checked(boxes(frame), f"frame {frame.index}", "an array (N, 4)")
    nobody = np.empty((0, 4), np.float32)
    by_index = boxes.get(frame.index, nobody)
    return by_index if frame.file is None else boxes.get(frame.file, by_index)


def read_boxes(path: Path) -> dict[int | str, FloatArray]:
    """Return the boxes in a file of JSON lines, one a frame.

    Raises `EdgeposeError`, with the line's number, for anything else.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise EdgeposeError(f"cannot read the boxes in {path} ({error}); check the path") from error
    found: dict[int | str, FloatArray] = {}
    for number, line in enumerate(lines, 1):
        if line.strip():
            key, boxes = _parsed(line, where := f"{path}, line {number}")
            if key in found:
                raise EdgeposeError(f"{where}: a line before it has boxes of {key!r}; give all of a frame in one line")
            found[key] = boxes
    return found


def require_boxes_of(boxes: Boxes, source: FrameSource) -> None:
    """Raise `EdgeposeError` for a camera or a stream, and for boxes of which none can be of a recording's frames."""
    if not source.is_recording:
        raise EdgeposeError(f"{source.name} is live, and boxes are of a recording's frames; leave --boxes out")
    indices = [key for key in boxes if isinstance(key, int) and 0 <= key < (source.declared_frames or key + 1)]
    names = {source.file_of(index) for index in range(0 if source.is_sequence else source.declared_frames)}
    if boxes and not indices and names.isdisjoint(boxes):
        raise EdgeposeError(
            f"no box is of a frame of {source.name}: expected its index as frame, or a picture's name without a folder "
            f"as file, found {next(iter(boxes))!r}"
        )


def _parsed(line: str, where: str) -> tuple[int | str, FloatArray]:
    try:
        value: Any = json.loads(line)
        key = value["file"] if "file" in value else value["frame"]
        boxes = value["boxes"]
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise EdgeposeError(f"{where}: expected {_EXPECTED}, found {line[:60]!r}") from error
    if isinstance(key, bool) or not isinstance(key, int | str):
        raise EdgeposeError(f"{where}: expected {_EXPECTED}, found {line[:60]!r}")
    return key, _checked(boxes, where, _EXPECTED)


def _checked(boxes: Any, where: str, expected: str) -> FloatArray:
    """Return boxes as an array (N, 4); raise `EdgeposeError` for what are none."""
    found = one_line(repr(boxes))[:60]
    try:
        numbers = np.asarray(boxes, np.float64)
    except (ValueError, TypeError, OverflowError) as error:
        raise EdgeposeError(f"{where}: expected {expected}, found {found}") from error
    if numbers.size == 0 and numbers.ndim in (1, 2):
        return np.empty((0, 4), np.float32)
    if numbers.ndim != 2 or numbers.shape[1] != 4:
        raise EdgeposeError(f"{where}: expected {expected}, found {found}")
    if not np.isfinite(numbers).all() or (numbers[:, :2] >= numbers[:, 2:]).any():
        raise EdgeposeError(f"{where}: expected boxes with x0 < x1 and y0 < y1, found {found}")
    return numbers.astype(np.float32)
