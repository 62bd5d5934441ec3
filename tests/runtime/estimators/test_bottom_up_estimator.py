"""Everybody in the picture, with ids that stay: a real engine on people whose colour is their place."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.backends import open_model
from edgepose.runtime.backends.base import Session
from edgepose.runtime.clock import StageClock
from edgepose.runtime.estimators import BottomUpEstimator
from edgepose.runtime.poses import Frame, Poses
from support.engines import backend_or_skip
from support.painted_people import paint_person, save_painted_model


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    backend_or_skip("onnxruntime")
    with open_model(str(save_painted_model(tmp_path_factory.mktemp("model")))) as opened:
        yield opened


def picture(corners: list[tuple[int, int]]) -> ImageArray:
    image = np.zeros((240, 320, 3), np.uint8)
    for corner in corners:
        paint_person(image, corner, 170)
    return image


def watch(estimator: BottomUpEstimator, corners: list[tuple[int, int]], index: int) -> Poses:
    return estimator.estimate(Frame(picture(corners), index, 0), StageClock())


def test_two_who_pass_each_other_keep_their_ids(session: Session) -> None:
    estimator = BottomUpEstimator(session, 5)
    for index in range(40):
        # the one in front hides the other for some frames
        poses = watch(estimator, [(6 * index, 20), (230 - 6 * index, 50)], index)
        places = dict(zip(poses.ids, poses.boxes_xyxy[:, 0], strict=True))
        if index == 2:
            left, right = sorted(places, key=lambda person: places[person])
    assert set(places) == {left, right}
    assert places[left] > places[right]


def test_who_is_followed_may_be_seen_worse_than_somebody_new(tmp_path: Path) -> None:
    whole, cut_off = [(100, 40)], [(100, 140)]
    with open_model(str(save_painted_model(tmp_path, presence_threshold=0.9))) as strict:
        followed = BottomUpEstimator(strict)
        assert [watch(followed, whole, index).ids for index in range(4)] == [(), (), (1,), (1,)]
        worse = [watch(followed, [(100, 40 + 20 * step)], 4 + step) for step in range(6)]
        assert [poses.ids for poses in worse] == [(1,)] * 6
        assert 0.6 * 0.9 <= worse[-1].scores[0] < 0.9 <= worse[0].scores[0]
        new = BottomUpEstimator(strict)
        assert not any(len(watch(new, cut_off, index)) for index in range(6))


def test_no_more_people_than_asked_for(session: Session) -> None:
    estimator = BottomUpEstimator(session, 2, follow=False)
    assert len(watch(estimator, [(10, 20), (110, 30), (210, 40)], 0)) == 2


def test_the_one_followed_first_stays_the_one_whoever_scores_better(session: Session) -> None:
    estimator, ids = BottomUpEstimator(session, 1), []
    for index in range(20):
        image = picture([(40, 20), (190, 20)])
        # by turns one of the two is hidden below
        image[140:, 160 * (index % 2) :][:, :160] = 0
        ids.append(estimator.estimate(Frame(image, index, 0), StageClock()).ids)
    assert ids == [(1,)] * 20


def test_who_is_sure_is_there_in_the_first_frame_and_who_comes_later_from_the_third_on(session: Session) -> None:
    estimator = BottomUpEstimator(session)
    assert watch(estimator, [(40, 20)], 0).ids == (1,)
    assert [watch(estimator, [(40, 20), (190, 20)], index).ids for index in (1, 2, 3)] == [(1,), (1,), (1, 2)]


def test_as_many_as_the_card_says_unless_told_otherwise(tmp_path: Path) -> None:
    corners = [(10, 20), (110, 30), (210, 40)]
    with open_model(str(save_painted_model(tmp_path, most_people=2))) as of_two:
        assert len(watch(BottomUpEstimator(of_two, follow=False), corners, 0)) == 2
        assert len(watch(BottomUpEstimator(of_two, 3, follow=False), corners, 0)) == 3
        assert len(watch(BottomUpEstimator(of_two, 1, follow=False), corners, 0)) == 1


def test_people_of_unrelated_pictures_are_all_different(session: Session) -> None:
    estimator = BottomUpEstimator(session, 5, follow=False)
    ids = [watch(estimator, [(10, 20), (150, 30)], 0).ids for _ in range(3)]
    assert ids == [(1, 2), (3, 4), (5, 6)]


def test_nobody_is_nobody(session: Session) -> None:
    assert len(watch(BottomUpEstimator(session, 5), [], 0)) == 0


def test_the_clock_has_the_stages_of_the_estimator(session: Session) -> None:
    clock = StageClock()
    BottomUpEstimator(session, 5).estimate(Frame(picture([]), 0, 0), clock)
    assert set(clock.stage_ns) == {"crop", "infer", "decode"}
