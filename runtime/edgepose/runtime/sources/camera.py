"""A camera by its index."""

import os
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.errors import SourceError
from edgepose.runtime.sources.opencv import AWAY_S, CaptureSource, advice_of, size_of

_BACKENDS = {"linux": cv2.CAP_V4L2, "darwin": cv2.CAP_AVFOUNDATION, "win32": cv2.CAP_DSHOW}
_CAMERA = re.compile(r"(?:/dev/video)?(\d{1,3})")
_WAKE_UP_S = 3.0  # some cameras give nothing at first
_PAUSE_S = 0.02
_HICCUP_S = 1.0  # and some a broken picture now and then


@dataclass(frozen=True)
class CameraMode:
    """What a camera is asked for: the size of its pictures and, if given, their rate."""

    size_wh: tuple[int, int]
    fps: int | None = None

    @classmethod
    def of_text(cls, text: str) -> "CameraMode":
        """Return the mode that a text as `1280x720` or `1280x720@30` names; raise `SourceError` for another."""
        found = re.fullmatch(r"([1-9]\d{0,4})x([1-9]\d{0,4})(?:@([1-9]\d{0,3}))?", text)
        if found is None:
            raise SourceError(f"expected a camera's mode as 1280x720 or 1280x720@30, found {text!r}")
        return cls((int(found[1]), int(found[2])), int(found[3]) if found[3] else None)


class CameraSource(CaptureSource):
    """The camera `index`, in a mode of its own unless `mode` asks for another: it gives the nearest that it has.

    A mode is asked for in Motion JPEG, as USB cameras have large pictures at full rate in no other form. One that goes
    away is opened again, by `link` (of udev, as in /dev/v4l/by-id) where it has one: its number may be another then.
    Raises `SourceError` when there is no such camera, when another program has it, or when it stays away for `away_s`.
    """

    live = True

    def __init__(
        self,
        index: int,
        mode: CameraMode | None = None,
        *,
        link: str | None = None,
        away_s: float = AWAY_S,
        pause_s: float = 0.5,
    ) -> None:
        super().__init__(away_s=away_s, pause_s=pause_s)
        self.name = f"camera {index}"
        self._index, self._mode, self._link = index, mode, link
        _require_node(index)
        first = self._connect()
        if first is None:
            is_open = self._capture.isOpened()
            self.close()
            advice = (
                "it may give none in a format that OpenCV reads; try another number"
                if is_open
                else "close other programs that use it, or try another number: not every node is a camera's pictures"
            )
            if sys.platform == "darwin":
                advice = f"allow the terminal to use the camera in System Settings, Privacy & Security, or {advice}"
            raise SourceError(f"camera {index} gives no picture; {advice}. {_known()}")
        self.size_wh = size_of(first)
        self.fps = self._rate()

    def _connect(self) -> ImageArray | None:
        first = self._open(self._index, _BACKENDS.get(sys.platform, cv2.CAP_ANY), [])
        if self._mode is not None and self._capture.isOpened():
            self._ask_for(self._mode)
            first = self._read_on()
        return self._read_within(_WAKE_UP_S) if first is None else first

    def _ask_for(self, mode: CameraMode) -> None:
        # the form first: it decides which sizes and rates there are
        self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, mode.size_wh[0])
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, mode.size_wh[1])
        if mode.fps is not None:
            self._capture.set(cv2.CAP_PROP_FPS, mode.fps)

    def images(self) -> Iterator[ImageArray]:
        """Yield pictures until the camera goes away for good, which is a `SourceError`."""
        count, came_s = 0, time.monotonic()
        while not self._stopped.is_set():
            image_bgr = self._read_within(_HICCUP_S)
            if image_bgr is None and (image_bgr := self._again(self._connect_where_it_is, came_s)) is None:
                break
            count, came_s = count + 1, time.monotonic()
            yield image_bgr
        if not self._stopped.is_set():
            raise SourceError(f"{self.name} stopped after {count} frames; {advice_of(self._away_s)}")

    def _connect_where_it_is(self) -> ImageArray | None:
        """Connect again once the system has the camera: OpenCV would try every driver it knows, slowly and loudly."""
        index = self._index if self._link is None else camera_index(self._link)
        if index is None:
            return None
        try:
            _require_node(index)
        except SourceError:
            return None
        self._index = index
        return self._connect()

    def _read_within(self, patience_s: float) -> ImageArray | None:
        deadline_s = time.monotonic() + patience_s
        while (image_bgr := self._read()) is None and self._capture.isOpened() and time.monotonic() < deadline_s:
            time.sleep(_PAUSE_S)
        return image_bgr


def camera_index(text: str) -> int | None:
    """Return a camera's index; udev's links, as those in /dev/v4l/by-id, name the same one after every start."""
    node = os.path.realpath(text) if text.startswith("/dev/") else text
    found = _CAMERA.fullmatch(node)
    return int(found[1]) if found else None


def _require_node(index: int) -> None:
    """Ask the system first: OpenCV tries every driver it knows, slowly and loudly."""
    node = Path(f"/dev/video{index}")
    if sys.platform != "linux":
        return
    if not node.exists():
        raise SourceError(f"there is no camera {index}; {_known()}")
    if not os.access(node, os.R_OK | os.W_OK):
        raise SourceError(f"{node} may not be opened by this user; add them to its group, which is usually video")


def _known() -> str:
    if sys.platform != "linux":
        return "cameras are numbered from 0"
    nodes = sorted(Path("/dev").glob("video*"))
    return f"this machine has {', '.join(map(str, nodes))}" if nodes else "this machine has no /dev/video* at all"
