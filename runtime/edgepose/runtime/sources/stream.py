"""A stream from the network, by OpenCV's FFmpeg."""

import re
import time
from collections.abc import Iterator

import cv2

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.errors import SourceError
from edgepose.runtime.sources.opencv import AWAY_S, CaptureSource, advice_of, size_of

STREAM_SCHEMES = ("rtsp://", "rtsps://", "http://", "https://", "rtmp://", "udp://")


class StreamSource(CaptureSource):
    """The stream at `url`: live, unless it tells how many frames or the server how many bytes there are (a file).

    A connection that breaks is made again. Raises `SourceError` when it cannot be opened or stays away for `away_s`.
    """

    def __init__(self, url: str, *, timeout_ms: int = 5000, away_s: float = AWAY_S, pause_s: float = 0.5) -> None:
        super().__init__(away_s=away_s, pause_s=pause_s)
        self._url, self._timeout_ms = url, timeout_ms
        self.name = without_password(url)
        self._first = self._connect()
        if self._first is None:
            self.close()
            raise SourceError(
                f"no video at {self.name} within {timeout_ms / 1000:g} s; check the address and the server"
            )
        self.size_wh = size_of(self._first)
        self.fps = self._rate()
        self.declared_frames = self._declared_frames()
        self.live = self.declared_frames == 0 and not self._is_file()

    def images(self) -> Iterator[ImageArray]:
        """Yield pictures until a finite stream ends.

        Raises `SourceError` when one without end stays away, or one that tells its length ends before it.
        """
        image_bgr, self._first = self._first, None
        count, came_s = 0, time.monotonic()
        while image_bgr is not None or (image_bgr := self._read_on()) is not None or self.live:
            if image_bgr is None and (image_bgr := self._again(self._connect, came_s)) is None:
                break
            came_s = time.monotonic()
            yield image_bgr
            count += 1
            image_bgr = None
        if self._stopped.is_set():
            return
        if self.live:
            raise SourceError(f"{self.name} broke off after {count} frames and stayed away; {advice_of(self._away_s)}")
        if self.lacks_frames(count):
            raise SourceError(
                f"{self.name} broke off after {count} of {self.declared_frames} frames; check the network, "
                "or fetch the file first"
            )

    def _is_file(self) -> bool:
        if not self._url.lower().startswith(("http://", "https://")):
            return False
        # imported only where it is used: a device starts faster without it
        from edgepose.runtime.sources.web_file import is_web_file  # noqa: PLC0415

        return is_web_file(self._url, self._timeout_ms / 1000)

    def _connect(self) -> ImageArray | None:
        timeouts = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, cv2.CAP_PROP_READ_TIMEOUT_MSEC]
        return self._open(self._url, cv2.CAP_FFMPEG, [n for name in timeouts for n in (name, self._timeout_ms)])


def without_password(url: str) -> str:
    """Return the address as it may be printed: `user:secret@` becomes `***@`, a parameter's value `***`.

    A password may hold any character: all before the last `@` is hidden, unless it is a path without a password, and
    everything where that cannot be told.

    >>> without_password("rtsp://admin:p@/ss@cam/live?channel=1&token=secret")
    'rtsp://***@cam/live?channel=***&token=***'
    """
    parts = re.fullmatch(r"([a-z][a-z0-9+.-]+:/+)?(.*@)?(.*)", url, re.IGNORECASE | re.DOTALL)
    assert parts is not None
    scheme, user, rest = parts.groups("")
    hidden = ":" in user or "/" not in user if scheme else ":" in user.partition("/")[0]
    if user and hidden:
        user, rest = "***@", "***" if "?" in user else rest
    if not scheme and user != "***@":
        return url
    return scheme + re.sub(r"([?&;/][^=?&;/]*=)[^&]*", r"\1***", user + rest)
