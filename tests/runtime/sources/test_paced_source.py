import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.errors import SourceError
from edgepose.runtime.sources import open_source
from edgepose.runtime.sources.base import FrameSource
from edgepose.runtime.sources.paced import PacedSource
from support.clips import dot_image, write_clip


class SlowSource(FrameSource):
    """A recording whose pictures take `read_s` to read, the first one `first_s` besides."""

    def __init__(self, frames: int, fps: float, read_s: float, first_s: float = 0.0) -> None:
        self.name, self.size_wh, self.fps, self.declared_frames = "slow", (8, 8), fps, frames
        self._read_s, self._first_s = read_s, first_s

    def images(self) -> Iterator[ImageArray]:
        time.sleep(self._first_s)
        for _ in range(self.declared_frames):
            time.sleep(self._read_s)
            yield np.zeros((8, 8, 3), np.uint8)


def test_frames_come_at_the_files_rate(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.avi", frames=10, fps=20)
    with open_source(str(path), paced=True) as source:
        frames = list(source)
        assert source.live
        assert source.dropped == 0
        assert [source.time_ns(frame) for frame in frames] == [frame.t_ns for frame in frames]
    due_ns = np.arange(10) * 50e6
    late_ns = np.array([frame.t_ns - frames[0].t_ns for frame in frames]) - due_ns
    assert np.median(np.abs(late_ns)) < 10e6


def test_late_frames_are_dropped_and_counted(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.avi", frames=20, fps=50)
    with open_source(str(path), paced=True) as source:
        indexes = []
        for frame in source:
            indexes.append(frame.index)
            time.sleep(0.05)
        assert source.dropped > 5
        assert len(indexes) + source.dropped == 20
    assert indexes == sorted(set(indexes))


def test_a_recording_that_is_read_slower_than_it_plays_comes_whole() -> None:
    with PacedSource(SlowSource(frames=12, fps=100, read_s=0.015)) as source:
        assert [frame.index for frame in source] == list(range(12))
        assert source.dropped == 0


def test_time_before_the_first_picture_is_not_late() -> None:
    with PacedSource(SlowSource(frames=5, fps=50, read_s=0.0, first_s=0.3)) as source:
        assert len(list(source)) == 5


def test_nobody_waits_for_the_next_frame_of_one_that_is_stopped(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.avi", frames=3, fps=0.05)
    with open_source(str(path), paced=True) as source:
        frames = iter(source)
        next(frames)
        source.stop()
        assert list(frames) == []


def test_a_video_that_tells_its_clock_for_a_rate_is_still_a_video(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.avi", frames=6, fps=1000)
    with open_source(str(path)) as source:
        assert (source.fps, source.is_sequence, source.playback_fps) == (None, True, 30.0)
        assert source.time_ns(list(source)[3]) == 100_000_000
    with open_source(str(path), paced=True) as source:
        assert len(list(source)) == 6


def test_loose_images_have_no_pace(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), dot_image(10, 10))
    with pytest.raises(SourceError, match="has loose images, which have no pace"):
        open_source(str(tmp_path), paced=True)
