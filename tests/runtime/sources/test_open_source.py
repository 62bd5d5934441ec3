from pathlib import Path

import pytest

from edgepose.runtime.errors import SourceError
from edgepose.runtime.sources import open_source, source_files


@pytest.mark.parametrize("text", ["nothing-here", "1.5", "-1", "ftp://host/x", "synthetical"])
def test_what_is_no_source_gets_a_list_of_what_is(text: str) -> None:
    with pytest.raises(SourceError, match=r"no such source: .* expected a camera's index") as caught:
        open_source(text)
    assert "\n" not in str(caught.value)


def test_an_empty_name_is_no_folder() -> None:
    with pytest.raises(SourceError, match="the source is empty"):
        open_source("")


@pytest.mark.parametrize("suffix", ["", ".jpg", ".mp4"])
def test_a_name_that_the_system_refuses_says_why(suffix: str) -> None:
    for look in (open_source, source_files):
        with pytest.raises(SourceError, match=r"cannot read x+.*: File name too long; check"):
            look("x" * 300 + suffix)


def test_the_home_of_somebody_unknown_is_no_source() -> None:
    with pytest.raises(SourceError, match="no such source: ~nobody-of-this-name/clip"):
        open_source("~nobody-of-this-name/clip.avi")


@pytest.mark.parametrize("text", ["rtsp:/me:secret@cam/1", "me:secret@cam/1", "rtp://me:sec/secret@cam"])
def test_a_mistyped_address_does_not_show_its_password(text: str) -> None:
    with pytest.raises(SourceError, match="no such source: ") as caught:
        open_source(text)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("suffix", [".HEIC", ".avif"])
def test_a_picture_of_a_kind_that_is_not_read_is_called_a_picture(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"IMG_1{suffix}"
    path.write_bytes(b"\0\0\0\x18ftypheic" + bytes(100))
    with pytest.raises(SourceError, match=r"IMG_1\.\w+ is a picture of a kind that is not read; convert it"):
        open_source(str(path))
