import sys

import cv2
import pytest

from edgepose.runtime.errors import SinkError
from edgepose.runtime.sinks import WindowSink
from edgepose.runtime.sinks.window import display_available


@pytest.mark.skipif(sys.platform != "linux", reason="other systems tell otherwise whether there is a screen")
def test_without_a_display_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert not display_available()
    with pytest.raises(SinkError, match="there is no display"):
        WindowSink()


@pytest.mark.skipif(bool(cv2.currentUIFramework()), reason="this OpenCV has windows")
def test_an_opencv_without_windows_names_the_pip_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":99")
    with pytest.raises(SinkError, match="pip uninstall opencv-python-headless && pip install opencv-python"):
        WindowSink()
