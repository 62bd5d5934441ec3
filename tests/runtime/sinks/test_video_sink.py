import os
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.errors import SinkError
from edgepose.runtime.poses import Frame, Poses
from edgepose.runtime.results import FrameResult
from edgepose.runtime.sinks import VideoSink
from edgepose.runtime.sinks.video import CODECS, encodable_fps, encodable_wh, fit_into
from edgepose.runtime.skeleton import LSP_14
from support.clips import SIZE_WH, dot_image, read_clip


def _write(sink: VideoSink, image_bgr: ImageArray, t_ns: int = 0) -> None:
    sink.write(FrameResult(Frame(image_bgr, 0, t_ns), Poses.empty(LSP_14), {}, 0), image_bgr)


@pytest.mark.parametrize("container", CODECS)
def test_every_container_can_be_read_again(tmp_path: Path, container: str) -> None:
    path = tmp_path / f"out{container}"
    with VideoSink(path, fps=20) as sink:
        for x in range(10, 80, 10):
            _write(sink, dot_image(x, 30))
        assert not path.exists()
    images = read_clip(path)
    assert [image.shape for image in images] == [(64, 96, 3)] * 7
    assert np.abs(images[3].astype(int) - dot_image(40, 30)).mean() < 6
    assert cv2.VideoCapture(str(path)).get(cv2.CAP_PROP_FPS) == 20
    assert list(tmp_path.iterdir()) == [path]


def test_a_live_video_runs_as_fast_as_life(tmp_path: Path) -> None:
    path = tmp_path / "out.avi"
    with VideoSink(path, fps=20, real_time=True) as sink:
        for t_ms in (0, 50, 51, 300):
            _write(sink, dot_image(20, 20), 10**12 + t_ms * 10**6)
    assert len(read_clip(path)) == 7


def test_a_picture_of_a_live_video_stays_until_the_next_was_taken(tmp_path: Path) -> None:
    path = tmp_path / "out.avi"
    with VideoSink(path, fps=20, real_time=True) as sink:
        for t_ms, x in ((0, 20), (300, 70), (350, 20)):
            _write(sink, dot_image(x, 20), 10**12 + t_ms * 10**6)
    brightest = [int(image[20].sum(axis=1).argmax()) for image in read_clip(path)]
    np.testing.assert_allclose(brightest, [20] * 6 + [70, 20], atol=6)


def test_a_live_source_that_was_away_for_long_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "out.avi"
    with VideoSink(path, fps=20, real_time=True) as sink:
        for t_s in (0, 3600, 3600.05, 3600.1):
            _write(sink, dot_image(20, 20), round(t_s * 1e9))
    assert len(read_clip(path)) == pytest.approx(200 + 3, abs=1)


def test_pictures_of_another_size_are_fitted(tmp_path: Path) -> None:
    path = tmp_path / "out.avi"
    with VideoSink(path, fps=20) as sink:
        for size_wh in (SIZE_WH, (40, 80), (200, 50)):
            _write(sink, np.full((size_wh[1], size_wh[0], 3), 200, np.uint8))
    assert len(read_clip(path)) == 3
    tall = fit_into(np.full((80, 40, 3), 200, np.uint8), SIZE_WH)
    assert tall.shape == (64, 96, 3)
    assert (tall[:, 32:64] == 200).all()
    assert not tall[:, :32].any()


@pytest.mark.parametrize("container", [".mp4", ".webm"])
def test_a_picture_larger_than_the_codec_takes_is_made_smaller(tmp_path: Path, container: str) -> None:
    path = tmp_path / f"out{container}"
    picture = np.zeros((200, 20_000, 3), np.uint8)
    picture[:, 10_000:] = 255
    with VideoSink(path, fps=20) as sink:
        _write(sink, picture)
    (image,) = read_clip(path)
    width, height = encodable_wh(20_000, 200, CODECS[container])
    assert image.shape == (height, width, 3)
    assert width in (8190, 16382)
    assert image[:, -50:].mean() > 200
    assert image[:, :50].mean() < 50


@given(width=st.integers(1, 100_000), height=st.integers(1, 100_000), codec=st.sampled_from(sorted(CODECS.values())))
def test_a_size_is_kept_or_shrunk_in_proportion(width: int, height: int, codec: str) -> None:
    found_wh = encodable_wh(width, height, codec)
    if max(width, height) <= 8190 and min(width, height) >= 2:
        assert found_wh == (width, height)
    scale = max(found_wh) / max(width, height)
    assert max(found_wh) <= 65500
    assert np.abs(np.subtract(found_wh, np.array([width, height]) * scale)).max() <= 2


