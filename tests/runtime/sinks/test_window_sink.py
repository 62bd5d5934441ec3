import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.errors import SinkError
from edgepose.runtime.pipeline import Pipeline
from edgepose.runtime.sinks import WindowSink, window
from edgepose.runtime.sinks.window import display_available
from edgepose.runtime.sources import open_source
from support.clips import DotEstimator, dot_image, write_clip

NO_KEY = -1


class Screen:
    """Stands in for OpenCV's windows where there is no display; `keys` are pressed one a look, then none."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, keys: list[int]) -> None:
        self.shown: list[ImageArray] = []
        self.sizes: list[tuple[int, ...]] = []
        self.waits_ms: list[int] = []
        self.looks_at_last = 0
        self.is_open = self.tells = True
        self._keys = keys
        monkeypatch.setattr(window, "window_problem", lambda: None)
        monkeypatch.setattr(cv2, "namedWindow", lambda _title, _flags: None)
        monkeypatch.setattr(cv2, "resizeWindow", lambda _title, *size: self.sizes.append(size))
        monkeypatch.setattr(cv2, "imshow", self._show)
        monkeypatch.setattr(cv2, "waitKey", self._look)
        monkeypatch.setattr(cv2, "getWindowProperty", lambda _title, _name: float(self.is_open) if self.tells else -1.0)
        monkeypatch.setattr(cv2, "destroyWindow", self._destroy)

    def _show(self, _title: str, picture: ImageArray) -> None:
        self.shown.append(picture)
        self.looks_at_last = 0

    def _destroy(self, _title: str) -> None:
        if not self.is_open:
            raise cv2.error("NULL window")

    def _look(self, ms: int) -> int:
        self.looks_at_last += 1
        self.waits_ms.append(ms)
        if not self._keys:
            self.is_open = False
        return self._keys.pop(0) if self._keys else NO_KEY


def _folder(path: Path, count: int) -> list[int]:
    """Write images of other heights, which are easily told apart; return the heights."""
    heights = [40 + 10 * index for index in range(count)]
    for index, height in enumerate(heights):
        cv2.imwrite(str(path / f"{index}.png"), dot_image(20, 20, (60, height)))
    return heights


def _watch(source: str) -> int:
    return len(list(Pipeline(open_source(source), DotEstimator(), [WindowSink()]).run()))


@pytest.mark.parametrize("count", [1, 4])
def test_every_loose_image_is_shown_and_the_last_one_stays_until_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    heights = _folder(tmp_path, count)
    screen = Screen(monkeypatch, [NO_KEY] * (count + 7) + [ord(" "), NO_KEY])
    assert _watch(str(tmp_path)) == count
    assert [picture.shape[0] for picture in screen.shown] == heights
    assert screen.looks_at_last == 9
    assert np.count_nonzero(screen.shown[0] != dot_image(20, 20, (60, 40))) > 0  # poses are drawn on it


def test_a_window_that_is_closed_does_not_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _folder(tmp_path, 2)
    screen = Screen(monkeypatch, [NO_KEY] * 5)
    assert _watch(str(tmp_path)) == 2
    assert screen.looks_at_last == 5
    assert not screen.is_open


def test_windows_that_do_not_tell_whether_they_are_open_stay_until_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _folder(tmp_path, 3)
    screen = Screen(monkeypatch, [NO_KEY] * 8 + [ord(" "), NO_KEY])
    screen.tells = False
    assert _watch(str(tmp_path)) == 3
    assert len(screen.shown) == 3


def test_a_window_is_no_larger_than_a_screen_and_pictures_stay_as_long_as_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cv2.imwrite(str(tmp_path / "1.png"), np.zeros((3000, 4000, 3), np.uint8))
    cv2.imwrite(str(tmp_path / "2.png"), np.zeros((40, 60, 3), np.uint8))
    screen = Screen(monkeypatch, [NO_KEY] * 3)
    list(Pipeline(open_source(str(tmp_path)), DotEstimator(), [WindowSink(stay_ms=500)]).run())
    assert screen.sizes == [(960, 720)]
    assert screen.waits_ms[:2] == [500, 500]


def test_q_ends_loose_images_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _folder(tmp_path, 4)
    screen = Screen(monkeypatch, [NO_KEY, ord("q"), NO_KEY, NO_KEY])
    assert _watch(str(tmp_path)) == 2
    assert len(screen.shown) == 2
    assert screen.looks_at_last == 1


def test_the_last_picture_of_a_clip_does_not_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen(monkeypatch, [NO_KEY] * 100)
    assert _watch(str(write_clip(tmp_path / "clip.avi", frames=12))) == 12
    assert screen.is_open


@pytest.mark.skipif(sys.platform != "linux", reason="other systems tell otherwise whether there is a screen")
def test_without_a_display_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert not display_available()
    with pytest.raises(SinkError, match="there is no display"):
        WindowSink()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems tell otherwise whether there is a screen")
def test_a_display_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr("socket.create_connection", refuse)
    monkeypatch.setenv("DISPLAY", ":9876")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(SinkError, match="no display answers at DISPLAY=:9876; write a file instead"):
        WindowSink()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no X")
def test_windows_that_need_x_are_told_where_there_is_wayland_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    monkeypatch.setattr(cv2, "currentUIFramework", lambda: "QT6")
    with pytest.raises(SinkError, match="windows need X, and DISPLAY is not set; start XWayland, or write a file"):
        WindowSink()


@pytest.mark.skipif(bool(cv2.currentUIFramework()), reason="this OpenCV has windows")
def test_an_opencv_without_windows_names_the_pip_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", "elsewhere:0")
    with pytest.raises(SinkError, match=r'opencv-python-headless, then: pip install "opencv-python==\d+\.\d+\.\*"'):
        WindowSink()
