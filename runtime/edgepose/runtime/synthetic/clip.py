"""Moving pictures: one or two people come into an empty scene and move about."""

from collections.abc import Iterator

import numpy as np

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.synthetic.actions import Script, sample_script
from edgepose.runtime.synthetic.background import paint_background
from edgepose.runtime.synthetic.camera import Camera, look_at
from edgepose.runtime.synthetic.light import Light, cast_shadows, sample_light
from edgepose.runtime.synthetic.occluders import sample_things
from edgepose.runtime.synthetic.people import Body, Placed, make_body, place
from edgepose.runtime.synthetic.raster import Solid, draw
from edgepose.runtime.synthetic.scene import Scene, bones_of, finish_scene

EMPTY_S = 0.5
"""Nobody is in a clip before this time."""


def render_clip(seed: int, frames: int, size_wh: tuple[int, int] = (640, 480), fps: float = 30.0) -> Iterator[Scene]:
    """Render the clip that belongs to a seed, picture by picture; camera, light and background stand still.

    The same person has the same row in `people` as long as everybody is in the picture.
    """
    rng = np.random.default_rng(seed)
    camera = _sample_camera(rng, size_wh)
    light = sample_light(rng)
    cast = _sample_cast(rng, camera)
    backdrop = _backdrop(rng, camera, light)
    shadow = float(rng.uniform(0.1, 0.5))
    for index in range(frames):
        placed = [_stand(body, script, index / fps) for body, script in cast]
        image = backdrop.copy()
        cast_shadows(image, np.concatenate([bones_of(person) for person in placed]), camera, light, shadow)
        drawing = draw([Solid(p.body.mesh, p.vertices, row) for row, p in enumerate(placed)], camera, light)
        drawing.paint(image)
        yield finish_scene(image, placed, camera, drawing)


def _sample_camera(rng: np.random.Generator, size_wh: tuple[int, int]) -> Camera:
    height, away = rng.uniform(0.9, 1.7), rng.uniform(3.3, 4.6)
    focal_px = 1.05 * size_wh[1] * 4 / 3
    return look_at(np.array([0.0, height, away]), np.array([0.0, 0.95, 0.0]), focal_px, size_wh)


def _backdrop(rng: np.random.Generator, camera: Camera, light: Light) -> ImageArray:
    image = paint_background(rng, camera, calm=True)
    behind = sample_things(rng, camera, np.array([[0.0, 0.9, -1.5]]), in_front=0.0)
    draw(behind, camera, light).paint(image)
    return image


def _sample_cast(rng: np.random.Generator, camera: Camera) -> list[tuple[Body, Script]]:
    """Draw one or two people; each comes from outside the picture."""
    half_m = (float(camera.place[2]) + 0.5) * camera.size_wh[0] / 2 / camera.focal_px
    outside_m = half_m + 1.1
    reach = min(0.4 * half_m, 1.0)
    side = 1.0 if rng.random() < 0.5 else -1.0
    detail = min(max(camera.size_wh[1] / 440, 0.5), 1.6)
    cast = []
    for row in range(1 if rng.random() < 0.6 else 2):
        spot = (side * (1 - 2 * row) * float(rng.uniform(0.5, 1.0)) * reach, float(rng.uniform(-0.5, 0.3)))
        enters_s = EMPTY_S + row * float(rng.uniform(0.3, 2.0))
        cast.append((make_body(rng, detail), sample_script(rng, enters_s, outside_m, spot)))
    return cast


def _stand(body: Body, script: Script, t: float) -> Placed:
    pose, (x, z) = script.at(t)
    return place(body, pose, feet_at=(x, z))
