import numpy as np
import pytest

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.skeleton import (
    COCO_17,
    LSP_14,
    SIMPLE_POSE_18,
    SKELETONS,
    Skeleton,
    remap_keypoints,
    skeleton_named,
)

every_skeleton = pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=SKELETONS)


@every_skeleton
def test_the_number_in_the_name_is_that_of_the_joints(skeleton: Skeleton) -> None:
    assert len(skeleton) == int(skeleton.name.split("-")[1]) == len(set(skeleton.joints)) == len(skeleton.sigmas)
    assert skeleton_named(skeleton.name) is skeleton


@every_skeleton
def test_flipping_twice_is_no_flip(skeleton: Skeleton) -> None:
    order = np.array(skeleton.flip_order)
    np.testing.assert_array_equal(order[order], np.arange(len(skeleton)))


@every_skeleton
def test_left_becomes_right_and_the_middle_stays(skeleton: Skeleton) -> None:
    for joint, row in zip(skeleton.joints, skeleton.flip_order, strict=True):
        mirrored = skeleton.joints[row]
        assert {joint[:2], mirrored[:2]} == {"l_", "r_"} if joint[1] == "_" else joint == mirrored


@every_skeleton
def test_edges_link_every_joint_once(skeleton: Skeleton) -> None:
    pairs = {frozenset(pair) for pair in skeleton.edge_rows}
    assert len(pairs) == len(skeleton.edges)
    assert {row for pair in pairs for row in pair} == set(range(len(skeleton)))


@every_skeleton
def test_mirrored_edges_are_edges(skeleton: Skeleton) -> None:
    pairs = {frozenset(pair) for pair in skeleton.edge_rows}
    assert {frozenset(skeleton.flip_order[row] for row in pair) for pair in pairs} == pairs


@every_skeleton
def test_the_units_of_pck_are_joints(skeleton: Skeleton) -> None:
    assert {*skeleton.torso, *(skeleton.head or ())} <= set(skeleton.joints)


def test_sigmas_of_coco_are_the_published_ones() -> None:
    published = [26, 25, 25, 35, 35, 79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89]
    assert [round(1000 * sigma) for sigma in COCO_17.sigmas] == published


def test_the_order_of_lsp_is_the_data_sets() -> None:
    assert LSP_14.joints[:6] == ("r_ankle", "r_knee", "r_hip", "l_hip", "l_knee", "l_ankle")
    assert LSP_14.joints[-2:] == ("neck", "head")


def test_an_unknown_joint_or_skeleton_lists_the_known_ones() -> None:
    with pytest.raises(EdgeposeError, match=r"lsp-14 has no joint 'nose'; it has r_ankle, "):
        LSP_14.index("nose")
    with pytest.raises(EdgeposeError, match="unknown skeleton 'lsp'; known: lsp-14, mpii-16, coco-17"):
        skeleton_named("lsp")


@every_skeleton
def test_remapping_keeps_the_shared_joints_and_only_those(skeleton: Skeleton) -> None:
    keypoints = np.arange(2 * len(skeleton) * 2, dtype=np.float32).reshape(2, len(skeleton), 2)
    remapped = remap_keypoints(keypoints, skeleton, SIMPLE_POSE_18)
    assert remapped.shape == (2, 18, 2)
    for joint, values in zip(SIMPLE_POSE_18.joints, remapped[0], strict=True):
        expected = keypoints[0, skeleton.index(joint)] if joint in skeleton.joints else [np.nan, np.nan]
        np.testing.assert_array_equal(values, expected)
