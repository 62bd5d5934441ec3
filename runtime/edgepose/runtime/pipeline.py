"""From a source through an estimator to sinks, with the time of every stage on every result."""

import atexit
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from typing import Protocol

from edgepose.runtime.clock import StageClock
from edgepose.runtime.drawing import Painter
from edgepose.runtime.people.smoothing import PoseSmoother
from edgepose.runtime.plumbing.closing import Closing
from edgepose.runtime.plumbing.deferred_interrupt import interrupt_deferred
from edgepose.runtime.poses import Frame, Poses
from edgepose.runtime.results import FrameResult
from edgepose.runtime.sinks.base import Sink
from edgepose.runtime.sinks.sink_thread import SinkThread
from edgepose.runtime.skeleton import Skeleton
from edgepose.runtime.sources.base import FrameSource
from edgepose.runtime.sources.newest_frame import NewestFrame

__all__ = ["Estimator", "FrameResult", "Pipeline"]


class Estimator(Protocol):
    """Finds the people in one frame after another."""

    @property
    def skeleton(self) -> Skeleton:
        """The convention of the poses."""

    def estimate(self, frame: Frame, clock: StageClock) -> Poses:
        """Return who is in the frame, with the times of `crop`, `infer` and `decode` on the clock."""


class Pipeline(Closing):
    """Runs a source through an estimator into sinks; it closes the source and the sinks, not the estimator.

    Of a live source the newest frame is taken, captured on its own thread, and what was passed over is
    counted in `dropped`; of a recording, every frame. Sinks work on a thread of their own and may show fewer
    pictures of a live source, but other sinks get every result. Use it in a `with`: on any way out, Ctrl-C
    included, what was queued is written and every sink is closed. `ended_by_user` says that it was left in a
    sink's window.
    """

    def __init__(
        self,
        source: FrameSource,
        estimator: Estimator,
        sinks: Sequence[Sink] = (),
        *,
        smoother: PoseSmoother | None = None,
        painter: Painter | None = None,
    ) -> None:
        self._source, self._estimator, self._sinks = source, estimator, sinks
        self._is_watched = not source.is_sequence and any(sink.is_watched for sink in sinks)
        self._smoother = smoother if source.is_sequence else None
        self.ended_by_user = False
        self._stack = ExitStack()
        # a program that forgets to close still ends, with its files written
        atexit.register(self.close)
        self._stack.callback(atexit.unregister, self.close)
        self._stack.enter_context(source)
        # closed in the opposite order: the outputs are finished before anybody waits for a source that hangs
        self._capture = self._stack.enter_context(NewestFrame(source, self._is_wanted)) if source.live else None
        for sink in sinks:
            self._stack.enter_context(sink)
        self._sink_thread = SinkThread(sinks, painter or Painter(), live=source.live)
        self._stack.callback(self._sink_thread.close)
        if self._capture is not None:
            self._stack.callback(self._capture.stop)

    @property
    def dropped(self) -> int:
        """Frames that the source delivered and nobody looked at."""
        return self._source.dropped if self._capture is None else self._capture.dropped

    @property
    def not_written(self) -> int:
        """How many results of a live source no sink got, because one was minutes behind."""
        return self._sink_thread.not_written

    @property
    def not_shown(self) -> int:
        """Results whose picture the sinks missed; only of a live source."""
        return self._sink_thread.not_shown

    @property
    def written(self) -> int:
        """Results that all sinks got."""
        return self._sink_thread.written

    def run(self, max_frames: int | None = None) -> Iterator[FrameResult]:
        """Yield each result as soon as its poses are known, until the source or the user ends it.

        Errors of the source's and the sinks' threads are raised here. At the end everything is closed.
        """
        with self:
            for frame, clock in islice(self._timed_frames(), max_frames):
                result = self._process(frame, clock)
                self._sink_thread.put(result)
                yield result
                if self._is_watched:
                    self._sink_thread.drain()
                if not self._is_wanted():
                    return
            if self._is_watched:
                for sink in self._sinks:
                    sink.hold()

    def _is_wanted(self) -> bool:
        """Let every sink do what only this thread may; tell whether none of them wants to stop."""
        wishes = [sink.poll() for sink in self._sinks]
        self.ended_by_user |= not all(wishes)
        return not self.ended_by_user

    def _timed_frames(self) -> Iterator[tuple[Frame, StageClock]]:
        """Yield frames with a clock that holds `capture`.

        That is what it took to get the frame: to decode it, or for a live one, its wait until somebody was
        free.
        """
        frames = iter(self._source if self._capture is None else self._capture)
        while True:
            clock, begin_ns = StageClock(), time.perf_counter_ns()
            frame = next(frames, None)
            if frame is None:
                return
            clock.add("capture", time.perf_counter_ns() - (frame.t_ns if self._source.live else begin_ns))
            yield frame, clock

    def _process(self, frame: Frame, clock: StageClock) -> FrameResult:
        poses = self._estimator.estimate(frame, clock)
        if self._smoother is not None:
            with clock.stage("smooth"):
                poses = self._smoother.smooth(poses, self._source.time_ns(frame))
        age_ns, source = time.perf_counter_ns() - frame.t_ns, self._source
        if not source.is_recording:
            return FrameResult(frame, poses, clock.stage_ns, age_ns, unix_s=time.time() - age_ns / 1e9)
        time_s = frame.index / source.fps if source.is_sequence and source.fps else None
        return FrameResult(frame, poses, clock.stage_ns, age_ns, time_s)

    def close(self) -> None:
        """Stop capture, finish what is queued, close the sinks and the source; a second call does nothing.

        A Ctrl-C that comes meanwhile is raised afterwards: no sink is closed while it is written to.
        """
        with interrupt_deferred():
            self._stack.close()
