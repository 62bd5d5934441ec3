"""What every part of a figure needs while it is made: the body's measures, the clothes, and their folds."""

from dataclasses import dataclass, field

import numpy as np

from edgepose.runtime.arrays import Array
from edgepose.runtime.synthetic.body import BONE, Build
from edgepose.runtime.synthetic.clothing import Outfit
from edgepose.runtime.synthetic.joints import PARTS
from edgepose.runtime.synthetic.mesh import Mesh, MeshBuilder, limb_rings, tube


@dataclass(frozen=True)
class Cloth:
    """Cloth on a limb: down to `reach` of its length, `loose` times its girth, in `rgb_at` of the rest pose."""

    reach: float
    loose: float
    outfit: Outfit
    lower_body: bool

    def rgb_at(self, points: Array) -> Array:
        """Return the cloth's colours (..., 3) at points (..., 3)."""
        pattern = self.outfit.bottom if self.lower_body else self.outfit.top
        return pattern.at(points)


@dataclass(frozen=True)
class Tailor:
    """The measures of one person; `at` is where each bone begins at rest, `detail` scales the number of quads."""

    build: Build
    outfit: Outfit
    at: dict[str, Array]
    detail: float
    builder: MeshBuilder = field(default_factory=MeshBuilder)

    def count(self, number: int, least: int = 4) -> int:
        """Return how many quads to use where an average figure has `number`."""
        return max(least, round(number * self.detail))

    def add_limb(
        self,
        bone: str,
        length: float,
        radii: tuple[tuple[float, float], ...],
        cloth: Cloth,
        quads: tuple[int, int],
        calf: float = 0.0,
    ) -> None:
        """Add one limb that hangs from its bone; `radii` as in `limb_rings`, over the body's height."""
        scale = self.build.height_m * self.build.girth
        scaled = tuple((share, radius * scale) for share, radius in radii)
        rings, along = limb_rings(self.at[bone], length, scaled, self.count(quads[0]))
        rings[:, 2] -= calf * self.build.height_m * np.exp(-(((along - 0.28) / 0.2) ** 2))
        covered = along < cloth.reach
        rings[:, 3:] *= np.where(covered, cloth.loose, 1.0)[:, None]
        grid = tube(rings, self.count(quads[1], 6))
        under = ((along[1:] + along[:-1]) / 2 < cloth.reach)[:, None, None]
        rgb = np.where(under, cloth.rgb_at(middles(grid)), self.outfit.skin_rgb)
        folds = np.repeat(covered, grid.shape[1])
        self.builder.add(grid, rgb, PARTS[bone], (BONE[bone], BONE[bone], 0.0), cloth=folds)


def middles(grid: Array) -> Array:
    """Return the middle of every quad (n - 1, s, 3) of a grid (n, s, 3)."""
    beside = np.roll(grid, -1, axis=1)
    return (grid[:-1] + grid[1:] + beside[:-1] + beside[1:]) / 4


def fold(mesh: Mesh, origins: Array, outfit: Outfit, height_m: float) -> None:
    """Push the cloth of a mesh at rest out and in, in place, away from the bones that carry it."""
    rows = np.flatnonzero(mesh.cloth)
    points = mesh.vertices[rows]
    x, y, z = points.T * (2.0 / height_m)
    phase = outfit.fold_phase
    wave = np.sin(31 * y + 9 * x + phase) * np.sin(17 * x - 14 * z + 2 * phase)
    out = (points - origins[mesh.bones[rows, 0]]) * [1.0, 0.0, 1.0]
    mesh.vertices[rows] = points + out * (1.5 * outfit.folds * wave * mesh.cloth[rows])[:, None]
