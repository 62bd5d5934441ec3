"""Poses that people take: each function draws one kind; `sample_pose` draws the kind too."""

from collections.abc import Callable

import numpy as np

from edgepose.runtime.synthetic.angles import LIMITS_DEG, Pose, jittered, mirrored, pose_of

Rng = np.random.Generator


def _arms_any(rng: Rng) -> dict[str, float]:
    """Draw both arms: hanging, on the hips, folded, forward, sideways, up, or each for itself."""
    both = str(rng.choice(list(_ARM_STYLES)))
    own = {side: both if rng.random() < 0.6 else str(rng.choice(list(_ARM_STYLES))) for side in "lr"}
    return {name: angle for side in "lr" for name, angle in _arm(rng, side, own[side]).items()}


def _arms_exercising(rng: Rng) -> dict[str, float]:
    """Draw both arms alike: before the body, before the face or above the head."""
    style = str(rng.choice(["clapping", "to_face", "folded", "forward", "raised", "overhead"]))
    return _arm(rng, "l", style) | _arm(rng, "r", style)


def _arm(rng: Rng, side: str, style: str) -> dict[str, float]:
    return {f"{side}_{name}": float(rng.uniform(*span)) for name, span in _ARM_STYLES[style].items()}


_ARM_STYLES: dict[str, dict[str, tuple[float, float]]] = {
    "hanging": {"shoulder_flex": (-15, 20), "shoulder_abd": (3, 18), "elbow": (0, 30), "shoulder_rot": (-25, 10)},
    "on_hips": {"shoulder_flex": (-30, -5), "shoulder_abd": (35, 60), "elbow": (85, 110), "shoulder_rot": (-75, -50)},
    "folded": {"shoulder_flex": (20, 45), "shoulder_abd": (-5, 15), "elbow": (90, 120), "shoulder_rot": (-75, -50)},
    "forward": {"shoulder_flex": (60, 110), "shoulder_abd": (-20, 30), "elbow": (0, 60), "shoulder_rot": (-40, 20)},
    "sideways": {"shoulder_flex": (-20, 30), "shoulder_abd": (60, 110), "elbow": (0, 70), "shoulder_rot": (-60, 85)},
    "raised": {"shoulder_flex": (30, 120), "shoulder_abd": (90, 150), "elbow": (0, 70), "shoulder_rot": (-20, 85)},
    "overhead": {"shoulder_flex": (140, 175), "shoulder_abd": (0, 40), "elbow": (0, 70), "shoulder_rot": (-20, 60)},
    "to_face": {"shoulder_flex": (30, 80), "shoulder_abd": (0, 40), "elbow": (110, 140), "shoulder_rot": (-40, 10)},
    "behind": {"shoulder_flex": (-45, -20), "shoulder_abd": (0, 20), "elbow": (10, 70), "shoulder_rot": (-80, -40)},
    "clapping": {"shoulder_flex": (25, 75), "shoulder_abd": (-10, 25), "elbow": (75, 130), "shoulder_rot": (-70, -30)},
    "carrying": {"shoulder_flex": (0, 35), "shoulder_abd": (0, 15), "elbow": (70, 100), "shoulder_rot": (-30, 10)},
}


def _looking(rng: Rng) -> dict[str, float]:
    return {
        "neck_turn": float(rng.normal(0, 25)),
        "neck_bend": float(rng.normal(5, 14)),
        "neck_side": float(rng.normal(0, 8)),
        "spine_twist": float(rng.normal(0, 10)),
        "spine_side": float(rng.normal(0, 6)),
    }


def standing(rng: Rng) -> Pose:
    """Draw somebody who stands, the arms anywhere."""
    spread, lean = rng.uniform(0, 18), rng.normal(2, 6)
    legs = {"l_hip_abd": spread, "r_hip_abd": spread, "l_hip_rot": 10.0, "r_hip_rot": 10.0, "spine_bend": lean}
    if rng.random() < 0.4:
        legs |= {"l_hip_flex": 18.0, "l_knee": float(rng.uniform(15, 45))}
    return pose_of(_looking(rng) | _arms_any(rng) | legs)


