"""The head: skull, neck, face and hair."""

from functools import cache

import numpy as np

from edgepose.runtime.arrays import Array
from edgepose.runtime.synthetic.body import BONE
from edgepose.runtime.synthetic.joints import PARTS
from edgepose.runtime.synthetic.mesh import tube
from edgepose.runtime.synthetic.tailor import Tailor, middles

# all over the head's length (upper neck to crown): height, half width, half depth, forward shift
_SKULL = np.array(
    [
        [-0.02, 0.060, 0.08, 0.22],
        [0.01, 0.150, 0.17, 0.19],
        [0.07, 0.215, 0.26, 0.13],
        [0.17, 0.270, 0.33, 0.08],
        [0.30, 0.305, 0.38, 0.04],
        [0.45, 0.330, 0.42, 0.01],
        [0.60, 0.340, 0.44, -0.01],
        [0.75, 0.320, 0.42, -0.03],
        [0.87, 0.260, 0.34, -0.04],
        [0.95, 0.170, 0.23, -0.04],
        [0.99, 0.080, 0.10, -0.04],
        [1.00, 0.010, 0.01, -0.04],
    ]
)
_HEAD = (BONE["head"], BONE["head"], 0.0)


def add_head(tailor: Tailor) -> None:
    """Add neck, skull, face and hair."""
    size = 0.125 * tailor.build.height_m * tailor.build.head
    _add_neck(tailor, size)
    _add_skull(tailor, size)
    _add_face(tailor, size)
    if tailor.outfit.hair != "bald":
        _add_hair(tailor, size)


def _add_neck(tailor: Tailor, size: float) -> None:
    bottom, top = tailor.at["neck"], tailor.at["head"]
    low, high = bottom[1] - 0.25 * size, top[1] + 0.3 * size
    share = np.linspace(0.0, 1.0, 6)
    radius = size * (0.23 + 0.05 * tailor.build.masculine + 0.05 * (share - 0.5) ** 2 * 4)
    ones = np.ones(6)
    rings = np.column_stack([low + share * (high - low), 0 * ones, bottom[2] * (1 - share), radius, radius])
    grid = tube(rings, tailor.count(14, 8))
    weight = np.repeat(np.clip((share - 0.3) / 0.5, 0.0, 1.0), grid.shape[1])
    tailor.builder.add(grid, tailor.outfit.skin_rgb * 0.94, PARTS["head"], (BONE["neck"], BONE["head"], weight))


def _shell(tailor: Tailor, size: float, low: float, high: float, count: int, swell: float) -> Array:
    """Return the skull's surface between two heights, `swell` head lengths outside it."""
    level = low + (high - low) * np.sin(np.linspace(0.0, np.pi / 2, tailor.count(count, 8)))
    columns = [np.interp(level, _SKULL[:, 0], _SKULL[:, i]) for i in (1, 2, 3)]
    x, y, z = tailor.at["head"]
    flat = np.zeros_like(level)
    lift = swell * np.clip((level - 0.5) * 2, 0, 1)
    out = [swell * (columns[0] > 0.02) + columns[0], swell * (columns[1] > 0.02) + columns[1]]
    rings = np.column_stack([(level + lift) * size + y, flat + x, columns[2] * size + z, out[0] * size, out[1] * size])
    return tube(rings, tailor.count(20, 10))


def _add_skull(tailor: Tailor, size: float) -> None:
    grid = _shell(tailor, size, -0.02, 1.0, 15, 0.0)
    place = (middles(grid) - tailor.at["head"]) / size
    skin = tailor.outfit.skin_rgb
    rgb = np.broadcast_to(skin, place.shape)
    if tailor.outfit.beard:
        chin = (place[..., 1] < 0.24) & (place[..., 2] > 0.05)
        rgb = np.where(chin[..., None], 0.45 * skin + 0.55 * tailor.outfit.hair_rgb, rgb)
    tailor.builder.add(grid, rgb, PARTS["head"], _HEAD)


@cache
def _unit_blob(rings: int, segments: int) -> Array:
    angle = np.linspace(-np.pi / 2 + 0.05, np.pi / 2 - 0.05, rings)
    none, thick = 0.0 * angle, np.cos(angle)
    return tube(np.column_stack([np.sin(angle), none, none, thick, thick]), segments)