@pytest.mark.parametrize("container", [".mp4", ".mkv", ".avi", ".webm"])
@pytest.mark.parametrize("fps", [0.001, 23.976023976, 65.537, 119.953, 655.36, 999.37, 1000])
def test_every_rate_can_be_written(tmp_path: Path, container: str, fps: float) -> None:
    path = tmp_path / f"out{container}"
    with VideoSink(path, fps) as sink:
        for _ in range(2):
            _write(sink, dot_image(10, 10))
    assert len(read_clip(path)) == 2
    assert cv2.VideoCapture(str(path)).get(cv2.CAP_PROP_FPS) == pytest.approx(encodable_fps(fps), rel=1e-3)


@given(st.floats(0.1, 1000))
def test_a_rate_is_hardly_rounded_and_countable(fps: float) -> None:
    rounded = encodable_fps(fps)
    assert rounded == pytest.approx(fps, rel=1e-3, abs=5e-4)
    ticks = [rounded * base for base in (1, 10, 100, 1000) if abs(rounded * base - round(rounded * base)) < 1e-6]
    assert min(ticks) <= 65535


def test_an_encoder_that_fails_names_size_rate_and_other_containers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CODECS, ".mp4", "MJPG")
    monkeypatch.setattr("edgepose.runtime.sinks.video.encodable_wh", lambda *_: (0, 0))
    sink = VideoSink(tmp_path / "out.mp4", fps=20)
    with pytest.raises(SinkError, match=r"out\.mp4 with 0x0 pixels at 20 frames/s; try \.mov \.mkv \.webm$"):
        _write(sink, dot_image(10, 10))
    sink.close()
    assert list(tmp_path.iterdir()) == []


def test_without_a_picture_there_is_no_file(tmp_path: Path) -> None:
    sink = VideoSink(tmp_path / "out.mp4", fps=20)
    sink.close()
    sink.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["out.foo", "out", "out.gif"])
def test_an_unknown_container_gets_a_list_of_the_known(tmp_path: Path, name: str) -> None:
    with pytest.raises(SinkError, match=r"unknown video container .*use one of \.mp4"):
        VideoSink(tmp_path / name, fps=20)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "out.mp4").mkdir()
    with pytest.raises(EdgeposeError, match=r"out\.mp4 is a folder"):
        VideoSink(tmp_path / "out.mp4", fps=20)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_refused_and_stays(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "out.mp4")
    with pytest.raises(EdgeposeError, match=r"out\.mp4 is a device or a pipe"):
        VideoSink(tmp_path / "out.mp4", fps=20)
    assert (tmp_path / "out.mp4").is_fifo()


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EdgeposeError, match=r"cannot write .*out\.mp4"):
        VideoSink(tmp_path / "file" / "out.mp4", fps=20)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no names that are not UTF-8")
@pytest.mark.parametrize("name", [b"o\xe9.mp4", b"l.mp4"])
def test_a_name_that_is_not_utf8_is_refused(tmp_path: Path, name: bytes) -> None:
    (tmp_path / "l.mp4").symlink_to(tmp_path / os.fsdecode(b"o\xe9.mp4"))
    with pytest.raises(EdgeposeError, match=r"only names in UTF-8, found .*o\\xe9\.mp4; rename it"):
        VideoSink(tmp_path / os.fsdecode(name), fps=20)
    assert list(tmp_path.iterdir()) == [tmp_path / "l.mp4"]


def test_a_full_disk_stops_while_the_video_can_be_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = VideoSink(tmp_path / "out.mp4", fps=20)
    for _ in range(3):
        _write(sink, dot_image(10, 10))
    monkeypatch.setattr("edgepose.runtime.sinks.video._SPARE_BYTES", 2**62)
    with pytest.raises(SinkError, match="is full after 3 frames"):
        _write(sink, dot_image(10, 10))
    sink.close()
    assert len(read_clip(tmp_path / "out.mp4")) == 3


def test_a_video_that_does_not_play_is_an_error_and_no_file(tmp_path: Path) -> None:
    sink = VideoSink(tmp_path / "out.mp4", fps=20)
    _write(sink, dot_image(10, 10))
    (begun,) = tmp_path.glob(".out-*.mp4")
    begun.unlink()  # what is still written goes nowhere
    begun.write_text("what a full disk would leave")
    with pytest.raises(SinkError, match="could not be finished"):
        sink.close()
    assert list(tmp_path.iterdir()) == []
