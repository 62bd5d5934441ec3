"""What is behind people: rooms, open air, flat colours and pictures of nothing in particular."""

import math

import cv2
import numpy as np

from edgepose.runtime.arrays import Array, ImageArray
from edgepose.runtime.synthetic.camera import Camera
from edgepose.runtime.synthetic.clothing import random_rgb as cloth_rgb
from edgepose.runtime.synthetic.clothing import random_skin_rgb
from edgepose.runtime.synthetic.noise import mottle

_FAR_M = 300.0
_BESIDE_PX = 100.0


def paint_background(rng: np.random.Generator, camera: Camera, *, calm: bool = False) -> ImageArray:
    """Return a picture (H, W, 3) without people; floors and horizons follow the camera.

    A `calm` one is a room or open air with nothing strewn about.
    """
    kind = rng.choice(["room", "outdoors", "flat", "clutter"], p=[0.5, 0.5, 0, 0] if calm else [0.35, 0.35, 0.12, 0.18])
    width, height = camera.size_wh
    image = _gradient(rng, (width, height))
    if kind == "room":
        _paint_ground(image, rng, camera, _wall_distance(rng))
        _paint_on_wall(image, rng)
    elif kind == "outdoors":
        _paint_skyline(image, rng, camera)
        _paint_ground(image, rng, camera, _FAR_M)
    if kind == "clutter" or (not calm and rng.random() < 0.4):
        _scatter(image, rng, int(rng.integers(3, 40 if kind == "clutter" else 14)))
    mottle(image, rng, float(rng.beta(1.0, 2.5)) * 0.4)
    if rng.random() < 0.5:
        mottle(image, rng, float(rng.uniform(0.02, 0.15)))
    blur = int(rng.choice([0, 0, 3, 5, 9]))
    return cv2.blur(image, (blur, blur)) if blur else image


def random_rgb(rng: np.random.Generator) -> Array:
    """Draw the colour of a wall, a floor or a thing: cloth's, but mostly paler and greyer."""
    rgb, grey = cloth_rgb(rng), rng.uniform(0.15, 0.85)
    return rgb + (grey - rgb) * rng.choice([0.0, 0.5, 0.75], p=[0.2, 0.4, 0.4])  # type: ignore[no-any-return]


def _rgb255(rgb: Array) -> tuple[int, int, int]:
    red, green, blue = (int(v) for v in np.clip(rgb * 255, 0, 255))
    return red, green, blue


def _gradient(rng: np.random.Generator, size_wh: tuple[int, int]) -> ImageArray:
    base = random_rgb(rng)
    corners = np.clip(base + rng.normal(0.0, 0.12, (2, 2, 3)), 0, 1).astype(np.float32) * 255
    return cv2.resize(corners, size_wh, interpolation=cv2.INTER_LINEAR).astype(np.uint8)  # type: ignore[no-any-return]


def _wall_distance(rng: np.random.Generator) -> float:
    return float(rng.uniform(0.8, 8.0))


def _paint_ground(image: ImageArray, rng: np.random.Generator, camera: Camera, reach_m: float) -> None:
    """Fill what lies below the horizon, up to `reach_m` behind the world's origin, and lay tiles or boards on it."""
    forward = camera.turn[2] * [1.0, 0.0, 1.0]
    forward /= max(float(np.linalg.norm(forward)), 1e-6)
    right = np.array([-forward[2], 0.0, forward[0]])
    start = camera.place * [1.0, 0.0, 1.0] + forward * max(0.4, abs(camera.place[1]) * 0.2)
    far = max(float(-start @ forward) + reach_m, 3.0)

    def lay(points: list[tuple[float, float]], rgb: Array) -> None:
        world = np.array([start + forward * z + right * x for x, z in points])
        pixels, depth = camera.project(world)
        if depth.min() > 0.2:
            corners = clip_polygon(pixels, -_BESIDE_PX, max(camera.size_wh) + _BESIDE_PX).round().astype(np.int32)
            if len(corners):
                cv2.fillConvexPoly(image, corners, _rgb255(rgb), cv2.LINE_AA)

    rgb = random_rgb(rng)
    wide = 40.0 + far * 3
    lay([(-wide, far), (wide, far), (wide, 0.0), (-wide, 0.0)], rgb)
    step, other = float(rng.uniform(0.25, 1.5)), np.clip(rgb * rng.uniform(0.6, 1.3), 0, 1)
    match rng.integers(4):
        case 0:
            for i in range(-8, 8):
                lay([(2 * i * step, far), ((2 * i + 1) * step, far), ((2 * i + 1) * step, 0), (2 * i * step, 0)], other)
        case 1:
            for i in range(10):
                lay(
                    [
                        (-wide, (2 * i + 1) * step),
                        (wide, (2 * i + 1) * step),
                        (wide, 2 * i * step),
                        (-wide, 2 * i * step),
                    ],
                    other,
                )
        case 2:
            for i in range(7):  # lines of a pitch or a road
                x = float(rng.uniform(-5, 5))
                lay([(x, min(far, 30.0)), (x + 0.1, min(far, 30.0)), (x + 0.1 + i * 0.05, 0), (x, 0)], np.ones(3) * 0.9)
        case _:
            pass


