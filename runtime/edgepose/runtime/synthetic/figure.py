"""The surface of one person, made once at rest and then posed by the bones."""

import numpy as np

from edgepose.runtime.arrays import Array
from edgepose.runtime.synthetic.body import BONE, BONES, Build
from edgepose.runtime.synthetic.clothing import Outfit
from edgepose.runtime.synthetic.head import add_head
from edgepose.runtime.synthetic.joints import PARTS
from edgepose.runtime.synthetic.limbs import add_arm, add_leg
from edgepose.runtime.synthetic.mesh import Mesh, tube
from edgepose.runtime.synthetic.tailor import Tailor, fold, middles

# height above the hips over the trunk's length, half width and half depth over the body's height, forward shift
_TORSO = np.array(
    [
        [-0.17, 0.020, 0.020, 0.000],
        [-0.15, 0.052, 0.044, -0.004],
        [-0.08, 0.088, 0.062, -0.006],
        [0.02, 0.098, 0.068, -0.006],
        [0.12, 0.094, 0.064, -0.002],
        [0.24, 0.083, 0.057, 0.003],
        [0.34, 0.079, 0.055, 0.004],
        [0.46, 0.086, 0.061, 0.002],
        [0.58, 0.096, 0.067, 0.001],
        [0.66, 0.100, 0.067, -0.001],
        [0.72, 0.099, 0.062, -0.004],
        [0.77, 0.094, 0.054, -0.006],
        [0.81, 0.085, 0.047, -0.007],
        [0.84, 0.071, 0.042, -0.007],
        [0.87, 0.054, 0.038, -0.007],
        [0.90, 0.038, 0.034, -0.007],
        [0.95, 0.026, 0.026, -0.007],
        [0.96, 0.010, 0.010, -0.007],
    ]
)


def build_figure(build: Build, outfit: Outfit, origins: Array, detail: float = 1.0) -> Mesh:
    """Return the mesh of a person in the rest pose; `detail` scales the number of quads."""
    tailor = Tailor(build, outfit, dict(zip(BONES, origins, strict=True)), detail)
    _add_torso(tailor)
    add_head(tailor)
    for side in "lr":
        add_arm(tailor, side)
        add_leg(tailor, side)
    if outfit.skirt:
        _add_skirt(tailor)
    mesh = tailor.builder.build()
    fold(mesh, origins, outfit, build.height_m)
    return mesh


def pose_mesh(mesh: Mesh, origins: Array, turned: Array, placed: Array) -> Array:
    """Return the vertices (V, 3) of a mesh whose bones went from rest `origins` to `turned`, `placed`."""
    shift = placed - np.einsum("bij,bj->bi", turned, origins)
    first, second = mesh.bones.T
    posed = np.einsum("vij,vj->vi", turned[first], mesh.vertices) + shift[first]
    blended = np.flatnonzero(mesh.weights)
    bone, weight = second[blended], mesh.weights[blended, None]
    other = np.einsum("vij,vj->vi", turned[bone], mesh.vertices[blended]) + shift[bone]
    posed[blended] += weight * (other - posed[blended])
    return posed  # type: ignore[no-any-return]


def _add_torso(tailor: Tailor) -> None:
    hip, trunk = tailor.at["pelvis"][1], tailor.at["head"][1] - tailor.at["pelvis"][1]
    share = np.linspace(_TORSO[0, 0], _TORSO[-1, 0], tailor.count(24))
    half, depth, shift = _torso_sections(tailor, share)
    rings = np.column_stack([hip + trunk * share, 0.0 * share, shift, half, depth])
    grid = tube(rings, tailor.count(24, 10), 2.4)
    first, second, weight = _spine_bones(share)
    around = grid.shape[1]
    bones = (np.repeat(first, around), np.repeat(second, around), np.repeat(weight, around))
    tailor.builder.add(
        grid, _torso_rgb(tailor, grid, share), PARTS["torso"], bones, cloth=float(not tailor.outfit.bare_torso)
    )


