"""Things that stand among people: seats, boxes, posts, balls and rails, solid and hidden or hiding by their depth."""

import math

import numpy as np

from edgepose.runtime.arrays import Array
from edgepose.runtime.synthetic.body import rotation
from edgepose.runtime.synthetic.camera import Camera
from edgepose.runtime.synthetic.clothing import random_rgb, random_skin_rgb
from edgepose.runtime.synthetic.joints import JOINTS
from edgepose.runtime.synthetic.mesh import Mesh, MeshBuilder, tube
from edgepose.runtime.synthetic.people import Placed
from edgepose.runtime.synthetic.raster import Solid


def seat_for(person: Placed, rng: np.random.Generator) -> Solid | None:
    """Return a box that somebody seated sits on, or None where there is no room for one."""
    rows = [JOINTS.index(joint) for joint in ("l_hip", "r_hip")]
    hips, girth = person.joints[rows].mean(axis=0), person.body.build.height_m * 0.065
    top = hips[1] - girth
    if not person.pose.seated or top < 0.1:
        return None
    wide, deep = rng.uniform(0.2, 0.7), rng.uniform(0.16, 0.25)
    box = _box(np.array([wide, top / 2, deep]), random_rgb(rng))
    turn = rotation(0.0, person.pose.yaw_deg, 0.0)
    back = turn @ np.array([0.0, 0.0, -0.06])
    return Solid(box, box.vertices @ turn.T + np.array([hips[0], top / 2, hips[2]]) + back, -1)


def sample_things(rng: np.random.Generator, camera: Camera, spots: Array, in_front: float = 0.4) -> list[Solid]:
    """Draw things behind, beside and, with chance `in_front`, in front of spots (N, 3) where people are."""
    things = []
    for _ in range(int(rng.choice([0, 1, 2, 3], p=[0.35, 0.3, 0.2, 0.15]))):
        middle = spots[rng.integers(len(spots))]
        before = rng.random() < in_front
        mesh = _sample_mesh(rng, 0.4 if before else 1.0)
        share = rng.uniform(0.72, 0.93) if before else rng.uniform(1.05, 1.8)
        aside = rng.normal(0.0, 0.6) * camera.turn[0] + np.array([0.0, rng.normal(-0.2, 0.4), 0.0])
        spot = camera.place + (middle - camera.place) * share + aside
        turn = rotation(0.0, float(rng.uniform(0, 90)), 0.0)
        things.append(Solid(mesh, mesh.vertices @ turn.T + spot, -1))
    return things


def ball_in_hand(person: Placed, rng: np.random.Generator) -> Solid:
    """Return a ball or a bag at one of a person's wrists."""
    side = str(rng.choice(["l", "r"]))
    wrist, elbow = (person.joints[JOINTS.index(f"{side}_{joint}")] for joint in ("wrist", "elbow"))
    radius = float(rng.uniform(0.04, 0.15))
    mesh = _ball(radius, random_rgb(rng))
    away = (wrist - elbow) / max(float(np.linalg.norm(wrist - elbow)), 1e-6)
    return Solid(mesh, mesh.vertices + wrist + away * (0.1 + radius), -1)


def _sample_mesh(rng: np.random.Generator, size: float) -> Mesh:
    rgb = random_skin_rgb(rng) if rng.random() < 0.25 else random_rgb(rng)
    match rng.integers(4):
        case 0:
            return _box(size * rng.uniform([0.05, 0.1, 0.05], [0.6, 0.6, 0.4]), rgb)
        case 1:
            return _pole(float(rng.uniform(0.02, 0.08 + 0.06 * size)), float(rng.uniform(0.4, 3.0)), rgb, upright=True)
        case 2:
            return _pole(float(rng.uniform(0.015, 0.08)), float(rng.uniform(0.4, 4.0)), rgb, upright=False)
        case _:
            return _ball(size * float(rng.uniform(0.08, 0.35)), rgb)


def _solid_tube(rings: Array, segments: int, rgb: Array, power: float = 2.0) -> Mesh:
    builder = MeshBuilder()
    builder.add(tube(rings, segments, power), rgb, 0, (0, 0, 0.0))
    return builder.build()


def _box(half: Array, rgb: Array) -> Mesh:
    """Return an upright box; its sides are cut into quads small enough to sort by depth."""
    y = np.linspace(-half[1], half[1], 7)
    shrink = np.ones(9)
    shrink[[0, -1]] = 1e-3
    y = np.concatenate([[-half[1]], y, [half[1]]])
    grid = tube(np.column_stack([y, 0 * y, 0 * y, shrink, shrink]), 16)
    most = np.maximum(np.abs(grid[..., 0]), np.abs(grid[..., 2])) / np.hypot(grid[..., 0], grid[..., 2])
    grid[..., [0, 2]] /= most[..., None]
    builder = MeshBuilder()
    builder.add(grid * np.array([half[0], 1.0, half[2]]), rgb, 0, (0, 0, 0.0))
    return builder.build()


def _pole(radius: float, length: float, rgb: Array, *, upright: bool) -> Mesh:
    y = np.linspace(-length / 2, length / 2, 14)
    mesh = _solid_tube(np.column_stack([y, 0 * y, 0 * y, 0 * y + radius, 0 * y + radius]), 8, rgb)
    if not upright:
        mesh.vertices[:] = mesh.vertices[:, [1, 2, 0]]
    return mesh


def _ball(radius: float, rgb: Array) -> Mesh:
    angle = np.linspace(-math.pi / 2 + 0.02, math.pi / 2 - 0.02, 9)
    thick = radius * np.cos(angle)
    return _solid_tube(np.column_stack([radius * np.sin(angle), 0 * angle, 0 * angle, thick, thick]), 12, rgb)
