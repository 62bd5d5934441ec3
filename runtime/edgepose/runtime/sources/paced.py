"""A recording played back at its own pace, as a camera would deliver it."""

import time
from collections.abc import Iterator

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.errors import SourceError
from edgepose.runtime.poses import Frame
from edgepose.runtime.sources.base import FrameSource


class PacedSource(FrameSource):
    """Delivers each frame of `source` when the wall clock reaches its time; owns and closes `source`.

    A frame that is late by a whole period is dropped and counted; indexes stay those of the recording. Raises
    `SourceError` when the recording has no rate.
    """

    live = True

    def __init__(self, source: FrameSource) -> None:
        if source.fps is None:
            raise SourceError(f"{source.name} tells no frame rate, so it cannot be paced; run it without --paced")
        self._source = source
        self.name, self.size_wh, self.fps = source.name, source.size_wh, source.fps
        self.declared_frames = source.declared_frames
        self._period_s = 1 / source.fps

    def images(self) -> Iterator[ImageArray]:
        """Yield the pictures that are delivered."""
        return (frame.image_bgr for frame in self)

    def __iter__(self) -> Iterator[Frame]:
        begin_s = time.perf_counter()
        for index, image_bgr in enumerate(self._source.images()):
            wait_s = begin_s + index * self._period_s - time.perf_counter()
            if wait_s < -self._period_s:
                self.dropped += 1
                continue
            if wait_s > 0:
                time.sleep(wait_s)
            yield Frame(image_bgr, index, time.perf_counter_ns())

    def close(self) -> None:
        """Close the recording."""
        self._source.close()
