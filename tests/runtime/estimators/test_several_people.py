"""Several people, each in a crop of their own: a real engine on pictures of coloured dots."""

from collections.abc import Iterator

import numpy as np
import pytest

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import FloatArray
from edgepose.runtime.backends import open_model
from edgepose.runtime.backends.base import Session
from edgepose.runtime.clock import StageClock
from edgepose.runtime.estimators import CrowdSettings, SeveralPeopleEstimator
from edgepose.runtime.poses import Frame, Poses
from edgepose.runtime.skeleton import LSP_14
from support.colour_people import STANDING, draw_person, save_colour_model
from support.engines import backend_or_skip
from support.runs import runs_of

SIZE_WH = (400, 160)
QUICK = CrowdSettings(windows_per_frame=6)
"""So many windows a frame that a test need not last."""


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    backend_or_skip("onnxruntime")
    with open_model(str(save_colour_model(tmp_path_factory.mktemp("model")))) as opened:
        yield opened


def at(x: float, y: float = 30.0) -> FloatArray:
    return STANDING + np.array([x, y], np.float32)


def watch(estimator: SeveralPeopleEstimator, people: list[FloatArray], index: int) -> Poses:
    image = np.full((SIZE_WH[1], SIZE_WH[0], 3), 128, np.uint8)
    for joints in people:
        draw_person(image, joints)
    return estimator.estimate(Frame(image, index, 0), StageClock())


def settled(estimator: SeveralPeopleEstimator, people: list[FloatArray], frames: int = 12, begin: int = 0) -> Poses:
    return [watch(estimator, people, begin + index) for index in range(frames)][-1]


def runs_for(session: Session, estimator: SeveralPeopleEstimator, people: list[FloatArray], index: int) -> int:
    """Return how often the network runs for a frame."""
    with runs_of(session) as runs:
        watch(estimator, people, index)
    return len(runs)


def test_everybody_is_found_at_their_place_and_nobody_twice(session: Session) -> None:
    people = [at(10), at(150, 50), at(300, 20)]
    poses = settled(SeveralPeopleEstimator(session, 5, crowd=QUICK), people)
    assert len(poses) == 3
    found = poses.keypoints_frame[np.argsort(poses.keypoints_frame[:, 0, 0])]
    assert np.linalg.norm(found - np.stack(people), axis=-1).max() < 4
    assert sorted(poses.ids) == [1, 2, 3]


def test_an_empty_picture_holds_nobody_whatever_is_asked_for(session: Session) -> None:
    assert len(settled(SeveralPeopleEstimator(session, 5), [], frames=5)) == 0


def test_ids_stay_while_everybody_moves(session: Session) -> None:
    estimator = SeveralPeopleEstimator(session, 5, crowd=QUICK)
    begin = settled(estimator, [at(10), at(300)])
    first = dict(zip(begin.ids, begin.keypoints_frame[:, 0, 0].tolist(), strict=True))
    for step in range(20):
        poses = watch(estimator, [at(10 + 4 * step, 30 + step), at(300 - 4 * step, 30 - step)], 12 + step)
        assert set(poses.ids) == set(first)
    left, right = sorted(first, key=lambda person: first[person])
    last = dict(zip(poses.ids, poses.keypoints_frame[:, 0, 0].tolist(), strict=True))
    assert last[left] == pytest.approx(50 + 4 * 19, abs=4)
    assert last[right] == pytest.approx(340 - 4 * 19, abs=4)


def test_who_comes_later_is_found_while_the_others_are_followed(session: Session) -> None:
    estimator = SeveralPeopleEstimator(session, 5, crowd=QUICK)
    alone = settled(estimator, [at(10)])
    both = settled(estimator, [at(10), at(280)], begin=12)
    assert len(alone) == 1
    assert len(both) == 2
    assert both.ids[0] == alone.ids[0]


def test_who_leaves_is_lost_and_the_other_stays(session: Session) -> None:
    estimator = SeveralPeopleEstimator(session, 5, crowd=QUICK)
    settled(estimator, [at(10), at(280)])
    poses = watch(estimator, [at(280)], 12)
    assert len(poses) == 1
    assert np.linalg.norm(poses.keypoints_frame[0] - at(280), axis=-1).max() < 4


