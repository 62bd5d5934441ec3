"""A pose as joint angles: their names, their limits, and the arithmetic on them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from edgepose.runtime.arrays import Array

_MIDDLE_LIMITS_DEG = {
    "spine_bend": (-30.0, 80.0),  # forward
    "spine_side": (-35.0, 35.0),  # to the left
    "spine_twist": (-45.0, 45.0),  # to the left
    "neck_bend": (-45.0, 50.0),
    "neck_side": (-35.0, 35.0),
    "neck_turn": (-75.0, 75.0),
}
_SIDE_LIMITS_DEG = {
    "shoulder_flex": (-50.0, 175.0),  # forward and up
    "shoulder_abd": (-40.0, 170.0),  # away from the body
    "shoulder_rot": (-85.0, 90.0),  # outward about the arm
    "elbow": (0.0, 145.0),
    "forearm_twist": (-80.0, 80.0),  # palm forward
    "wrist": (-60.0, 60.0),
    "hip_flex": (-30.0, 125.0),
    "hip_abd": (-25.0, 75.0),
    "hip_rot": (-40.0, 50.0),
    "knee": (0.0, 150.0),
    "ankle": (-50.0, 30.0),  # toes up
}
LIMITS_DEG = _MIDDLE_LIMITS_DEG | {
    f"{side}_{name}": limits for side in "lr" for name, limits in _SIDE_LIMITS_DEG.items()
}
"""Lowest and highest degrees of every angle; all zero is a person who stands upright with hanging arms."""

ANGLES = tuple(LIMITS_DEG)
_LOWEST, _HIGHEST = np.array(list(LIMITS_DEG.values())).T
_MAX_SWING_DEG = 178.0


@dataclass(frozen=True)
class Pose:
    """Joint angles (len(ANGLES),) in degrees, and how the whole body is turned and lifted.

    `yaw_deg` turns to the body's left (0 looks along +z), `pitch_deg` tips it forward, `roll_deg` to its left;
    `lift_m` is the height of its lowest point over the ground.
    """

    angles_deg: Array
    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    lift_m: float = 0.0
    seated: bool = False

    def __getitem__(self, angle: str) -> float:
        return float(self.angles_deg[ANGLES.index(angle)])


def pose_of(angles_deg: Mapping[str, float], **body: float) -> Pose:
    """Return the pose with these angles, all others zero, held within the limits."""
    unknown = set(angles_deg) - set(ANGLES)
    assert not unknown, f"no such angle: {sorted(unknown)}"
    return within_limits(Pose(np.array([angles_deg.get(name, 0.0) for name in ANGLES]), **body))  # type: ignore[arg-type]


def within_limits(pose: Pose) -> Pose:
    """Return the pose with every angle held within its limits, and no limb swung past straight up."""
    angles = np.clip(pose.angles_deg, _LOWEST, _HIGHEST)
    for side in "lr":
        pair = [ANGLES.index(f"{side}_shoulder_flex"), ANGLES.index(f"{side}_shoulder_abd")]
        angles[pair] *= min(1.0, _MAX_SWING_DEG / max(float(np.hypot(*angles[pair])), 1.0))
    return replace(pose, angles_deg=angles)


def mirrored(pose: Pose) -> Pose:
    """Return the pose with left and right exchanged."""
    swap = {"l_": "r_", "r_": "l_"}
    order = [ANGLES.index(swap.get(name[:2], name[:2]) + name[2:]) for name in ANGLES]
    angles = pose.angles_deg[order].copy()
    for name in ("spine_side", "spine_twist", "neck_side", "neck_turn"):
        angles[ANGLES.index(name)] *= -1.0
    return replace(pose, angles_deg=angles, yaw_deg=-pose.yaw_deg, roll_deg=-pose.roll_deg)


def blend(a: Pose, b: Pose, weight: float) -> Pose:
    """Return the pose `weight` of the way from `a` to `b`; turns take the numbers as they are, not the shorter way."""

    def mix(x: float, y: float) -> float:
        return x + weight * (y - x)

    return Pose(
        a.angles_deg + weight * (b.angles_deg - a.angles_deg),
        mix(a.yaw_deg, b.yaw_deg),
        mix(a.pitch_deg, b.pitch_deg),
        mix(a.roll_deg, b.roll_deg),
        mix(a.lift_m, b.lift_m),
    )


def jittered(pose: Pose, rng: np.random.Generator, sigma_deg: float) -> Pose:
    """Return the pose with normal noise on every angle, within the limits."""
    return within_limits(replace(pose, angles_deg=pose.angles_deg + rng.normal(0.0, sigma_deg, len(ANGLES))))
