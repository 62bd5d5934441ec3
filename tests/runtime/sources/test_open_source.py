import pytest

from edgepose.runtime.errors import SourceError
from edgepose.runtime.sources import open_source


@pytest.mark.parametrize("text", ["nothing-here", "1.5", "-1", "ftp://host/x", "synthetical"])
def test_what_is_no_source_gets_a_list_of_what_is(text: str) -> None:
    with pytest.raises(SourceError, match=r"no such source: .* expected a camera's index") as caught:
        open_source(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["rtsp:/me:secret@cam/1", "me:secret@cam/1", "rtp://me:sec/secret@cam"])
def test_a_mistyped_address_does_not_show_its_password(text: str) -> None:
    with pytest.raises(SourceError, match="no such source: ") as caught:
        open_source(text)
    assert "secret" not in str(caught.value)
