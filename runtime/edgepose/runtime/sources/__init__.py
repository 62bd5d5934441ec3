"""Where frames come from."""

import os
from pathlib import Path

from edgepose.runtime.errors import SourceError
from edgepose.runtime.sources.base import FrameSource
from edgepose.runtime.sources.camera import CameraMode, CameraSource, camera_index
from edgepose.runtime.sources.folder import IMAGE_SUFFIXES, FolderSource, images_in
from edgepose.runtime.sources.opencv import AWAY_S
from edgepose.runtime.sources.paced import PacedSource
from edgepose.runtime.sources.reading import reading
from edgepose.runtime.sources.standard_input import StandardInputSource
from edgepose.runtime.sources.stream import STREAM_SCHEMES, StreamSource, without_password
from edgepose.runtime.sources.turned import TurnedSource
from edgepose.runtime.sources.video import VideoSource

__all__ = ["CameraMode", "FrameSource", "open_source", "source_files"]

_UNREAD_PICTURES = (".heic", ".heif", ".avif")
_STANDARD_INPUT = "-"


def open_source(
    text: str,
    *,
    paced: bool = False,
    camera: CameraMode | None = None,
    away_s: float = AWAY_S,
    clockwise_deg: int = 0,
) -> FrameSource:
    """Open what `text` names: a camera's index, a video, an image or a folder of them, a stream, `synthetic`, `-`.

    `paced` plays a recording at its own rate; what is live already stays as it is. `camera` is the mode that a camera
    is asked for; `away_s` is how long a camera or a stream may be away before the source ends; its pictures are turned
    by `clockwise_deg`. Raises `SourceError` when there is no such thing, for a mode of what is no camera, and for
    another turn than quarters.
    """
    source = _open(text, camera, away_s)
    try:
        if paced and not source.live:
            source = PacedSource(source)
        return TurnedSource(source, clockwise_deg) if clockwise_deg else source
    except SourceError:
        source.close()
        raise


def source_files(text: str) -> list[Path]:
    """Return the files that are read from the source `text`: none of a camera, a stream or a rendered clip.

    Raises `SourceError` when a folder holds no image.
    """
    if camera_index(text) is not None or _is_stream(text) or _is_synthetic(text) or text == _STANDARD_INPUT:
        return []
    path = _path_of(text)
    with reading(path):
        return images_in(path) if path.is_dir() else [path]


def _is_stream(text: str) -> bool:
    return text.lower().startswith(STREAM_SCHEMES)


def _is_synthetic(text: str) -> bool:
    return text == "synthetic" or text.startswith("synthetic:")


def _open(text: str, mode: CameraMode | None, away_s: float) -> FrameSource:
    if (camera := camera_index(text)) is not None:
        return CameraSource(camera, mode, link=text if text.startswith("/dev/") else None, away_s=away_s)
    if mode is not None:
        raise SourceError(f"a mode is for a camera, and {without_password(text)} is none; leave --camera out")
    if _is_stream(text):
        return StreamSource(text, away_s=away_s)
    if text == _STANDARD_INPUT:
        return StandardInputSource()
    if _is_synthetic(text):
        # the renderer is imported only where it is used: a device starts faster without it
        from edgepose.runtime.sources.synthetic import synthetic_source  # noqa: PLC0415

        return synthetic_source(text)
    return _open_path(_path_of(text))


def _path_of(text: str) -> Path:
    if not text:
        raise SourceError("the source is empty; is the variable set that was to name it?")
    # pathlib's own raises for the home of somebody unknown
    return Path(os.path.expanduser(text))  # noqa: PTH111


def _open_path(path: Path) -> FrameSource:
    with reading(path):
        is_folder, is_file = path.is_dir(), path.is_file()
    if is_folder or path.suffix.lower() in IMAGE_SUFFIXES:
        return FolderSource(path)
    if is_file and path.suffix.lower() in _UNREAD_PICTURES:
        raise SourceError(f"{path} is a picture of a kind that is not read; convert it to .jpg or .png")
    if is_file:
        return VideoSource(path)
    raise SourceError(
        f"no such source: {without_password(str(path))}; expected a camera's index, a video, an image or a "
        f"folder of them, a stream ({' '.join(STREAM_SCHEMES)}), synthetic[:SEED[:FRAMES]] or - for standard input"
    )
