"""Who stands where: one to five people and a camera that sees each of them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from edgepose.runtime.arrays import Array
from edgepose.runtime.synthetic.angles import Pose
from edgepose.runtime.synthetic.camera import LOWEST_M, Camera, sample_camera
from edgepose.runtime.synthetic.library import sample_pose
from edgepose.runtime.synthetic.people import Placed, make_body, place

_TRIES = 12
_APART_M = 0.45
_ENOUGH_JOINTS = 5


def sample_group(
    rng: np.random.Generator, count: int, size_wh: tuple[int, int], detail: float, kind: str | None = None
) -> tuple[list[Placed], Camera]:
    """Draw people, in poses of a kind or of any, and a camera that has at least a joint of each in its picture."""
    first = place(make_body(rng, detail), _turned(sample_pose(rng, kind), rng))
    camera = sample_camera(rng, first.joints, size_wh)
    if count > 1 and rng.random() < 0.75:  # step back so that others fit
        back = camera.place + (camera.place - first.middle) * rng.uniform(0.05, 0.7)
        camera = replace(camera, place=np.maximum(back, [-np.inf, LOWEST_M, -np.inf]))
    placed = [first if _joints_inside(first, camera) >= _ENOUGH_JOINTS else _centred(first, camera, first.middle)]
    while len(placed) < count:
        placed.append(_beside(place(make_body(rng, detail), _turned(sample_pose(rng, kind), rng)), placed, camera, rng))
    return placed, camera


def _turned(pose: Pose, rng: np.random.Generator) -> Pose:
    """Turn a pose to the camera more often than away."""
    yaw = rng.normal(0.0, 50.0) if rng.random() < 0.5 else rng.uniform(-180.0, 180.0)
    return replace(pose, yaw_deg=float(yaw))


def _joints_inside(person: Placed, camera: Camera) -> int:
    pixels, depth = camera.project(person.joints)
    inside = ((pixels >= 0) & (pixels < camera.size_wh)).all(axis=1) & (depth > 0.5)
    return int(np.count_nonzero(inside))


def _centred(person: Placed, camera: Camera, like: Array) -> Placed:
    """Move a person to the middle of the picture, as far away as `like` (3,)."""
    depth = max(float((like - camera.place) @ camera.turn[2]), 1.5)
    return person.moved(camera.place + camera.turn[2] * depth - person.middle)


def _beside(person: Placed, others: Sequence[Placed], camera: Camera, rng: np.random.Generator) -> Placed:
    """Move a person to free ground in the picture, or to its middle when there is none."""
    width = camera.size_wh[0]
    flat = camera.turn[2] * [1.0, 0.0, 1.0]
    flat /= max(float(np.linalg.norm(flat)), 1e-6)
    base = float((others[0].middle - camera.place) @ flat)
    for _ in range(_TRIES):
        away = max(base * rng.uniform(0.75, 2.0), 1.2)
        aside = away * rng.uniform(-0.5, 0.5) * width / camera.focal_px
        spot = camera.place + flat * away + camera.turn[0] * [1.0, 0.0, 1.0] * aside
        moved = person.moved(np.array([spot[0], 0.0, spot[2]]))
        gaps = [float(np.linalg.norm((moved.middle - other.middle)[[0, 2]])) for other in others]
        if min(gaps) > _APART_M and _joints_inside(moved, camera) >= _ENOUGH_JOINTS:
            return moved
    return _centred(person, camera, others[0].middle + flat * rng.uniform(0.5, 1.5))