def clip_polygon(corners: Array, low: float, high: float) -> Array:
    """Return the corners (M, 2) of what of a convex polygon (N, 2) lies in a square, `low` to `high` both ways."""
    for axis in (0, 1):
        for sign, limit in ((1, high), (-1, -low)):
            beyond = sign * corners[:, axis] - limit  # above 0 outside
            kept: list[Array] = []
            for i in range(len(corners)):
                before, here = beyond[i - 1], beyond[i]
                if (before > 0) != (here > 0):
                    kept.append(corners[i - 1] + (corners[i] - corners[i - 1]) * (before / (before - here)))
                if here <= 0:
                    kept.append(corners[i])
            corners = np.array(kept, np.float64).reshape(-1, 2)
    return corners


def _paint_on_wall(image: ImageArray, rng: np.random.Generator) -> None:
    """Add doors, windows, pictures and shelves: upright boxes with a frame."""
    height, width = image.shape[:2]
    for _ in range(rng.integers(0, 5)):
        x, y = int(rng.integers(-width // 4, width)), int(rng.integers(-height // 4, height // 2))
        w, h = int(width * rng.uniform(0.06, 0.4)), int(height * rng.uniform(0.08, 0.5))
        rgb = random_rgb(rng)
        cv2.rectangle(image, (x, y), (x + w, y + h), _rgb255(rgb), -1)
        cv2.rectangle(image, (x, y), (x + w, y + h), _rgb255(rgb * rng.uniform(0.3, 1.5)), int(rng.integers(1, 5)))


def _paint_skyline(image: ImageArray, rng: np.random.Generator, camera: Camera) -> None:
    """Add a sky, and trees, hills or houses that stand on the horizon."""
    height, width = image.shape[:2]
    along = camera.turn[2] * [1.0, 0.0, 1.0]
    pixel, _ = camera.project(camera.place + along / max(float(np.linalg.norm(along)), 1e-6) * _FAR_M)
    horizon = int(np.clip(pixel[1], -4 * height, 5 * height))
    if rng.random() < 0.6:
        sky = np.array([0.55, 0.7, 0.9]) * rng.uniform(0.6, 1.1)
        cv2.rectangle(image, (0, 0), (width, max(horizon, 0)), _rgb255(sky), -1)
    for _ in range(rng.integers(0, 14)):
        x, size = int(rng.integers(0, width)), int(width * rng.uniform(0.04, 0.3))
        green = np.array([0.25, 0.42, 0.18]) * rng.uniform(0.4, 1.5)
        if rng.random() < 0.55:
            cv2.ellipse(image, (x, horizon - size // 3), (size // 2, size), 0, 0, 360, _rgb255(green), -1)
        else:
            cv2.rectangle(image, (x, horizon - 2 * size), (x + size, horizon), _rgb255(random_rgb(rng)), -1)


def _scatter(image: ImageArray, rng: np.random.Generator, count: int) -> None:
    """Add things of no meaning; some have a limb's shape and colour, so that neither alone makes a person."""
    height, width = image.shape[:2]
    size = min(width, height)
    for _ in range(count):
        x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
        rgb = _rgb255(random_skin_rgb(rng) if rng.random() < 0.3 else random_rgb(rng))
        turn, long = float(rng.uniform(0, math.pi)), size * float(rng.uniform(0.05, 0.5))
        end = (int(x + long * math.cos(turn)), int(y + long * math.sin(turn)))
        match rng.integers(5):
            case 0:
                cv2.line(image, (x, y), end, rgb, int(rng.integers(1, max(3, size // 14))), cv2.LINE_AA)
            case 1:
                cv2.rectangle(image, (x, y), end, rgb, -1)
            case 2:
                axes = (int(long / 2) + 1, int(long * rng.uniform(0.1, 0.5)) + 1)
                cv2.ellipse(image, (x, y), axes, math.degrees(turn), 0, 360, rgb, -1, cv2.LINE_AA)
            case 3:
                corners = np.array([[x, y]]) + rng.normal(0, long / 2, (3, 2))
                cv2.fillConvexPoly(image, corners.round().astype(np.int32), rgb, cv2.LINE_AA)
            case _:
                _stripes(image, rng, (x, y, int(long) + 4, int(long * rng.uniform(0.4, 1.5)) + 4), rgb)


def _stripes(image: ImageArray, rng: np.random.Generator, box: tuple[int, int, int, int], rgb: tuple[int, ...]) -> None:
    x, y, w, h = box
    view = image[y : y + h, x : x + w]
    step = int(rng.integers(3, 14))
    lines = view[:: step * 2] if rng.random() < 0.5 else view[:, :: step * 2]
    for shift in range(step // 2 + 1):
        lines = view[shift :: step * 2] if rng.random() < 0.5 else view[:, shift :: step * 2]
        lines[:] = rgb