def test_two_who_are_seen_in_one_place_are_one(session: Session) -> None:
    estimator = SeveralPeopleEstimator(session, 5, crowd=QUICK)
    assert len(settled(estimator, [at(100), at(180)])) == 2
    # one is left, in the middle, where the crops of both see somebody
    counts = [len(watch(estimator, [at(140)], 12 + i)) for i in range(8)]
    assert counts[2:] == [1] * 6
    assert max(counts) == 1


def upright(x: float) -> FloatArray:
    """Return the joints of somebody from the side, who is 10 px wide and 300 high."""
    return np.stack([np.linspace(x, x + 10, 14), np.linspace(0, 300, 14)], axis=1).astype(np.float32)


def seen(joints: FloatArray) -> Poses:
    box = np.concatenate([joints.min(axis=0), joints.max(axis=0)])[None]
    return Poses(LSP_14, joints[None], np.ones((1, 14), np.float32), np.ones(1, np.float32), box)


@pytest.mark.parametrize(
    ("joints", "known", "is_new"),
    [
        (at(80), [at(40), at(120)], True),  # side by side
        (np.vstack([at(40)[:6], at(-10, 90)[6:]]), [at(40)], False),  # the legs of somebody, and what is below them
        (np.vstack([at(40)[5::-1], at(-10, 90)[6:]]), [at(40)], False),  # the same, taken for those of the other side
        (np.vstack([at(100)[:6], at(-10, 90)[6:]]), [at(40)], True),  # legs of one's own
        (at(60), [at(40)], True),  # more than half of a box is shared
        (at(60), [at(40), at(80)], False),  # all of it, with the two together
        (upright(30), [upright(10)], False),  # beside the joints of a body, and within it
        (upright(60), [upright(10)], True),
    ],
)
def test_who_is_made_of_those_known_is_nobody_new(
    session: Session, joints: FloatArray, known: list[FloatArray], is_new: bool
) -> None:
    estimator = SeveralPeopleEstimator(session, 5)
    assert estimator._is_new(seen(joints), [seen(each) for each in known]) is is_new


def test_who_is_gone_for_a_moment_keeps_the_id(session: Session) -> None:
    estimator = SeveralPeopleEstimator(session, 5, crowd=QUICK)
    before = settled(estimator, [at(10), at(280)])
    for index in range(12, 15):
        watch(estimator, [at(280)], index)
    assert watch(estimator, [at(10), at(280)], 15).ids == before.ids


def test_a_frame_costs_a_run_for_everybody_and_one_of_the_search(session: Session) -> None:
    people = [at(10), at(280)]
    for most_people, runs in ((5, 3), (2, 2)):
        estimator = SeveralPeopleEstimator(session, most_people)
        settled(estimator, people, frames=30)
        assert [runs_for(session, estimator, people, 30 + i) for i in range(3)] == [runs] * 3


def test_a_slow_device_follows_though_a_camera_gives_many_frames_meanwhile(session: Session) -> None:
    people, estimator = [at(10), at(280)], SeveralPeopleEstimator(session, 2, crowd=QUICK)
    before = [watch(estimator, people, 10 * number) for number in range(30)][-1]
    assert [runs_for(session, estimator, people, 300 + 10 * number) for number in range(3)] == [2] * 3
    assert watch(estimator, people, 400).ids == before.ids
    assert len(before) == 2


def test_no_more_people_than_asked_for(session: Session) -> None:
    people = [at(10), at(150), at(300)]
    assert len(settled(SeveralPeopleEstimator(session, 2, crowd=QUICK), people)) == 2
    with pytest.raises(EdgeposeError, match="at least 1 person"):
        SeveralPeopleEstimator(session, 0)


def test_unrelated_pictures_are_each_searched_all_over(session: Session) -> None:
    estimator = SeveralPeopleEstimator(session, 5, follow=False)
    first = watch(estimator, [at(10), at(280)], 0)
    second = watch(estimator, [at(200)], 1)
    assert len(first) == 2
    assert len(second) == 1
    assert not set(first.ids) & set(second.ids)
