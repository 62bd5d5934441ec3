"""Pictures that another program writes into this one: Motion JPEG on standard input."""

import sys
from collections.abc import Iterator
from threading import Event
from typing import BinaryIO

import cv2
import numpy as np

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.errors import SourceError
from edgepose.runtime.plumbing.opencv_quiet import quiet_opencv
from edgepose.runtime.sources.base import FrameSource
from edgepose.runtime.sources.opencv import size_of

_BEGIN, _END = b"\xff\xd8\xff", b"\xff\xd9"
_AT_ONCE = 1 << 16
_MOST_BYTES = 1 << 26
"""A picture is smaller, and what never ends is none."""


class StandardInputSource(FrameSource):
    """JPEG pictures one after another, live: `rpicam-vid`, `gst-launch-1.0` and `ffmpeg` write them, see docs/run.md.

    A picture that cannot be decoded is passed over. Raises `SourceError` where no picture comes.
    """

    name = "standard input"
    fps = None
    live = True

    def __init__(self, stream: BinaryIO | None = None) -> None:
        self._stream = stream or sys.stdin.buffer
        self._stopped = Event()
        self._pictures = self._decoded()
        self._first = next(self._pictures, None)
        if self._first is None:
            raise SourceError(
                "no picture came on standard input; expected Motion JPEG, as of "
                "rpicam-vid --codec mjpeg --timeout 0 --output - | edgepose run ... --source -"
            )
        self.size_wh = size_of(self._first)

    def images(self) -> Iterator[ImageArray]:
        """Yield pictures until the other program ends."""
        if self._first is not None:
            first, self._first = self._first, None
            yield first
        yield from self._pictures

    def stop(self) -> None:
        """Let the next picture be the last that is read."""
        self._stopped.set()

    def close(self) -> None:
        """Read no more; the stream stays the caller's."""
        self.stop()

    def _decoded(self) -> Iterator[ImageArray]:
        for picture in jpegs_in(self._stream, self._stopped):
            with quiet_opencv():
                image_bgr = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
            if image_bgr is not None:
                yield np.asarray(image_bgr, np.uint8)


def jpegs_in(stream: BinaryIO, stopped: Event) -> Iterator[bytes]:
    """Yield the bytes of each picture as soon as they are there, until the stream ends; what lies between is dropped.

    Within a picture 0xFF is followed by 0xD9 at its end alone, as long as it holds no smaller one of itself.
    """
    read = getattr(stream, "read1", stream.read)
    buffer = bytearray()
    while not stopped.is_set() and (some := read(_AT_ONCE)):
        searched = max(len(buffer) - 1, 0)
        buffer += some
        while (end := buffer.find(_END, searched)) >= 0:
            begin = buffer.find(_BEGIN, 0, end)
            if begin >= 0:
                yield bytes(buffer[begin : end + 2])
            del buffer[: end + 2]
            searched = 0
        if len(buffer) > _MOST_BYTES:
            buffer.clear()
