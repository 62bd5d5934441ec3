"""Arms, hands, legs and feet."""

import numpy as np

from edgepose.runtime.arrays import Array
from edgepose.runtime.synthetic.body import BONE
from edgepose.runtime.synthetic.joints import PARTS
from edgepose.runtime.synthetic.mesh import tube
from edgepose.runtime.synthetic.tailor import Cloth, Tailor

# (share of the length from the top, radius over the body's height)
_UPPER_ARM = ((0.0, 0.0295), (0.25, 0.0275), (0.55, 0.026), (1.0, 0.0215))
_LOWER_ARM = ((0.0, 0.0215), (0.22, 0.0235), (0.6, 0.0185), (1.0, 0.0145))
_UPPER_LEG = ((0.0, 0.050), (0.3, 0.047), (0.7, 0.038), (1.0, 0.0315))
_LOWER_LEG = ((0.0, 0.031), (0.28, 0.033), (0.6, 0.0255), (1.0, 0.0185))


def add_arm(tailor: Tailor, side: str) -> None:
    """Add one arm with its hand."""
    outfit, at = tailor.outfit, tailor.at
    loose = 1.0 + (outfit.top_loose - 1.0) * 0.8
    upper, lower, hand = (f"{side}_{name}" for name in ("upper_arm", "lower_arm", "hand"))
    cloth = Cloth(outfit.sleeve if not outfit.bare_torso else -1.0, loose, outfit, lower_body=False)
    tailor.add_limb(upper, float(at[upper][1] - at[lower][1]), _UPPER_ARM, cloth, (8, 12))
    cloth = Cloth(cloth.reach - 1.0 if cloth.reach > 1.0 else -1.0, loose, outfit, lower_body=False)
    tailor.add_limb(lower, float(at[lower][1] - at[hand][1]), _LOWER_ARM, cloth, (8, 11))
    _add_hand(tailor, hand, 1.0 if side == "l" else -1.0)


def _add_hand(tailor: Tailor, bone: str, sign: float) -> None:
    """Add a palm with fingers, slightly curled towards the thigh, and a thumb that points forward."""
    h, outfit, wrist = tailor.build.height_m, tailor.outfit, tailor.at[bone]
    rgb = outfit.inner_rgb if outfit.gloves else outfit.skin_rgb
    size = h * (0.96 + 0.1 * tailor.build.masculine)
    down = np.array([-0.006, 0.010, 0.030, 0.048, 0.062, 0.078, 0.094, 0.102])
    thick = np.array([0.011, 0.0135, 0.0135, 0.012, 0.010, 0.0085, 0.0065, 0.001])
    wide = np.array([0.013, 0.018, 0.0245, 0.0245, 0.023, 0.0205, 0.0145, 0.002])
    curl = -sign * 2.2 * down**2
    rings = np.column_stack([-down, curl, np.zeros(8), thick, wide]) * size
    rings[:, :3] += wrist[[1, 0, 2]]
    tailor.builder.add(tube(rings[::-1], tailor.count(9, 6)), rgb, PARTS[bone], (BONE[bone], BONE[bone], 0.0))
    out = np.array([0.014, 0.024, 0.040, 0.052, 0.056])
    radius = np.array([0.004, 0.009, 0.008, 0.006, 0.001])
    rings = np.column_stack([-out, np.zeros(5) - sign * 0.006, 0.010 + 0.55 * out, radius, radius]) * size
    rings[:, :3] += wrist[[1, 0, 2]]
    tailor.builder.add(tube(rings[::-1], 6), rgb, PARTS[bone], (BONE[bone], BONE[bone], 0.0))


def add_leg(tailor: Tailor, side: str) -> None:
    """Add one leg with its foot."""
    outfit, at = tailor.outfit, tailor.at
    upper, lower, foot = (f"{side}_{name}" for name in ("upper_leg", "lower_leg", "foot"))
    cloth = Cloth(outfit.trouser, 1.0 + (outfit.bottom_loose - 1.0) * 0.6, outfit, lower_body=True)
    tailor.add_limb(upper, float(at[upper][1] - at[lower][1]), _UPPER_LEG, cloth, (11, 14))
    reach = outfit.trouser - 1.0 if outfit.trouser > 1.0 else -1.0
    cloth = Cloth(reach, outfit.bottom_loose, outfit, lower_body=True)
    tailor.add_limb(lower, float(at[lower][1] - at[foot][1]), _LOWER_LEG, cloth, (11, 12), calf=0.007)
    _add_foot(tailor, foot)


def _add_foot(tailor: Tailor, bone: str) -> None:
    """Add a foot or shoe: rings across it from heel to toes."""
    h, outfit, ankle = tailor.build.height_m, tailor.outfit, tailor.at[bone]
    shoe = 0.95 if outfit.barefoot else 1.06
    along = np.array([-0.043, -0.038, -0.022, 0.0, 0.022, 0.045, 0.070, 0.090, 0.102, 0.106])
    wide = np.array([0.003, 0.015, 0.020, 0.021, 0.0205, 0.022, 0.025, 0.024, 0.016, 0.003]) * shoe
    tall = np.array([0.010, 0.038, 0.052, 0.056, 0.050, 0.038, 0.027, 0.021, 0.015, 0.006]) * shoe
    rings = np.column_stack([along, np.zeros(10), tall / 2, wide, tall / 2]) * h
    grid = tube(rings, tailor.count(10, 6), 2.5)[..., [1, 2, 0]]  # lay it down: along becomes forward
    rgb = np.broadcast_to(outfit.skin_rgb if outfit.barefoot else outfit.shoe_rgb, (9, grid.shape[1], 3)).copy()
    if not outfit.barefoot:
        rgb[_is_sole(grid, h)] = outfit.inner_rgb * 0.8
    grid = grid + np.array([ankle[0], ankle[1] - 0.045 * h, ankle[2]])
    tailor.builder.add(grid, rgb, PARTS[bone], (BONE[bone], BONE[bone], 0.0))


def _is_sole(grid: Array, height_m: float) -> Array:
    beside = np.roll(grid, -1, axis=1)
    y = (grid[:-1, :, 1] + grid[1:, :, 1] + beside[:-1, :, 1] + beside[1:, :, 1]) / 4
    return y < 0.009 * height_m
