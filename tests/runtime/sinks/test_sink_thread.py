import threading
import time

import pytest

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.drawing import Painter
from edgepose.runtime.errors import SinkError
from edgepose.runtime.poses import Frame, Poses
from edgepose.runtime.results import FrameResult
from edgepose.runtime.sinks import Sink
from edgepose.runtime.sinks.sink_thread import SinkThread
from edgepose.runtime.skeleton import LSP_14
from support.clips import dot_image


class _Keeper(Sink):
    """Remembers what came, slowly if told so, and not before `gate` is open."""

    def __init__(
        self, *, shows_pictures: bool, pause_s: float = 0.0, fails_at: int = -1, gate: threading.Event | None = None
    ) -> None:
        self.shows_pictures, self._pause_s, self._fails_at, self._gate = shows_pictures, pause_s, fails_at, gate
        self.has_begun = threading.Event()
        self.indexes: list[int] = []
        self.threads: set[str] = set()

    def write(self, result: FrameResult, drawn_bgr: ImageArray | None) -> None:
        assert (drawn_bgr is not None) == self.shows_pictures
        if result.frame.index == self._fails_at:
            raise SinkError("the disk is full")
        self.has_begun.set()
        if self._gate is not None:
            assert self._gate.wait(20)
        time.sleep(self._pause_s)
        self.indexes.append(result.frame.index)
        self.threads.add(threading.current_thread().name)

    def close(self) -> None:
        pass


def _result(index: int) -> FrameResult:
    return FrameResult(Frame(dot_image(10, 10), index, index), Poses.empty(LSP_14), {}, 0)


def test_a_recording_waits_for_slow_sinks_and_misses_nothing() -> None:
    lines, pictures = _Keeper(shows_pictures=False), _Keeper(shows_pictures=True, pause_s=0.005)
    thread = SinkThread([lines, pictures], Painter(), live=False, length=2)
    results = [_result(i) for i in range(20)]
    begin_s = time.perf_counter()
    for result in results:
        thread.put(result)
    assert time.perf_counter() - begin_s > 0.08
    thread.close()
    assert lines.indexes == pictures.indexes == list(range(20))
    assert all(result.stage_ns["draw"] > 0 for result in results)
    assert threading.current_thread().name not in lines.threads


def test_a_live_source_never_waits_and_only_pictures_are_missed() -> None:
    gate = threading.Event()
    lines, pictures = _Keeper(shows_pictures=False), _Keeper(shows_pictures=True, gate=gate)
    thread = SinkThread([lines, pictures], Painter(), live=True, length=2)
    for i in range(30):
        thread.put(_result(i))
    assert pictures.indexes == []
    gate.set()
    thread.close()
    assert lines.indexes == list(range(30))
    assert pictures.indexes == [0, 1]
    assert thread.not_shown == 28


def test_a_reader_that_stopped_does_not_fill_the_memory() -> None:
    gate = threading.Event()
    keeper = _Keeper(shows_pictures=False, gate=gate)
    thread = SinkThread([keeper], Painter(), live=True, most_behind=5)
    thread.put(_result(0))
    assert keeper.has_begun.wait(20)
    for i in range(1, 50):
        thread.put(_result(i))
    gate.set()
    thread.close()
    assert keeper.indexes == list(range(6))
    assert thread.not_written == 44


def test_an_error_is_told_though_nothing_more_is_taken() -> None:
    thread = SinkThread([_Keeper(shows_pictures=False, pause_s=0.02, fails_at=2)], Painter(), live=True, most_behind=2)
    with pytest.raises(SinkError, match="full"):
        _put(thread, 1000)
    with pytest.raises(SinkError, match="full"):
        thread.close()


def _put(thread: SinkThread, count: int) -> None:
    for i in range(count):
        thread.put(_result(i))
        time.sleep(0.001)


@pytest.mark.parametrize("live", [False, True])
def test_an_error_of_a_sink_reaches_the_caller(live: bool) -> None:
    thread = SinkThread([_Keeper(shows_pictures=False, fails_at=3)], Painter(), live=live, length=2)
    with pytest.raises(SinkError, match="full"):
        _put(thread, 1000)
    with pytest.raises(SinkError, match="full"):
        thread.close()
    thread.close()


def test_draining_waits_for_what_was_put_and_for_its_error() -> None:
    keeper = _Keeper(shows_pictures=True, pause_s=0.02, fails_at=4)
    thread = SinkThread([keeper], Painter(), live=False)
    for count in (1, 4):
        _put(thread, count - len(keeper.indexes))
        thread.drain()
        assert len(keeper.indexes) == count
    thread.put(_result(4))
    with pytest.raises(SinkError, match="full"):
        thread.drain()
    with pytest.raises(SinkError, match="full"):
        thread.close()


def test_without_pictures_nothing_is_drawn() -> None:
    result = _result(0)
    thread = SinkThread([_Keeper(shows_pictures=False)], Painter(), live=False)
    thread.put(result)
    thread.close()
    assert "draw" not in result.stage_ns
