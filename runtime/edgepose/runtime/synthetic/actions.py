"""Movements on the spot: each begins and ends in the same upright pose, so that any may follow any."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edgepose.runtime.synthetic.angles import Pose, blend, pose_of
from edgepose.runtime.synthetic.library import stride

_HANG = {"shoulder_abd": 8.0, "elbow": 12.0, "shoulder_rot": -12.0}
UPRIGHT = pose_of({f"{side}_{name}": value for side in "lr" for name, value in _HANG.items()})


def _both(angles: dict[str, float]) -> dict[str, float]:
    return {f"{side}_{name}": value for side in "lr" for name, value in angles.items()}


_RAISED_HAND = pose_of(_both(_HANG) | {"r_shoulder_abd": 95, "r_shoulder_rot": 85, "r_elbow": 70, "neck_turn": -10})
_WAVED_HAND = pose_of(_both(_HANG) | {"r_shoulder_abd": 105, "r_shoulder_rot": 85, "r_elbow": 25, "neck_turn": -10})
_SQUAT = pose_of(
    _both({"hip_flex": 95, "knee": 112, "ankle": 22, "hip_abd": 14, "hip_rot": 15, "shoulder_flex": 80, "elbow": 15})
    | {"spine_bend": 12},
    pitch_deg=14,
)
_CROUCH = pose_of(
    _both({"hip_flex": 62, "knee": 80, "ankle": 25, "shoulder_flex": -25, "elbow": 25}) | {"spine_bend": 12},
    pitch_deg=8,
)
_FLIGHT = pose_of(
    _both({"hip_flex": 8, "knee": 14, "ankle": -40, "shoulder_flex": 125, "shoulder_abd": 20, "elbow": 25})
)
_STAR = pose_of(_both({"hip_abd": 22, "shoulder_abd": 155, "elbow": 8}))
_ARMS_UP = pose_of(_both({"shoulder_flex": 165, "shoulder_abd": 15, "elbow": 10}) | {"neck_bend": -15})
_BENT = pose_of(_both({"hip_flex": 45, "knee": 8, "shoulder_flex": 95, "elbow": 5}) | {"spine_bend": 65}, pitch_deg=45)
_LOOK = pose_of(
    _both(_HANG) | {"neck_turn": 40, "spine_twist": 20, "r_shoulder_abd": 45, "r_elbow": 100, "r_shoulder_rot": -60}
)


def _there_and_back(share: float) -> float:
    """Rise from 0 to 1 and fall again, with no jerk at either end."""
    return 0.5 - 0.5 * math.cos(2 * math.pi * share)


def _ramp(share: float, low: float, high: float) -> float:
    t = min(max((share - low) / (high - low), 0.0), 1.0)
    return t * t * (3 - 2 * t)


def _wave(share: float) -> Pose:
    hand = blend(_RAISED_HAND, _WAVED_HAND, 0.5 - 0.5 * math.cos(8 * math.pi * share))
    return blend(UPRIGHT, hand, _ramp(share, 0.0, 0.3) - _ramp(share, 0.7, 1.0))


def _jump(share: float) -> Pose:
    crouched = blend(UPRIGHT, _CROUCH, _ramp(share, 0.0, 0.35))
    flying = blend(crouched, _FLIGHT, _ramp(share, 0.3, 0.58))
    landing = blend(flying, _CROUCH, _ramp(share, 0.6, 0.84) * 0.6)
    standing = blend(landing, UPRIGHT, _ramp(share, 0.78, 1.0))
    air = min(max((share - 0.45) / 0.22, 0.0), 1.0)
    return Pose(standing.angles_deg, 0.0, standing.pitch_deg, 0.0, 1.4 * air * (1 - air))


def _to(goal: Pose, times: int = 1) -> Callable[[float], Pose]:
    return lambda share: blend(UPRIGHT, goal, _there_and_back(share * times))


ACTIONS: dict[str, tuple[Callable[[float], Pose], float]] = {
    "wave": (_wave, 3.0),
    "squat": (_to(_SQUAT), 2.2),
    "jump": (_jump, 2.1),
    "star": (_to(_STAR, 2), 2.4),
    "arms_up": (_to(_ARMS_UP), 2.2),
    "bend": (_to(_BENT), 2.8),
    "look": (_to(_LOOK), 2.5),
}
"""Every movement as a function of the share of its time, and its usual length in seconds."""

_PACE_M_S = 1.3
_RAMP_S = 0.5
_STRIDE_M = 1.35


@dataclass(frozen=True)
class Walk:
    """A straight way on the ground, from `start` to `end` (x, z), with a soft start and stop."""

    start: tuple[float, float]
    end: tuple[float, float]
    facing_deg: float

    @property
    def length_m(self) -> float:
        """How far it is."""
        return math.dist(self.start, self.end)

    @property
    def seconds(self) -> float:
        """How long it takes."""
        return self.length_m / _PACE_M_S + _RAMP_S

    def at(self, t: float) -> tuple[Pose, tuple[float, float]]:
        """Return the pose and the place (x, z) at time t in seconds."""
        t = min(max(t, 0.0), self.seconds)
        effort = min(t / _RAMP_S, (self.seconds - t) / _RAMP_S, 1.0)
        rising, falling = min(t, _RAMP_S), max(t - (self.seconds - _RAMP_S), 0.0)
        way = _PACE_M_S * (rising**2 / (2 * _RAMP_S) + max(t - _RAMP_S, 0.0) - falling**2 / (2 * _RAMP_S))
        dx, dz = self.end[0] - self.start[0], self.end[1] - self.start[1]
        share = min(way / self.length_m, 1.0)
        gait = stride(2 * math.pi * way / _STRIDE_M, 0.15, 18.0)
        heading = math.degrees(math.atan2(dx, dz))
        ahead = Pose(gait.angles_deg, heading)
        standing = Pose(UPRIGHT.angles_deg, self.facing_deg)
        soft = effort * effort * (3 - 2 * effort)
        return blend(standing, ahead, soft), (self.start[0] + dx * share, self.start[1] + dz * share)


@dataclass(frozen=True)
class Script:
    """What one person does: waits unseen, walks in, then one action after another, again and again."""

    enters_s: float
    walk: Walk
    actions: tuple[tuple[str, float], ...]

    def at(self, t: float) -> tuple[Pose, tuple[float, float]]:
        """Return the pose and the place (x, z) at time t in seconds."""
        t -= self.enters_s
        if t < self.walk.seconds:
            return self.walk.at(t)
        t = (t - self.walk.seconds) % sum(seconds for _, seconds in self.actions)
        for name, seconds in self.actions:
            if t < seconds:
                pose = ACTIONS[name][0](t / seconds)
                return Pose(pose.angles_deg, self.walk.facing_deg, pose.pitch_deg, 0.0, pose.lift_m), self.walk.end
            t -= seconds
        return Pose(UPRIGHT.angles_deg, self.walk.facing_deg), self.walk.end


def sample_script(rng: np.random.Generator, enters_s: float, outside_m: float, spot: tuple[float, float]) -> Script:
    """Draw what somebody does who comes from `outside_m` left or right of the middle to `spot`."""
    side = -1.0 if spot[0] < 0 else 1.0
    start = (side * outside_m, spot[1])
    names = [str(name) for name in rng.permutation(list(ACTIONS))]
    actions = tuple((name, ACTIONS[name][1] * float(rng.uniform(0.85, 1.3))) for name in names)
    return Script(enters_s, Walk(start, spot, float(rng.normal(0.0, 22.0))), actions)
