"""Drawn pictures as files: named as they were, whole, and none in another's place."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.errors import SinkError
from edgepose.runtime.pipeline import Pipeline
from edgepose.runtime.sinks import JsonLinesSink, PictureSink
from edgepose.runtime.sinks.base import Sink
from edgepose.runtime.sources import open_source
from support.clips import DotEstimator, dot_image, write_clip


def written(source: Path, sink: Sink) -> None:
    list(Pipeline(open_source(str(source)), DotEstimator(), [sink]).run())


def read(path: Path) -> ImageArray:
    image_bgr = cv2.imread(str(path))
    assert image_bgr is not None
    return image_bgr


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("b.png", "a.JPG", "ü 10.webp", "ü 9.bmp"):
        content = cv2.imencode(Path(name).suffix.lower(), dot_image(20, 20, (60, 40)))[1]
        (folder / name).write_bytes(content.tobytes())
    return folder


def test_a_folder_gets_every_picture_under_its_name(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "drawn"
    written(pictures, PictureSink(out))
    assert {path.name for path in out.iterdir()} == {path.name for path in pictures.iterdir()}
    for name in ("b.png", "ü 9.bmp"):
        drawn = cv2.imdecode(np.fromfile(out / name, np.uint8), cv2.IMREAD_COLOR)
        assert drawn is not None
        assert drawn.shape == (40, 60, 3)
        assert np.any(drawn != dot_image(20, 20, (60, 40)))


def test_frames_of_a_video_are_numbered(tmp_path: Path) -> None:
    written(write_clip(tmp_path / "clip.avi", frames=3), PictureSink(tmp_path / "drawn"))
    assert sorted(path.name for path in (tmp_path / "drawn").iterdir()) == ["000000.jpg", "000001.jpg", "000002.jpg"]


def test_one_picture_becomes_the_file_that_is_named(pictures: Path, tmp_path: Path) -> None:
    written(pictures / "b.png", PictureSink(tmp_path / "drawn.jpg"))
    assert read(tmp_path / "drawn.jpg").shape == (40, 60, 3)


def test_more_pictures_do_not_go_into_one_file(pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(SinkError, match="is one picture, and the source has more; give a folder or a video"):
        written(pictures, PictureSink(tmp_path / "drawn.png"))


def test_a_picture_that_is_too_tall_for_its_kind_is_one_clear_error(tmp_path: Path) -> None:
    tall = tmp_path / "tall.png"
    tall.write_bytes(cv2.imencode(".png", dot_image(20, 20, (40, 17_000)))[1].tobytes())
    with pytest.raises(SinkError, match=r"^OpenCV cannot write [^\n]*tall.webp[^\n]*; choose another kind of picture$"):
        written(tall, PictureSink(tmp_path / "tall.webp"))
    assert list(tmp_path.iterdir()) == [tall]


def test_lines_name_the_file_that_they_are_of(pictures: Path, tmp_path: Path) -> None:
    written(pictures, JsonLinesSink(tmp_path / "poses.jsonl"))
    lines = (tmp_path / "poses.jsonl").read_text(encoding="utf-8").splitlines()
    assert ['"file": "a.JPG"' in lines[0], '"frame": 3, "file": "\\u00fc 10.webp"' in lines[3]] == [True, True]
    written(write_clip(tmp_path / "clip.avi", frames=1), JsonLinesSink(tmp_path / "clip.jsonl"))
    assert '"file"' not in (tmp_path / "clip.jsonl").read_text()
