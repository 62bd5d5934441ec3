"""How alike poses are: object keypoint similarity, and overlap of boxes."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from edgepose.runtime.arrays import Array, FloatArray
from edgepose.runtime.poses import Poses

_AREA_SHARE = 0.2
"""A standing person's area over the square of their height."""


def similarity(one: Poses, other: Poses, min_score: float = 0.1) -> FloatArray:
    """Return how alike each of one frame's people (N,) and each of another's (M,) are: (N, M), 0 to 1.

    It is the mean of their OKS, over joints that score at least `min_score` in both, and of their boxes' IoU; where
    they share no joint, half the IoU.
    """
    return np.float32(0.5) * (oks(one, other, min_score) + box_iou(one.boxes_xyxy, other.boxes_xyxy))


def oks(one: Poses, other: Poses, min_score: float = 0.1) -> FloatArray:
    """Return COCO's object keypoint similarity of people (N,) and (M,): (N, M), 0 without a joint in common.

    The scale is by the mean of both people's longer sides, which keep still when limbs move.
    """
    alike, seen = _joints_alike(one, other, min_score)
    found: FloatArray = (alike.sum(axis=-1) / np.maximum(seen.sum(axis=-1), 1)).astype(np.float32)
    return found


def shared_joints(one: Poses, other: Poses, min_score: float = 0.1, *, mirrored: bool = False) -> FloatArray:
    """Return which share of each person's joints (N,) lie where the same of another (M,) do: (N, M).

    People who are half of one and half of another, as a network sees them by mistake, share many. `mirrored` compares
    left joints with right ones: one person seen once from in front and once from behind.
    """
    if mirrored:
        order = list(one.skeleton.flip_order)
        keypoints, scores = one.keypoints_frame[:, order], one.keypoint_scores[:, order]
        one = replace(one, keypoints_frame=keypoints, keypoint_scores=scores)
    alike, _ = _joints_alike(one, other, min_score)
    joints = np.maximum(_seen(one, min_score).sum(axis=1), 1)
    share: FloatArray = ((alike > 0.5).sum(axis=-1) / joints[:, None]).astype(np.float32)
    return share


def _joints_alike(one: Poses, other: Poses, min_score: float) -> tuple[FloatArray, FloatArray]:
    """Return OKS joint by joint, and which joints are seen in both, as 0 or 1: (N, M, K)."""
    sizes = (_sizes(one.boxes_xyxy)[:, None] + _sizes(other.boxes_xyxy)[None]) / 2
    seen = (_seen(one, min_score)[:, None] & _seen(other, min_score)[None]).astype(np.float32)
    apart = np.nan_to_num(one.keypoints_frame)[:, None] - np.nan_to_num(other.keypoints_frame)[None]
    falloff = _falloff(one.skeleton.sigmas) * np.maximum(_AREA_SHARE * sizes**2, 1e-6)[..., None]
    alike = np.exp(-np.minimum((apart**2).sum(axis=-1) / falloff, 80.0)).astype(np.float32)
    return alike * seen, seen


def box_iou(one_xyxy: Array, other_xyxy: Array) -> FloatArray:
    """Return intersection over union of boxes (N, 4) and (M, 4): (N, M)."""
    both, areas = _intersection(one_xyxy, other_xyxy), (_area(one_xyxy)[:, None] + _area(other_xyxy)[None])
    iou: FloatArray = (both / np.maximum(areas - both, 1e-6)).astype(np.float32)
    return iou


def box_cover(one_xyxy: Array, other_xyxy: Array) -> FloatArray:
    """Return which share of each box (N, 4) lies in each of others (M, 4): (N, M)."""
    covered = _intersection(one_xyxy, other_xyxy)
    share: FloatArray = (covered / np.maximum(_area(one_xyxy), 1e-6)[:, None]).astype(np.float32)
    return share


def widened(boxes_xyxy: Array, share: float) -> FloatArray:
    """Return boxes (N, 4) that reach beyond each side by a share of their longer one."""
    margin = share * _sizes(boxes_xyxy)[:, None] * np.array([-1, -1, 1, 1], np.float32)
    wide: FloatArray = (boxes_xyxy + margin).astype(np.float32)
    return wide


def box_cover_together(one_xyxy: Array, other_xyxy: Array) -> float:
    """Return which share of a box (4,) lies in boxes (M, 4) together: what several of them cover counts once."""
    corners = np.clip(other_xyxy.reshape(-1, 2, 2), one_xyxy[:2], one_xyxy[2:])
    edges = [np.unique(np.append(corners[..., axis], one_xyxy[axis::2])) for axis in (0, 1)]
    # between neighbouring edges a box covers all or nothing: the middle tells
    x, y = ((edge[1:] + edge[:-1])[:, None] / 2 for edge in edges)
    across, down = ((corners[:, 0, axis] <= place) & (place <= corners[:, 1, axis]) for axis, place in ((0, x), (1, y)))
    covered = (down[:, None] & across[None]).any(axis=-1)
    areas = np.diff(edges[1])[:, None] * np.diff(edges[0])[None]
    return float((areas * covered).sum() / max(areas.sum(), 1e-6))


def _falloff(sigmas: Sequence[float]) -> FloatArray:
    """Return 2 k^2 of each joint, COCO's k being 2 sigma."""
    return 2 * (2 * np.array(sigmas, np.float32)) ** 2


def _seen(poses: Poses, min_score: float) -> Array:
    return (poses.keypoint_scores >= min_score) & np.isfinite(poses.keypoints_frame).all(axis=-1)


def _sizes(boxes_xyxy: Array) -> FloatArray:
    sizes: FloatArray = (boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]).max(axis=1, initial=0).astype(np.float32)
    return sizes


def _intersection(one_xyxy: Array, other_xyxy: Array) -> FloatArray:
    one, other = one_xyxy[:, None], other_xyxy[None]
    sides = np.minimum(one[..., 2:], other[..., 2:]) - np.maximum(one[..., :2], other[..., :2])
    area: FloatArray = np.clip(sides, 0, None).prod(axis=-1).astype(np.float32)
    return area


def _area(boxes_xyxy: Array) -> FloatArray:
    area: FloatArray = (boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]).prod(axis=1).astype(np.float32)
    return area
