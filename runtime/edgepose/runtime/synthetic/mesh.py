"""Surfaces made of quads, each quad with a colour and a body part, carried by bones."""

from dataclasses import dataclass, field

import numpy as np

from edgepose.runtime.arrays import Array


@dataclass(frozen=True)
class Mesh:
    """Quads `faces` (F, 4) over `vertices` (V, 3), seen from outside in counter-clockwise order.

    Vertex v moves with bone `bones[v, 0]` and, by the share `weights[v]`, with `bones[v, 1]`. `rgb` (F, 3) is the
    surface's own colour in [0, 1], `parts` (F,) its class; a `two_sided` (F,) quad is seen from both sides.
    """

    vertices: Array
    faces: Array
    bones: Array
    weights: Array
    rgb: Array
    parts: Array
    two_sided: Array


@dataclass
class MeshBuilder:
    """Collects surfaces into one mesh."""

    _pieces: list[tuple[Array, ...]] = field(default_factory=list)
    _count: int = 0

    def add(
        self,
        grid: Array,
        rgb: Array,
        part: Array | int,
        bones: tuple[Array | int, Array | int, Array | float],
        *,
        keep: Array | None = None,
        two_sided: bool = False,
    ) -> None:
        """Add the surface of a grid of points (n, s, 3), closed around s.

        `rgb` (3,) or (n - 1, s, 3) and `part` are those of its quads; `bones` are the first bone, the second, and
        the second's share, each for all or per point (n, s). `keep` (n - 1, s) says which quads exist.
        """
        n, s = grid.shape[:2]
        faces = _grid_faces(n, s)
        keep_rows = np.ones(len(faces), bool) if keep is None else keep.ravel()
        colours = np.broadcast_to(rgb, (n - 1, s, 3)).reshape(-1, 3)[keep_rows]
        parts = np.broadcast_to(part, (n - 1, s)).ravel()[keep_rows]
        carried = [np.broadcast_to(value, (n, s)).ravel() for value in bones]
        sides = np.full(len(colours), two_sided)
        self._pieces.append((grid.reshape(-1, 3), faces[keep_rows] + self._count, *carried, colours, parts, sides))
        self._count += n * s

    def build(self) -> Mesh:
        """Return everything added so far as one mesh."""
        vertices, faces, first, second, weights, rgb, parts, sides = (
            np.concatenate(column) for column in zip(*self._pieces, strict=True)
        )
        bones = np.stack([first, second], axis=1)
        return Mesh(vertices, faces, bones, weights, rgb.astype(np.float32), parts.astype(np.uint8), sides)


_CAP_OUT, _CAP_THIN = np.sin(np.radians([35.0, 65.0, 88.0])), np.cos(np.radians([35.0, 65.0, 88.0]))
_FACES_CACHE: dict[tuple[int, int], Array] = {}


def _grid_faces(n: int, s: int) -> Array:
    if (n, s) not in _FACES_CACHE:
        ring, next_ring = np.arange((n - 1) * s).reshape(n - 1, s), np.arange(s, n * s).reshape(n - 1, s)
        quads = [ring, np.roll(ring, -1, axis=1), np.roll(next_ring, -1, axis=1), next_ring]
        _FACES_CACHE[n, s] = np.stack(quads, axis=-1).reshape(-1, 4)
    return _FACES_CACHE[n, s]


def tube(rings: Array, segments: int, power: float = 2.0) -> Array:
    """Return the points (n, segments, 3) of an upright tube of rings (n, 5), lowest first.

    A ring is its height y, its centre x and z, and its radii along x and z; it is an ellipse for `power` 2, squarer
    above. Point 0 looks forward (+z), the next ones follow towards +x.
    """
    angle = np.arange(segments) * (2.0 * np.pi / segments)
    sin, cos = np.sin(angle), np.cos(angle)
    if power != 2.0:
        sin, cos = (np.sign(v) * np.abs(v) ** (2.0 / power) for v in (sin, cos))
    y, cx, cz, rx, rz = (column[:, None] for column in rings.T)
    return np.stack([cx + rx * sin, np.broadcast_to(y, (len(rings), segments)), cz + rz * cos], axis=-1)


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