def stride(phase: float, energy: float, arm_elbow_deg: float) -> Pose:
    """Return the moment `phase` (radians) of a gait; `energy` 0 strolls, 1 runs."""
    angles = {"spine_bend": 2 + 12 * energy, "spine_twist": -6.0 * np.sin(phase)}
    for side, shift in (("l", 0.0), ("r", np.pi)):
        swing, lifted = np.sin(phase + shift), max(0.0, np.cos(phase + shift))
        angles[f"{side}_hip_flex"] = 6 + 16 * energy + (22 + 26 * energy) * swing
        angles[f"{side}_knee"] = 6 + (52 + 55 * energy) * lifted + 22 * energy
        angles[f"{side}_ankle"] = 8 * swing - 12 * energy * (1 - lifted)
        angles[f"{side}_shoulder_flex"] = -(20 + 25 * energy) * swing
        angles[f"{side}_shoulder_abd"] = 7 + 8 * energy
        angles[f"{side}_shoulder_rot"] = -15.0
        angles[f"{side}_elbow"] = arm_elbow_deg + 10 * (1 - swing)
    return pose_of(angles)


def walking(rng: Rng) -> Pose:
    """Draw a moment of walking or running."""
    energy = float(rng.choice([0.0, 0.3, 1.0]) + rng.uniform(0, 0.3))
    return stride(float(rng.uniform(0, 6.283)), energy, 10 + 75 * min(energy, 1.0))


def sitting(rng: Rng) -> Pose:
    """Draw somebody who sits on something as high as the shins."""
    angles = _looking(rng) | _arms_any(rng) | {"spine_bend": float(rng.normal(8, 14))}
    for side in "lr":
        flex = float(rng.uniform(72, 100))
        angles |= {f"{side}_hip_flex": flex, f"{side}_knee": float(flex + rng.uniform(-25, 20))}
        angles |= {f"{side}_hip_abd": float(rng.uniform(-4, 30)), f"{side}_hip_rot": float(rng.uniform(-10, 25))}
    return pose_of(angles, seated=True)


def on_the_ground(rng: Rng) -> Pose:
    """Draw somebody who sits, kneels or crawls on the ground."""
    angles = _looking(rng) | _arms_any(rng)
    kind = rng.integers(3)
    for side in "lr":
        if kind == 0:
            flex = float(rng.uniform(75, 120))
            angles |= {f"{side}_hip_flex": flex, f"{side}_knee": float(rng.uniform(0, 1) * flex * 1.1)}
            angles |= {f"{side}_hip_abd": float(rng.uniform(0, 40)), f"{side}_hip_rot": float(rng.uniform(-5, 40))}
        elif kind == 1:
            angles |= {f"{side}_hip_flex": float(rng.uniform(0, 40)), f"{side}_knee": float(rng.uniform(95, 145))}
            angles[f"{side}_ankle"] = -45.0
        else:
            angles |= {f"{side}_hip_flex": float(rng.uniform(60, 110)), f"{side}_knee": float(rng.uniform(70, 110))}
            angles |= {f"{side}_shoulder_flex": float(rng.uniform(65, 110)), f"{side}_elbow": float(rng.uniform(0, 30))}
    pitch = {0: rng.uniform(-30, 5), 1: rng.uniform(-10, 25), 2: rng.uniform(70, 95)}[int(kind)]
    return pose_of(angles, pitch_deg=float(pitch))


def squatting(rng: Rng) -> Pose:
    """Draw a squat or a lunge of any depth."""
    depth, lunge = float(rng.uniform(0.3, 1.0)), rng.random() < 0.4
    angles = _looking(rng) | _arms_any(rng) | {"spine_bend": 15 + 20 * depth * float(rng.random())}
    for side in "lr":
        angles |= {f"{side}_hip_flex": 112 * depth, f"{side}_knee": 135 * depth, f"{side}_ankle": 25 * depth}
        angles |= {f"{side}_hip_abd": float(rng.uniform(5, 35)), f"{side}_hip_rot": 25.0}
    if lunge:
        angles |= {"r_hip_flex": -20.0, "r_knee": float(rng.uniform(20, 90)), "l_knee": 95 * depth}
    return pose_of(angles, pitch_deg=12 * depth)


