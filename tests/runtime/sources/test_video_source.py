import itertools
import os
import re
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.errors import SourceError
from edgepose.runtime.sources import open_source
from edgepose.runtime.sources.video import VideoSource
from support.clips import SIZE_WH, dot_place, write_clip
from support.permissions import unreadable


@pytest.mark.parametrize("container", [".mp4", ".avi", ".mkv"])
def test_every_frame_comes_once_and_in_order(tmp_path: Path, container: str) -> None:
    path = write_clip(tmp_path / f"clip{container}", frames=12, fps=25)
    with open_source(str(path)) as source:
        assert (source.name, source.size_wh, source.fps, source.live) == (path.name, SIZE_WH, 25, False)
        frames = list(source)
    assert [frame.index for frame in frames] == list(range(12))
    for frame in frames:
        y, x = np.nonzero(frame.image_bgr[..., 1] > 128)
        assert np.hypot(x.mean() - dot_place(frame.index)[0], y.mean() - dot_place(frame.index)[1]) < 1
    assert all(a.t_ns < b.t_ns for a, b in itertools.pairwise(frames))


def test_frames_are_stamped_when_they_are_read_and_timed_by_the_file(tmp_path: Path) -> None:
    with VideoSource(write_clip(tmp_path / "clip.avi", frames=3, fps=10)) as source:
        time.sleep(0.02)
        before_ns = time.perf_counter_ns()
        frames = list(source)
        assert frames[0].t_ns >= before_ns
        assert [source.time_ns(frame) for frame in frames] == [0, 100_000_000, 200_000_000]


def with_times(clip: Path, times_ms: list[int]) -> Path:
    """Give the pictures of a Matroska file of 1,000 a second times of their own, as a browser records them."""
    content, place = bytearray(clip.read_bytes()), 0
    for index, time_ms in enumerate(times_ms):
        size = rb"(?:[\x81-\xff]|[\x40-\x7f].|[\x20-\x3f]..)"
        block = re.compile(rb"\xa3" + size + rb"\x81" + re.escape(index.to_bytes(2)), re.DOTALL).search(content, place)
        assert block is not None
        content[block.end() - 2 : block.end()], place = time_ms.to_bytes(2), block.end()
    clip.write_bytes(content)
    return clip


def test_a_video_that_tells_no_rate_has_that_of_its_times(tmp_path: Path) -> None:
    jitter_ms = np.random.default_rng(0).integers(0, 20, 40)
    clip = write_clip(tmp_path / "clip.mkv", frames=40, fps=1000)
    with open_source(str(with_times(clip, (np.arange(40) * 67 + jitter_ms).tolist()))) as source:
        assert source.fps == pytest.approx(1000 / 67, rel=0.02)
        assert source.declared_frames == 0  # what OpenCV counts by a rate that is none
        assert [frame.index for frame in source] == list(range(40))


def test_one_frame_that_cannot_be_decoded_does_not_end_a_video(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", frames=40, fps=25)
    content = bytearray(clip.read_bytes())
    starts = [match.start() for match in re.finditer(rb"\x00\x00\x01\xb6", bytes(content))]
    assert len(starts) == 40
    content[starts[20] : starts[21]] = bytes(starts[21] - starts[20])
    clip.write_bytes(content)
    with open_source(str(clip)) as source:
        assert 36 <= sum(1 for _ in source) < 40


def test_a_text_file_is_no_video(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "notes.mp4"
    path.write_text("no video\n" * 100)
    with pytest.raises(SourceError, match=r"notes\.mp4 holds no video that OpenCV can decode"):
        open_source(str(path))
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("content", [b"", b"\0" * 5000, b"RIFF\0\0\0\0AVI LIST"])
@pytest.mark.parametrize("container", [".mp4", ".avi", ".mkv"])
def test_a_file_of_nothing_is_no_video(
    tmp_path: Path, content: bytes, container: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"clip{container}"
    path.write_bytes(content)
    with pytest.raises(SourceError, match="holds no video"):
        VideoSource(path)
    assert capfd.readouterr().err == ""


def test_a_cut_off_video_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.avi", frames=20)
    os.truncate(path, path.stat().st_size // 2)
    with VideoSource(path) as source:
        assert 0 < len(list(source)) < 20


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no such source: .*absent\.mp4"):
        open_source(str(tmp_path / "absent.mp4"))
    with pytest.raises(SourceError, match=r"no such video file: .*absent\.mp4"):
        VideoSource(tmp_path / "absent.mp4")


@pytest.mark.parametrize("name", ["12:30 clip.avi", "http:clip.avi", "concat:a|b.avi", "a%03d.avi"])
def test_no_name_is_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    write_clip(Path("clip.avi"), frames=3).rename(name)
    with open_source(name) as source:
        assert len(list(source)) == 3


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no names that are not UTF-8")
def test_a_name_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.avi", frames=3).rename(tmp_path / os.fsdecode(b"c\xe9.avi"))
    with pytest.raises(EdgeposeError, match=r"only names in UTF-8, found .*c\\xe9\.avi; rename it"):
        open_source(str(path))


@unreadable
def test_a_video_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.avi", frames=3)
    path.chmod(0)
    with pytest.raises(SourceError, match=r"cannot read .*clip\.avi: Permission denied; check"):
        open_source(str(path))


def test_closing_twice_is_fine(tmp_path: Path) -> None:
    source = VideoSource(write_clip(tmp_path / "clip.avi", frames=2))
    source.close()
    source.close()
    assert len(list(source)) <= 1


@pytest.mark.research_data("video")
def test_real_clips_open(research_data: Path) -> None:
    clips = sorted((research_data / "video").glob("*.mp4"))
    assert clips
    for path in clips:
        with open_source(str(path)) as source:
            frame = next(iter(source))
            assert frame.image_bgr.shape == (source.size_wh[1], source.size_wh[0], 3)
