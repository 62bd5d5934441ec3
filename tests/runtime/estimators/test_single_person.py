"""Search, follow, lose, find again: a real engine on pictures of coloured dots."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edgepose.runtime.arrays import FloatArray
from edgepose.runtime.backends import open_model
from edgepose.runtime.backends.base import Session
from edgepose.runtime.clock import StageClock
from edgepose.runtime.estimators import SearchSettings, SinglePersonEstimator
from edgepose.runtime.estimators.person_search import PersonSearch
from edgepose.runtime.estimators.top_down_model import TopDownModel
from edgepose.runtime.poses import Frame, Poses
from support.colour_people import STANDING, draw_person, save_colour_model
from support.engines import backend_or_skip
from support.runs import runs_of


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    backend_or_skip("onnxruntime")
    with open_model(str(save_colour_model(tmp_path_factory.mktemp("model")))) as opened:
        yield opened


def see(
    estimator: SinglePersonEstimator,
    joints: FloatArray | None,
    size_wh: tuple[int, int] = (320, 240),
    index: int = 0,
    missed: int = 0,
) -> Poses:
    image = np.full((size_wh[1], size_wh[0], 3), 128, np.uint8)
    if joints is not None:
        draw_person(image, joints, radius=round(0.05 * float(np.ptp(joints[:, 1]))))
    return estimator.estimate(Frame(image, index, 0, None, missed), StageClock())


def test_nobody_in_an_empty_picture(session: Session) -> None:
    estimator = SinglePersonEstimator(session)
    assert all(len(see(estimator, None)) == 0 for _ in range(20))


@pytest.mark.parametrize("offset", [(0.0, 0.0), (150.0, 60.0), (210.0, 100.0)])
@pytest.mark.parametrize("scale", [1.0, 1.3])
def test_finds_somebody_anywhere_within_a_second(session: Session, offset: tuple[float, float], scale: float) -> None:
    joints = np.minimum(STANDING * scale + 8 + np.array(offset, np.float32), [312, 232]).astype(np.float32)
    estimator = SinglePersonEstimator(session)
    poses = Poses.empty(estimator.skeleton)
    for _ in range(30):
        poses = see(estimator, joints)
        if len(poses):
            break
    assert len(poses) == 1
    poses = see(estimator, joints)
    assert np.linalg.norm(poses.keypoints_frame[0] - joints, axis=1).max() < 4


def test_follows_a_walk_with_one_id_and_one_inference_a_frame(session: Session) -> None:
    estimator = SinglePersonEstimator(session)
    for _ in range(30):
        if len(see(estimator, STANDING + 20)):
            break
    ids = set()
    for step in range(40):
        joints = STANDING + np.array([20 + 4 * step, 20 + step], np.float32)
        with runs_of(session) as runs:
            poses = see(estimator, joints)
        assert (len(poses), len(runs)) == (1, 1)
        assert np.linalg.norm(poses.keypoints_frame[0] - joints, axis=1).mean() < 3
        ids.update(poses.ids)
    assert len(ids) == 1


@pytest.mark.parametrize(("missed", "stays"), [(0, True), (300, False)])
def test_frames_that_nobody_looked_at_lose_nobody_but_an_outage_does(
    session: Session, missed: int, *, stays: bool
) -> None:
    estimator, joints = SinglePersonEstimator(session), STANDING + 20
    for _ in range(30):
        if len(before := see(estimator, joints)):
            break
    assert len(before) == 1
    # on a slow device a camera is hundreds of frames further too
    assert (see(estimator, joints, index=301, missed=missed).ids == before.ids) == stays


def test_a_box_stays_until_it_is_another(session: Session) -> None:
    search = PersonSearch(TopDownModel(session), SearchSettings(still_share=0.05))
    last = np.array([10, 20, 50, 120], np.float32)
    for side in range(4):
        moved = last.copy()
        moved[side] += 4.9
        assert search.steady_box(moved, last) is last
        moved[side] += 0.2
        assert search.steady_box(moved, last) is moved


def test_who_walks_slowly_is_followed(session: Session) -> None:
    estimator = SinglePersonEstimator(session)
    for _ in range(30):
        see(estimator, STANDING + 20)
    for step in range(80):
        joints = STANDING + np.array([20 + 0.5 * step, 20], np.float32)
        poses = see(estimator, joints)
        assert np.linalg.norm(poses.keypoints_frame[0] - joints, axis=1).mean() < 3


def test_who_leaves_is_lost_and_who_comes_next_is_somebody_else(session: Session) -> None:
    estimator = SinglePersonEstimator(session)
    first = [see(estimator, STANDING + 60) for _ in range(30)][-1]
    assert len(see(estimator, None)) == 0
    second = [see(estimator, STANDING + 100) for _ in range(30)][-1]
    assert first.ids != second.ids


def test_unrelated_pictures_are_each_searched_all_over(session: Session) -> None:
    estimator = SinglePersonEstimator(session, follow=False)
    for offset in ((10, 10), (210, 130), (10, 130)):
        poses = see(estimator, STANDING + np.array(offset, np.float32))
        assert len(poses) == 1
        assert np.linalg.norm(poses.keypoints_frame[0] - STANDING - np.array(offset), axis=1).mean() < 3


def test_a_given_box_is_the_only_place_looked_at(session: Session) -> None:
    joints = STANDING + 100
    box = np.concatenate([joints.min(axis=0), joints.max(axis=0)])
    assert len(see(SinglePersonEstimator(session, box), joints)) == 1
    elsewhere = np.array([0, 0, 60, 60], np.float32)
    assert len(see(SinglePersonEstimator(session, elsewhere), joints)) == 0


@pytest.mark.parametrize(("follow", "ids"), [(True, [1, 1, 2]), (False, [1, 2, 3])])
def test_ids_in_a_given_box_begin_at_1_and_are_somebody_elses_after_nobody(
    session: Session, *, follow: bool, ids: list[int]
) -> None:
    joints = STANDING + 100
    box = np.concatenate([joints.min(axis=0), joints.max(axis=0)])
    estimator = SinglePersonEstimator(session, box, follow=follow)
    assert see(estimator, None).ids == ()
    seen = [see(estimator, who).ids for who in (joints, joints, None, joints)]
    assert seen == [(ids[0],), (ids[1],), (), (ids[2],)]


@pytest.mark.parametrize("box", [None, np.array([0, 0, 100, 200], np.float32)])
@pytest.mark.parametrize("broken_joints", [1, 5])
def test_a_model_whose_maps_are_no_numbers_sees_nobody(
    session: Session, box: FloatArray | None, broken_joints: int
) -> None:
    run = session.run

    def broken(feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        outputs = {name: values.copy() for name, values in run(feeds).items()}
        for values in outputs.values():
            values[:, :broken_joints] = np.nan
        return outputs

    session.run = broken  # type: ignore[method-assign,assignment]
    try:
        assert [len(see(SinglePersonEstimator(session, box), STANDING + 20)) for _ in range(3)] == [0, 0, 0]
    finally:
        del session.run


def test_a_frame_without_anybody_costs_no_more_than_the_windows_asked_for(session: Session) -> None:
    estimator = SinglePersonEstimator(session, search=SearchSettings(windows_per_frame=3))
    with runs_of(session) as runs:
        see(estimator, None)
    assert len(runs) == 3


def test_the_clock_has_the_stages_of_the_estimator(session: Session, tmp_path: Path) -> None:
    clock = StageClock()
    SinglePersonEstimator(session).estimate(Frame(np.zeros((240, 320, 3), np.uint8), 0, 0), clock)
    assert set(clock.stage_ns) == {"crop", "infer", "decode"}
