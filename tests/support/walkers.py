"""People who walk through a picture, as an estimator would find them: a little off, in any order, not always."""

from dataclasses import dataclass

import numpy as np

from edgepose.runtime.arrays import Array, FloatArray
from edgepose.runtime.geometry import keypoints_box_xyxy
from edgepose.runtime.poses import Poses
from edgepose.runtime.skeleton import SIMPLE_POSE_18
from support.crowds import BUILD


def standing(x: float, y: float, height: float) -> FloatArray:
    """Return the joints (18, 2) of somebody of some height about a place."""
    return (BUILD * (height / 78) + [x, y]).astype(np.float32)


def poses_of(keypoints: FloatArray, scores: FloatArray | None = None) -> Poses:
    """Return people (P, 18, 2) as poses without ids; joints that are NaN score 0."""
    seen = np.isfinite(keypoints).all(axis=-1)
    boxes = [keypoints_box_xyxy(person, keep) for person, keep in zip(keypoints, seen, strict=True)]
    return Poses(
        SIMPLE_POSE_18,
        keypoints,
        seen.astype(np.float32),
        np.ones(len(keypoints), np.float32) if scores is None else scores,
        np.nan_to_num(np.array(boxes, np.float32).reshape(-1, 4)),
    )


@dataclass(frozen=True)
class Walker:
    """Somebody who is at `begin` in frame 0 and goes `step` pixels a frame, swinging arms and legs."""

    begin: tuple[float, float]
    step: tuple[float, float]
    height: float
    phase: float = 0.0

    def joints(self, index: int) -> FloatArray:
        """Return the joints (18, 2) in a frame."""
        swing = 0.06 * self.height * np.sin(index / 4 + self.phase) * np.where(np.arange(18) % 2, 1, -1)
        joints = standing(self.begin[0] + index * self.step[0], self.begin[1] + index * self.step[1], self.height)
        joints[2:14, 0] += swing[2:14]
        return joints


def sighting(walkers: list[Walker], index: int, rng: np.random.Generator, missed: Array) -> tuple[Poses, list[int]]:
    """Return the poses of those walkers who are not missed, shuffled and a little off, and whose each row is."""
    order = [int(i) for i in rng.permutation(len(walkers)) if not missed[i]]
    joints = [
        walkers[i].joints(index) + rng.normal(0, 0.01 * walkers[i].height, (18, 2)).astype(np.float32) for i in order
    ]
    return poses_of(np.array(joints, np.float32).reshape(-1, 18, 2)), order
