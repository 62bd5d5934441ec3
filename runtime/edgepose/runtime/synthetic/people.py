"""One person in the world: made from a build and clothes, posed, and stood on the ground."""

from dataclasses import dataclass

import numpy as np

from edgepose.runtime.arrays import Array
from edgepose.runtime.synthetic.angles import Pose
from edgepose.runtime.synthetic.body import Build, joint_anchors, posed_bones, rest_origins, sample_build
from edgepose.runtime.synthetic.clothing import Outfit, sample_outfit
from edgepose.runtime.synthetic.figure import build_figure, pose_mesh
from edgepose.runtime.synthetic.joints import JOINTS
from edgepose.runtime.synthetic.mesh import Mesh

_ANKLES = [JOINTS.index(joint) for joint in ("l_ankle", "r_ankle")]


@dataclass(frozen=True)
class Body:
    """A dressed body that can be posed."""

    build: Build
    outfit: Outfit
    origins: Array
    mesh: Mesh


@dataclass(frozen=True)
class Placed:
    """A body in a pose in the world: `vertices` (V, 3) and `joints` (J, 3) of `JOINTS`, in metres."""

    body: Body
    pose: Pose
    vertices: Array
    joints: Array

    @property
    def middle(self) -> Array:
        """The mean of the joints (3,)."""
        return self.joints.mean(axis=0)  # type: ignore[no-any-return]

    def moved(self, offset: Array) -> "Placed":
        """Return it shifted by (3,) metres."""
        return Placed(self.body, self.pose, self.vertices + offset, self.joints + offset)


def make_body(rng: np.random.Generator, detail: float = 1.0) -> Body:
    """Draw a body with its clothes."""
    build = sample_build(rng)
    outfit = sample_outfit(rng, build.masculine)
    origins = rest_origins(build)
    return Body(build, outfit, origins, build_figure(build, outfit, origins, detail))


def place(body: Body, pose: Pose, feet_at: tuple[float, float] | None = None) -> Placed:
    """Pose a body so that its lowest point is `pose.lift_m` above the ground.

    Its middle is over the world's origin, or its ankles about `feet_at` (x, z).
    """
    turned, placed = posed_bones(body.build, body.origins, pose)
    vertices = pose_mesh(body.mesh, body.origins, turned, placed)
    bones, anchors = joint_anchors(body.build, body.origins)
    joints = np.einsum("jik,jk->ji", turned[bones], anchors - body.origins[bones]) + placed[bones]
    low_y = float(vertices[:, 1].min())
    if feet_at is None:
        x, _, z = -(joints.min(axis=0) + joints.max(axis=0)) / 2
    else:
        x, _, z = np.array([feet_at[0], 0.0, feet_at[1]]) - joints[_ANKLES].mean(axis=0)
    offset = np.array([x, pose.lift_m - low_y, z])
    return Placed(body, pose, vertices + offset, joints + offset)
