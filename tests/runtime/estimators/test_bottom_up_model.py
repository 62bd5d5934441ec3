"""A whole picture in, everybody's joints out: a real engine on people whose colour is their place."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import FloatArray, ImageArray
from edgepose.runtime.backends import open_model
from edgepose.runtime.backends.base import Session
from edgepose.runtime.clock import StageClock
from edgepose.runtime.errors import ModelError
from edgepose.runtime.estimators.bottom_up_model import BottomUpModel, Views
from edgepose.runtime.model_files.tensors import TensorSpec
from edgepose.runtime.poses import Poses
from support.colour_people import save_colour_model
from support.engines import backend_or_skip
from support.painted_people import paint_person, save_painted_model
from support.silent import SilentSession


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    backend_or_skip("onnxruntime")
    with open_model(str(save_painted_model(tmp_path_factory.mktemp("model")))) as opened:
        yield opened


def see(session: Session, image: ImageArray, views: Views = Views()) -> Poses:
    return BottomUpModel(session, views).see(image, StageClock())


def blank(size_wh: tuple[int, int]) -> ImageArray:
    return np.zeros((size_wh[1], size_wh[0], 3), np.uint8)


def errors_px(poses: Poses, people: list[FloatArray]) -> FloatArray:
    """Return each person's largest error, of the pose that is nearest."""
    truth = np.stack(people)
    apart = np.linalg.norm(poses.keypoints_frame[:, None] - truth, axis=-1).max(axis=-1)
    return np.nan_to_num(apart, nan=np.inf).min(axis=0)


@settings(max_examples=10)
@given(
    size_wh=st.sampled_from([(256, 192), (640, 480), (480, 640), (512, 320), (200, 200)]),
    share=st.floats(0.8, 0.95),
    at=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_joints_come_back_to_where_they_are_in_any_picture(
    session: Session, size_wh: tuple[int, int], share: float, at: tuple[float, float]
) -> None:
    image = blank(size_wh)
    height = round(share * min(size_wh))
    corner = round(at[0] * (size_wh[0] - height // 2)), round(at[1] * (size_wh[1] - height))
    joints = paint_person(image, corner, height)
    poses = see(session, image)
    shrink = max(size_wh[0] / 256, size_wh[1] / 192)
    assert len(poses) == 1
    assert errors_px(poses, [joints])[0] < max(2.0 * shrink, 2.0)
    assert poses.boxes_xyxy[0] == pytest.approx(np.r_[joints.min(axis=0), joints.max(axis=0)], abs=2.0 * shrink + 1)


def test_everybody_is_found_with_scores_between_0_and_1(session: Session) -> None:
    image = blank((640, 480))
    people = [paint_person(image, (20 + 155 * i, 60 + 20 * i), 280) for i in range(4)]
    poses = see(session, image)
    assert len(poses) == 4
    assert errors_px(poses, people).max() < 5
    assert ((poses.scores > 0.5) & (poses.scores <= 1)).all()
    assert (np.diff(poses.scores) <= 0).all()
    assert poses.ids == ()


def test_a_score_is_the_mean_over_all_joints_found_or_not(session: Session) -> None:
    image = blank((640, 480))
    paint_person(image, (200, 280), 340)  # from the hips on they are out of the picture
    poses = see(session, image)
    assert len(poses) == 1
    unseen = np.isnan(poses.keypoints_frame[0, :, 0])
    assert 3 <= unseen.sum() <= 8
    assert (poses.keypoint_scores[0, unseen] == 0).all()
    assert poses.scores[0] == pytest.approx(poses.keypoint_scores[0].mean())
    assert np.isfinite(poses.boxes_xyxy).all()


def test_whoever_scores_below_the_presence_threshold_is_nobody(session: Session) -> None:
    image = blank((640, 480))
    paint_person(image, (200, 440), 340)  # no more than a head
    assert len(see(session, image)) == 0
    assert len(see(session, blank((640, 480)))) == 0


@pytest.mark.parametrize("scales", [(1.0, 0.7), (1.5,), (1.0, 2.0)])
def test_people_stay_where_they_are_at_other_scales(session: Session, scales: tuple[float, ...]) -> None:
    image = blank((640, 480))
    people = [paint_person(image, corner, 300) for corner in ((30, 30), (240, 90), (450, 150))]
    poses = see(session, image, Views(scales))
    assert len(poses) == 3
    assert errors_px(poses, people).max() < 6


def test_a_larger_scale_finds_somebody_far_away(session: Session) -> None:
    image = blank((640, 480))
    joints = paint_person(image, (400, 200), 60)
    assert len(see(session, image)) == 0 or errors_px(see(session, image), [joints])[0] > 3
    assert errors_px(see(session, image, Views((3.0,))), [joints])[0] < 3


def test_the_maps_of_the_mirror_are_mirrored_back(session: Session) -> None:
    """The model's people are their own mirror images, but for left and right."""
    image = blank((640, 480))
    joints = paint_person(image, (100, 60), 340)
    model = BottomUpModel(session, Views(flip=True))
    window = np.array([-0.5, -0.5, 639.5, 479.5], np.float32)
    straight = model._maps(image, window, StageClock())
    mirrored = model._maps(image, window, StageClock(), mirror=True)
    order = list(model.skeleton.flip_order)
    limbs = len(straight) - 2 - len(order)
    # to this model a left wrist is one in the mirror too: its map comes back as the right's
    assert mirrored[limbs : limbs + len(order)][order] == pytest.approx(straight[limbs : limbs + len(order)], abs=0.05)
    assert errors_px(see(session, image), [joints])[0] < 5


def test_wrong_models_and_scales_are_refused(session: Session, tmp_path: Path) -> None:
    with pytest.raises(EdgeposeError, match=r"expected scales from 0.1 to 8"):
        Views(scales=())
    with (
        open_model(str(save_colour_model(tmp_path))) as top_down,
        pytest.raises(EdgeposeError, match="sees one person in a crop; expected a model of everybody"),
    ):
        BottomUpModel(top_down)


def test_a_model_of_other_inputs_or_outputs_is_refused(session: Session) -> None:
    (image,), (maps,) = session.inputs, session.outputs
    more, renamed = TensorSpec("mask", "uint8", (1, 192, 256)), replace(maps, name="heatmaps")
    for changes in ({"inputs": (image, more)}, {"outputs": (renamed,)}, {"outputs": (maps, renamed)}):
        with pytest.raises(ModelError, match=r"^painted needs one image in and maps out; export it again$"):
            BottomUpModel(SilentSession(replace(session.card, **changes)))
