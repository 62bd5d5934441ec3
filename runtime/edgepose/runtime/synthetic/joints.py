"""The joints and the body parts that the renderer knows."""

from edgepose.runtime.skeleton import COCO_17, MPII_16, Skeleton

_COCO_ONLY = tuple(joint for joint in COCO_17.joints if joint not in MPII_16.joints)

JOINTS = MPII_16.joints + _COCO_ONLY
"""Every joint of LSP-14, MPII-16 and COCO-17: `head` is the top of the head, `neck` the upper neck."""

SYNTHETIC = Skeleton(
    "synthetic",
    JOINTS,
    MPII_16.edges + tuple(edge for edge in COCO_17.edges if edge not in MPII_16.edges),
    MPII_16.sigmas + tuple(COCO_17.sigmas[COCO_17.index(joint)] for joint in _COCO_ONLY),
    head=MPII_16.head,
)

PART_NAMES = (
    "background",
    "head",
    "torso",
    *(f"{side}_{part}" for part in ("upper_arm", "lower_arm", "hand") for side in "lr"),
    *(f"{side}_{part}" for part in ("upper_leg", "lower_leg", "foot") for side in "lr"),
)
"""The classes of a part mask, by their value. The neck and hair belong to the head, a skirt to the upper legs."""

PARTS = {name: value for value, name in enumerate(PART_NAMES)}


def adjacent_parts(joint: str) -> tuple[str, ...]:
    """Return the names of the parts that meet at a joint of `JOINTS`."""
    side, _, kind = joint.rpartition("_")
    middle = {
        "shoulder": ("torso", f"{side}_upper_arm"),
        "elbow": (f"{side}_upper_arm", f"{side}_lower_arm"),
        "wrist": (f"{side}_lower_arm", f"{side}_hand"),
        "hip": ("torso", f"{side}_upper_leg"),
        "knee": (f"{side}_upper_leg", f"{side}_lower_leg"),
        "ankle": (f"{side}_lower_leg", f"{side}_foot"),
        "pelvis": ("torso", "l_upper_leg", "r_upper_leg"),
        "thorax": ("torso", "head"),
        "neck": ("torso", "head"),
    }
    return middle.get(kind, ("head",))
