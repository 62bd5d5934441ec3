from pathlib import Path

import cv2
import pytest

from edgepose.runtime.errors import SourceError
from edgepose.runtime.sources import open_source
from edgepose.runtime.sources.folder import FolderSource
from support.clips import SIZE_WH, dot_image


def _save(path: Path, size_wh: tuple[int, int] = SIZE_WH) -> Path:
    assert cv2.imwrite(str(path), dot_image(10, 10, size_wh))
    return path


def test_images_come_in_the_order_that_people_count(tmp_path: Path) -> None:
    for name in ("img10.png", "img2.jpg", "IMG1.PNG", "b.bmp"):
        _save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("not an image")
    _save(tmp_path / ".hidden.png")
    with open_source(str(tmp_path)) as source:
        assert isinstance(source, FolderSource)
        assert [path.name for path in source.paths] == ["IMG1.PNG", "b.bmp", "img2.jpg", "img10.png"]
        assert [frame.index for frame in source] == [0, 1, 2, 3]
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


def test_absent_paths_are_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no such folder of images: .*absent"):
        FolderSource(tmp_path / "absent")
    with pytest.raises(SourceError, match=r"absent\.jpg"):
        open_source(str(tmp_path / "absent.jpg"))
