"""The images of a folder, or one image."""

import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.errors import SourceError
from edgepose.runtime.plumbing.opencv_quiet import quiet_opencv
from edgepose.runtime.sources.base import FrameSource
from edgepose.runtime.sources.opencv import size_of
from edgepose.runtime.sources.reading import readable_path, reading

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")


class FolderSource(FrameSource):
    """The images of the folder `path` in the order of their names (2 before 10), or the image `path` itself.

    `paths` tells which file a frame's index stands for. Raises `SourceError` when there is none, or when one
    cannot be decoded.
    """

    fps = None
    is_sequence = False

    def __init__(self, path: Path) -> None:
        self.name = path.name or str(path)
        self.paths = images_in(path)
        for image_path in self.paths:
            _require_image(image_path)
        self._first: ImageArray | None = _decode(self.paths[0])
        self.size_wh = size_of(self._first)
        self.declared_frames = len(self.paths)

    def images(self) -> Iterator[ImageArray]:
        """Yield each image, upright where the file says how."""
        for image_path in self.paths:
            first, self._first = self._first, None
            yield first if first is not None else _decode(image_path)

    def file_of(self, index: int) -> str:
        """Return the name of the image of an index."""
        return self.paths[index].name


def images_in(path: Path) -> list[Path]:
    """Return the images of a folder in the order of their names, or the image itself.

    Raises `SourceError` when there is none, or the folder cannot be read.
    """
    with reading(path):
        if path.is_file():
            return [path]
        if not path.is_dir():
            raise SourceError(f"no such image or folder of images: {path}; check the path")
        found = [p for p in path.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES and not p.name.startswith(".")]
    if not found:
        raise SourceError(f"{path} holds no image; expected files that end in {' '.join(IMAGE_SUFFIXES)}")
    return sorted(found, key=_natural_order)


def _natural_order(path: Path) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", path.name)]


def _require_image(path: Path) -> None:
    """Look at a file's first bytes, so that a wrong one is found before the work begins."""
    if not cv2.haveImageReader(readable_path(path)):
        raise _undecodable(path)


def _decode(path: Path) -> ImageArray:
    with reading(path):
        content = np.frombuffer(path.read_bytes(), np.uint8)
    try:
        with quiet_opencv():
            image_bgr = cv2.imdecode(content, cv2.IMREAD_COLOR) if content.size else None
    except cv2.error as error:
        raise SourceError(f"OpenCV refuses the image {path} ({error.err}); make it smaller or remove it") from error
    if image_bgr is None:
        raise _undecodable(path)
    return image_bgr  # type: ignore[no-any-return]


def _undecodable(path: Path) -> SourceError:
    return SourceError(f"{path} is no image that OpenCV can decode; remove or replace it")
