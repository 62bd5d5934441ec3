"""Capture on a thread of its own: whoever is slow gets the newest frame, not the oldest."""

from collections.abc import Iterator
from threading import Condition

from edgepose.runtime.background import BackgroundTask
from edgepose.runtime.closing import Closing
from edgepose.runtime.poses import Frame
from edgepose.runtime.sources.base import FrameSource


class NewestFrame(Closing):
    """Iterates over the newest frames of a source; use it in a `with`, which stops the thread.

    Frames that nobody took before the next one came are counted in `dropped`, together with those that the
    source itself dropped. An error of the source is raised to whoever iterates, after the last good frame.
    The source is not closed.
    """

    def __init__(self, source: FrameSource) -> None:
        self._source = source
        self._changed = Condition()
        self._newest: Frame | None = None
        self._overwritten = 0
        self._stopping = False
        self._task = BackgroundTask(self._capture, "capture", self._wake)

    @property
    def dropped(self) -> int:
        """Frames that were captured and never seen."""
        return self._overwritten + self._source.dropped

    def _capture(self) -> None:
        for frame in self._source:
            with self._changed:
                if self._stopping:
                    return
                self._overwritten += self._newest is not None
                self._newest = frame
                self._changed.notify()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify()

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        with self._changed:
            self._changed.wait_for(lambda: self._newest is not None or self._task.ended)
            frame, self._newest = self._newest, None
        if frame is None:
            self._task.check()
            raise StopIteration
        return frame

    def close(self) -> None:
        """Stop the thread and wait for it; a second call does nothing."""
        with self._changed:
            self._stopping = True
        self._task.join()
