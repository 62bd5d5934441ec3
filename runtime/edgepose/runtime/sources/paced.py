"""A recording played back at its own pace, as a camera would deliver it."""

import time
from collections.abc import Callable, Iterator
from threading import Event

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.errors import SourceError
from edgepose.runtime.poses import Frame
from edgepose.runtime.sources.base import FrameSource


class PacedSource(FrameSource):
    """Delivers each frame of `source` when the wall clock reaches its time; owns and closes `source`.

    A frame that is late by a whole period is dropped and counted, unless it is reading that takes so long: then every
    frame comes, as soon as it is read. Indexes stay those of the recording. `now_ns` may be another clock, and
    `wait` what lets so many seconds of it pass, and tells whether `stop` was called meanwhile. Raises `SourceError` for
    loose images, which have no pace.
    """

    live = True

    def __init__(
        self,
        source: FrameSource,
        *,
        now_ns: Callable[[], int] = time.perf_counter_ns,
        wait: Callable[[float], bool] | None = None,
    ) -> None:
        if not source.is_sequence:
            raise SourceError(f"{source.name} has loose images, which have no pace; run it without --paced")
        self._source = source
        self._stopped = Event()
        self._now_ns, self._wait = now_ns, wait or self._stopped.wait
        self.name, self.size_wh, self.fps = source.name, source.size_wh, source.fps
        self.declared_frames = source.declared_frames
        self._period_ns = 1e9 / source.playback_fps

    @property
    def is_recording(self) -> bool:
        """Whether its frames are the same each time."""
        return True

    def images(self) -> Iterator[ImageArray]:
        """Yield the pictures that are delivered."""
        return (frame.image_bgr for frame in self)

    def __iter__(self) -> Iterator[Frame]:
        begin_ns = asked_ns = 0
        for index, image_bgr in enumerate(self._source.images()):
            now_ns = self._now_ns()
            if index == 0:  # which may take long to make
                begin_ns = now_ns
            wait_ns = begin_ns + index * self._period_ns - now_ns
            if wait_ns < -self._period_ns and now_ns - asked_ns < self._period_ns:
                self.dropped += 1
                continue
            if wait_ns > 0 and self._wait(wait_ns / 1e9):
                return
            yield Frame(image_bgr, index, self._now_ns())
            asked_ns = self._now_ns()

    def stop(self) -> None:
        """Let whoever waits for the next frame's time wait no longer."""
        self._stopped.set()
        self._source.stop()

    def close(self) -> None:
        """Close the recording."""
        self._source.close()
