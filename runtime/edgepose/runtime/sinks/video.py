"""Results as an annotated video."""

import math
import os
import shutil
from contextlib import ExitStack
from pathlib import Path

import cv2
import numpy as np

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.errors import SinkError
from edgepose.runtime.plumbing.files import path_for_opencv, write_whole
from edgepose.runtime.plumbing.opencv_quiet import quiet_opencv
from edgepose.runtime.results import FrameResult
from edgepose.runtime.sinks.base import Sink

CODECS = {".mp4": "mp4v", ".mov": "mp4v", ".mkv": "mp4v", ".avi": "MJPG", ".webm": "VP80"}
"""The codec for each container: those that every OpenCV build writes."""
_LONGEST_SIDE_PX = {"mp4v": 8190, "MJPG": 65500, "VP80": 16382}
_SHORTEST_SIDE_PX = 2
_MOST_TICKS = 65535  # of MPEG-4's clock in a second; OpenCV takes 1, 10, 100 or 1000 a frame
_MAX_REPEATS_S = 10
_SPARE_BYTES = 2**20  # for the container's index


class VideoSink(Sink):
    """Writes the drawn pictures to `path` at `fps`; the file appears whole, and playable, at `close`.

    With `real_time`, as for a live source, a picture is repeated until the next one's capture time, so that the video
    runs as fast as life; of a longer wait than 10 s the rest is left out. Pictures of another size than the first are
    fitted into it, and the first is made smaller where it is larger than the codec takes. Raises `SinkError` for a
    container that is not in `CODECS` or an encoder that fails, `EdgeposeError` when the folder or the disk refuses.
    """

    shows_pictures = True

    def __init__(self, path: Path, fps: float, *, real_time: bool = False) -> None:
        if path.suffix.lower() not in CODECS:
            raise SinkError(
                f"unknown video container {path.suffix or '(none)'} of {path}; use one of {' '.join(CODECS)}"
            )
        self.path, self._fps, self._real_time = path, encodable_fps(fps), real_time
        self._codec = CODECS[path.suffix.lower()]
        for name in (path, Path(os.path.realpath(path))):  # the temporary file is named like both
            path_for_opencv(name)
        self._stack = ExitStack()
        self._temporary = self._stack.enter_context(write_whole(path))
        self._writer: cv2.VideoWriter | None = None
        self._size_wh = (0, 0)
        self._begin_ns = 0
        self._written = 0
        self._last_bgr: ImageArray | None = None

    def write(self, result: FrameResult, drawn_bgr: ImageArray | None) -> None:
        """Append one picture."""
        if drawn_bgr is None:
            return
        if self._writer is None:
            self._size_wh = encodable_wh(drawn_bgr.shape[1], drawn_bgr.shape[0], self._codec)
            self._begin_ns = result.frame.t_ns
            self._writer = self._open()
        picture = fit_into(drawn_bgr, self._size_wh)
        self._require_space()
        with quiet_opencv():
            for image in self._due(picture, result.frame.t_ns):
                self._writer.write(image)
                self._written += 1
        self._last_bgr = picture

    def _due(self, picture: ImageArray, t_ns: int) -> list[ImageArray]:
        """Return what to write for a picture of that time: the last one until then, and it, if there is a place."""
        if not self._real_time or self._last_bgr is None:
            return [picture]
        missing = round((t_ns - self._begin_ns) * 1e-9 * self._fps) - self._written
        left_out = max(missing - round(_MAX_REPEATS_S * self._fps), 0)
        self._begin_ns += round(left_out / self._fps * 1e9)
        return [self._last_bgr] * (missing - left_out) + [picture] * (missing >= 0)

    def _open(self) -> cv2.VideoWriter:
        codec = cv2.VideoWriter.fourcc(*self._codec)
        with quiet_opencv():
            writer = cv2.VideoWriter(str(self._temporary), codec, self._fps, self._size_wh)
        if not writer.isOpened():
            width, height = self._size_wh
            others = " ".join(container for container, codec in CODECS.items() if codec != self._codec)
            raise SinkError(
                f"OpenCV cannot encode {self.path} with {width}x{height} pixels at {self._fps:g} frames/s; try {others}"
            )
        return writer

    def close(self) -> None:
        """Finish the file, look whether it plays, and name it; without a picture there is no file."""
        if self._writer is None:
            self._temporary.unlink(missing_ok=True)
            self._stack.pop_all()
            return
        with quiet_opencv():
            self._writer.release()
        self._writer = None
        with self._stack:
            self._require_playable()

    def _require_space(self) -> None:
        """Stop while what was written can still be finished: OpenCV's writer says nothing of a full disk."""
        disk = shutil.disk_usage(self._temporary.parent)
        if disk.total > 0 and disk.free < _SPARE_BYTES:
            raise SinkError(f"the disk of {self.path} is full after {self._written} frames; free some space")

    def _require_playable(self) -> None:
        """Look at the first picture: a full disk does not stop OpenCV's writer, but leaves no index."""
        with quiet_opencv():
            capture = cv2.VideoCapture(str(self._temporary))
            playable = capture.read()[0]
            capture.release()
        if not playable:
            raise SinkError(f"{self.path} could not be finished; free some space or choose another folder")


def encodable_wh(width: int, height: int, codec: str) -> tuple[int, int]:
    """Return the size in pixels that a codec of `CODECS` takes: the given one, or the largest in about its proportion.

    >>> encodable_wh(9248, 6936, "mp4v")
    (8190, 6142)
    """
    scale = min(1.0, _LONGEST_SIDE_PX[codec] / max(width, height))
    return max(_SHORTEST_SIDE_PX, round(width * scale)), max(_SHORTEST_SIDE_PX, round(height * scale))


def encodable_fps(fps: float) -> float:
    """Return the rate, from 0.1 to 1000 a second, rounded so that every codec's clock counts it.

    >>> encodable_fps(119.953), encodable_fps(29.97002997)
    (119.95, 29.97)
    """
    fps = min(max(fps, 0.1), 1000.0)
    digits = math.floor(math.log10(_MOST_TICKS / fps))
    return round(fps, min(digits, 3))


def fit_into(image_bgr: ImageArray, size_wh: tuple[int, int]) -> ImageArray:
    """Return the image (H, W, 3) at `size_wh`, in proportion, centred, with black beside it."""
    height, width = image_bgr.shape[:2]
    if (width, height) == size_wh:
        return image_bgr
    scale = min(size_wh[0] / width, size_wh[1] / height)
    inner_wh = max(1, round(width * scale)), max(1, round(height * scale))
    fitted = np.zeros((size_wh[1], size_wh[0], 3), np.uint8)
    x, y = (size_wh[0] - inner_wh[0]) // 2, (size_wh[1] - inner_wh[1]) // 2
    fitted[y : y + inner_wh[1], x : x + inner_wh[0]] = cv2.resize(image_bgr, inner_wh, interpolation=cv2.INTER_AREA)
    return fitted
