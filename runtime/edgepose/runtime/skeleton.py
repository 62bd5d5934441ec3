"""Skeletons: which joints a convention has, how they are linked, mirrored and weighted."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import FloatArray


@dataclass(frozen=True)
class Skeleton:
    """One keypoint convention.

    `edges` and `flip_pairs` name joints; `sigmas` are the OKS constants (COCO's k_i / 2), one a joint.
    `torso` names the two joints whose distance is PCK's unit (opposite shoulder and hip), `head` the two of PCKh.
    """

    name: str
    joints: tuple[str, ...]
    edges: tuple[tuple[str, str], ...]
    sigmas: tuple[float, ...]
    torso: tuple[str, str] = ("l_shoulder", "r_hip")
    head: tuple[str, str] | None = None

    def __len__(self) -> int:
        return len(self.joints)

    def index(self, joint: str) -> int:
        """Return the row of a joint.

        Raises `EdgeposeError` when the convention lacks it.
        """
        if joint not in self.joints:
            raise EdgeposeError(f"skeleton {self.name} has no joint {joint!r}; it has {', '.join(self.joints)}")
        return self.joints.index(joint)

    @cached_property
    def flip_order(self) -> tuple[int, ...]:
        """Row of each joint's mirror image; a joint of the middle is its own."""
        return tuple(self.joints.index(_mirrored(joint)) for joint in self.joints)

    @cached_property
    def edge_rows(self) -> tuple[tuple[int, int], ...]:
        """The edges as pairs of rows."""
        return tuple((self.joints.index(a), self.joints.index(b)) for a, b in self.edges)

    def shared_rows(self, other: "Skeleton") -> tuple[list[int], list[int]]:
        """Rows of the joints that both conventions have, here and in `other`, in this one's order."""
        names = [joint for joint in self.joints if joint in other.joints]
        return [self.joints.index(n) for n in names], [other.joints.index(n) for n in names]


def _mirrored(joint: str) -> str:
    swap = {"l_": "r_", "r_": "l_"}
    return swap[joint[:2]] + joint[2:] if joint[:2] in swap else joint


_LIMBS: tuple[tuple[str, str], ...] = (
    ("l_shoulder", "r_shoulder"),
    ("l_shoulder", "l_elbow"),
    ("r_shoulder", "r_elbow"),
    ("l_elbow", "l_wrist"),
    ("r_elbow", "r_wrist"),
    ("l_shoulder", "l_hip"),
    ("r_shoulder", "r_hip"),
    ("l_hip", "r_hip"),
    ("l_hip", "l_knee"),
    ("r_hip", "r_knee"),
    ("l_knee", "l_ankle"),
    ("r_knee", "r_ankle"),
)
# COCO's constants; `neck`, `head`, `thorax` and `pelvis` are not in COCO and take the shoulders' and the hips'.
_SIGMA = {
    "nose": 0.026,
    "eye": 0.025,
    "ear": 0.035,
    "shoulder": 0.079,
    "elbow": 0.072,
    "wrist": 0.062,
    "hip": 0.107,
    "knee": 0.087,
    "ankle": 0.089,
    "neck": 0.079,
    "head": 0.079,
    "thorax": 0.079,
    "pelvis": 0.107,
}


def _sigmas(joints: Sequence[str]) -> tuple[float, ...]:
    return tuple(_SIGMA[joint.split("_")[-1]] for joint in joints)


_LSP_JOINTS = tuple(
    "r_ankle r_knee r_hip l_hip l_knee l_ankle r_wrist r_elbow r_shoulder l_shoulder l_elbow l_wrist neck head".split()
)
_MPII_JOINTS = tuple(
    "r_ankle r_knee r_hip l_hip l_knee l_ankle pelvis thorax neck head "
    "r_wrist r_elbow r_shoulder l_shoulder l_elbow l_wrist".split()
)
_COCO_JOINTS = tuple(
    "nose l_eye r_eye l_ear r_ear l_shoulder r_shoulder l_elbow r_elbow "
    "l_wrist r_wrist l_hip r_hip l_knee r_knee l_ankle r_ankle".split()
)
_SIMPLE_POSE_JOINTS = tuple(
    "nose neck r_shoulder r_elbow r_wrist l_shoulder l_elbow l_wrist "
    "r_hip r_knee r_ankle l_hip l_knee l_ankle r_eye l_eye r_ear l_ear".split()
)
_FACE = (("nose", "l_eye"), ("nose", "r_eye"), ("l_eye", "l_ear"), ("r_eye", "r_ear"))
_NECK = (("neck", "l_shoulder"), ("neck", "r_shoulder"))

LSP_14 = Skeleton(
    "lsp-14", _LSP_JOINTS, (("head", "neck"), *_NECK, *_LIMBS), _sigmas(_LSP_JOINTS), head=("neck", "head")
)
MPII_16 = Skeleton(
    "mpii-16",
    _MPII_JOINTS,
    (
        ("head", "neck"),
        ("neck", "thorax"),
        ("thorax", "l_shoulder"),
        ("thorax", "r_shoulder"),
        ("thorax", "pelvis"),
        ("pelvis", "l_hip"),
        ("pelvis", "r_hip"),
        *_LIMBS,
    ),
    _sigmas(_MPII_JOINTS),
    head=("neck", "head"),
)
COCO_17 = Skeleton("coco-17", _COCO_JOINTS, (*_FACE, *_LIMBS), _sigmas(_COCO_JOINTS))
SIMPLE_POSE_18 = Skeleton(
    "simplepose-18",
    _SIMPLE_POSE_JOINTS,
    (("neck", "nose"), *_FACE, *_NECK, *_LIMBS),
    _sigmas(_SIMPLE_POSE_JOINTS),
)

SKELETONS = {skeleton.name: skeleton for skeleton in (LSP_14, MPII_16, COCO_17, SIMPLE_POSE_18)}


def skeleton_named(name: str) -> Skeleton:
    """Return a shipped skeleton by its name.

    Raises `EdgeposeError` listing the names that exist.
    """
    if name not in SKELETONS:
        raise EdgeposeError(f"unknown skeleton {name!r}; known: {', '.join(SKELETONS)}")
    return SKELETONS[name]


def remap_keypoints(keypoints: FloatArray, source: Skeleton, target: Skeleton) -> FloatArray:
    """Rearrange keypoints (..., K, C) of one convention into another's order; joints it lacks become NaN."""
    rows_target, rows_source = target.shared_rows(source)
    remapped = np.full((*keypoints.shape[:-2], len(target), keypoints.shape[-1]), np.nan, np.float32)
    remapped[..., rows_target, :] = keypoints[..., rows_source, :]
    return remapped
