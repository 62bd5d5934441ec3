"""The jointed body: proportions, bones, and where a pose puts them.

Body coordinates are metres: x to the body's left, y up, z forward. At rest it stands with hanging arms, its soles at
y = 0.
"""

import math
from dataclasses import dataclass

import numpy as np

from edgepose.runtime.arrays import Array
from edgepose.runtime.synthetic.angles import ANGLES, Pose
from edgepose.runtime.synthetic.joints import JOINTS

BONES = (
    "pelvis",
    "lumbar",
    "chest",
    "neck",
    "head",
    *(f"{side}_{b}" for side in "lr" for b in ("upper_arm", "lower_arm", "hand", "upper_leg", "lower_leg", "foot")),
)
BONE = {name: row for row, name in enumerate(BONES)}
_PARENT = {
    "lumbar": "pelvis",
    "chest": "lumbar",
    "neck": "chest",
    "head": "neck",
    "upper_arm": "chest",
    "lower_arm": "upper_arm",
    "hand": "lower_arm",
    "upper_leg": "pelvis",
    "lower_leg": "upper_leg",
    "foot": "lower_leg",
}


@dataclass(frozen=True)
class Build:
    """One person's proportions: lengths in metres, the rest as factors of an average adult's.

    `masculine` runs from 0 (narrow shoulders, wide hips) to 1; `fat` and `muscle` from 0 to 1.
    """

    height_m: float = 1.75
    head: float = 1.0
    legs: float = 1.0
    arms: float = 1.0
    masculine: float = 0.5
    fat: float = 0.3
    muscle: float = 0.4

    @property
    def girth(self) -> float:
        """Thickness of the limbs over an average adult's of this height."""
        return 0.86 + 0.32 * self.fat + 0.16 * self.muscle

    @property
    def shoulder_half_m(self) -> float:
        """Half the distance between the shoulder joints."""
        return self.height_m * (0.097 + 0.014 * self.masculine + 0.006 * self.muscle)

    @property
    def hip_half_m(self) -> float:
        """Half the distance between the hip joints."""
        return self.height_m * (0.054 - 0.003 * self.masculine)


def sample_build(rng: np.random.Generator) -> Build:
    """Draw a person: mostly adults of every shape, one in eight a child."""
    child = rng.random() < 0.12
    height = rng.uniform(1.05, 1.45) if child else rng.normal(1.71, 0.09)
    return Build(
        height_m=float(np.clip(height, 1.05, 2.0)),
        head=float(rng.uniform(1.15, 1.35) if child else rng.uniform(0.95, 1.1)),
        legs=float(rng.uniform(0.88, 0.97) if child else rng.uniform(0.95, 1.05)),
        arms=float(rng.uniform(0.94, 1.06)),
        masculine=float(rng.random()),
        fat=float(rng.beta(1.6, 2.6)),
        muscle=float(rng.random()),
    )


def rest_origins(build: Build) -> Array:
    """Return where every bone of `BONES` begins, (B, 3), in the standing rest pose."""
    h = build.height_m
    hip_y = 0.52 * h * build.legs
    trunk = h * (1.0 - 0.125 * build.head) - hip_y  # from the hips to the upper neck
    up = {"pelvis": 0.0, "lumbar": 0.14, "chest": 0.45, "neck": 0.86, "head": 1.0}
    origins = {name: (0.0, hip_y + trunk * share, 0.0) for name, share in up.items()}
    origins["neck"] = (0.0, origins["neck"][1], -0.008 * h)
    shoulder_y, arm = hip_y + trunk * 0.775, h * build.arms
    for side, sign in (("l", 1.0), ("r", -1.0)):
        x, hip_x = sign * build.shoulder_half_m, sign * build.hip_half_m
        origins[f"{side}_upper_arm"] = (x, shoulder_y, -0.004 * h)
        origins[f"{side}_lower_arm"] = (x, shoulder_y - 0.172 * arm, -0.004 * h)
        origins[f"{side}_hand"] = (x, shoulder_y - (0.172 + 0.150) * arm, -0.004 * h)
        origins[f"{side}_upper_leg"] = (hip_x, hip_y, 0.0)
        origins[f"{side}_lower_leg"] = (hip_x, 0.045 * h + (hip_y - 0.045 * h) * 0.49, 0.0)
        origins[f"{side}_foot"] = (hip_x, 0.045 * h, -0.006 * h)
    return np.array([origins[name] for name in BONES])