def _torso_sections(tailor: Tailor, share: Array) -> tuple[Array, Array, Array]:
    """Return half width, half depth and forward shift of the torso in metres."""
    build, outfit, h = tailor.build, tailor.outfit, tailor.build.height_m
    half, depth, shift = (np.interp(share, _TORSO[:, 0], _TORSO[:, i]) for i in (1, 2, 3))
    hips, chest = np.clip((0.45 - share) / 0.4, 0, 1), np.clip((share - 0.35) / 0.3, 0, 1)
    belly = np.exp(-(((share - 0.24) / 0.2) ** 2))
    broad = 0.17 * build.masculine + 0.06 * build.muscle - 0.10
    half = half * (0.95 + 0.22 * build.fat * (hips + belly) + broad * chest)
    half = half * (1.0 + (0.06 - 0.07 * build.masculine) * hips)
    depth = depth * (0.95 + 0.2 * build.fat + 0.55 * build.fat * belly + 0.08 * build.muscle * chest)
    bust = (1.0 - build.masculine) * 0.013 * np.exp(-(((share - 0.6) / 0.09) ** 2))
    slack = np.clip(1.0 - 2.2 * (share - 0.45), 0.15, 1.0) * (share > -0.14)
    loose = h * (1.0 + (not outfit.bare_torso) * (outfit.top_loose - 1.0) * slack)
    return half * loose, (depth + bust) * loose, h * (shift + bust + 0.02 * build.fat * belly)


def _torso_rgb(tailor: Tailor, grid: Array, share: Array) -> Array:
    outfit, points = tailor.outfit, middles(grid)
    level = ((share[1:] + share[:-1]) / 2)[:, None]
    front = points[..., 2] > 0
    top = np.broadcast_to(outfit.skin_rgb, points.shape) if outfit.bare_torso else outfit.top.at(points)
    if outfit.open_jacket and not outfit.bare_torso:
        gap = (0.012 + 0.03 * np.clip(level, 0, 1)) * tailor.build.height_m
        top = np.where((front & (np.abs(points[..., 0]) < gap))[..., None], outfit.inner_rgb, top)
    neckline = 0.9 - 0.012 * outfit.fold_phase * front - 0.08 * (outfit.sleeve == 0.0)
    rgb = np.where((level > neckline)[..., None], outfit.skin_rgb, top)
    belt = 0.12 + 0.25 * outfit.waist
    return np.where((level < belt)[..., None], outfit.bottom.at(points), rgb)


def _spine_bones(share: Array) -> tuple[Array, Array, Array]:
    """Return two bones and the second's share for heights along the trunk."""
    to_lumbar, to_chest = np.clip((share - 0.04) / 0.22, 0, 1), np.clip((share - 0.34) / 0.22, 0, 1)
    upper = share > 0.30
    first = np.where(upper, BONE["lumbar"], BONE["pelvis"])
    second = np.where(upper, BONE["chest"], BONE["lumbar"])
    return first, second, np.where(upper, to_chest, to_lumbar)


def _add_skirt(tailor: Tailor) -> None:
    """Add a skirt that hangs from the hips and follows the thighs, each half its own."""
    at, h, outfit = tailor.at, tailor.build.height_m, tailor.outfit
    top = at["pelvis"][1] + 0.045 * h
    leg = at["pelvis"][1] - at["l_foot"][1]
    share = np.linspace(1.0, 0.0, tailor.count(11))  # 1 at the hem
    girth = tailor.build.girth * (0.97 + 0.1 * tailor.build.fat)
    flare = (outfit.bottom_loose - 1.0) * 1.6 * share
    half = h * girth * (0.102 + 0.012 * np.sin(np.pi * share) + 0.065 * flare)
    depth = h * girth * (0.070 + 0.008 * np.sin(np.pi * share) + 0.065 * flare)
    rings = np.column_stack([top - share * (outfit.skirt * leg + 0.045 * h), 0 * share, 0 * share, half, depth])
    grid = tube(rings, tailor.count(24, 12), 2.3)
    left = grid[..., 0] >= 0
    thigh = np.where(left, BONE["l_upper_leg"], BONE["r_upper_leg"])
    follow = np.clip((top - grid[..., 1]) / (0.16 * h), 0.0, 0.92)
    part = np.where(middles(grid)[..., 0] >= 0, PARTS["l_upper_leg"], PARTS["r_upper_leg"])
    bones = (BONE["pelvis"], thigh, follow)
    tailor.builder.add(grid, outfit.bottom.at(middles(grid)), part, bones, cloth=1.0, two_sided=True)