def _add_face(tailor: Tailor, size: float) -> None:
    """Add what tells front from back: eyes, brows, nose, mouth, ears."""
    outfit, builder, at = tailor.outfit, tailor.builder, tailor.at["head"]
    skin, dark = outfit.skin_rgb, outfit.hair_rgb * 0.35
    lips = np.clip(skin * [0.82, 0.5, 0.5], 0, 1)

    def blob(place: tuple[float, float, float], radii: tuple[float, float, float], rgb: Array, fine: int = 0) -> None:
        grid = (_unit_blob(5 + fine, 7 + fine) * radii + place) * size + at
        builder.add(grid, rgb, PARTS["head"], _HEAD)

    blob((0, 0.36, 0.43), (0.055, 0.085, 0.10), np.clip(skin * 1.04, 0, 1), 1)
    blob((0, 0.45, 0.40), (0.035, 0.10, 0.055), skin)
    blob((0, 0.195, 0.385), (0.105, 0.028, 0.045), lips)
    for sign in (1.0, -1.0):
        blob((sign * 0.15, 0.52, 0.355), (0.075, 0.042, 0.055), np.array([0.9, 0.88, 0.86]))
        blob((sign * 0.15, 0.52, 0.375), (0.036, 0.038, 0.047), dark)
        blob((sign * 0.155, 0.60, 0.365), (0.10, 0.022, 0.05), dark + 0.1 * skin)
        blob((sign * 0.335, 0.46, -0.02), (0.035, 0.10, 0.06), skin * 0.95)


def _add_hair(tailor: Tailor, size: float) -> None:
    outfit = tailor.outfit
    style, rgb = outfit.hair, outfit.hair_rgb
    if style in ("cap", "beanie", "helmet"):
        _add_hat(tailor, size)
        return
    low = {"short": 0.28, "bob": 0.0, "long": 0.02}.get(style, 0.25)
    grid = _shell(tailor, size, low, 1.0, 12, 0.05 if style == "short" else 0.075)
    _add_hair_shell(tailor, grid, size, rgb, {"short": 0.7, "bob": 0.72}.get(style, 0.74))
    at = tailor.at["head"]
    if style == "bun":
        grid = (_unit_blob(7, 9) * (0.18, 0.17, 0.16) + (0.0, 0.85, -0.42)) * size + at
        tailor.builder.add(grid, rgb, PARTS["head"], _HEAD)
    elif style in ("long", "ponytail"):
        _add_strand(tailor, size, 0.33 if style == "long" else 0.12)


def _add_hair_shell(tailor: Tailor, grid: Array, size: float, rgb: Array, hairline: float) -> None:
    place = (middles(grid) - tailor.at["head"]) / size
    x, y, z = np.moveaxis(place, -1, 0)
    face = (z > 0.12 + 0.1 * (y < 0.5)) & (y < hairline - 0.35 * x**2)
    ears = (np.abs(z + 0.02) < 0.10) & (y < 0.55) & (tailor.outfit.hair in ("short", "bun", "ponytail"))
    streaks = 1.0 + 0.22 * np.sin(47 * x + 23 * z)[..., None]
    shade = np.clip(rgb * streaks, 0, 1)
    tailor.builder.add(grid, shade, PARTS["head"], _HEAD, keep=~(face | ears), two_sided=True)


def _add_strand(tailor: Tailor, size: float, half_width: float) -> None:
    """Add hair that falls down the back."""
    at = tailor.at["head"]
    share = np.linspace(0.0, 1.0, 7)
    wide = size * half_width * np.array([0.15, 0.75, 1.0, 1.0, 0.95, 0.7, 0.1])
    x, z = np.full(7, at[0]), at[2] - size * (0.30 + 0.16 * np.sin(np.pi * share))
    rings = np.column_stack([at[1] + size * (-0.75 + 1.5 * share), x, z, wide, wide * 0.0 + size * 0.11])
    rings[[0, -1], 4] *= 0.2
    grid = tube(rings, tailor.count(10, 6))
    weight = np.repeat(np.clip(0.9 - share * 1.6, 0.0, 0.7), grid.shape[1])
    bones = (BONE["head"], BONE["chest"], weight)
    tailor.builder.add(grid, tailor.outfit.hair_rgb, PARTS["head"], bones)


def _add_hat(tailor: Tailor, size: float) -> None:
    outfit, at = tailor.outfit, tailor.at["head"]
    low = {"cap": 0.66, "beanie": 0.6, "helmet": 0.55}[outfit.hair]
    swell = {"cap": 0.07, "beanie": 0.07, "helmet": 0.13}[outfit.hair]
    tailor.builder.add(_shell(tailor, size, low, 1.0, 9, swell), outfit.hat_rgb, PARTS["head"], _HEAD, two_sided=True)
    _add_hair_shell(tailor, _shell(tailor, size, 0.25, 0.75, 6, 0.04), size, outfit.hair_rgb, 0.7)
    if outfit.hair == "cap":
        grid = (_unit_blob(4, 10) * (0.30, 0.03, 0.28) + (0.0, 0.70, 0.50)) * size + at
        tailor.builder.add(grid, outfit.hat_rgb * 0.9, PARTS["head"], _HEAD)
