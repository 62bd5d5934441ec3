"""Boxes of people that a detector of one's own found, frame by frame."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import FloatArray
from edgepose.runtime.poses import Frame

Boxes = Mapping[int | str, FloatArray]
"""Boxes (N, 4), left, top, right, bottom in pixels of the frame, by its index or its file's name."""

_EXPECTED = 'a JSON object as {"frame": 0, "boxes": [[x0, y0, x1, y1]]}, or with "file" instead of "frame"'


def boxes_of(boxes: Boxes, frame: Frame) -> FloatArray:
    """Return the boxes (N, 4) of a frame; of its file's name first, none where neither is known."""
    nobody = np.empty((0, 4), np.float32)
    by_index = boxes.get(frame.index, nobody)
    return by_index if frame.file is None else boxes.get(frame.file, by_index)


def read_boxes(path: Path) -> dict[int | str, FloatArray]:
    """Return the boxes in a file of JSON lines, one a frame.

    Raises `EdgeposeError`, with the line's number, for anything else.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise EdgeposeError(f"cannot read the boxes in {path} ({error}); check the path") from error
    found: dict[int | str, FloatArray] = {}
    for number, line in enumerate(lines, 1):
        if line.strip():
            key, boxes = _parsed(line, f"{path}, line {number}")
            found[key] = boxes
    return found


def _parsed(line: str, where: str) -> tuple[int | str, FloatArray]:
    try:
        value: Any = json.loads(line)
        key = value["file"] if "file" in value else value["frame"]
        boxes = np.array(value["boxes"], np.float64).reshape(-1, 4)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise EdgeposeError(f"{where}: expected {_EXPECTED}, found {line[:60]!r}") from error
    if isinstance(key, bool) or not isinstance(key, int | str):
        raise EdgeposeError(f"{where}: expected {_EXPECTED}, found {line[:60]!r}")
    if not np.isfinite(boxes).all() or (boxes[:, :2] >= boxes[:, 2:]).any():
        raise EdgeposeError(f"{where}: expected boxes with x0 < x1 and y0 < y1, found {line[:60]!r}")
    return key, boxes.astype(np.float32)
