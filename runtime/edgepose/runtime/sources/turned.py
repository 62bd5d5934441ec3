"""Pictures of a camera that is mounted on its side or upside down."""

from collections.abc import Iterator
from dataclasses import replace

import cv2

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.errors import SourceError
from edgepose.runtime.poses import Frame
from edgepose.runtime.sources.base import FrameSource

_CODES = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


class TurnedSource(FrameSource):
    """The frames of `source`, turned by so many degrees clockwise; owns and closes it.

    Raises `SourceError` for another turn than a quarter, a half or three quarters.
    """

    def __init__(self, source: FrameSource, clockwise_deg: int) -> None:
        if clockwise_deg not in _CODES:
            raise SourceError(f"pictures are turned by {', '.join(map(str, _CODES))} degrees, found {clockwise_deg}")
        self._source, self._code = source, _CODES[clockwise_deg]
        self.name, self.fps = source.name, source.fps
        self.is_sequence, self.live, self.declared_frames = source.is_sequence, source.live, source.declared_frames
        width, height = source.size_wh
        self.size_wh = (width, height) if clockwise_deg == 180 else (height, width)

    @property
    def is_recording(self) -> bool:
        """Whether its frames are the same each time."""
        return self._source.is_recording

    def __iter__(self) -> Iterator[Frame]:
        for frame in self._source:
            self.dropped, self.missed = self._source.dropped, self._source.missed
            self.reconnects = self._source.reconnects
            yield replace(frame, image_bgr=cv2.rotate(frame.image_bgr, self._code))

    def images(self) -> Iterator[ImageArray]:
        """Yield the turned pictures."""
        return (frame.image_bgr for frame in self)

    def file_of(self, index: int) -> str | None:
        """Return the name of the file that is the picture of an index, where each is one."""
        return self._source.file_of(index)

    def stop(self) -> None:
        """Tell the source that no more pictures are wanted."""
        self._source.stop()

    def close(self) -> None:
        """Close the source."""
        self._source.close()
