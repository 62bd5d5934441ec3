"""The kinematic graph that RePose's updates walk: which joints are linked, and in what order they are revisited."""

from dataclasses import dataclass

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.skeleton import COCO_17, LSP_14, MPII_16, Skeleton

_LIMB_ORDER = "r_hip l_hip r_shoulder l_shoulder r_knee l_knee r_elbow l_elbow r_ankle l_ankle r_wrist l_wrist".split()
# From the best seen joints outwards (Isack et al., section 3.2); the convention's own joints follow the limbs.
UPDATE_ORDER: dict[str, tuple[str, ...]] = {
    LSP_14.name: (*_LIMB_ORDER, "neck", "head"),
    MPII_16.name: ("pelvis", "thorax", *_LIMB_ORDER, "neck", "head"),
    COCO_17.name: (*_LIMB_ORDER, "nose", "l_eye", "r_eye", "l_ear", "r_ear"),
}


@dataclass(frozen=True)
class KinematicGraph:
    """Joints as rows of a skeleton: `neighbours[k]` in order of the edges, `order` of the first update pass."""

    neighbours: tuple[tuple[int, ...], ...]
    order: tuple[int, ...]

    @classmethod
    def of(cls, skeleton: Skeleton) -> "KinematicGraph":
        """Return the graph of a skeleton.

        Raises `EdgeposeError` for a skeleton without an update order.
        """
        if skeleton.name not in UPDATE_ORDER:
            raise EdgeposeError(f"no update order for {skeleton.name}; there is one for {', '.join(UPDATE_ORDER)}")
        neighbours: list[list[int]] = [[] for _ in skeleton.joints]
        for a, b in skeleton.edge_rows:
            neighbours[a].append(b)
            neighbours[b].append(a)
        order = tuple(skeleton.index(joint) for joint in UPDATE_ORDER[skeleton.name])
        return cls(tuple(tuple(n) for n in neighbours), order)

    def reversed(self) -> "KinematicGraph":
        """Return the same graph walked the other way round."""
        return KinematicGraph(self.neighbours, self.order[::-1])

    def levels(self) -> list[list[int]]:
        """Group the order into sets of joints whose updates do not read each other.

        A joint comes one level after the latest of its neighbours that precede it, so updating level by level gives
        the same result as updating one by one.
        """
        level: dict[int, int] = {}
        for joint in self.order:
            level[joint] = 1 + max((level[n] for n in self.neighbours[joint] if n in level), default=-1)
        return [[j for j in self.order if level[j] == i] for i in range(max(level.values()) + 1)]
