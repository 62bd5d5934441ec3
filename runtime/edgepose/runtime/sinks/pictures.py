"""Results as annotated pictures."""

from pathlib import Path

import cv2

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.errors import SinkError
from edgepose.runtime.plumbing.files import replace_bytes
from edgepose.runtime.plumbing.opencv_quiet import quiet_opencv
from edgepose.runtime.results import FrameResult
from edgepose.runtime.sinks.base import Sink
from edgepose.runtime.sources.folder import IMAGE_SUFFIXES

_FRAME_SUFFIX = ".jpg"


class PictureSink(Sink):
    """Writes each drawn picture: one to the file `path`, or all into the folder `path`, named as they are.

    Frames without a file of their own are numbered. Raises `SinkError` for a second picture where `path` is a file, and
    for one that OpenCV cannot encode, `EdgeposeError` when the folder or the disk refuses.
    """

    shows_pictures = True

    def __init__(self, path: Path) -> None:
        self.path = path
        self._is_file = is_picture(path) and not path.is_dir()
        self._written = 0

    def write(self, result: FrameResult, drawn_bgr: ImageArray | None) -> None:
        """Write one picture; it appears whole."""
        if drawn_bgr is None:
            return
        if self._is_file and self._written:
            raise SinkError(f"{self.path} is one picture, and the source has more; give a folder or a video")
        name = result.frame.file or f"{result.frame.index:06d}{_FRAME_SUFFIX}"
        target = self.path if self._is_file else self.path / name
        replace_bytes(target, _encoded(drawn_bgr, target))
        self._written += 1

    def close(self) -> None:
        """Do nothing: what was written is whole."""


def is_picture(path: Path) -> bool:
    """Tell whether a path names a picture by its suffix."""
    return path.suffix.lower() in IMAGE_SUFFIXES


def _encoded(image_bgr: ImageArray, target: Path) -> bytes:
    try:
        with quiet_opencv():
            done, content = cv2.imencode(target.suffix.lower(), image_bgr)
    except cv2.error as error:
        raise SinkError(f"OpenCV cannot write {target} ({error.err}); choose another kind of picture") from error
    if not done:
        raise SinkError(f"OpenCV cannot write {target}; choose another kind of picture")
    return content.tobytes()