def exercising(rng: Rng) -> Pose:
    """Draw a lunge, a high knee or a heel kicked up behind: one leg carries, both look short from in front."""
    kind, flex = rng.integers(3), float(rng.uniform(20, 95))
    lunge, high_knee = kind == 0, kind == 1
    carrying = {"hip_flex": float(rng.uniform(-10, 20)), "knee": float(rng.uniform(0, 30))}
    if lunge:
        carrying = {"hip_flex": flex, "knee": flex + float(rng.uniform(-25, 15)), "ankle": float(rng.uniform(-5, 25))}
    knee = float(rng.uniform(15, 110) if lunge else rng.uniform(60, 125))
    other = {"hip_flex": flex if high_knee else float(rng.uniform(-30, 20)), "knee": knee, "ankle": -20.0}
    legs = {f"l_{name}": value for name, value in carrying.items()} | {f"r_{name}": v for name, v in other.items()}
    spread = {f"{side}_hip_abd": float(rng.uniform(-3, 15)) for side in "lr"}
    arms = _arms_exercising(rng) if rng.random() < 0.6 else _arms_any(rng)
    lean = {"spine_bend": float(rng.normal(6, 10))}
    return pose_of(_looking(rng) | arms | legs | spread | lean, pitch_deg=float(rng.normal(4, 6)))


def jumping(rng: Rng) -> Pose:
    """Draw somebody in the air."""
    angles = _looking(rng) | _arms_any(rng) | {"spine_bend": float(rng.normal(5, 14))}
    tuck = float(rng.random())
    for side in "lr":
        own = tuck if rng.random() < 0.6 else float(rng.random())
        angles |= {f"{side}_hip_flex": 110 * own - 10, f"{side}_knee": float(rng.uniform(0.4, 1.2)) * 100 * own}
        angles |= {f"{side}_hip_abd": float(rng.uniform(0, 45)), f"{side}_ankle": float(rng.uniform(-45, 0))}
    return pose_of(angles, pitch_deg=float(rng.normal(0, 15)), lift_m=float(rng.uniform(0.08, 0.7)))


def bending(rng: Rng) -> Pose:
    """Draw somebody who bends down, sideways or leans."""
    bend, side = float(rng.uniform(30, 80)), float(rng.normal(0, 18))
    angles = _looking(rng) | _arms_any(rng) | {"spine_bend": bend, "spine_side": side}
    hip = float(rng.uniform(0, 60))
    for s in "lr":
        angles |= {f"{s}_hip_flex": hip + float(rng.normal(0, 8)), f"{s}_knee": float(rng.uniform(0, 45))}
        angles[f"{s}_hip_abd"] = float(rng.uniform(0, 25))
        if rng.random() < 0.5:
            angles |= {f"{s}_shoulder_flex": float(rng.uniform(50, 130)), f"{s}_elbow": float(rng.uniform(0, 40))}
    return pose_of(angles, pitch_deg=hip)


def lying(rng: Rng) -> Pose:
    """Draw somebody who lies on the back, the belly or a side."""
    angles = _looking(rng) | _arms_any(rng)
    for side in "lr":
        flex = float(rng.choice([0.0, 0.0, 1.0]) * rng.uniform(20, 90))
        angles |= {
            f"{side}_hip_flex": flex,
            f"{side}_knee": flex * float(rng.uniform(0.6, 1.3)),
            f"{side}_ankle": -30.0,
        }
        angles[f"{side}_hip_abd"] = float(rng.uniform(0, 25))
    pitch, roll = [(-90, 0), (90, 0), (-90, 90), (-90, -90)][rng.integers(4)]
    return pose_of(angles, pitch_deg=float(pitch + rng.normal(0, 5)), roll_deg=float(roll + rng.normal(0, 8)))


def reaching(rng: Rng) -> Pose:
    """Draw a ball player: one arm throws or hits, a wide stance or one leg off the ground."""
    angles = _looking(rng) | _arms_any(rng)
    angles |= {"spine_bend": float(rng.uniform(-20, 45)), "spine_twist": float(rng.uniform(-40, 40))}
    angles |= {"spine_side": float(rng.uniform(-30, 30)), "r_shoulder_flex": float(rng.uniform(-40, 170))}
    angles |= {"r_shoulder_abd": float(rng.uniform(20, 140)), "r_elbow": float(rng.uniform(0, 110))}
    angles |= {"r_shoulder_rot": float(rng.uniform(-60, 90))}
    for side in "lr":
        angles |= {f"{side}_hip_flex": float(rng.uniform(-20, 70)), f"{side}_knee": float(rng.uniform(0, 80))}
        angles |= {f"{side}_hip_abd": float(rng.uniform(0, 45)), f"{side}_ankle": float(rng.uniform(-30, 20))}
    lift = float(rng.choice([0.0, 0.3]) * rng.random())
    return pose_of(angles, pitch_deg=float(rng.normal(10, 15)), roll_deg=float(rng.normal(0, 8)), lift_m=lift)


