"""One person in the world: made from a build and clothes, posed, and stood on the ground."""

from dataclasses import dataclass

import numpy as np

from edgepose.runtime.arrays import Array
from edgepose.runtime.synthetic.angles import Pose
from edgepose.runtime.synthetic.body import Build, joint_anchors, posed_bones, rest_origins, sample_build
from edgepose.runtime.synthetic.clothing import Outfit, sample_outfit
from edgepose.runtime.synthetic.figure import build_figure, pose_mesh
from edgepose.runtime.synthetic.mesh import Mesh


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


def place(body: Body, pose: Pose) -> Placed:
    """Pose a body so that it stands over the world's origin, its lowest point `pose.lift_m` above the ground."""
    turned, placed = posed_bones(body.build, body.origins, pose)
    vertices = pose_mesh(body.mesh, body.origins, turned, placed)
    bones, anchors = joint_anchors(body.build, body.origins)
    joints = np.einsum("jik,jk->ji", turned[bones], anchors - body.origins[bones]) + placed[bones]
    middle = (vertices.min(axis=0) + vertices.max(axis=0)) / 2
    offset = np.array([-middle[0], pose.lift_m - vertices[:, 1].min(), -middle[2]])
    return Placed(body, pose, vertices + offset, joints + offset)