def joint_anchors(build: Build, origins: Array) -> tuple[Array, Array]:
    """Return the bone (J,) that carries each joint of `JOINTS`, and the joint's place (J, 3) at rest."""
    h, at = build.height_m, dict(zip(BONES, origins, strict=True))
    s = 0.125 * h * build.head  # length of the head, upper neck to crown

    def on_head(x: float, y: float, z: float) -> tuple[str, Array]:
        return "head", at["head"] + s * np.array([x, y, z])

    anchors = {
        "pelvis": ("pelvis", at["pelvis"]),
        "thorax": ("chest", at["neck"]),
        "neck": on_head(0.0, 0.0, 0.0),
        "head": on_head(0.0, 1.0, 0.0),
        "nose": on_head(0.0, 0.36, 0.52),
    }
    bone_of = {"shoulder": "upper_arm", "elbow": "lower_arm", "wrist": "hand"}
    bone_of |= {"hip": "upper_leg", "knee": "lower_leg", "ankle": "foot"}
    for side, sign in (("l", 1.0), ("r", -1.0)):
        anchors |= {f"{side}_{j}": (f"{side}_{b}", at[f"{side}_{b}"]) for j, b in bone_of.items()}
        anchors[f"{side}_eye"] = on_head(sign * 0.15, 0.52, 0.41)
        anchors[f"{side}_ear"] = on_head(sign * 0.345, 0.46, -0.02)
    bones = np.array([BONE[anchors[joint][0]] for joint in JOINTS])
    return bones, np.array([anchors[joint][1] for joint in JOINTS])


def rotation(x: float, y: float, z: float) -> Array:
    """Return the matrix (3, 3) that turns by the vector (x, y, z): its length in degrees, right-handed."""
    angle = math.radians(math.sqrt(x * x + y * y + z * z))
    if angle < 1e-9:
        return np.eye(3)
    k = math.radians(1.0) / angle
    a, b, c, sin, cos = x * k, y * k, z * k, math.sin(angle), 1.0 - math.cos(angle)
    return np.array(
        [
            [1 - cos * (b * b + c * c), cos * a * b - sin * c, cos * a * c + sin * b],
            [cos * a * b + sin * c, 1 - cos * (a * a + c * c), cos * b * c - sin * a],
            [cos * a * c - sin * b, cos * b * c + sin * a, 1 - cos * (a * a + b * b)],
        ]
    )


def _local_rotations(pose: Pose) -> dict[str, Array]:
    """Return each bone's turn relative to its parent."""
    p = dict(zip(ANGLES, pose.angles_deg.tolist(), strict=True))
    spine = rotation(0, p["spine_twist"] / 2, 0) @ rotation(p["spine_bend"] / 2, 0, -p["spine_side"] / 2)
    neck = rotation(0, p["neck_turn"] / 2, 0) @ rotation(p["neck_bend"] / 2, 0, -p["neck_side"] / 2)
    turns = {"lumbar": spine, "chest": spine, "neck": neck, "head": neck}
    root = rotation(0, pose.yaw_deg, 0) @ rotation(pose.pitch_deg, 0, 0) @ rotation(0, 0, -pose.roll_deg)
    turns["pelvis"] = root
    for s, sign in (("l", 1.0), ("r", -1.0)):
        arm = rotation(-p[f"{s}_shoulder_flex"], 0, sign * p[f"{s}_shoulder_abd"])
        turns[f"{s}_upper_arm"] = arm @ rotation(0, sign * p[f"{s}_shoulder_rot"], 0)
        turns[f"{s}_lower_arm"] = rotation(-p[f"{s}_elbow"], 0, 0) @ rotation(0, -sign * p[f"{s}_forearm_twist"], 0)
        turns[f"{s}_hand"] = rotation(0, 0, -sign * p[f"{s}_wrist"])
        leg = rotation(-p[f"{s}_hip_flex"], 0, sign * p[f"{s}_hip_abd"])
        turns[f"{s}_upper_leg"] = leg @ rotation(0, sign * p[f"{s}_hip_rot"], 0)
        turns[f"{s}_lower_leg"] = rotation(p[f"{s}_knee"], 0, 0)
        turns[f"{s}_foot"] = rotation(-p[f"{s}_ankle"], 0, 0)
    return turns


def posed_bones(build: Build, origins: Array, pose: Pose) -> tuple[Array, Array]:
    """Return every bone's turn (B, 3, 3) and origin (B, 3) in a pose, the pelvis standing at (0, 0, 0)."""
    turns = _local_rotations(pose)
    turned, placed = np.empty((len(BONES), 3, 3)), np.zeros((len(BONES), 3))
    for row, name in enumerate(BONES):
        parent = _PARENT.get(name[2:] if name[1] == "_" else name)
        if parent is None:
            turned[row] = turns[name]
            continue
        up = BONE[name[:2] + parent if name[1] == "_" and name[:2] + parent in BONE else parent]
        offset = origins[row] - origins[up]
        if name.endswith("upper_arm"):
            offset = offset + _shrug(build, pose, name[0])
        placed[row] = placed[up] + turned[up] @ offset
        turned[row] = turned[up] @ turns[name]
    return turned, placed


def _shrug(build: Build, pose: Pose, side: str) -> Array:
    """Return how far a raised arm moves its own shoulder joint, (3,), in the chest's axes."""
    swing = math.hypot(pose[f"{side}_shoulder_flex"], pose[f"{side}_shoulder_abd"])
    raised = max(0.0, math.sin(math.radians(max(swing - 60.0, 0.0) / 120.0 * 90.0)))
    inward = -1.0 if side == "l" else 1.0
    return build.height_m * raised * np.array([inward * 0.012, 0.026, 0.0])
