"""Surfaces made of quads, each quad with a colour and a body part, carried by bones."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from edgepose.runtime.arrays import Array


@dataclass(frozen=True)
class Mesh:
    """Quads `faces` (F, 4) over `vertices` (V, 3), seen from outside in counter-clockwise order.

    Vertex v moves with bone `bones[v, 0]` and, by the share `weights[v]`, with `bones[v, 1]`; `cloth` (V,) is 1 where
    it folds. `rgb` (F, 3) is the surface's own colour in [0, 1], `parts` (F,) its class; a `two_sided` (F,) quad is
    seen from both sides.
    """

    vertices: Array
    faces: Array
    bones: Array
    weights: Array
    rgb: Array
    cloth: Array
    parts: Array
    two_sided: Array


@dataclass
class MeshBuilder:
    """Collects surfaces into one mesh."""

    _vertices: list[Array] = field(default_factory=list)
    _faces: list[Array] = field(default_factory=list)
    _rgb: list[Array] = field(default_factory=list)
    _carried: list[tuple[Array | int, Array | int, Array | float]] = field(default_factory=list)
    _cloth: list[Array | float] = field(default_factory=list)
    _parts: list[Array | int] = field(default_factory=list)
    _sides: list[bool] = field(default_factory=list)
    _count: int = 0

    def add(
        self,
        grid: Array,
        rgb: Array,
        part: Array | int,
        bones: tuple[Array | int, Array | int, Array | float],
        *,
        cloth: Array | float = 0.0,
        keep: Array | None = None,
        two_sided: bool = False,
    ) -> None:
        """Add the surface of a grid of points (n, s, 3), closed around s.

        `rgb` (3,) or (n - 1, s, 3) and `part` are those of its quads; `bones` are the first bone, the second, and
        the second's share, each for all or per point (n, s). `cloth`, of the points, says how
        far they move with folds; `keep` (n - 1, s) says which quads exist.
        """
        n, s = grid.shape[:2]
        faces = _grid_faces(n, s) + self._count
        colours = np.empty((n - 1, s, 3), np.float32)
        colours[:] = rgb
        colours = colours.reshape(-1, 3)
        if keep is not None:
            rows = keep.ravel()
            faces, colours = faces[rows], colours[rows]
            part = part if isinstance(part, int) else part.ravel()[rows]
        self._vertices.append(grid.reshape(-1, 3))
        self._faces.append(faces)
        self._rgb.append(colours)
        self._carried.append(bones)
        self._cloth.append(cloth)
        self._parts.append(part)
        self._sides.append(two_sided)
        self._count += n * s

    def build(self) -> Mesh:
        """Return everything added so far as one mesh."""
        points, quads = [len(v) for v in self._vertices], [len(f) for f in self._faces]
        first, second, shares = zip(*self._carried, strict=True)
        return Mesh(
            np.concatenate(self._vertices),
            np.concatenate(self._faces),
            np.stack([_spread(first, points, np.intp), _spread(second, points, np.intp)], axis=1),
            _spread(shares, points, np.float64),
            np.concatenate(self._rgb),
            _spread(self._cloth, points, np.float64),
            _spread(self._parts, quads, np.uint8),
            np.repeat(self._sides, quads),
        )


def _spread(values: Sequence[Array | float], counts: Sequence[int], dtype: type[Any]) -> Array:
    """Return one row of values: the i-th of `values` for the next `counts[i]`, where it is not a row already."""
    spread: Array = np.empty(sum(counts), dtype)
    start = 0
    for value, count in zip(values, counts, strict=True):
        spread[start : start + count] = value.ravel() if isinstance(value, np.ndarray) else value
        start += count
    return spread


_CAP_OUT, _CAP_THIN = np.sin(np.radians([35.0, 65.0, 88.0])), np.cos(np.radians([35.0, 65.0, 88.0]))


@cache
def _grid_faces(n: int, s: int) -> Array:
    ring, above = np.arange((n - 1) * s).reshape(n - 1, s), np.arange(s, n * s).reshape(n - 1, s)
    quads = [ring, np.roll(ring, -1, axis=1), np.roll(above, -1, axis=1), above]
    return np.stack(quads, axis=-1).reshape(-1, 4)


@cache
def _circle(segments: int, power: float) -> tuple[Array, Array]:
    angle = np.arange(segments) * (2.0 * np.pi / segments)
    sin, cos = np.sin(angle), np.cos(angle)
    return np.sign(sin) * np.abs(sin) ** (2.0 / power), np.sign(cos) * np.abs(cos) ** (2.0 / power)


def tube(rings: Array, segments: int, power: float = 2.0) -> Array:
    """Return the points (n, segments, 3) of an upright tube of rings (n, 5), lowest first.

    A ring is its height y, its centre x and z, and its radii along x and z; it is an ellipse for `power` 2, squarer
    above. Point 0 looks forward (+z), the next ones follow towards +x.
    """
    sin, cos = _circle(segments, power)
    y, cx, cz, rx, rz = (column[:, None] for column in rings.T)
    grid = np.empty((len(rings), segments, 3))
    grid[..., 0], grid[..., 1], grid[..., 2] = cx + rx * sin, y, cz + rz * cos
    return grid


def limb_rings(
    top: Array, length: float, radii: tuple[tuple[float, float], ...], count: int, flat: float = 1.0
) -> tuple[Array, Array]:
    """Return rings (n, 5), lowest first, of a limb that hangs from `top` (3,), with round ends; and their share.

    `radii` lists (share of the length from the top, radius); the share (n,) of a ring runs from 0 to 1, a little
    beyond at the round ends. `flat` scales the radius along z.
    """
    share, radius = np.array(radii).T
    inner = np.linspace(0.0, 1.0, count)
    r_inner = np.interp(inner, share, radius)
    r_top, r_end = r_inner[0], r_inner[-1]
    along = np.concatenate([-_CAP_OUT[::-1] * r_top / length, inner, 1.0 + _CAP_OUT * r_end / length])
    thick = np.concatenate([_CAP_THIN[::-1] * r_top, r_inner, _CAP_THIN * r_end])
    x, z = np.full(len(along), top[0]), np.full(len(along), top[2])
    rings = np.column_stack([top[1] - along * length, x, z, thick, thick * flat])
    return rings[::-1].copy(), along[::-1].copy()
