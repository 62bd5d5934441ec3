"""`edgepose grouped`: maps and the people made of them, in one picture."""

from pathlib import Path

import cv2
import numpy as np

from edgepose.runtime.codecs.body_part import BodyPartCodec
from edgepose.train.pictures.grouping import COLUMNS, Crowd, draw_grouping, maps_of_labels, people_of
from support.colour_people import save_colour_model
from support.command_line import printed, refused
from support.crowds import crowd_in_a_row
from support.engines import backend_or_skip
from support.painted_people import save_painted_model

CODEC = BodyPartCodec((256, 256), (64, 64))
GROUPED = ("grouped", "--data", "synthetic:3:1")


def test_everybody_in_the_maps_is_drawn() -> None:
    maps = CODEC.encode(crowd_in_a_row(3, 256))
    assert people_of(maps, CODEC).ids == (1, 2, 3)
    view = np.full((256, 256, 3), 90, np.uint8)
    drawn = draw_grouping([Crowd(view, maps)], CODEC)
    empty = draw_grouping([Crowd(view, np.zeros_like(maps))], CODEC)
    side = drawn.shape[1] // len(COLUMNS)
    changed = [(drawn != empty)[:, n * side : (n + 1) * side].any() for n in range(len(COLUMNS))]
    assert changed == [False, True, True, True]


def test_without_a_model_the_maps_are_those_of_the_labels(tmp_path: Path) -> None:
    path = tmp_path / "crowds.png"
    assert f"wrote {path}" in printed(*GROUPED, "--picture", "0", "--picture", "1", "--plot", path)
    one = tmp_path / "one.png"
    printed(*GROUPED, "--plot", one)
    assert cv2.imread(str(path)).shape[0] > 1.9 * cv2.imread(str(one)).shape[0] - 30


def test_the_neck_of_labels_is_between_the_shoulders_as_in_training() -> None:
    skeleton = CODEC.parts.skeleton
    somebody = np.full((1, len(skeleton), 2), np.nan, np.float32)  # COCO's labels know no neck
    somebody[0, skeleton.index("l_shoulder")], somebody[0, skeleton.index("r_shoulder")] = (150, 100), (100, 110)
    found = people_of(maps_of_labels(somebody, np.eye(2, 3), CODEC), CODEC)
    np.testing.assert_allclose(found.keypoints_frame[0, skeleton.index("neck")], (125, 105), atol=0.2)


def test_a_models_own_maps_are_drawn(tmp_path: Path) -> None:
    backend_or_skip("onnxruntime")
    own, of_labels = tmp_path / "own.png", tmp_path / "labels.png"
    printed(*GROUPED, "--model", save_painted_model(tmp_path), "--plot", own)
    printed(*GROUPED, "--plot", of_labels)
    shapes = cv2.imread(str(own)).shape, cv2.imread(str(of_labels)).shape
    assert shapes[0] == shapes[1]
    assert (cv2.imread(str(own)) != cv2.imread(str(of_labels))).any()


def test_wrong_uses_are_errors(tmp_path: Path) -> None:
    plot = ("--plot", tmp_path / "x.png")
    assert "has pictures 0 to 2; found --picture 3" in refused(*GROUPED, "--picture", "3", *plot)
    backend_or_skip("onnxruntime")
    of_one_person = save_colour_model(tmp_path)
    assert "sees one person in a crop" in refused(*GROUPED, "--model", of_one_person, *plot)
