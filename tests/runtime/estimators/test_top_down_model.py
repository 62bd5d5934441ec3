"""A crop of a person, and the same in the mirror: a real engine on coloured dots."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.backends import open_model
from edgepose.runtime.backends.base import Session
from edgepose.runtime.clock import StageClock
from edgepose.runtime.errors import ModelError
from edgepose.runtime.estimators.top_down_model import BoxPose, TopDownModel
from edgepose.runtime.model_files.tensors import TensorSpec
from edgepose.runtime.skeleton import LSP_14
from support.colour_people import STANDING, draw_person, save_colour_model
from support.engines import backend_or_skip
from support.silent import SilentSession
from support.tiny_card import tiny_card
from support.tiny_decoded import save_tiny_decoded

SIDE = 128
WHOLE = np.array([-0.5, -0.5, SIDE - 0.5, SIDE - 0.5], np.float32)
JOINTS = STANDING + np.array([10, 16], np.float32)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    backend_or_skip("onnxruntime")
    with open_model(save_colour_model(tmp_path_factory.mktemp("model"))) as opened:
        yield opened


@pytest.fixture
def picture() -> ImageArray:
    image = np.full((SIDE, SIDE, 3), 128, np.uint8)
    draw_person(image, JOINTS)
    return image


def see(model: TopDownModel, image: ImageArray) -> BoxPose:
    return model.see(image, WHOLE, StageClock(), pad=False)


def test_the_joints_of_a_crop_are_found_in_the_picture(session: Session, picture: ImageArray) -> None:
    seen = see(TopDownModel(session), picture)
    assert np.linalg.norm(seen.keypoints_frame - JOINTS, axis=1).max() < 2
    assert 0.5 < seen.score <= 1


def test_the_mirror_has_its_say(session: Session, picture: ImageArray) -> None:
    """A network that knows a left wrist by its colour takes it for the right one there: both have half a peak."""
    alone, both = see(TopDownModel(session), picture), see(TopDownModel(session, flip=True), picture)
    middle = [LSP_14.index("neck"), LSP_14.index("head")]
    sides = [row for row in range(len(LSP_14)) if row not in middle]
    np.testing.assert_allclose(both.keypoints_frame[middle], alone.keypoints_frame[middle], atol=0.1)
    np.testing.assert_allclose(both.keypoint_scores[middle], alone.keypoint_scores[middle], rtol=0.05)
    other = JOINTS[list(LSP_14.flip_order)]
    away_px = [np.linalg.norm(both.keypoints_frame - place, axis=1) for place in (JOINTS, other)]
    assert np.minimum(*away_px)[sides].max() < 2
    assert (both.keypoint_scores[sides] < 0.7 * alone.keypoint_scores[sides]).all()
    assert (both.keypoint_scores[sides] > 0.4 * alone.keypoint_scores[sides]).all()


def test_what_decodes_itself_leaves_nothing_to_average(tmp_path: Path) -> None:
    backend_or_skip("onnxruntime")
    with (
        open_model(save_tiny_decoded(tmp_path)) as session,
        pytest.raises(ModelError, match="take the file without -keypoints in its name"),
    ):
        TopDownModel(session, flip=True)


def test_a_model_of_more_than_an_image_is_refused() -> None:
    inputs = (*tiny_card().inputs, TensorSpec("mask", "uint8", (-1, 64, 48)))
    with pytest.raises(ModelError, match=r"^tiny has 2 inputs; a top-down model has one image; export it again$"):
        TopDownModel(SilentSession(tiny_card(inputs=inputs)))
