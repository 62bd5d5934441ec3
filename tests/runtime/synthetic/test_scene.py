from collections.abc import Sequence

import numpy as np
import pytest

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.skeleton import COCO_17, LSP_14, MPII_16, Skeleton
from edgepose.runtime.synthetic import JOINTS, PART_NAMES, render_background, render_people
from edgepose.runtime.synthetic.angles import pose_of
from edgepose.runtime.synthetic.camera import look_at
from edgepose.runtime.synthetic.joints import PARTS, adjacent_parts
from edgepose.runtime.synthetic.light import sample_light
from edgepose.runtime.synthetic.people import make_body, place
from edgepose.runtime.synthetic.raster import Solid, draw
from edgepose.runtime.synthetic.scene import Scene, finish_scene

SIZE_WH = (200, 160)


def shown(
    angles: dict[str, float] | None = None, facing: float = 0.0, body_seed: int = 3, things: Sequence[Solid] = ()
) -> Scene:
    """Render one body from 4 m in front, without background."""
    body = make_body(np.random.default_rng(body_seed))
    person = place(body, pose_of(angles or {}, yaw_deg=facing))
    camera = look_at(np.array([0.0, 1.0, 4.0]), np.array([0.0, 0.9, 0.0]), 240.0, (256, 256))
    drawing = draw([Solid(body.mesh, person.vertices, 0), *things], camera, sample_light(np.random.default_rng(0)))
    return finish_scene(np.zeros((256, 256, 3), np.uint8), [person], camera, drawing)


def seen(scene: Scene, joint: str) -> bool:
    return bool(scene.people[0].visible[JOINTS.index(joint)])


@pytest.mark.parametrize("seed", [0, 7, 2**40])
def test_the_same_seed_gives_the_same_pixels(seed: int) -> None:
    a, b = render_people(seed, SIZE_WH), render_people(seed, SIZE_WH)
    np.testing.assert_array_equal(a.image_rgb, b.image_rgb)
    np.testing.assert_array_equal(a.part_masks, b.part_masks)
    for one, other in zip(a.people, b.people, strict=True):
        np.testing.assert_array_equal(one.keypoints, other.keypoints)
        np.testing.assert_array_equal(one.visible, other.visible)


def test_other_seeds_give_other_pictures() -> None:
    assert (render_people(1, SIZE_WH).image_rgb != render_people(2, SIZE_WH).image_rgb).any()


@pytest.mark.parametrize("count", range(6))
def test_as_many_people_as_asked_for(count: int) -> None:
    for seed in range(3):
        scene = render_people(seed, SIZE_WH, count)
        assert len(scene.people) == count
        assert scene.image_rgb.shape == (160, 200, 3)
        assert scene.image_rgb.dtype == scene.part_masks.dtype == np.uint8
        assert scene.part_masks.shape == (160, 200)
        assert scene.part_masks.max() < len(PART_NAMES)


@pytest.mark.parametrize("count", [-1, 6])
def test_too_many_people_is_a_clear_error(count: int) -> None:
    with pytest.raises(EdgeposeError, match=f"0 to 5 people, found {count}"):
        render_people(0, SIZE_WH, count)


def test_an_unknown_kind_of_pose_is_a_clear_error() -> None:
    with pytest.raises(EdgeposeError, match="unknown kind of pose 'flying'; known: standing, "):
        render_people(0, SIZE_WH, kind="flying")


def test_by_itself_a_picture_has_one_to_five_people() -> None:
    counts = {len(render_people(seed, (64, 64)).people) for seed in range(60)}
    assert counts == {1, 2, 3, 4, 5}


def test_everybody_has_a_joint_in_the_picture() -> None:
    for seed in range(30):
        for person in render_people(seed, SIZE_WH).people:
            inside = ((person.keypoints >= -0.5) & (person.keypoints < np.array(SIZE_WH) - 0.5)).all(axis=1)
            assert inside.any()
            assert not (person.visible & ~inside).any()
            assert person.keypoints.dtype == np.float32


def test_a_visible_joint_lies_on_a_part_that_meets_there() -> None:
    for seed in range(30):
        scene = render_people(seed, SIZE_WH)
        for person in scene.people:
            for k in np.flatnonzero(person.visible):
                x, y = person.keypoints[k].round().astype(int)
                around = scene.part_masks[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2]
                assert set(around.ravel()) & {PARTS[part] for part in adjacent_parts(JOINTS[k])}, (seed, JOINTS[k])


def test_every_part_and_every_joint_appear() -> None:
    scenes = [render_people(seed, SIZE_WH) for seed in range(30)]
    assert {int(part) for scene in scenes for part in np.unique(scene.part_masks)} == set(range(len(PART_NAMES)))
    visible = [person.visible for scene in scenes for person in scene.people]
    share = np.mean(visible, axis=0)
    assert (share > 0.15).all()
    assert (share < 0.95).all()


def test_who_faces_the_camera_has_the_left_on_the_right_of_the_picture() -> None:
    front, back = shown(facing=0.0).people[0], shown(facing=180.0).people[0]
    for name in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "eye", "ear"):
        left, right = JOINTS.index(f"l_{name}"), JOINTS.index(f"r_{name}")
        assert front.keypoints[left, 0] > front.keypoints[right, 0]
        assert back.keypoints[left, 0] < back.keypoints[right, 0]


def test_the_left_arms_mask_is_on_the_left_arms_side() -> None:
    masks = shown(facing=0.0).part_masks
    for part in ("upper_arm", "lower_arm", "hand", "upper_leg", "lower_leg", "foot"):
        left, right = (np.nonzero(masks == PARTS[f"{side}_{part}"])[1].mean() for side in "lr")
        assert left > right


