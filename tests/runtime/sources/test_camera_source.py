import sys

import pytest

from edgepose.runtime.errors import SourceError
from edgepose.runtime.sources import open_source


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
