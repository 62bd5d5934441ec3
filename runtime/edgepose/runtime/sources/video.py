"""A video file, every frame as fast as it is asked for."""

from collections.abc import Iterator
from pathlib import Path

import cv2

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.errors import SourceError
from edgepose.runtime.sources.opencv import CaptureSource, rate_of_times, size_of
from edgepose.runtime.sources.reading import readable_path, reading


class VideoSource(CaptureSource):
    """The frames of the video file `path`, turned upright where the file says how.

    `declared_frames` is what the container promises (0: nothing). Raises `SourceError` when there is no such
    file, when it cannot be read, or when there is no picture in it.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.name = path.name
        with reading(path):
            if not path.is_file():
                raise SourceError(f"no such video file: {path}; check the path")
        self._first = self._open(name := readable_path(path), _backend(), [])
        if self._first is None:
            self.close()
            raise SourceError(f"{path} holds no video that OpenCV can decode; convert it, for example to H.264 in .mp4")
        self.size_wh = size_of(self._first)
        self.fps = self._rate() or rate_of_times(name, _backend())
        self.declared_frames = self._declared_frames()

    def images(self) -> Iterator[ImageArray]:
        """Yield the remaining pictures of the file."""
        image_bgr, self._first = self._first, None
        while image_bgr is not None or (image_bgr := self._read_on()) is not None:
            yield image_bgr
            image_bgr = None


def _backend() -> int:
    """Return FFmpeg where OpenCV has it: of the readers that it tries next, some print on their own."""
    return cv2.CAP_FFMPEG if cv2.CAP_FFMPEG in cv2.videoio_registry.getStreamBackends() else cv2.CAP_ANY
