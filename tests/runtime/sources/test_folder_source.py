import os
import struct
import sys
import zlib
from pathlib import Path

import cv2
import pytest

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.errors import SourceError
from edgepose.runtime.sources import open_source
from edgepose.runtime.sources.folder import FolderSource
from support.clips import SIZE_WH, dot_image
from support.permissions import unreadable


def _save(path: Path, size_wh: tuple[int, int] = SIZE_WH) -> Path:
    assert cv2.imwrite(str(path), dot_image(10, 10, size_wh))
    return path


def test_images_come_in_the_order_that_people_count(tmp_path: Path) -> None:
    for name in ("img10.png", "img2.jpg", "IMG1.PNG", "b.bmp", "①.png"):
        _save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("not an image")
    _save(tmp_path / ".hidden.png")
    with open_source(str(tmp_path)) as source:
        assert isinstance(source, FolderSource)
        assert [path.name for path in source.paths] == ["IMG1.PNG", "b.bmp", "img2.jpg", "img10.png", "①.png"]
        assert [frame.index for frame in source] == [0, 1, 2, 3, 4]
        assert (source.size_wh, source.fps, source.live, source.is_sequence) == (SIZE_WH, None, False, False)


def test_images_may_differ_in_size_and_depth(tmp_path: Path) -> None:
    _save(tmp_path / "1.png")
    _save(tmp_path / "2.png", (40, 80))
    cv2.imwrite(str(tmp_path / "3.png"), dot_image(5, 5)[..., 0].astype("uint16") * 256)
    with FolderSource(tmp_path) as source:
        assert [frame.image_bgr.shape for frame in source] == [(64, 96, 3), (80, 40, 3), (64, 96, 3)]


def test_one_image_is_a_source(tmp_path: Path) -> None:
    with open_source(str(_save(tmp_path / "one.png"))) as source:
        assert len(list(source)) == 1


def test_an_empty_folder_says_what_it_wants(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"holds no image; expected files that end in \.jpg"):
        open_source(str(tmp_path))


def test_an_unreadable_image_is_found_before_the_work_begins(tmp_path: Path) -> None:
    _save(tmp_path / "1.png")
    (tmp_path / "2.png").write_text("hello")
    with pytest.raises(SourceError, match=r"2\.png is no image that OpenCV can decode"):
        open_source(str(tmp_path))


def test_a_cut_off_image_is_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    _save(tmp_path / "1.png")
    broken = _save(tmp_path / "2.png")
    broken.write_bytes(broken.read_bytes()[:40])
    with FolderSource(tmp_path) as source, pytest.raises(SourceError, match=r"2\.png is no image"):
        list(source)


def test_an_image_that_declares_too_many_pixels_is_named(tmp_path: Path) -> None:
    content = bytearray(_save(tmp_path / "1.png").read_bytes())
    content[16:24] = struct.pack(">II", 40_000, 40_000)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    (tmp_path / "1.png").write_bytes(content)
    with pytest.raises(SourceError, match=r"refuses the image .*1\.png \(.*PIXELS\); make it smaller") as caught:
        open_source(str(tmp_path))
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no names that are not UTF-8")
def test_a_name_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"p\xe9.png")).write_bytes(_save(tmp_path / "1.png").read_bytes())
    with pytest.raises(EdgeposeError, match=r"only names in UTF-8, found .*p\\xe9\.png; rename it"):
        open_source(str(tmp_path))


@unreadable
def test_what_may_not_be_read_says_so(tmp_path: Path) -> None:
    path = _save(tmp_path / "1.png")
    path.chmod(0)
    with pytest.raises(SourceError, match=r"cannot read .*1\.png: Permission denied"):
        open_source(str(tmp_path))
    tmp_path.chmod(0)
    try:
        with pytest.raises(SourceError, match=r"cannot read .*: Permission denied"):
            open_source(str(tmp_path))
    finally:
        tmp_path.chmod(0o700)


def test_absent_paths_are_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no such image or folder of images: .*absent"):
        FolderSource(tmp_path / "absent")
    with pytest.raises(SourceError, match=r"absent\.jpg"):
        open_source(str(tmp_path / "absent.jpg"))
