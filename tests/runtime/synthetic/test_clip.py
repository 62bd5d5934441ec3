from itertools import islice

import numpy as np
import pytest

from edgepose.runtime.synthetic import render_clip
from edgepose.runtime.synthetic.actions import ACTIONS, UPRIGHT, Walk
from edgepose.runtime.synthetic.clip import EMPTY_S

SIZE_WH, FPS = (160, 120), 30.0


def test_the_same_seed_gives_the_same_clip() -> None:
    for a, b in zip(render_clip(4, 50, SIZE_WH), render_clip(4, 50, SIZE_WH), strict=True):
        np.testing.assert_array_equal(a.image_rgb, b.image_rgb)
        for one, other in zip(a.people, b.people, strict=True):
            np.testing.assert_array_equal(one.keypoints, other.keypoints)


@pytest.mark.parametrize("seed", range(3))
def test_a_clip_begins_empty_and_then_somebody_comes(seed: int) -> None:
    scenes = list(render_clip(seed, 100, SIZE_WH, FPS))
    assert len(scenes) == 100
    first = next(i for i, scene in enumerate(scenes) if scene.people)
    assert EMPTY_S * FPS <= first < 3 * FPS
    assert not scenes[0].part_masks.any()
    assert 1 <= len(scenes[-1].people) <= 2


@pytest.mark.parametrize("seed", range(2))
def test_joints_move_smoothly(seed: int) -> None:
    previous, fastest = None, 0.0
    for scene in islice(render_clip(seed, 240, SIZE_WH, FPS), 60, 240):
        if previous is not None and len(previous) == len(scene.people) == 1:
            shift = np.linalg.norm(scene.people[0].keypoints - previous[0].keypoints, axis=1)
            fastest = max(fastest, float(shift.max()))
        previous = scene.people
    assert 0.3 < fastest < 0.15 * SIZE_WH[1]


def test_what_nobody_covers_stands_still() -> None:
    first, *_, last = render_clip(0, 20, SIZE_WH, FPS)
    np.testing.assert_array_equal(first.image_rgb[:10], last.image_rgb[:10])


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_begins_and_ends_upright(action: str) -> None:
    for share in (0.0, 1.0):
        pose = ACTIONS[action][0](share)
        np.testing.assert_allclose(pose.angles_deg, UPRIGHT.angles_deg, atol=1e-6)
        assert pose.lift_m == pytest.approx(0.0)


def test_a_walk_goes_from_its_start_to_its_end() -> None:
    walk = Walk((-3.0, 0.0), (0.5, 0.2), 10.0)
    assert walk.at(0.0)[1] == pytest.approx((-3.0, 0.0))
    assert walk.at(walk.seconds)[1] == pytest.approx((0.5, 0.2))
    assert walk.at(walk.seconds)[0].yaw_deg == pytest.approx(10.0)
    assert walk.at(walk.seconds / 2)[0].yaw_deg == pytest.approx(90.0, abs=5.0)
