"""Body parts of a bottom-up network: its keypoints, the limbs between them, and in which map each lies.

Li et al., "Simple Pose", section 3.1; the limbs after the first 21 are redundant: they bridge a joint that is hidden.
"""

from dataclasses import dataclass
from functools import cached_property

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.skeleton import SIMPLE_POSE_18, Skeleton


@dataclass(frozen=True)
class BodyParts:
    """Limbs as pairs of a skeleton's joints; maps are first the limbs, then the keypoints, then two of support.

    The map of support at `mask_map` shows where people are, the one at `any_keypoint_map` the maximum of all keypoints.
    """

    skeleton: Skeleton
    limbs: tuple[tuple[str, str], ...]

    def __post_init__(self) -> None:
        if len(set(map(frozenset, self.limbs))) < len(self.limbs) or any(a == b for a, b in self.limbs):
            raise EdgeposeError(f"limbs are different pairs of joints, each once; found {self.limbs}")

    @cached_property
    def limb_rows(self) -> tuple[tuple[int, int], ...]:
        """The limbs as pairs of the skeleton's rows."""
        return tuple((self.skeleton.index(a), self.skeleton.index(b)) for a, b in self.limbs)

    @cached_property
    def flip_order(self) -> tuple[int, ...]:
        """The map of each map's mirror image: left and right limbs and keypoints change places.

        Raises `EdgeposeError` when a limb's mirror image is no limb.
        """
        flipped = self.skeleton.flip_order
        places = {frozenset(rows): place for place, rows in enumerate(self.limb_rows)}
        mirrored = [frozenset(flipped[row] for row in rows) for rows in self.limb_rows]
        if not set(mirrored) <= places.keys():
            raise EdgeposeError(f"limbs that are to be mirrored need one on either side; found {self.limbs}")
        limbs, keypoints = [places[pair] for pair in mirrored], [len(places) + row for row in flipped]
        return (*limbs, *keypoints, self.mask_map, self.any_keypoint_map)

    @property
    def keypoint_maps(self) -> slice:
        """Which maps are keypoints."""
        return slice(len(self.limbs), len(self.limbs) + len(self.skeleton))

    @property
    def mask_map(self) -> int:
        """The map of where people are."""
        return len(self.limbs) + len(self.skeleton)

    @property
    def any_keypoint_map(self) -> int:
        """The map of all keypoints at once."""
        return self.mask_map + 1

    @property
    def maps(self) -> int:
        """How many maps there are."""
        return self.any_keypoint_map + 1


def _limbs(text: str) -> tuple[tuple[str, str], ...]:
    pairs = (pair.split("-") for pair in text.split())
    return tuple((a, b) for a, b in pairs)


_TREE = _limbs(
    "neck-nose neck-r_eye neck-l_eye neck-r_ear neck-l_ear nose-r_eye nose-l_eye r_eye-r_ear l_eye-l_ear "
    "neck-r_shoulder r_shoulder-r_elbow r_elbow-r_wrist neck-l_shoulder l_shoulder-l_elbow l_elbow-l_wrist "
    "neck-r_hip r_hip-r_knee r_knee-r_ankle neck-l_hip l_hip-l_knee l_knee-l_ankle"
)
_REDUNDANT = _limbs(
    "nose-r_shoulder nose-l_shoulder r_shoulder-r_hip r_hip-l_knee l_shoulder-l_hip l_hip-r_knee "
    "r_ear-r_shoulder l_ear-l_shoulder r_hip-l_hip"
)

SIMPLE_POSE = BodyParts(SIMPLE_POSE_18, _TREE + _REDUNDANT)
SIMPLE_POSE_TREE = BodyParts(SIMPLE_POSE_18, _TREE)
"""Without the redundant limbs: the paper's ablation."""
