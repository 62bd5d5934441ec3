import numpy as np
import pytest

from edgepose.runtime.arrays import Array
from edgepose.runtime.synthetic.angles import pose_of
from edgepose.runtime.synthetic.body import Build, rotation, sample_build
from edgepose.runtime.synthetic.joints import JOINTS, SYNTHETIC
from edgepose.runtime.synthetic.library import sample_pose
from edgepose.runtime.synthetic.people import Body, make_body, place


@pytest.fixture(scope="module")
def body() -> Body:
    return make_body(np.random.default_rng(3), detail=0.5)


def joints_of(body: Body, angles: dict[str, float]) -> dict[str, Array]:
    return dict(zip(JOINTS, place(body, pose_of(angles)).joints, strict=True))


def test_at_rest_left_is_left_and_the_face_looks_forward(body: Body) -> None:
    at = joints_of(body, {})
    for name in ("shoulder", "hip", "wrist", "ankle", "eye", "ear"):
        assert at[f"l_{name}"][0] > at[f"r_{name}"][0]
    assert at["nose"][2] > at["l_ear"][2]
    assert at["head"][1] > at["neck"][1] > at["thorax"][1] > at["pelvis"][1] > at["l_knee"][1] > at["l_ankle"][1]


@pytest.mark.parametrize(
    ("angle", "joint", "axis", "sign"),
    [
        ("l_shoulder_flex", "l_wrist", 2, 1),
        ("l_shoulder_abd", "l_wrist", 0, 1),
        ("r_shoulder_abd", "r_wrist", 0, -1),
        ("r_elbow", "r_wrist", 2, 1),
        ("l_hip_flex", "l_knee", 2, 1),
        ("r_hip_abd", "r_knee", 0, -1),
        ("l_knee", "l_ankle", 2, -1),
        ("spine_bend", "head", 2, 1),
        ("spine_side", "head", 0, 1),
        ("neck_turn", "nose", 0, 1),
    ],
)
def test_an_angle_moves_its_joint_the_way_its_name_says(
    body: Body, angle: str, joint: str, axis: int, sign: int
) -> None:
    rest, moved = (joints_of(body, {angle: degrees}) for degrees in (0.0, 40.0))
    shift = (moved[joint] - moved["pelvis"]) - (rest[joint] - rest["pelvis"])
    assert sign * shift[axis] > 0.03


def test_a_pose_keeps_the_bones_lengths(body: Body) -> None:
    limbs = [
        ("l_hip", "l_knee"),
        ("r_knee", "r_ankle"),
        ("l_shoulder", "l_elbow"),
        ("r_elbow", "r_wrist"),
        ("neck", "head"),
    ]
    rest = joints_of(body, {})
    for seed in range(20):
        at = dict(zip(JOINTS, place(body, sample_pose(np.random.default_rng(seed))).joints, strict=True))
        for a, b in limbs:
            assert np.linalg.norm(at[a] - at[b]) == pytest.approx(np.linalg.norm(rest[a] - rest[b]))


def test_nobody_sinks_into_the_ground(body: Body) -> None:
    for seed in range(20):
        pose = sample_pose(np.random.default_rng(seed))
        assert place(body, pose).vertices[:, 1].min() == pytest.approx(pose.lift_m)


def test_people_are_as_tall_as_their_build_says() -> None:
    for seed in range(10):
        body = make_body(np.random.default_rng(seed), detail=0.5)
        heights = place(body, pose_of({})).joints[:, 1]
        assert heights.max() == pytest.approx(body.build.height_m, rel=0.02)


def test_builds_are_varied() -> None:
    heights = [sample_build(np.random.default_rng(seed)).height_m for seed in range(60)]
    assert min(heights) < 1.5
    assert max(heights) > 1.8
    assert Build(muscle=1.0).girth > Build(muscle=0.0).girth


def test_a_rotation_is_right_handed() -> None:
    np.testing.assert_allclose(rotation(0, 0, 90) @ [1, 0, 0], [0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(rotation(90, 0, 0) @ [0, 1, 0], [0, 0, 1], atol=1e-12)


def test_the_skeleton_has_every_joint_of_the_public_ones() -> None:
    assert len(SYNTHETIC) == len(JOINTS) == len(SYNTHETIC.sigmas) == 21
    assert JOINTS[SYNTHETIC.flip_order[JOINTS.index("l_knee")]] == "r_knee"
