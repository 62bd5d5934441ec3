"""Keep OpenCV and FFmpeg from printing: what went wrong is said once, by the error that follows."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

import cv2

# OpenCV looks once, when it first uses FFmpeg, so it must be said before; whoever sets it hears FFmpeg
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")


class _Silence:
    """OpenCV's log, which is one for all threads: silent from the first that wants it until the last."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._wanted, self._level = 0, 0

    def begin(self) -> None:
        with self._lock:
            if self._wanted == 0:
                self._level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
            self._wanted += 1

    def end(self) -> None:
        with self._lock:
            self._wanted -= 1
            if self._wanted == 0:
                cv2.utils.logging.setLogLevel(self._level)


_silence = _Silence()


@contextmanager
def quiet_opencv() -> Iterator[None]:
    """Silence OpenCV's log for the body of a `with`."""
    _silence.begin()
    try:
        yield
    finally:
        _silence.end()
