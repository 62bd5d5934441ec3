"""The short way from Python gives what an estimator gives, one picture a call."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import FloatArray, ImageArray
from edgepose.runtime.backends import open_model
from edgepose.runtime.clock import StageClock
from edgepose.runtime.errors import ModelError
from edgepose.runtime.estimators import open_estimator
from edgepose.runtime.pose_model import PoseModel
from edgepose.runtime.poses import Frame
from support.colour_people import STANDING, draw_person, save_colour_model
from support.engines import backend_or_skip

FRAMES_NS = 33_000_000


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    backend_or_skip("onnxruntime")
    return save_colour_model(tmp_path_factory.mktemp("model"))


@pytest.fixture
def walker(model: Path) -> Iterator[PoseModel]:
    with PoseModel(model, most_people=1, smooth=False) as opened:
        yield opened


def picture(offset: tuple[float, float]) -> tuple[ImageArray, FloatArray]:
    """Return a grey picture with somebody in it, and where their joints are."""
    image_bgr = np.full((240, 400, 3), 128, np.uint8)
    joints = STANDING + np.array(offset, np.float32)
    draw_person(image_bgr, joints, radius=8)
    return image_bgr, joints


def test_pictures_one_after_another_are_seen_as_an_estimator_sees_them(model: Path, walker: PoseModel) -> None:
    pictures = [picture((40 + 4 * index, 20))[0] for index in range(6)]
    found = [walker(image_bgr) for image_bgr in pictures]
    with open_model(str(model)) as session:
        estimator = open_estimator(session, 1)
        expected = [estimator.estimate(Frame(image, index, 0), StageClock()) for index, image in enumerate(pictures)]
    assert [len(poses) for poses in found] == [len(poses) for poses in expected]
    assert len(found[-1]) == 1
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one.keypoints_frame, other.keypoints_frame)
        assert one.ids == other.ids


def test_a_detector_says_with_every_picture_where_to_look(model: Path) -> None:
    with PoseModel(model) as see:
        for step in range(3):
            image_bgr, joints = picture((40 + 5 * step, 20))
            box = np.concatenate([joints.min(axis=0), joints.max(axis=0)])
            poses = see(image_bgr, box[None], t_ns=step * FRAMES_NS)
            assert poses.ids == (1,)
            assert np.linalg.norm(poses.keypoints_frame[0] - joints, axis=1).max() < 5
        assert len(see(image_bgr, np.empty((0, 4), np.float32))) == 0
        with pytest.raises(EdgeposeError, match="boxes come with every picture or with none"):
            see(image_bgr)


def test_keypoints_are_steadier_where_they_are_smoothed(model: Path) -> None:
    trembling = [picture((60 + (index % 2), 20))[0] for index in range(20)]
    spread = []
    for smooth in (False, True):
        with PoseModel(model, most_people=1, smooth=smooth) as see:
            found = [see(image_bgr, t_ns=index * FRAMES_NS) for index, image_bgr in enumerate(trembling)]
        places = np.stack([poses.keypoints_frame[0] for poses in found[8:] if len(poses)])
        spread.append(places.std(axis=0).max())
    assert spread[1] < 0.7 * spread[0]


def test_the_skeleton_is_the_models(model: Path, walker: PoseModel) -> None:
    with open_model(str(model)) as session:
        assert walker.skeleton.joints == session.card.skeleton_object().joints


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 3)),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        None,
    ],
)
def test_what_is_no_picture_is_told(walker: PoseModel, wrong: ImageArray) -> None:
    with pytest.raises(EdgeposeError, match=r"expected a picture as uint8 \(H, W, 3\), blue first; found"):
        walker(wrong)


@pytest.mark.parametrize(
    ("boxes", "told"),
    [
        (np.zeros((2, 3)), r"frame 0: expected an array \(N, 4\), found array"),
        ([[1, 2, 3, 4], [1, 2]], r"frame 0: expected an array \(N, 4\), found \[\[1, 2"),
        ([[9, 2, 3, 4]], r"frame 0: expected boxes with x0 < x1 and y0 < y1"),
        ([[1, 2, np.nan, 4]], r"frame 0: expected boxes with x0 < x1 and y0 < y1"),
    ],
)
def test_boxes_that_are_none_are_told(model: Path, boxes: FloatArray, told: str) -> None:
    with PoseModel(model) as see, pytest.raises(EdgeposeError, match=told):
        see(picture((40, 20))[0], boxes)


def test_what_does_not_fit_is_told_before_the_first_picture(model: Path) -> None:
    with pytest.raises(EdgeposeError, match="expected at least 1 person to follow, found 0"):
        PoseModel(model, most_people=0)


def test_boxes_say_how_many_are_looked_at(model: Path) -> None:
    with PoseModel(model, most_people=2) as see, pytest.raises(EdgeposeError, match="leave the one box and the number"):
        see(picture((40, 20))[0], np.array([[0, 0, 9, 9]], np.float32))


def test_after_its_end_it_sees_no_more(model: Path) -> None:
    with PoseModel(model, most_people=1) as see:
        see.close()
    with pytest.raises(ModelError, match="is closed"):
        see(picture((40, 20))[0])
