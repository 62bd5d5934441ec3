import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.errors import SourceError
from edgepose.runtime.sources import open_source
from edgepose.runtime.sources.base import FrameSource
from edgepose.runtime.sources.newest_frame import NewestFrame
from support.clips import dot_image, write_clip

TESTS = Path(__file__).parents[2]


class _Camera(FrameSource):
    """Pictures at 100 a second; after `count` it stops, or breaks."""

    name, size_wh, fps, live = "test camera", (96, 64), 100.0, True

    def __init__(self, count: int, *, breaks: bool = False) -> None:
        self._count, self._breaks = count, breaks

    def images(self) -> Iterator[ImageArray]:
        for index in range(self._count):
            time.sleep(0.01)
            yield dot_image(index, 20)
        if self._breaks:
            raise SourceError("the camera is gone")


def test_a_slow_consumer_gets_the_newest_and_drops_are_counted() -> None:
    with NewestFrame(_Camera(40)) as newest:
        indexes, ages_ms = [], []
        for frame in newest:
            ages_ms.append((time.perf_counter_ns() - frame.t_ns) / 1e6)
            indexes.append(frame.index)
            time.sleep(0.05)
    assert newest.dropped > 20
    assert len(indexes) + newest.dropped == 40
    assert indexes[-1] == 39
    assert sorted(ages_ms)[len(ages_ms) // 2] < 40


class _Patient(_Camera):
    """Takes its next picture when somebody has `looked`."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.looked = threading.Semaphore()

    def images(self) -> Iterator[ImageArray]:
        for index in range(self._count):
            assert self.looked.acquire(timeout=20)
            yield dot_image(index, 20)


def test_a_fast_consumer_gets_every_frame() -> None:
    camera, indexes = _Patient(20), []
    with NewestFrame(camera) as newest:
        for frame in newest:
            indexes.append(frame.index)
            camera.looked.release()
    assert indexes == list(range(20))
    assert newest.dropped == 0


def test_an_error_of_the_source_reaches_the_consumer_after_the_last_frame() -> None:
    indexes = []
    with NewestFrame(_Camera(1, breaks=True)) as newest, pytest.raises(SourceError, match="gone"):
        indexes.extend(frame.index for frame in newest)
    assert indexes == [0]


def test_leaving_stops_the_thread_at_once() -> None:
    begin_s = time.perf_counter()
    with NewestFrame(_Camera(10_000)) as newest:
        next(iter(newest))
    newest.close()
    assert time.perf_counter() - begin_s < 1
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("capture")]


class _Hanging(_Camera):
    """Gives one picture, and hangs until `go`; `stopped` tells that it was told to stop."""

    def __init__(self) -> None:
        super().__init__(1)
        self.go, self.stopped = threading.Event(), threading.Event()

    def images(self) -> Iterator[ImageArray]:
        yield dot_image(10, 20)
        self.go.wait(20)
        yield dot_image(20, 20)

    def stop(self) -> None:
        self.stopped.set()


def test_a_source_that_hangs_is_told_to_stop_and_not_waited_for() -> None:
    camera = _Hanging()
    begin_s = time.perf_counter()
    with NewestFrame(camera, patience_s=0.1) as newest:
        assert next(iter(newest)).index == 0
    assert time.perf_counter() - begin_s < 3
    assert camera.stopped.is_set()
    camera.go.set()
    deadline_s = time.perf_counter() + 5
    while any(thread.name == "capture" for thread in threading.enumerate()):
        assert time.perf_counter() < deadline_s
        time.sleep(0.01)


def test_who_waits_for_a_source_that_hangs_may_leave() -> None:
    camera, asked = _Hanging(), []

    def is_wanted() -> bool:
        asked.append(threading.current_thread())
        return len(asked) < 3

    with NewestFrame(camera, is_wanted, patience_s=0.1) as newest:
        assert [frame.index for frame in newest] == [0]
    assert asked == [threading.main_thread()] * 3
    camera.go.set()


_LEAVES = """
import time
from edgepose.runtime.sources.newest_frame import NewestFrame
from support.clips import dot_image
from edgepose.runtime.sources.base import FrameSource

class Hanging(FrameSource):
    def images(self):
        yield dot_image(10, 20)
        time.sleep(0.5)
        print("the thread came back", flush=True)

with NewestFrame(Hanging(), patience_s=0.1) as newest:
    next(iter(newest))
print("closed", flush=True)
"""


def test_a_program_waits_at_its_end_for_a_thread_that_hangs() -> None:
    left = subprocess.run([sys.executable, "-c", _LEAVES], cwd=TESTS, timeout=20, check=True, capture_output=True)
    assert left.stdout.decode().splitlines() == ["closed", "the thread came back"]


def test_drops_of_a_paced_file_are_counted_too(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.avi", frames=25, fps=100)
    with open_source(str(path), paced=True) as source, NewestFrame(source) as newest:
        taken = 0
        for _ in newest:
            taken += 1
            time.sleep(0.03)
    assert newest.dropped > 5
    assert taken + newest.dropped == 25
