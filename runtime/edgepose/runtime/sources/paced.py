"""A recording played back at its own pace, as a camera would deliver it."""

import time
from collections.abc import Iterator
from threading import Event

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.errors import SourceError
from edgepose.runtime.poses import Frame
from edgepose.runtime.sources.base import FrameSource


class PacedSource(FrameSource):
    """Delivers each frame of `source` when the wall clock reaches its time; owns and closes `source`.

    A frame that is late by a whole period is dropped and counted, unless it is reading that takes so long: then every
    frame comes, as soon as it is read. Indexes stay those of the recording. Raises `SourceError` for loose images,
    which have no pace.
    """

    live = True

    def __init__(self, source: FrameSource) -> None:
        if not source.is_sequence:
            raise SourceError(f"{source.name} has loose images, which have no pace; run it without --paced")
        self._source = source
        self._stopped = Event()
        self.name, self.size_wh, self.fps = source.name, source.size_wh, source.fps
        self.declared_frames = source.declared_frames
        self._period_s = 1 / source.playback_fps

    def images(self) -> Iterator[ImageArray]:
        """Yield the pictures that are delivered."""
        return (frame.image_bgr for frame in self)

    def __iter__(self) -> Iterator[Frame]:
        begin_s = asked_s = 0.0
        for index, image_bgr in enumerate(self._source.images()):
            now_s = time.perf_counter()
            # the first picture may take long to make
            begin_s = begin_s or now_s
            wait_s = begin_s + index * self._period_s - now_s
            if wait_s < -self._period_s and now_s - asked_s < self._period_s:
                self.dropped += 1
                continue
            if wait_s > 0 and self._stopped.wait(wait_s):
                return
            yield Frame(image_bgr, index, time.perf_counter_ns())
            asked_s = time.perf_counter()

    def stop(self) -> None:
        """Let whoever waits for the next frame's time wait no longer."""
        self._stopped.set()
        self._source.stop()

    def close(self) -> None:
        """Close the recording."""
        self._source.close()
