"""Results as JSON lines, one frame a line."""

import json
import math
import os
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.errors import SinkError
from edgepose.runtime.plumbing.files import open_text_whole
from edgepose.runtime.poses import Poses
from edgepose.runtime.results import FrameResult
from edgepose.runtime.sinks.base import Sink


class JsonLinesSink(Sink):
    """Writes every result to `path`, which appears whole at `close`; `-` prints each line at once instead.

    A device or a named pipe gets each line at once too. Without a result there is no file, and an old one stays.
    Raises `EdgeposeError` when the folder or the disk refuses; nothing is left behind then.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._is_empty, self._prints = True, str(path) == "-"
        self._stack = ExitStack()
        if self._prints:
            self._file = sys.stdout
        else:
            self._file = self._stack.enter_context(open_text_whole(path))

    def write(self, result: FrameResult, drawn_bgr: ImageArray | None = None) -> None:  # noqa: ARG002 - every sink has it
        """Write one line."""
        self._is_empty = False
        try:
            self._file.write(json.dumps(json_line(result), allow_nan=False) + "\n")
            if self._prints:
                self._file.flush()
        except OSError as error:
            # the stack turns it into the error that names the file, and removes what was begun
            self._stack.__exit__(type(error), error, error.__traceback__)
            raise _unprintable(error) from error

    def close(self) -> None:
        """Give the file its name, or discard it when nothing was written."""
        if self._is_empty:
            self._stack.__exit__(SinkError, SinkError(f"there is no result for {self.path}"), None)
        else:
            self._stack.close()


def _unprintable(error: OSError) -> SinkError:
    """Return what to raise where standard output takes no more, and drop what is still on its way there."""
    with suppress(OSError, ValueError):  # what stands in for it may have no number
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    if isinstance(error, BrokenPipeError):
        return SinkError("standard output was closed; give a file's name instead of -")
    return SinkError(f"cannot write to standard output: {error.strerror or error}; give a file's name instead of -")


def json_line(result: FrameResult) -> dict[str, Any]:
    """Return the object that stands for a result: pixels of the source frame, times in ms.

    A joint without a finite place is left out.
    """
    known = {"file": result.frame.file, "time_s": _rounded(result.time_s), "unix_s": _rounded(result.unix_s)}
    return {
        "frame": result.frame.index,
        **{key: value for key, value in known.items() if value is not None},
        "t_ns": result.frame.t_ns,
        "people": [_person(result.poses, row) for row in range(len(result.poses))],
        "stage_ms": {stage: round(ns / 1e6, 4) for stage, ns in result.stage_ns.items()},
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 4)


def _person(poses: Poses, row: int) -> dict[str, Any]:
    keypoints = zip(poses.skeleton.joints, poses.keypoints_frame[row], poses.keypoint_scores[row], strict=True)
    return {
        "id": poses.ids[row] if row < len(poses.ids) else row,
        "score": round(float(poses.scores[row]), 4),
        "box_xyxy": [round(float(v), 2) for v in poses.boxes_xyxy[row]],
        "keypoints": {
            joint: [round(float(x), 2), round(float(y), 2), round(float(score), 4)]
            for joint, (x, y), score in keypoints
            if math.isfinite(x) and math.isfinite(y)
        },
    }
