import sys
from itertools import islice

import cv2
import numpy as np
import pytest

from edgepose.runtime.errors import SourceError
from edgepose.runtime.sources import CameraMode, open_source
from edgepose.runtime.sources.camera import CameraSource


@pytest.mark.skipif(sys.platform != "linux", reason="other systems number their cameras")
def test_a_link_of_udev_is_the_camera_that_it_points_at(monkeypatch: pytest.MonkeyPatch) -> None:
    link = "/dev/v4l/by-id/usb-Some_Camera-video-index0"
    monkeypatch.setattr("os.path.realpath", lambda path: "/dev/video97" if path == link else path)
    with pytest.raises(SourceError, match="there is no camera 97"):
        open_source(link)


@pytest.mark.parametrize("text", ["99", "/dev/video99"])
def test_a_camera_that_is_not_there_is_one_line(text: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SourceError, match="camera 99") as caught:
        open_source(text)
    assert "\n" not in str(caught.value)
    if sys.platform == "linux":
        assert "this machine has" in str(caught.value)
    assert capfd.readouterr().err == ""


def test_a_camera_of_somebody_else_says_whose_group_may_open_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgepose.runtime.sources.camera.sys.platform", "linux")
    monkeypatch.setattr("edgepose.runtime.sources.camera.Path.exists", lambda _: True)
    monkeypatch.setattr("edgepose.runtime.sources.camera.os.access", lambda *_: False)
    with pytest.raises(SourceError, match=r"/dev/video7 may not be opened by this user; .* group, .* video"):
        open_source("7")


class _Capture:
    """Stands in for a camera that has the mode that it is asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, float]] = []

    def open(self, *_: object) -> bool:
        return True

    def isOpened(self) -> bool:  # noqa: N802  OpenCV's name
        return True

    def read(self) -> tuple[bool, object]:
        size = dict(self.asked)
        shape = (int(size.get(cv2.CAP_PROP_FRAME_HEIGHT, 48)), int(size.get(cv2.CAP_PROP_FRAME_WIDTH, 64)), 3)
        return True, np.zeros(shape, np.uint8)

    def set(self, key: int, value: float) -> None:
        self.asked.append((key, value))

    def get(self, key: int) -> float:
        return dict(self.asked).get(key, 0.0)

    def release(self) -> None:
        pass


def test_a_mode_is_asked_for_as_motion_jpeg_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgepose.runtime.sources.camera._require_node", lambda _: None)
    monkeypatch.setattr(cv2, "VideoCapture", _Capture)
    with open_source("0", camera=CameraMode.of_text("320x240@60")) as source:
        assert (source.size_wh, source.fps) == ((320, 240), 60)
        assert source._capture.asked[0] == (cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))  # type: ignore[attr-defined]
    with open_source("0") as source:
        assert source.size_wh == (64, 48)
        assert not source._capture.asked  # type: ignore[attr-defined]


class _Leaving(_Capture):
    """Gives so many pictures, and is gone."""

    def __init__(self, pictures: int) -> None:
        super().__init__()
        self._left = pictures

    def isOpened(self) -> bool:  # noqa: N802  OpenCV's name
        return self._left > 0

    def read(self) -> tuple[bool, object]:
        self._left -= 1
        return super().read() if self._left >= 0 else (False, None)


class _Returning(_Leaving):
    """Gives so many pictures every time that it is opened, without its mode; it has to be let go of before."""

    def __init__(self, pictures: int) -> None:
        super().__init__(0)
        self._pictures, self._is_held = pictures, False

    def open(self, *_: object) -> bool:
        assert not self._is_held
        self._left, self._is_held = self._pictures, True
        self.asked.clear()
        return True

    def release(self) -> None:
        self._is_held = False


def test_a_camera_that_gives_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgepose.runtime.sources.camera._require_node", lambda _: None)
    monkeypatch.setattr(cv2, "VideoCapture", lambda: _Leaving(0))
    with pytest.raises(SourceError, match="camera 0 gives no picture; close other programs that use it"):
        open_source("0")


def test_a_camera_that_goes_away_says_after_how_many_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgepose.runtime.sources.camera._require_node", lambda _: None)
    monkeypatch.setattr(cv2, "VideoCapture", lambda: _Leaving(3))  # the first tells the size
    frames = []
    told = "camera 0 stopped after 2 frames; it was waited for 0 seconds .*; check its cable or network"
    with open_source("0", away_s=0) as source, pytest.raises(SourceError, match=told):
        frames.extend(source)
    assert len(frames) == 2


def test_a_camera_that_comes_back_goes_on_in_its_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgepose.runtime.sources.camera._require_node", lambda _: None)
    monkeypatch.setattr(cv2, "VideoCapture", lambda: _Returning(3))
    with CameraSource(0, CameraMode((320, 240), 60), pause_s=0.01) as source:
        frames = list(islice(source, 7))
        assert (source.reconnects, source.size_wh) == (3, (320, 240))
        assert {frame.image_bgr.shape for frame in frames} == {(240, 320, 3)}
        missed = [frame.missed for frame in frames]
        assert missed == sorted(missed)
        assert [frame.index for frame in frames] == [place + lost for place, lost in enumerate(missed)]


def test_a_link_names_the_camera_that_comes_back_under_another_number(monkeypatch: pytest.MonkeyPatch) -> None:
    link, numbers, opened = "/dev/v4l/by-id/usb-Some_Camera-video-index0", iter([0, 2, 4]), []

    class Capture(_Returning):
        def open(self, index: object, *_: object) -> bool:
            opened.append(index)
            return super().open()

    monkeypatch.setattr("os.path.realpath", lambda path: f"/dev/video{next(numbers)}" if path == link else path)
    monkeypatch.setattr("edgepose.runtime.sources.camera._require_node", lambda _: None)
    monkeypatch.setattr(cv2, "VideoCapture", lambda: Capture(2))
    with open_source(link) as source:
        assert source.name == "camera 0"
        assert len(list(islice(source, 5))) == 5
    assert opened == [0, 2, 4]


@pytest.mark.parametrize("text", ["", "1280", "0x720", "1280x720@", "1280x720@0", "wide", "1280x720@30fps"])
def test_what_is_no_mode_is_told(text: str) -> None:
    with pytest.raises(SourceError, match="expected a camera's mode as 1280x720 or 1280x720@30, found"):
        CameraMode.of_text(text)


def test_a_mode_is_for_cameras_alone() -> None:
    with pytest.raises(SourceError, match="a mode is for a camera, and synthetic is none; leave --camera out"):
        open_source("synthetic", camera=CameraMode((640, 480)))
