"""Capture on a thread of its own: whoever is slow gets the newest frame, not the oldest."""

import atexit
from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Condition

from edgepose.runtime.plumbing.background import BackgroundTask
from edgepose.runtime.plumbing.closing import Closing
from edgepose.runtime.poses import Frame
from edgepose.runtime.sources.base import FrameSource

_LOOK_S = 0.05
_PATIENCE_S = 1.0  # a stream that hangs lets its reader wait for much longer
_PATIENCE_AT_EXIT_S = 10.0


class NewestFrame(Closing):
    """Iterates over the newest frames of a source; use it in a `with`, which stops the thread.

    Frames that nobody took before the next one came are counted in `dropped`, together with those that the
    source itself dropped. An error of the source is raised to whoever iterates, after the last good frame.
    While there is no frame, `is_wanted` is asked every 50 ms, by whoever iterates; False ends it. The source is not
    closed; one that hangs is waited for `patience_s` at most.
    """

    def __init__(
        self, source: FrameSource, is_wanted: Callable[[], bool] = lambda: True, *, patience_s: float = _PATIENCE_S
    ) -> None:
        self._source, self._is_wanted, self._patience_s = source, is_wanted, patience_s
        self._changed = Condition()
        self._newest: Frame | None = None
        self._overwritten = 0
        self._stopping = False
        self._task: BackgroundTask | None = None

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
        """Start the thread and yield the newest frame, once each."""
        task = self._task = BackgroundTask(self._capture, "capture", self._wake)
        while (frame := self._next(task)) is not None:
            yield frame
        task.check()

    def _next(self, task: BackgroundTask) -> Frame | None:
        while not self._arrives(task):
            if not self._is_wanted():
                return None
        with self._changed:
            frame, self._newest = self._newest, None
        return frame

    def _arrives(self, task: BackgroundTask) -> bool:
        """Wait a little for a frame or the end."""
        with self._changed:
            return self._changed.wait_for(lambda: self._newest is not None or task.ended, _LOOK_S)

    def stop(self) -> None:
        """Tell the thread to end, without waiting for it."""
        with self._changed:
            self._stopping = True
        self._source.stop()

    def close(self) -> None:
        """Stop the thread and wait for it, but not for long where the source hangs; a second call does nothing."""
        self.stop()
        if self._task is not None:
            self._task.join(self._patience_s)
            if not self._task.ended:
                atexit.register(_wait_at_exit, self._task)


def _wait_at_exit(task: BackgroundTask) -> None:
    """Keep the interpreter while OpenCV reads: coming back to none, it would abort the process. Ctrl-C risks that."""
    with suppress(KeyboardInterrupt):
        task.join(_PATIENCE_AT_EXIT_S)