def kicking(rng: Rng) -> Pose:
    """Draw a kick, or a dancer's raised leg."""
    side_kick = rng.random() < 0.5
    kick = {"r_hip_flex": float(rng.uniform(10, 115)), "r_hip_abd": float(rng.uniform(20, 75) if side_kick else 5)}
    kick |= {"r_knee": float(rng.choice([5, 5, 90]) * rng.random()), "r_ankle": -30.0, "r_hip_rot": 20.0}
    kick |= {"l_knee": float(rng.uniform(0, 30)), "spine_bend": float(rng.uniform(-25, 20))}
    return pose_of(
        _looking(rng) | _arms_any(rng) | kick, pitch_deg=float(rng.normal(-8, 12)), roll_deg=float(rng.normal(0, 10))
    )


def upside_down(rng: Rng) -> Pose:
    """Draw a handstand, a cartwheel or a somersault."""
    angles = _looking(rng) | {"spine_bend": float(rng.uniform(-30, 20))}
    for side in "lr":
        angles |= {
            f"{side}_shoulder_flex": float(rng.uniform(130, 175)),
            f"{side}_shoulder_abd": float(rng.uniform(0, 35)),
        }
        angles |= {f"{side}_elbow": float(rng.uniform(0, 25)), f"{side}_hip_flex": float(rng.uniform(-25, 60))}
        angles |= {f"{side}_hip_abd": float(rng.uniform(0, 60)), f"{side}_knee": float(rng.uniform(0, 70))}
        angles[f"{side}_ankle"] = -40.0
    roll = float(rng.choice([0.0, rng.uniform(-70, 70)]))
    lift = float(rng.choice([0.0, 0.0, 0.5]) * rng.random())
    return pose_of(angles, pitch_deg=float(180 + rng.normal(0, 25)), roll_deg=roll, lift_m=lift)


def anything(rng: Rng) -> Pose:
    """Draw every angle for itself, mostly away from its limits, and any turn of the body."""
    angles = {name: float(low + (high - low) * rng.beta(1.4, 1.8)) for name, (low, high) in LIMITS_DEG.items()}
    angles |= {name: angles[name] * 0.5 for name in ("spine_bend", "spine_side", "spine_twist")}
    pitch, roll = float(rng.normal(0, 35)), float(rng.normal(0, 25))
    return pose_of(angles, pitch_deg=pitch, roll_deg=roll, lift_m=float(max(0.0, rng.normal(0, 0.3))))


POSE_KINDS: dict[str, tuple[Callable[[Rng], Pose], float]] = {
    "standing": (standing, 5.0),
    "walking": (walking, 4.0),
    "sitting": (sitting, 2.5),
    "on_the_ground": (on_the_ground, 1.5),
    "squatting": (squatting, 2.0),
    "exercising": (exercising, 3.0),
    "jumping": (jumping, 2.0),
    "bending": (bending, 1.5),
    "lying": (lying, 0.8),
    "reaching": (reaching, 3.5),
    "kicking": (kicking, 1.5),
    "upside_down": (upside_down, 1.0),
    "anything": (anything, 1.5),
}
"""Every kind with how often it is drawn, relative to the others."""


def sample_pose(rng: Rng, kind: str | None = None) -> Pose:
    """Draw a pose of a kind, or of any, turned anywhere, within the joints' limits."""
    if kind is None:
        shares = np.array([share for _, share in POSE_KINDS.values()])
        kind = list(POSE_KINDS)[int(rng.choice(len(shares), p=shares / shares.sum()))]
    pose = POSE_KINDS[kind][0](rng)
    pose = jittered(pose, rng, 4.0)
    return mirrored(pose) if rng.random() < 0.5 else pose
