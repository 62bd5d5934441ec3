"""Arms, hands, legs and feet."""

from functools import cache

import numpy as np

from edgepose.runtime.arrays import Array
from edgepose.runtime.synthetic.body import BONE
from edgepose.runtime.synthetic.joints import PARTS
from edgepose.runtime.synthetic.mesh import tube
from edgepose.runtime.synthetic.tailor import Cloth, Tailor, middles

# (share of the length from the top, radius over the body's height)
_UPPER_ARM = ((0.0, 0.0295), (0.25, 0.0275), (0.55, 0.026), (1.0, 0.0215))
_LOWER_ARM = ((0.0, 0.0215), (0.22, 0.0235), (0.6, 0.0185), (1.0, 0.0145))
_UPPER_LEG = ((0.0, 0.050), (0.3, 0.047), (0.7, 0.038), (1.0, 0.0315))
_LOWER_LEG = ((0.0, 0.031), (0.28, 0.033), (0.6, 0.0255), (1.0, 0.0185))
# distance from the wrist, half thickness, half width, over the body's height
_PALM = np.array(
    [
        [-0.006, 0.010, 0.030, 0.048, 0.062, 0.078, 0.094, 0.102],
        [0.011, 0.0135, 0.0135, 0.012, 0.010, 0.0085, 0.0065, 0.001],
        [0.013, 0.018, 0.0245, 0.0245, 0.023, 0.0205, 0.0145, 0.002],
    ]
)
_THUMB = np.array([[0.014, 0.024, 0.040, 0.052, 0.056], [0.004, 0.009, 0.008, 0.006, 0.001]])
# distance in front of the ankle, half width, height
_FOOT = np.array(
    [
        [-0.043, -0.038, -0.022, 0.0, 0.022, 0.045, 0.070, 0.090, 0.102, 0.106],
        [0.003, 0.015, 0.020, 0.021, 0.0205, 0.022, 0.025, 0.024, 0.016, 0.003],
        [0.010, 0.038, 0.052, 0.056, 0.050, 0.038, 0.027, 0.021, 0.015, 0.006],
    ]
)


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
    outfit = tailor.outfit
    rgb = outfit.inner_rgb if outfit.gloves else outfit.skin_rgb
    size = tailor.build.height_m * (0.96 + 0.1 * tailor.build.masculine)
    for grid in _unit_hand(sign, tailor.count(9, 6)):
        tailor.builder.add(grid * size + tailor.at[bone], rgb, PARTS[bone], (BONE[bone], BONE[bone], 0.0))


@cache
def _unit_hand(sign: float, segments: int) -> tuple[Array, Array]:
    """Return palm with fingers, and thumb, hanging from the origin, over the body's height."""
    down, thick, wide = _PALM
    palm = np.column_stack([-down, -sign * 2.2 * down**2, 0.0 * down, thick, wide])
    out, radius = _THUMB
    thumb = np.column_stack([-out, 0.0 * out - sign * 0.006, 0.010 + 0.55 * out, radius, radius])
    return tube(palm[::-1], segments), tube(thumb[::-1], 6)


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
    """Add a foot or shoe."""
    h, outfit, ankle = tailor.build.height_m, tailor.outfit, tailor.at[bone]
    grid, sole = _unit_foot(0.95 if outfit.barefoot else 1.06, tailor.count(10, 6))
    rgb = outfit.skin_rgb if outfit.barefoot else np.where(sole, outfit.inner_rgb * 0.8, outfit.shoe_rgb)
    place = np.array([ankle[0], ankle[1] - 0.045 * h, ankle[2]])
    tailor.builder.add(grid * h + place, rgb, PARTS[bone], (BONE[bone], BONE[bone], 0.0))


@cache
def _unit_foot(swell: float, segments: int) -> tuple[Array, Array]:
    """Return a foot on the ground under the origin, over the body's height, and which quads (n, s, 1) are its sole."""
    along, wide, tall = _FOOT
    rings = np.column_stack([along, 0.0 * along, tall * swell / 2, wide * swell, tall * swell / 2])
    # laid down, along becomes forward; from toes to heel, so that the outside stays outside
    grid = tube(rings[::-1], segments, 2.5)[..., [0, 2, 1]]
    return grid, middles(grid)[..., 1:2] < 0.009
