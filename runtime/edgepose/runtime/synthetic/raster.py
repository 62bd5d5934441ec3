"""Drawing quads in depth order: which quad is seen at which pixel, and its colour, part and depth."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from edgepose.runtime.arrays import Array, ImageArray
from edgepose.runtime.synthetic.camera import NEAR_M, Camera
from edgepose.runtime.synthetic.light import Light
from edgepose.runtime.synthetic.mesh import Mesh

_FINE = 2  # drawn this many times finer than the picture, so that edges are smooth
_SHIFT = 4  # binary digits below a pixel that the corners keep


@dataclass(frozen=True)
class Solid:
    """A mesh in its place: `vertices` (V, 3) in the world; `owner` is a person's row, or -1 for a thing."""

    mesh: Mesh
    vertices: Array
    owner: int


@dataclass(frozen=True)
class Drawing:
    """What is seen: `seen` int32 (2H, 2W) is 0 for nothing, else 1 + the quad's row in the other arrays.

    `rgb` (Q, 3) uint8 is shaded; `parts`, `owners` and `depths_m` are (Q,). Everything seen lies in
    the picture's `box` (x0, y0, x1, y1).
    """

    seen: Array
    rgb: ImageArray
    parts: Array
    owners: Array
    depths_m: Array
    box: tuple[int, int, int, int]

    def part_mask(self) -> ImageArray:
        """Return the part class of every pixel, uint8 (H, W); things are background."""
        table = np.concatenate([[0], np.where(self.owners >= 0, self.parts, 0)]).astype(np.uint8)
        return table[self.seen[::_FINE, ::_FINE]]

    def owner_mask(self) -> ImageArray:
        """Return whose every pixel is, uint8 (H, W): 1 + the person's row, 0 for things and the background."""
        table = np.concatenate([[0], self.owners + 1]).astype(np.uint8)
        return table[self.seen[::_FINE, ::_FINE]]

    def around(self, pixels: Array) -> Array:
        """Return the rows (N, 9) of the quads seen at and around pixels (N, 2) of the picture; -1 is none."""
        x, y = (np.asarray(pixels) * _FINE + (_FINE - 1) / 2).round().astype(int).T
        height, width = self.seen.shape
        reach_y, reach_x = np.repeat([-1, 0, 1], 3), np.tile([-1, 0, 1], 3)
        rows = (y[:, None] + reach_y).clip(0, height - 1)
        columns = (x[:, None] + reach_x).clip(0, width - 1)
        return self.seen[rows, columns] - 1  # type: ignore[no-any-return]

    def paint(self, image_rgb: ImageArray) -> None:
        """Lay what is seen over a picture (H, W, 3), in place."""
        x0, y0, x1, y1 = self.box
        if x1 <= x0 or y1 <= y0:
            return
        rgba = np.zeros((len(self.rgb) + 1, 4), np.uint8)
        rgba[1:, :3], rgba[1:, 3] = self.rgb, 255
        part = self.seen[y0 * _FINE : y1 * _FINE, x0 * _FINE : x1 * _FINE]
        fine = rgba.view(np.uint32)[:, 0].take(part).view(np.uint8).reshape(*part.shape, 4)
        small = cv2.resize(fine, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)
        under = image_rgb[y0:y1, x0:x1]
        clear = cv2.cvtColor(255 - small[..., 3], cv2.COLOR_GRAY2RGB)
        cv2.add(cv2.multiply(under, clear, scale=1 / 255), cv2.cvtColor(small, cv2.COLOR_RGBA2RGB), dst=under)


def draw(solids: Sequence[Solid], camera: Camera, light: Light) -> Drawing:
    """Draw solids as the camera sees them, nearer quads over farther ones."""
    width, height = camera.size_wh
    seen = np.zeros((height * _FINE, width * _FINE), np.int32)
    pieces = [_visible_quads(solid, camera, light) for solid in solids]
    if not any(len(piece[0]) for piece in pieces):
        nobody = np.full(1, -1)
        return Drawing(seen, np.zeros((1, 3), np.uint8), nobody, nobody, np.zeros(1), (0, 0, 0, 0))
    corners, rgb, parts, owners, depths = (np.concatenate(column) for column in zip(*pieces, strict=True))
    order = np.argsort(-depths, kind="stable")
    fill = cv2.fillConvexPoly
    for row, quad in zip((order + 1).tolist(), corners[order], strict=True):
        fill(seen, quad, row, 8, _SHIFT)
    return Drawing(seen, rgb, parts, owners, depths, _box_of(corners, camera.size_wh))


def _visible_quads(solid: Solid, camera: Camera, light: Light) -> tuple[Array, ...]:
    """Return corners (Q, 4, 2) in fixed point, colour, part, owner and depth of the quads that face the camera."""
    mesh = solid.mesh
    pixels, depth = camera.project(solid.vertices)
    quads, depths = pixels[mesh.faces], depth[mesh.faces]
    a, b = quads[:, 2] - quads[:, 0], quads[:, 3] - quads[:, 1]
    facing = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0] < 0
    inside = _over_picture(quads, camera.size_wh) & (_each(np.minimum, depths) > NEAR_M)
    kept = np.flatnonzero(inside & (facing | mesh.two_sided))
    corners = solid.vertices[mesh.faces[kept]]
    rgb = light.shade(corners, mesh.rgb[kept], np.where(facing[kept], 1.0, -1.0))
    fixed = ((quads[kept] * _FINE + (_FINE - 1) / 2) * (1 << _SHIFT)).round().astype(np.int32)
    return fixed, rgb, mesh.parts[kept], np.full(len(kept), solid.owner), depths[kept] @ np.full(4, 0.25)


def _each(choose: np.ufunc, corners: Array) -> Array:
    """Return the least or greatest of the four corners (Q, 4, ...), faster than a reduction over so short an axis."""
    return choose(choose(corners[:, 0], corners[:, 1]), choose(corners[:, 2], corners[:, 3]))  # type: ignore[no-any-return]


def _over_picture(quads: Array, size_wh: tuple[int, int]) -> Array:
    low, high = _each(np.minimum, quads), _each(np.maximum, quads)
    width, height = size_wh
    return (high[:, 0] >= -1) & (high[:, 1] >= -1) & (low[:, 0] <= width) & (low[:, 1] <= height)


def _box_of(corners: Array, size_wh: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the picture's pixels (x0, y0, x1, y1) that hold all quads (Q, 4, 2) in fixed point."""
    scale = _FINE << _SHIFT
    low, high = corners.reshape(-1, 2).min(axis=0) // scale - 1, corners.reshape(-1, 2).max(axis=0) // scale + 2
    x0, y0 = np.clip(low, 0, size_wh)
    x1, y1 = np.clip(high, 0, size_wh)
    return int(x0), int(y0), int(x1), int(y1)
