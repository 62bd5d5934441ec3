"""Boxes of a detector of one's own: read strictly, looked into once each."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.backends import open_model
from edgepose.runtime.backends.base import Session
from edgepose.runtime.clock import StageClock
from edgepose.runtime.estimators import GivenBoxesEstimator, open_estimator
from edgepose.runtime.people.boxes import boxes_of, read_boxes, require_boxes_of
from edgepose.runtime.poses import Frame
from edgepose.runtime.sources import open_source
from support.colour_people import STANDING, draw_person, save_colour_model
from support.engines import backend_or_skip

IMAGE = np.zeros((240, 400, 3), np.uint8)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    backend_or_skip("onnxruntime")
    with open_model(str(save_colour_model(tmp_path_factory.mktemp("model")))) as opened:
        yield opened


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_lines_are_read_by_frame_or_file(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "boxes.jsonl"
    text = '{"frame": 3, "boxes": [[1, 2, 3, 4.5]]}\n\n{"file": "a.jpg", "boxes": [], "by": "me"}\n'
    path.write_text(text, encoding=encoding)
    boxes = read_boxes(path)
    assert boxes.keys() == {3, "a.jpg"}
    np.testing.assert_array_equal(boxes_of(boxes, Frame(IMAGE, 3, 0)), [[1, 2, 3, 4.5]])
    assert boxes_of(boxes, Frame(IMAGE, 3, 0, "a.jpg")).shape == (0, 4)
    assert boxes_of(boxes, Frame(IMAGE, 3, 0, "b.jpg")).shape == (1, 4)
    assert boxes_of(boxes, Frame(IMAGE, 4, 0)).shape == (0, 4)


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "7",
        '{"frame": 0}',
        '{"boxes": []}',
        '{"frame": true, "boxes": []}',
        '{"frame": 0, "boxes": [[1, 2, 3]]}',
        '{"frame": 0, "boxes": [["a", 2, 3, 4]]}',
        '{"frame": 0, "boxes": [[3, 2, 1, 4]]}',
        '{"frame": 0, "boxes": [[1, 2, NaN, 4]]}',
        '{"frame": 0, "boxes": [1, 2, 3, 4]}',
        '{"frame": 0, "boxes": [[1, 2, 3, 4, 5, 6, 7, 8]]}',
        '{"frame": 0, "boxes": [[1, 2, 3, ' + "9" * 400 + "]]}",
    ],
)
def test_a_line_that_is_none_is_told_by_its_number(tmp_path: Path, line: str) -> None:
    path = tmp_path / "boxes.jsonl"
    path.write_text('{"frame": 1, "boxes": []}\n' + line + "\n")
    with pytest.raises(EdgeposeError, match=r"boxes.jsonl, line 2: expected ") as caught:
        read_boxes(path)
    assert "\n" not in str(caught.value)


def test_two_lines_of_one_frame_are_told(tmp_path: Path) -> None:
    path = tmp_path / "boxes.jsonl"
    path.write_text('{"frame": 1, "boxes": []}\n{"frame": 1, "boxes": [[1, 2, 3, 4]]}\n')
    with pytest.raises(EdgeposeError, match=r"line 2: a line before it has boxes of 1; give all of a frame in one"):
        read_boxes(path)


def test_boxes_of_none_of_the_frames_are_told(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), IMAGE)
    box = np.array([[1, 2, 3, 4]], np.float32)
    with open_source(str(tmp_path)) as pictures:
        for fitting in ({"a.png": box}, {0: box}, {}):
            require_boxes_of(fitting, pictures)
        for strange in ({"in/a.png": box}, {1: box}):
            with pytest.raises(EdgeposeError, match="no box is of a frame of"):
                require_boxes_of(strange, pictures)
        pictures.live, pictures.declared_frames = True, 0
        with pytest.raises(EdgeposeError, match="is live, and boxes are of a recording's frames"):
            require_boxes_of({0: box}, pictures)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(EdgeposeError, match=r"cannot read the boxes in .*; check the path"):
        read_boxes(tmp_path / "absent.jsonl")


def test_each_box_is_looked_into_once_and_ids_stay(session: Session) -> None:
    image_bgr = np.full((240, 400, 3), 128, np.uint8)
    people = [STANDING + np.array(offset, np.float32) for offset in ((10, 10), (250, 30))]
    for joints in people:
        draw_person(image_bgr, joints, radius=8)
    boxes = [np.concatenate([joints.min(axis=0), joints.max(axis=0)]) for joints in people]
    nobody = np.array([150, 100, 200, 200], np.float32)
    by_frame = {0: np.stack([*boxes, nobody]), 1: np.stack([boxes[1]]), 2: np.stack(boxes[::-1])}
    estimator = open_estimator(session, boxes=by_frame)
    assert isinstance(estimator, GivenBoxesEstimator)
    seen = [estimator.estimate(Frame(image_bgr, index, 0), StageClock()) for index in range(4)]
    assert [poses.ids for poses in seen] == [(1, 2), (2,), (1, 2), ()]
    for row, joints in enumerate(people):
        assert np.linalg.norm(seen[0].keypoints_frame[row] - joints, axis=1).max() < 4
    unrelated = open_estimator(session, boxes=by_frame, follow=False)
    assert [unrelated.estimate(Frame(image_bgr, i, 0), StageClock()).ids for i in (0, 1)] == [(1, 2), (3,)]


def test_boxes_go_with_no_other_way_of_looking(session: Session) -> None:
    with pytest.raises(EdgeposeError, match="leave the one box and the number out"):
        open_estimator(session, 2, boxes={})
    with pytest.raises(EdgeposeError, match="leave the one box and the number out"):
        open_estimator(session, boxes={}, box_xyxy=np.array([0, 0, 1, 1], np.float32))
