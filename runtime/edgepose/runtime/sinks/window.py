"""Results in a window."""

import os
import re
import socket
import sys
from collections import deque
from contextlib import suppress

import cv2

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.errors import SinkError
from edgepose.runtime.results import FrameResult
from edgepose.runtime.sinks.base import Sink

_STOP_KEYS = {ord("q"), 27}  # 27 is escape
_NO_KEY = -1
_LOOK_MS = 50
_LARGEST_WH = (1280, 720)
"""Larger pictures are shown smaller, in a window that may be made larger."""


class WindowSink(Sink):
    """Shows the newest picture; `q`, escape or closing the window ends the run.

    Loose images are all shown, each for `stay_ms`; the last one stays until a key is pressed or the window is closed.
    Raises `SinkError` where no window can be opened: OpenCV would end the process instead.
    """

    shows_pictures = True
    is_watched = True

    def __init__(self, title: str = "edgepose", stay_ms: int = 1) -> None:
        if problem := window_problem():
            raise SinkError(problem)
        self._title, self._stay_ms = title, max(1, stay_ms)
        self._newest_bgr: deque[ImageArray] = deque(maxlen=1)
        self._is_open = False
        self._tells_visible = True

    def write(self, result: FrameResult, drawn_bgr: ImageArray | None) -> None:  # noqa: ARG002 - every sink has it
        """Keep the picture for the next `poll`."""
        if drawn_bgr is not None:
            self._newest_bgr.append(drawn_bgr)

    def poll(self) -> bool:
        """Show the newest picture and look at the keys."""
        picture = self._newest_bgr.popleft() if self._newest_bgr else None
        if picture is not None:
            if not self._is_open:
                self._open(picture)
            cv2.imshow(self._title, picture)
            if not self._is_open:
                # windows by GTK say -1 of one that is surely there
                self._tells_visible = cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) >= 0
            self._is_open = True
        if not self._is_open:
            return True
        stopped = cv2.waitKey(self._stay_ms if picture is not None else 1) & 0xFF in _STOP_KEYS
        return not stopped and self._is_visible()

    def _open(self, picture: ImageArray) -> None:
        cv2.namedWindow(self._title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO)
        height, width = picture.shape[:2]
        share = min(1.0, _LARGEST_WH[0] / width, _LARGEST_WH[1] / height)
        cv2.resizeWindow(self._title, max(1, round(width * share)), max(1, round(height * share)))

    def hold(self) -> None:
        """Keep the window until a key is pressed or it is closed."""
        while self._is_open and self._is_visible() and cv2.waitKey(_LOOK_MS) == _NO_KEY:
            pass

    def _is_visible(self) -> bool:
        return not self._tells_visible or bool(cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) >= 1)

    def close(self) -> None:
        """Close the window."""
        if self._is_open:
            self._is_open = False
            with suppress(cv2.error):  # Windows knows none that was closed by its corner
                cv2.destroyWindow(self._title)


def display_available() -> bool:
    """Whether there is a screen to open a window on."""
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _answers(display: str) -> bool:
    """Whether an X server listens at a local display, as `:0`; of others that is not known, and taken for granted."""
    local = re.fullmatch(r":(\d+)(?:\.\d+)?", display)
    if local is None:
        return True
    place, port = f"/tmp/.X11-unix/X{local[1]}", 6000 + int(local[1])  # noqa: S108  where X servers listen
    for address in (place, f"\0{place}"):
        with socket.socket(socket.AF_UNIX) as probe, suppress(OSError):
            probe.connect(address)
            return True
    with suppress(OSError, OverflowError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def window_problem() -> str | None:
    """Return why no window can be opened and what to do, or None when one can."""
    if not display_available():
        return "there is no display (DISPLAY and WAYLAND_DISPLAY are not set); write a file instead, with --out"
    display, wayland = os.environ.get("DISPLAY", ""), os.environ.get("WAYLAND_DISPLAY")
    windows = cv2.currentUIFramework()
    if wayland and not display and windows.startswith("QT") and "QT_QPA_PLATFORM" not in os.environ:
        return "this OpenCV's windows need X, and DISPLAY is not set; start XWayland, or write a file with --out"
    if sys.platform == "linux" and not wayland and not _answers(display):
        return f"no display answers at DISPLAY={display}; write a file instead, with --out"
    if not windows:
        version = ".".join(cv2.__version__.split(".")[:2])
        return (
            "this OpenCV has no windows; run: pip uninstall opencv-python-headless, then: "
            f'pip install "opencv-python=={version}.*", or write a file with --out'
        )
    return None
