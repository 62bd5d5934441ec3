"""Ids stay with people who cross, hide, leave and come back, whatever order they are found in."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import Array, FloatArray
from edgepose.runtime.people.tracking import Strangers, Tracker, TrackerSettings, sure_score
from edgepose.runtime.poses import Poses
from edgepose.runtime.skeleton import LSP_14, SIMPLE_POSE_18
from support.walkers import Walker, poses_of, sighting, standing

FRAMES = 60
seeds = st.integers(0, 2**32 - 1)
Missed = Callable[[int], Array]


def follow(walkers: list[Walker], seed: int, missed: Missed) -> list[dict[int, int]]:
    """Return for each frame who (a row of `walkers`) has which id; nobody has two."""
    rng, tracker = np.random.default_rng(seed), Tracker(SIMPLE_POSE_18)
    frames = []
    for index in range(FRAMES):
        found, whose = sighting(walkers, index, rng, missed(index))
        poses = tracker.update(found, index)
        rows = [_row(keypoints, found) for keypoints in poses.keypoints_frame]
        frames.append({whose[row]: person for row, person in zip(rows, poses.ids, strict=True)})
        assert len(frames[-1]) == len(poses)
    return frames


def _row(keypoints: FloatArray, found: Poses) -> int:
    return int(np.flatnonzero((found.keypoints_frame == keypoints).all(axis=(1, 2)))[0])


def ids_of(frames: list[dict[int, int]]) -> dict[int, set[int]]:
    """Return every id that each walker had."""
    people = sorted({person for frame in frames for person in frame})
    return {person: {frame[person] for frame in frames if person in frame} for person in people}


def assert_everybody_has_one_id(frames: list[dict[int, int]], walkers: int) -> None:
    ids = ids_of(frames)
    assert list(ids) == list(range(walkers))
    assert all(len(of_one) == 1 for of_one in ids.values()), ids
    assert len(set.union(*ids.values())) == walkers


def nobody_missed(walkers: int) -> Missed:
    return lambda _: np.zeros(walkers, bool)


@settings(max_examples=30)
@given(seeds, st.floats(2.5, 8), st.floats(2.5, 8), st.floats(-40, 40))
def test_two_who_cross_keep_their_ids(seed: int, there: float, back: float, below: float) -> None:
    walkers = [
        Walker((100, 200), (there, 0), 160),
        Walker((100 + 30 * (there + back), 200 + below), (-back, 0), 160, 5),
    ]
    frames = follow(walkers, seed, nobody_missed(2))
    assert_everybody_has_one_id(frames, 2)
    assert all(len(frame) == 2 for frame in frames[2:])


@settings(max_examples=30)
@given(seeds, st.integers(0, 2**32 - 1))
def test_people_apart_keep_their_ids_though_half_their_poses_are_missing(seed: int, miss: int) -> None:
    walkers = [Walker((150 + 180 * i, 200), (2.0 - i, 0.5), 150) for i in range(4)]
    # all are seen at first, so that everybody has an id
    gone = np.random.default_rng(miss).random((FRAMES, 4)) < 0.5
    gone[:3] = False
    assert_everybody_has_one_id(follow(walkers, seed, lambda index: gone[index]), 4)


@settings(max_examples=30)
@given(seeds, st.integers(1, 12))
def test_who_is_hidden_while_crossing_comes_out_with_the_same_id(seed: int, hidden_frames: int) -> None:
    walkers = [Walker((100, 200), (5, 0), 160), Walker((400, 210), (-5, 0), 160)]
    first = 30 - hidden_frames // 2

    def missed(index: int) -> Array:
        return np.array([False, first <= index < first + hidden_frames])

    assert_everybody_has_one_id(follow(walkers, seed, missed), 2)


def test_an_order_is_no_identity() -> None:
    people = [standing(100, 200, 150), standing(300, 200, 150), standing(500, 200, 150)]
    tracker, rng = Tracker(SIMPLE_POSE_18), np.random.default_rng(0)
    for index in range(20):
        order = rng.permutation(3)
        poses = tracker.update(poses_of(np.stack([people[i] for i in order])), index)
        if index >= 2:
            assert poses.ids == tuple(sorted(poses.ids))
            by_place = dict(zip(poses.ids, poses.keypoints_frame[:, 1, 0], strict=True))
            if index == 2:
                first = by_place
            assert by_place == pytest.approx(first)


def test_who_leaves_for_long_comes_back_as_somebody_new_and_no_id_is_used_twice() -> None:
    tracker = Tracker(SIMPLE_POSE_18, TrackerSettings(lost_frames=5))
    ids = []
    for index in range(60):
        here = index % 20 < 10
        found = poses_of(standing(100, 200, 150)[None][: int(here)])
        ids += tracker.update(found, index).ids
    assert sorted(set(ids)) == [1, 2, 3]
    assert ids == sorted(ids)


def test_who_is_away_for_a_moment_comes_back_as_oneself() -> None:
    tracker = Tracker(SIMPLE_POSE_18, TrackerSettings(lost_frames=5))
    ids = set()
    for index in (0, 1, 2, 3, 8, 9):
        ids |= set(tracker.update(poses_of(standing(100 + index, 200, 150)[None]), index).ids)
    assert ids == {1}


def test_what_is_seen_once_or_twice_is_nobody() -> None:
    tracker = Tracker(SIMPLE_POSE_18)
    rng = np.random.default_rng(1)
    for index in range(30):
        flicker = standing(*rng.uniform(100, 900, 2), 80)
        assert len(tracker.update(poses_of(flicker[None]), index)) == 0
    assert len(tracker.tracks) == 1


def test_skipped_frames_count_as_time() -> None:
    walker = Walker((100, 200), (6, 0), 100)
    tracker = Tracker(SIMPLE_POSE_18)
    ids = {i for index in range(0, 60, 3) for i in tracker.update(poses_of(walker.joints(index)[None]), index).ids}
    assert ids == {1}


@pytest.mark.parametrize(("score", "at_once", "shown"), [(0.4, 0.4, 1), (0.39, 0.4, 0), (1.0, 0.0, 0)])
def test_who_is_sure_in_the_very_first_frame_is_somebody_at_once(score: float, at_once: float, shown: int) -> None:
    person = replace(poses_of(standing(100, 200, 150)[None]), scores=np.array([score], np.float32))
    first, later = (Tracker(SIMPLE_POSE_18, TrackerSettings(at_once_score=at_once)) for _ in range(2))
    assert len(first.update(person, 0)) == shown
    later.update(person.take([]), 0)
    assert len(later.update(person, 1)) == 0


@pytest.mark.parametrize(("threshold", "sure"), [(0.2, 0.4), (0.35, 0.675), (1.0, 1.0)])
def test_who_is_sure_scores_twice_the_threshold_or_half_way_to_one(threshold: float, sure: float) -> None:
    assert sure_score(threshold) == pytest.approx(sure)


def test_strangers_get_ids_that_nobody_had() -> None:
    strangers, two = Strangers(), poses_of(np.stack([standing(100, 200, 150), standing(300, 200, 150)]))
    assert [strangers.number(found).ids for found in (two, two.take([]), two.take([1]))] == [(1, 2), (), (3,)]


@pytest.mark.parametrize(("score", "unseen"), [(0.9, 1), (0.4, 1), (0.3, 2), (0.25, 3), (0.2, 3), (0.1, 7)])
def test_who_is_hardly_seen_is_confirmed_later(score: float, unseen: int) -> None:
    tracker = Tracker(SIMPLE_POSE_18, TrackerSettings(confirm_frames=2, sure_score=0.4))
    person = replace(poses_of(standing(100, 200, 150)[None]), scores=np.array([score], np.float32))
    tracker.update(person.take([]), 0)
    shown = [len(tracker.update(person, index)) for index in range(1, unseen + 4)]
    assert shown == [0] * unseen + [1] * 3


@pytest.mark.parametrize("scores", [(0.9, 0.9, 0.9, 0.3, 0.3, 0.9), (0.9, 0.3, 0.9, 0.9, 0.3, 0.3)])
def test_who_has_an_id_keeps_it_while_hardly_seen_and_nobody_gets_one_so(scores: tuple[float, ...]) -> None:
    tracker = Tracker(SIMPLE_POSE_18, TrackerSettings(confirm_frames=2, start_score=0.4))
    person, ids = poses_of(standing(100, 200, 150)[None]), []
    for index, score in enumerate(scores):
        ids.append(tracker.update(replace(person, scores=np.array([score], np.float32)), index).ids)
    # two frames in a row above the score, then any
    first = next(i for i in range(1, len(scores)) if min(scores[i - 1 : i + 1]) >= 0.4)
    assert ids == [()] * first + [(1,)] * (len(scores) - first)


def test_a_sure_pose_goes_before_a_better_placed_unsure_one() -> None:
    tracker = Tracker(SIMPLE_POSE_18, TrackerSettings(confirm_frames=1, start_score=0.4))
    tracker.update(poses_of(standing(100, 200, 150)[None]), 0)
    both = poses_of(np.stack([standing(100, 200, 150), standing(104, 200, 150)]), np.array([0.3, 0.8], np.float32))
    poses = tracker.update(both, 1)
    assert poses.ids == (1,)
    assert poses.scores == pytest.approx([0.8])


def test_wrong_uses_say_what_to_do() -> None:
    tracker = Tracker(SIMPLE_POSE_18)
    tracker.update(poses_of(standing(100, 200, 150)[None]), 7)
    with pytest.raises(EdgeposeError, match="frame 7 comes after frame 7; give frames in order"):
        tracker.update(poses_of(standing(100, 200, 150)[None]), 7)
    for index in (8, 60):
        tracker.update(Poses.empty(SIMPLE_POSE_18), index)
    with pytest.raises(EdgeposeError, match="frame 9 comes after frame 60; give frames in order"):
        tracker.update(poses_of(standing(100, 200, 150)[None]), 9)
    with pytest.raises(EdgeposeError, match="a tracker of simplepose-18 cannot follow poses of lsp-14"):
        tracker.update(Poses.empty(LSP_14), 61)
    with pytest.raises(EdgeposeError, match="confirm_frames is a number of 1 or more; found 0"):
        TrackerSettings(confirm_frames=0)
