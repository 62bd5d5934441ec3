from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.errors import SourceError
from edgepose.runtime.poses import Frame
from edgepose.runtime.sources import open_source
from edgepose.runtime.sources.base import FrameSource
from edgepose.runtime.sources.paced import PacedSource
from edgepose.runtime.sources.video import VideoSource
from support.clips import dot_image, write_clip

BEGIN_NS = 5_000_000_000


class Clock:
    """Time passes where somebody waits or works, and nowhere else."""

    def __init__(self) -> None:
        self._ns = BEGIN_NS

    def now_ns(self) -> int:
        return self._ns

    def pass_ms(self, duration_ms: float) -> None:
        self._ns += round(duration_ms * 1e6)

    def wait(self, seconds: float) -> bool:
        self.pass_ms(1000 * seconds)
        return False


class SlowSource(FrameSource):
    """A recording whose pictures take `read_ms` to read, the first one `first_ms` besides."""

    def __init__(self, clock: Clock, frames: int, fps: float, read_ms: float = 0.0, first_ms: float = 0.0) -> None:
        self.name, self.size_wh, self.fps, self.declared_frames = "slow", (8, 8), fps, frames
        self._clock, self._read_ms, self._first_ms = clock, read_ms, first_ms

    def images(self) -> Iterator[ImageArray]:
        self._clock.pass_ms(self._first_ms)
        for _ in range(self.declared_frames):
            self._clock.pass_ms(self._read_ms)
            yield np.zeros((8, 8, 3), np.uint8)


def paced(source: FrameSource, clock: Clock) -> PacedSource:
    return PacedSource(source, now_ns=clock.now_ns, wait=clock.wait)


def times_ms(frames: list[Frame]) -> list[float]:
    return [(frame.t_ns - BEGIN_NS) / 1e6 for frame in frames]


def test_frames_come_at_the_files_rate(tmp_path: Path) -> None:
    path, clock = write_clip(tmp_path / "clip.avi", frames=10, fps=20), Clock()
    with paced(VideoSource(path), clock) as source:
        frames = list(source)
        assert source.live
        assert source.dropped == 0
        assert [source.time_ns(frame) for frame in frames] == [frame.t_ns for frame in frames]
    assert [frame.index for frame in frames] == list(range(10))
    assert times_ms(frames) == pytest.approx([50 * index for index in range(10)])


def test_late_frames_are_dropped_and_counted() -> None:
    clock, frames = Clock(), []
    with paced(SlowSource(clock, frames=20, fps=50), clock) as source:
        for frame in source:
            frames.append(frame)
            clock.pass_ms(47)
        assert source.dropped == 11
    assert [frame.index for frame in frames] == [0, 2, 4, 7, 9, 11, 14, 16, 18]
    assert times_ms(frames) == pytest.approx([47 * number for number in range(9)])


def test_a_recording_that_is_read_slower_than_it_plays_comes_whole() -> None:
    clock = Clock()
    with paced(SlowSource(clock, frames=12, fps=100, read_ms=15), clock) as source:
        frames = list(source)
        assert source.dropped == 0
    assert [frame.index for frame in frames] == list(range(12))
    assert times_ms(frames) == pytest.approx([15 * number for number in range(1, 13)])


def test_time_before_the_first_picture_is_not_late() -> None:
    clock = Clock()
    with paced(SlowSource(clock, frames=5, fps=50, first_ms=300), clock) as source:
        assert times_ms(list(source)) == pytest.approx([300, 320, 340, 360, 380])
        assert source.dropped == 0


def test_nobody_waits_for_the_next_frame_of_one_that_is_stopped(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.avi", frames=3, fps=0.05)
    with open_source(str(path), paced=True) as source:
        frames = iter(source)
        next(frames)
        source.stop()
        assert list(frames) == []


def test_a_video_that_tells_its_clock_for_a_rate_is_still_a_video(tmp_path: Path) -> None:
    path, clock = write_clip(tmp_path / "clip.avi", frames=6, fps=1000), Clock()
    with open_source(str(path)) as source:
        assert (source.fps, source.is_sequence, source.playback_fps) == (None, True, 30.0)
        assert source.time_ns(list(source)[3]) == 100_000_000
    with paced(VideoSource(path), clock) as source:
        assert times_ms(list(source)) == pytest.approx([index * 1000 / 30 for index in range(6)], abs=0.01)


def test_loose_images_have_no_pace(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), dot_image(10, 10))
    with pytest.raises(SourceError, match="has loose images, which have no pace"):
        open_source(str(tmp_path), paced=True)
