"""Where frames come from."""

import re
from pathlib import Path

from edgepose.runtime.errors import SourceError
from edgepose.runtime.sources.base import FrameSource
from edgepose.runtime.sources.camera import CameraSource
from edgepose.runtime.sources.folder import IMAGE_SUFFIXES, FolderSource
from edgepose.runtime.sources.paced import PacedSource
from edgepose.runtime.sources.stream import STREAM_SCHEMES, StreamSource
from edgepose.runtime.sources.video import VideoSource

__all__ = ["FrameSource", "open_source"]


def open_source(text: str, *, paced: bool = False) -> FrameSource:
    """Open what `text` names: a camera's index, a video, an image or a folder of them, a stream, `synthetic`.

    `paced` plays a recording at its own rate; what is live already stays as it is. Raises `SourceError` when
    there is no such thing.
    """
    source = _open(text)
    if not paced or source.live:
        return source
    try:
        return PacedSource(source)
    except SourceError:
        source.close()
        raise


def _open(text: str) -> FrameSource:
    if camera := re.fullmatch(r"(?:/dev/video)?(\d{1,3})", text):
        return CameraSource(int(camera[1]))
    if text.lower().startswith(STREAM_SCHEMES):
        return StreamSource(text)
    if text == "synthetic" or text.startswith("synthetic:"):
        # the renderer is imported only where it is used: a device starts faster without it
        from edgepose.runtime.sources.synthetic import synthetic_source  # noqa: PLC0415

        return synthetic_source(text)
    return _open_path(Path(text).expanduser())


def _open_path(path: Path) -> FrameSource:
    if path.is_dir() or path.suffix.lower() in IMAGE_SUFFIXES:
        return FolderSource(path)
    if path.is_file():
        return VideoSource(path)
    raise SourceError(
        f"no such source: {path}; expected a camera's index, a video, an image or a folder of them, "
        f"a stream ({' '.join(STREAM_SCHEMES)}) or synthetic[:SEED[:FRAMES]]"
    )
