"""Keep OpenCV and FFmpeg from printing: what went wrong is said once, by the error that follows."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import cv2

# OpenCV looks once, when it first uses FFmpeg, so it must be said before; whoever sets it hears FFmpeg
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")


@contextmanager
def quiet_opencv() -> Iterator[None]:
    """Silence OpenCV's log for the body of a `with`."""
    log = cv2.utils.logging
    level = log.getLogLevel()
    log.setLogLevel(log.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        log.setLogLevel(level)
