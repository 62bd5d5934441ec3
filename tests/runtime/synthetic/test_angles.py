import numpy as np
import pytest

from edgepose.runtime.synthetic.angles import ANGLES, LIMITS_DEG, blend, mirrored, pose_of
from edgepose.runtime.synthetic.library import POSE_KINDS, sample_pose

LOWEST, HIGHEST = np.array(list(LIMITS_DEG.values())).T


@pytest.mark.parametrize("kind", POSE_KINDS)
def test_every_kind_of_pose_keeps_within_the_joints_limits(kind: str) -> None:
    for seed in range(40):
        angles = sample_pose(np.random.default_rng(seed), kind).angles_deg
        assert (angles >= LOWEST - 1e-9).all()
        assert (angles <= HIGHEST + 1e-9).all()


def test_a_pose_beyond_the_limits_is_held_at_them() -> None:
    assert pose_of({"l_knee": 400.0, "r_elbow": -50.0})["l_knee"] == LIMITS_DEG["l_knee"][1]
    assert pose_of({"r_elbow": -50.0})["r_elbow"] == 0.0


def test_mirroring_twice_is_nothing() -> None:
    pose = sample_pose(np.random.default_rng(5))
    twice = mirrored(mirrored(pose))
    np.testing.assert_array_equal(twice.angles_deg, pose.angles_deg)
    assert (twice.yaw_deg, twice.roll_deg) == (pose.yaw_deg, pose.roll_deg)
    assert mirrored(pose)["l_knee"] == pose["r_knee"]


def test_a_blend_begins_at_one_pose_and_ends_at_the_other() -> None:
    a, b = (sample_pose(np.random.default_rng(seed)) for seed in (1, 2))
    np.testing.assert_allclose(blend(a, b, 0.0).angles_deg, a.angles_deg)
    np.testing.assert_allclose(blend(a, b, 1.0).angles_deg, b.angles_deg)
    assert len(blend(a, b, 0.5).angles_deg) == len(ANGLES)
