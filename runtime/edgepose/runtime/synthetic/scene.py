"""A picture of people with what is known about it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import Array, FloatArray, ImageArray
from edgepose.runtime.skeleton import Skeleton, remap_keypoints
from edgepose.runtime.synthetic.background import paint_background
from edgepose.runtime.synthetic.camera import NEAR_M, Camera, sample_camera
from edgepose.runtime.synthetic.group import sample_group
from edgepose.runtime.synthetic.joints import JOINTS, PART_NAMES, SYNTHETIC, adjacent_parts
from edgepose.runtime.synthetic.lens import photograph
from edgepose.runtime.synthetic.library import POSE_KINDS
from edgepose.runtime.synthetic.light import cast_shadows, sample_light
from edgepose.runtime.synthetic.occluders import ball_in_hand, sample_things, seat_for
from edgepose.runtime.synthetic.people import Placed
from edgepose.runtime.synthetic.raster import Drawing, Solid, draw

MAX_PEOPLE = 5
_SHARES = (0.52, 0.24, 0.12, 0.07, 0.05)  # of pictures with one, two ... people
# how far behind the surface a joint may lie and still be seen, over the body's height
_REACH_OF = {"nose": 0.03, "eye": 0.022, "ear": 0.03, "head": 0.06, "neck": 0.07, "thorax": 0.08, "shoulder": 0.085}
_REACH_OF |= {"hip": 0.105, "pelvis": 0.12, "elbow": 0.05, "wrist": 0.04, "knee": 0.06, "ankle": 0.05}
_REACH = np.array([_REACH_OF[joint.split("_")[-1]] for joint in JOINTS])
_ADJACENT = np.array([[part in adjacent_parts(joint) for part in PART_NAMES] for joint in JOINTS])


@dataclass(frozen=True)
class Person:
    """One person: `keypoints` (K, 2) float32 in picture pixels, pixel centres at integers, joints of `JOINTS`.

    `visible` (K,) says which are in the picture and hidden by nothing, the person's own body included. Joints out of
    the picture keep their coordinates.
    """

    keypoints: FloatArray
    visible: Array

    def keypoints_for(self, skeleton: Skeleton) -> FloatArray:
        """Return the keypoints (K, 2) in a skeleton's order; joints unknown here are NaN."""
        return remap_keypoints(self.keypoints, SYNTHETIC, skeleton)


@dataclass(frozen=True)
class Scene:
    """A picture `image_rgb` (H, W, 3) and the people in it.

    `part_masks` uint8 (H, W) has the part class (`PART_NAMES`) of every pixel, `owners` uint8 (H, W) whose it is: 1 +
    the row in `people`, 0 for everything else.
    """

    image_rgb: ImageArray
    people: tuple[Person, ...]
    part_masks: ImageArray
    owners: ImageArray

    def part_mask(self, row: int) -> ImageArray:
        """Return the part classes uint8 (H, W) of what is seen of one person; all else is background."""
        return np.where(self.owners == row + 1, self.part_masks, 0).astype(np.uint8)


def render_people(
    seed: int, size_wh: tuple[int, int] = (256, 256), people: int | None = None, kind: str | None = None
) -> Scene:
    """Render the picture that belongs to a seed; `people` fixes how many are in it, else one to five are.

    All of them do what `kind` says, one of `POSE_KINDS`, else anything. Raises `EdgeposeError` for more than five
    people and for an unknown kind.
    """
    if people is not None and not 0 <= people <= MAX_PEOPLE:
        raise EdgeposeError(f"expected 0 to {MAX_PEOPLE} people, found {people}; render more pictures instead")
    if kind is not None and kind not in POSE_KINDS:
        raise EdgeposeError(f"unknown kind of pose {kind!r}; known: {', '.join(POSE_KINDS)}")
    rng = np.random.default_rng(seed)
    count = int(rng.choice(len(_SHARES), p=_SHARES)) + 1 if people is None else people
    if count == 0:
        nobody = np.zeros(size_wh[::-1], np.uint8)
        return Scene(render_background(seed, size_wh), (), nobody, nobody)
    detail = (0.75 if count == 1 else 0.62) * max(1.0, min(size_wh) / 420)
    placed, camera = sample_group(rng, count, size_wh, detail, kind)
    light = sample_light(rng)
    solids = [Solid(person.body.mesh, person.vertices, row) for row, person in enumerate(placed)]
    solids += [seat for seat in (seat_for(person, rng) for person in placed) if seat]
    solids += sample_things(rng, camera, np.array([person.middle for person in placed]))
    if rng.random() < 0.15:
        solids.append(ball_in_hand(placed[0], rng))
    image = paint_background(rng, camera)
    cast_shadows(image, np.concatenate([bones_of(p) for p in placed]), camera, light, float(rng.uniform(-0.1, 0.6)))
    drawing = draw(solids, camera, light)
    drawing.paint(image)
    return finish_scene(photograph(image, rng), placed, camera, drawing)


def render_background(seed: int, size_wh: tuple[int, int] = (256, 256)) -> ImageArray:
    """Render a picture (H, W, 3) RGB, with clutter, in which nobody is."""
    rng = np.random.default_rng(seed)
    box = np.array([[-0.5, 0.0, -0.5], [0.5, 1.8, 0.5]])
    camera = sample_camera(rng, box, size_wh)
    image = paint_background(rng, camera)
    draw(sample_things(rng, camera, box.mean(axis=0)[None]), camera, sample_light(rng)).paint(image)
    return photograph(image, rng)


def finish_scene(image_rgb: ImageArray, placed: Sequence[Placed], camera: Camera, drawing: Drawing) -> Scene:
    """Return a rendered picture with its keypoints and masks; who has no joint in the picture is left out."""
    known = [_person(row, person, camera, drawing) for row, person in enumerate(placed)]
    kept = np.array([_inside(p.keypoints, camera.size_wh).any() for p in known], bool)
    rows = np.concatenate([[0], np.where(kept, np.cumsum(kept), 0)]).astype(np.uint8)
    inside = tuple(person for person, keep in zip(known, kept, strict=True) if keep)
    return Scene(image_rgb, inside, drawing.part_mask(), rows[drawing.owner_mask()])


def bones_of(person: Placed) -> Array:
    """Return the segments (S, 2, 3) between the joints of a body."""
    segments: Array = person.joints[np.array(SYNTHETIC.edge_rows)]
    return segments


def _inside(keypoints: Array, size_wh: tuple[int, int]) -> Array:
    width, height = size_wh
    x, y = keypoints.T
    return np.asarray((x >= -0.5) & (x < width - 0.5) & (y >= -0.5) & (y < height - 0.5))


def _person(row: int, person: Placed, camera: Camera, drawing: Drawing) -> Person:
    pixels, depths = camera.project(person.joints)
    inside = _inside(pixels, camera.size_wh) & (depths > NEAR_M)
    quads = drawing.around(np.where(inside[:, None], pixels, 0.0))
    near = depths[:, None] - drawing.depths_m[quads] < _REACH[:, None] * person.body.build.height_m
    own = (drawing.owners[quads] == row) & _ADJACENT[np.arange(len(JOINTS))[:, None], drawing.parts[quads]]
    hit = (near & own & (quads >= 0)).sum(axis=1)
    return Person(pixels.astype(np.float32), inside & (hit * 2 > quads.shape[1]))
