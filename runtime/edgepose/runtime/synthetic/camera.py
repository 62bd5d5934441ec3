"""A pinhole camera in the world: metres, y up, the ground at y = 0."""

import math
from dataclasses import dataclass

import numpy as np

from edgepose.runtime.arrays import Array

NEAR_M = 0.25
LOWEST_M = 0.15
"""A camera is not lower above the ground."""


@dataclass(frozen=True)
class Camera:
    """`turn` (3, 3) has the picture's right, down and forward as rows; `place` (3,) is where it stands."""

    turn: Array
    place: Array
    focal_px: float
    size_wh: tuple[int, int]

    def project(self, points: Array) -> tuple[Array, Array]:
        """Return pixels (..., 2), pixel centres at integers, and depths (...) in metres of points (..., 3)."""
        local = (points - self.place) @ self.turn.T
        depth = local[..., 2]
        middle = (np.array(self.size_wh) - 1) / 2
        return local[..., :2] * (self.focal_px / np.maximum(depth, NEAR_M))[..., None] + middle, depth


def look_at(place: Array, target: Array, focal_px: float, size_wh: tuple[int, int], roll_deg: float = 0.0) -> Camera:
    """Return the camera at `place` that has `target` in the middle of its picture; `roll_deg` tilts it."""
    forward = (target - place) / np.linalg.norm(target - place)
    right = np.cross(forward, [0.0, 1.0, 0.0])
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    cos, sin = math.cos(math.radians(roll_deg)), math.sin(math.radians(roll_deg))
    return Camera(np.stack([cos * right + sin * down, cos * down - sin * right, forward]), place, focal_px, size_wh)


def sample_camera(rng: np.random.Generator, points: Array, size_wh: tuple[int, int]) -> Camera:
    """Draw a camera that shows points (N, 3) of a person, from around, at any height, near or far."""
    low, high = points.min(axis=0), points.max(axis=0)
    middle, extent = (low + high) / 2, float(np.linalg.norm(high - low))
    fov_deg = rng.uniform(18.0, 65.0)
    focal_px = min(size_wh) / 2 / math.tan(math.radians(fov_deg / 2))
    fill = rng.uniform(0.65, 1.15) if rng.random() < 0.85 else rng.uniform(1.15, 1.8)
    distance = max(focal_px * extent / (fill * min(size_wh)), 0.6 * extent + 0.5)
    elevation = math.radians(float(np.clip(rng.normal(7.0, 13.0), -18.0, 60.0)))
    place = middle + distance * np.array([0.0, math.sin(elevation), math.cos(elevation)])
    place[1] = max(place[1], LOWEST_M)
    jitter = rng.uniform(-0.5, 0.5, 3) * extent * max(0.1, 1.0 - fill)
    roll = rng.normal(0.0, 4.0) if rng.random() < 0.9 else rng.uniform(-35.0, 35.0)
    return look_at(place, middle + jitter, focal_px, size_wh, float(roll))
