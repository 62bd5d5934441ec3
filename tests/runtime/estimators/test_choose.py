"""The card chooses the estimator."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.backends import open_model
from edgepose.runtime.backends.base import Session
from edgepose.runtime.clock import StageClock
from edgepose.runtime.estimators import (
    BottomUpEstimator,
    SeveralPeopleEstimator,
    SinglePersonEstimator,
    open_estimator,
)
from edgepose.runtime.estimators.bottom_up_model import Views
from edgepose.runtime.poses import Frame
from support.colour_people import STANDING, draw_person, save_colour_model
from support.engines import backend_or_skip
from support.painted_people import paint_person, save_painted_model

BOX = np.array([0, 0, 50, 100], np.float32)


def dots() -> ImageArray:
    image_bgr = np.full((240, 320, 3), 128, np.uint8)
    draw_person(image_bgr, STANDING + 20, radius=8)
    return image_bgr


def painted() -> ImageArray:
    image_bgr = np.zeros((240, 320, 3), np.uint8)
    paint_person(image_bgr, (100, 40), 170)
    return image_bgr


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    backend_or_skip("onnxruntime")
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def of_one(folder: Path) -> Iterator[Session]:
    with open_model(str(save_colour_model(folder))) as session:
        yield session


@pytest.fixture(scope="module")
def of_everybody(folder: Path) -> Iterator[Session]:
    with open_model(str(save_painted_model(folder))) as session:
        yield session


def test_a_model_of_one_person_follows_several_unless_told_otherwise(of_one: Session) -> None:
    assert isinstance(open_estimator(of_one), SeveralPeopleEstimator)
    assert isinstance(open_estimator(of_one, 1), SinglePersonEstimator)
    assert isinstance(open_estimator(of_one, box_xyxy=BOX), SinglePersonEstimator)
    assert isinstance(open_estimator(of_one, views=Views(flip=True)), SeveralPeopleEstimator)


def test_a_model_of_everybody_looks_at_whole_pictures(of_everybody: Session) -> None:
    assert isinstance(open_estimator(of_everybody), BottomUpEstimator)
    assert isinstance(open_estimator(of_everybody, 1, views=Views(flip=True)), BottomUpEstimator)


def test_what_a_model_cannot_do_is_refused(of_one: Session, of_everybody: Session) -> None:
    with pytest.raises(EdgeposeError, match="at least 1 person"):
        open_estimator(of_one, 0)
    with pytest.raises(EdgeposeError, match="a box is for a model of one person"):
        open_estimator(of_everybody, box_xyxy=BOX)
    with pytest.raises(EdgeposeError, match="in a box one person is looked for, found 3; leave the box or the number"):
        open_estimator(of_one, 3, box_xyxy=BOX)
    with pytest.raises(EdgeposeError, match="scales are for a bottom-up model"):
        open_estimator(of_one, views=Views(scales=(1.0, 1.5)))


def test_a_least_score_takes_the_place_of_the_cards(of_one: Session) -> None:
    image_bgr = dots()
    image_bgr[int(STANDING[:, 1].max()) :] = 128  # the lowest joints are hidden
    for most in (1, 5):
        seen = []
        for score in (None, 0.05, 1.0):
            estimator = open_estimator(of_one, most, min_score=score, follow=False)
            seen.append(len(estimator.estimate(Frame(image_bgr, 0, 0), StageClock())) > 0)
        assert seen == [True, True, False]
    with pytest.raises(EdgeposeError, match="a score is from 0 to 1, found 30"):
        open_estimator(of_one, min_score=30)


@pytest.mark.parametrize(
    ("session", "most", "picture"), [("of_one", 1, dots), ("of_one", 3, dots), ("of_everybody", None, painted)]
)
def test_after_an_outage_everybody_is_new(
    request: pytest.FixtureRequest, session: str, most: int | None, picture: Callable[[], ImageArray]
) -> None:
    estimator, image_bgr, ids = open_estimator(request.getfixturevalue(session), most), picture(), []
    for index, missed in ((0, 0), (1, 0), (2, 0), (42, 40), (240, 200), (241, 200), (242, 200)):
        found = estimator.estimate(Frame(image_bgr, index, 0, None, missed), StageClock())
        ids.append(found.ids)
    assert ids[2] == ids[3] == (1,)
    assert ids[-1] == (2,)
