"""The part that camera, video file and stream share: one `cv2.VideoCapture`."""

import time
from collections.abc import Callable
from threading import Event, Lock

import cv2

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.plumbing.opencv_quiet import quiet_opencv
from edgepose.runtime.sources.base import FrameSource

_CLOCK_FPS = 1000.0
"""From here on it is no rate but the clock of a container that tells none, as those that browsers record."""
_TIMED_PICTURES = 60
_BROKEN_IN_A_ROW = 30
_PATIENCE_S = 0.5
AWAY_S = 10.0
"""So long may be away what comes back, unless somebody says otherwise."""
_LONGEST_PAUSE_S = 5.0


class CaptureSource(FrameSource):
    """A source that reads from OpenCV.

    What is live and breaks off is opened again, after pauses that grow from `pause_s`, until it was away for `away_s`.
    """

    def __init__(self, *, away_s: float = AWAY_S, pause_s: float = 0.5) -> None:
        self._away_s, self._pause_s = away_s, pause_s
        self._capture = cv2.VideoCapture()
        self._in_use = Lock()
        self._stopped = Event()

    def _open(self, target: int | str, backend: int, options: list[int]) -> ImageArray | None:
        """Open the target and return its first picture, or None where there is none."""
        with self._in_use, quiet_opencv():
            if not self._capture.open(target, backend, options):
                return None
        return self._read_on()

    def _read(self) -> ImageArray | None:
        with self._in_use, quiet_opencv():
            found, image_bgr = self._capture.read()
        if self._stopped.is_set():
            self._release()
        return image_bgr if found else None

    def _read_on(self) -> ImageArray | None:
        """Return the next picture, past a few that cannot be decoded, or None where there is no more."""
        deadline_s = time.monotonic() + _PATIENCE_S
        for _ in range(_BROKEN_IN_A_ROW):
            image_bgr = self._read()
            if image_bgr is not None or self._stopped.is_set() or time.monotonic() > deadline_s:
                return image_bgr
        return None

    def _again(self, connect: Callable[[], ImageArray | None], came_s: float) -> ImageArray | None:
        """Return the next picture after one that came at `came_s`; None when it stays away, or was stopped."""
        # as long as a camera is held open, the system gives it another number when it comes back
        self._release()
        noticed_s, pause_s = time.monotonic(), self._pause_s
        while time.monotonic() - noticed_s < self._away_s and not self._stopped.wait(pause_s):
            if (image_bgr := connect()) is not None:
                self.reconnects += 1
                self.missed += round((time.monotonic() - came_s) * self.playback_fps)
                return image_bgr
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
        return None

    def _rate(self) -> float | None:
        """Return frames a second as the container or driver tells, or None where it does not."""
        fps = float(self._capture.get(cv2.CAP_PROP_FPS))
        return fps if 0 < fps < _CLOCK_FPS else None

    def _declared_frames(self) -> int:
        """Return how many frames the container says it has; 0 when it has no end, or no rate to count them by."""
        return max(0, int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))) if self._rate() else 0

    def stop(self) -> None:
        """Let the thread that waits for a picture be the last to read."""
        self._stopped.set()

    def close(self) -> None:
        """Release the device or file, or leave that to the thread that waits for a picture; may be called twice."""
        self.stop()
        self._release()

    def _release(self) -> None:
        # OpenCV crashes when another thread is reading
        if self._in_use.acquire(blocking=False):
            try:
                self._capture.release()
            finally:
                self._in_use.release()


def advice_of(away_s: float) -> str:
    """Return what to do about what was away for longer than that."""
    return f"it was waited for {away_s:g} seconds (edgepose run --reconnect); check its cable or network"


def size_of(image: ImageArray) -> tuple[int, int]:
    """Return width and height of an image (H, W, 3)."""
    return image.shape[1], image.shape[0]


def rate_of_times(path: str, backend: int) -> float | None:
    """Return the mean rate of a file's first pictures by their times, None where these do not tell."""
    capture = cv2.VideoCapture()
    times_ms: list[float] = []
    with quiet_opencv():
        capture.open(path, backend)
        while len(times_ms) < _TIMED_PICTURES and capture.grab():
            times_ms.append(float(capture.get(cv2.CAP_PROP_POS_MSEC)))
        capture.release()
    took_s = (times_ms[-1] - times_ms[0]) / 1000 if times_ms else 0.0
    fps = (len(times_ms) - 1) / took_s if took_s > 0 else 0.0
    return fps if 0 < fps < _CLOCK_FPS else None
