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