@pytest.mark.parametrize("facing", [0.0, 90.0, 180.0, 270.0])
def test_feet_point_where_the_face_does(facing: float) -> None:
    scene = shown(facing=facing)
    places = dict(zip(JOINTS, scene.people[0].keypoints, strict=True))
    ahead = places["nose"][0] - places["head"][0]
    for side in "lr":
        _, columns = np.nonzero(scene.part_masks == PARTS[f"{side}_foot"])
        if facing in (0.0, 180.0):
            assert abs(columns.mean() - places[f"{side}_ankle"][0]) < 2
        elif len(columns) > 20:  # the far foot may be hidden
            assert (columns.mean() - places[f"{side}_ankle"][0]) * np.sign(ahead) > 1


def test_the_face_is_hidden_from_behind() -> None:
    front, back = shown(facing=0.0, body_seed=6), shown(facing=180.0, body_seed=6)
    for joint in ("nose", "l_eye", "r_eye"):
        assert seen(front, joint)
        assert not seen(back, joint)
    for joint in ("l_shoulder", "r_hip", "l_knee"):
        assert seen(front, joint)
        assert seen(back, joint)


def test_from_the_side_the_near_joints_hide_the_far_ones() -> None:
    forward = {"l_shoulder_flex": 60.0, "r_shoulder_flex": 60.0}
    scene = shown(forward, facing=90.0)  # the left side looks away from the camera
    for joint in ("shoulder", "hip", "elbow"):
        assert seen(scene, f"r_{joint}")
        assert not seen(scene, f"l_{joint}")


def test_an_arm_behind_the_back_is_not_seen() -> None:
    behind = {"l_shoulder_flex": -30.0, "l_elbow": 95.0, "l_shoulder_rot": -80.0}
    scene = shown(behind)
    assert not seen(scene, "l_wrist")
    x, y = scene.people[0].keypoints[JOINTS.index("l_wrist")].round().astype(int)
    assert scene.part_masks[y, x] not in {PARTS["l_lower_arm"], PARTS["l_hand"]}


def test_a_thing_in_front_hides_and_one_behind_does_not() -> None:
    body = make_body(np.random.default_rng(4))
    wall = place(body, pose_of({}))  # a second body, but a thing to the renderer
    before = Solid(body.mesh, wall.vertices + np.array([0.0, 0.0, 1.0]), -1)
    behind = Solid(body.mesh, wall.vertices - np.array([0.0, 0.0, 1.0]), -1)
    alone, covered, clear = shown(), shown(things=[before]), shown(things=[behind])
    assert covered.people[0].visible.sum() < alone.people[0].visible.sum() / 2
    np.testing.assert_array_equal(clear.people[0].visible, alone.people[0].visible)
    assert (covered.part_masks > 0).sum() < (clear.part_masks > 0).sum()
    np.testing.assert_array_equal(clear.part_masks, alone.part_masks)


def test_every_part_of_everybody_is_theirs_and_only_theirs() -> None:
    for seed in range(20):
        scene = render_people(seed, SIZE_WH)
        masks = np.stack([scene.part_mask(row) for row in range(len(scene.people))])
        assert ((masks > 0).sum(axis=0) <= 1).all()
        known = scene.owners > 0
        np.testing.assert_array_equal(masks.max(axis=0)[known], scene.part_masks[known])
        for row, person in enumerate(scene.people):
            for k in np.flatnonzero(person.visible):
                x, y = person.keypoints[k].round().astype(int)
                around = masks[row, max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2]
                assert set(around.ravel()) & {PARTS[part] for part in adjacent_parts(JOINTS[k])}, (seed, JOINTS[k])


def test_who_stands_in_front_takes_the_pixels() -> None:
    bodies = [make_body(np.random.default_rng(seed)) for seed in (3, 4)]
    far, near = place(bodies[0], pose_of({})), place(bodies[1], pose_of({}, yaw_deg=90.0))
    near = near.moved(np.array([0.1, 0.0, 1.0]))
    outside = place(bodies[0], pose_of({})).moved(np.array([50.0, 0.0, 0.0]))
    camera = look_at(np.array([0.0, 1.0, 4.0]), np.array([0.0, 0.9, 0.0]), 240.0, (256, 256))
    placed = [outside, far, near]
    solids = [Solid(person.body.mesh, person.vertices, row) for row, person in enumerate(placed)]
    drawing = draw(solids, camera, sample_light(np.random.default_rng(0)))
    scene = finish_scene(np.zeros((256, 256, 3), np.uint8), placed, camera, drawing)
    behind, before = scene.part_mask(0), scene.part_mask(1)
    alone = draw(solids[1:2], camera, sample_light(np.random.default_rng(0))).part_mask()
    assert 0 < (behind > 0).sum() < (alone > 0).sum()
    np.testing.assert_array_equal(behind, np.where(before > 0, 0, alone))


@pytest.mark.parametrize("skeleton", [LSP_14, MPII_16, COCO_17])
def test_keypoints_come_in_any_skeletons_order(skeleton: Skeleton) -> None:
    person = render_people(11, SIZE_WH, 1).people[0]
    keypoints = person.keypoints_for(skeleton)
    assert keypoints.shape == (len(skeleton), 2)
    for row, joint in enumerate(skeleton.joints):
        np.testing.assert_array_equal(keypoints[row], person.keypoints[JOINTS.index(joint)])


def test_a_background_is_empty_and_repeatable() -> None:
    a, b = render_background(5, SIZE_WH), render_background(5, SIZE_WH)
    np.testing.assert_array_equal(a, b)
    assert a.shape == (160, 200, 3)
    assert not render_people(5, SIZE_WH, 0).part_masks.any()
