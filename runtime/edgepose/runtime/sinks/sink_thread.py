"""Drawing and writing on a thread of their own, off the path from camera to pose."""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from threading import Condition

import numpy as np

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.clock import StageClock
from edgepose.runtime.drawing import Painter
from edgepose.runtime.plumbing.background import BackgroundTask
from edgepose.runtime.results import FrameResult
from edgepose.runtime.sinks.base import Sink

_NO_PICTURE = np.zeros((0, 0, 3), np.uint8)
_MOST_BEHIND = 10_000
"""Results without pictures, some minutes of a camera's."""


class SinkThread:
    """Hands results to sinks, in order, at most `length` pictures behind.

    When it is that far behind, `put` waits; with `live` it does not, but strips the picture from the result,
    so that sinks that show pictures miss it (counted in `not_shown`), and whatever comes while it is `most_behind`
    results behind is lost (`not_written`): memory does not grow. An error of a sink is raised by the next `put` or by
    `close`. `written` counts the results that every sink got. The sinks are not closed.
    """

    def __init__(
        self,
        sinks: Sequence[Sink],
        painter: Painter,
        *,
        live: bool,
        length: int = 8,
        most_behind: int = _MOST_BEHIND,
    ) -> None:
        self._sinks, self._painter, self._live, self._length = sinks, painter, live, length
        self._most_behind = most_behind
        self._paints = any(sink.shows_pictures for sink in sinks)
        self._queue: deque[FrameResult] = deque()
        self._pictures = 0
        self._put = 0
        self.written = 0
        self._changed = Condition()
        self._closing = False
        self.not_shown = self.not_written = 0
        self._task = BackgroundTask(self._work, "sinks", self._wake)

    def put(self, result: FrameResult) -> None:
        """Queue one result."""
        with self._changed:
            if self._live and not self._task.ended and len(self._queue) >= self._most_behind:
                self.not_written += 1
                return
            if self._live and self._pictures >= self._length:
                self.not_shown += self._paints
                result = _without_picture(result)
            self._changed.wait_for(lambda: self._live or self._pictures < self._length or self._task.ended)
            self._queue.append(result)
            self._put += 1
            self._pictures += _has_picture(result)
            self._changed.notify_all()
        self._task.check()

    def drain(self) -> None:
        """Wait until all that was queued is written."""
        with self._changed:
            self._changed.wait_for(lambda: self.written == self._put or self._task.ended)
        self._task.check()

    def close(self) -> None:
        """Finish what is queued and stop; a second call does nothing."""
        with self._changed:
            if self._closing:
                return
            self._closing = True
            self._changed.notify_all()
        self._task.join()
        self._task.check()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _work(self) -> None:
        while (result := self._next()) is not None:
            drawn_bgr = self._paint(result)
            for sink in self._sinks:
                if drawn_bgr is not None or not sink.shows_pictures:
                    sink.write(result, drawn_bgr if sink.shows_pictures else None)
            with self._changed:
                self._pictures -= _has_picture(result)
                self.written += 1
                self._changed.notify_all()

    def _next(self) -> FrameResult | None:
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closing)
            return self._queue.popleft() if self._queue else None

    def _paint(self, result: FrameResult) -> ImageArray | None:
        if not self._paints or not _has_picture(result):
            return None
        clock = StageClock()
        with clock.stage("draw"):
            drawn_bgr = self._painter.paint(result)
        result.stage_ns["draw"] = clock.stage_ns["draw"]
        return drawn_bgr


def _has_picture(result: FrameResult) -> bool:
    return result.frame.image_bgr.size > 0


def _without_picture(result: FrameResult) -> FrameResult:
    return replace(result, frame=replace(result.frame, image_bgr=_NO_PICTURE))
