"""Pictures that another program writes into this one: Motion JPEG on standard input."""

import os
import select
import sys
from collections.abc import Callable, Iterator
from threading import Event
from typing import BinaryIO

import cv2
import numpy as np

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.errors import SourceError
from edgepose.runtime.plumbing.opencv_quiet import quiet_opencv
from edgepose.runtime.sources.base import FrameSource
from edgepose.runtime.sources.opencv import size_of

Read = Callable[[int], bytes]
"""At most so many bytes, as soon as there are any; none at the end."""

_BEGIN, _END = b"\xff\xd8\xff", b"\xff\xd9"
_AT_ONCE = 1 << 16
_MOST_BYTES = 1 << 26
"""A picture is smaller, and what never ends is none."""
_LOOK_S = 0.2
_EXPECTED = "expected Motion JPEG, as of rpicam-vid --codec mjpeg --timeout 0 --output - | edgepose run ... --source -"


class StandardInputSource(FrameSource):
    """JPEG pictures one after another, live: `rpicam-vid`, `gst-launch-1.0` and `ffmpeg` write them, see docs/run.md.

    A picture that cannot be decoded is passed over. Raises `SourceError` where no picture comes, and where a terminal
    is standard input.
    """

    name = "standard input"
    fps = None
    live = True

    def __init__(self, stream: BinaryIO | None = None) -> None:
        self._stopped = Event()
        read = _of_standard_input(self._stopped) if stream is None else getattr(stream, "read1", stream.read)
        self._pictures = (image for jpeg in jpegs_in(read, self._stopped) if (image := _decoded(jpeg)) is not None)
        self._first = next(self._pictures, None)
        if self._first is None:
            raise SourceError(f"no picture came on standard input; {_EXPECTED}")
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


def _of_standard_input(stopped: Event) -> Read:
    """Return what reads standard input and ends when somebody wants it, though the other program be silent."""
    if sys.stdin is None or sys.stdin.isatty():
        raise SourceError(f"nothing is piped into standard input; {_EXPECTED}")
    number = sys.stdin.fileno()

    def read(most: int) -> bytes:
        # Windows can wait for sockets alone
        while not stopped.is_set():
            if sys.platform == "win32" or select.select([number], [], [], _LOOK_S)[0]:
                return os.read(number, most)
        return b""

    return read


def _decoded(jpeg: bytes) -> ImageArray | None:
    try:
        with quiet_opencv():
            image_bgr = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:  # of a damaged head that tells of a huge picture
        return None
    return None if image_bgr is None else np.asarray(image_bgr, np.uint8)


def jpegs_in(read: Read, stopped: Event) -> Iterator[bytes]:
    """Yield the bytes of each picture as soon as they are there, until the end; what lies between is dropped.

    Within a picture 0xFF is followed by 0xD9 at its end alone, as long as it holds no smaller one of itself.
    """
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
