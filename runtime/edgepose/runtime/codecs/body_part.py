"""The body-part codec of bottom-up networks: people to maps of limbs and keypoints, and back.

Li et al., "Simple Pose", section 3.1. A map cell (x, y) stands for crop pixel (R x + R/2 - 0.5, R y + R/2 - 0.5), R
being the stride.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import Array, FloatArray
from edgepose.runtime.body_parts import SIMPLE_POSE, BodyParts
from edgepose.runtime.geometry import cells_to_pixels, pixels_to_cells
from edgepose.runtime.grouping import GroupingRule, group_people
from edgepose.runtime.plumbing.strict_json import as_int, as_list, as_number, as_object, as_size, as_text
from edgepose.runtime.skeleton import Skeleton, skeleton_named

CUT = 0.01
"""Where a Gaussian is lower it is zero."""
_REACH = math.sqrt(-2 * math.log(CUT))
"""How many standard deviations that is from its top."""

_WHERE = "a body-part codec"


@dataclass(frozen=True)
class BodyPartCodec:
    """Maps of one input size; the sigmas are in crop pixels, a limb's across its line."""

    input_wh: tuple[int, int]
    map_wh: tuple[int, int]
    parts: BodyParts = SIMPLE_POSE
    keypoint_sigma_px: float = 9.0
    limb_sigma_px: float = 7.0
    rule: GroupingRule = field(default_factory=GroupingRule)

    def __post_init__(self) -> None:
        (width, height), (map_width, map_height) = self.input_wh, self.map_wh
        positive = min(*self.input_wh, *self.map_wh, self.keypoint_sigma_px, self.limb_sigma_px) > 0
        if not positive or width * map_height != height * map_width:
            raise EdgeposeError(
                f"{_WHERE} needs one stride for both axes and sigmas > 0; found input {self.input_wh}, maps "
                f"{self.map_wh}, sigmas {self.keypoint_sigma_px} and {self.limb_sigma_px}"
            )

    @property
    def sees_everybody(self) -> bool:
        """Whether the maps are of all people in a picture."""
        return True

    @property
    def output(self) -> str:
        """What a model calls its maps."""
        return "maps"

    def maps_of(self, skeleton: Skeleton) -> int:
        """Return how many maps there are.

        Raises `EdgeposeError` for another skeleton than the body parts'.
        """
        if skeleton != self.parts.skeleton:
            raise EdgeposeError(f"these body parts are of {self.parts.skeleton.name}; found {skeleton.name}")
        return self.parts.maps

    @property
    def sigma_px(self) -> float:
        """A keypoint's Gaussian, by the name that all codecs have."""
        return self.keypoint_sigma_px

    def flip_order(self, skeleton: Skeleton) -> Sequence[int]:  # noqa: ARG002  the limbs' skeleton is the only one
        """Return the map of each map's mirror image."""
        return self.parts.flip_order

    def to_dict(self) -> dict[str, Any]:
        """Return the codec as JSON values; `from_dict` undoes it."""
        return {
            "kind": "body-parts",
            "input_wh": list(self.input_wh),
            "map_wh": list(self.map_wh),
            "skeleton": self.parts.skeleton.name,
            "limbs": [list(limb) for limb in self.parts.limbs],
            "keypoint_sigma_px": self.keypoint_sigma_px,
            "limb_sigma_px": self.limb_sigma_px,
            "rule": asdict(self.rule),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "BodyPartCodec":
        """Build the codec a card describes.

        Raises `EdgeposeError` when a key is missing, unknown or of another kind.
        """
        known = ["kind", "input_wh", "map_wh", "skeleton", "limbs", "keypoint_sigma_px", "limb_sigma_px", "rule"]
        given = as_object(dict(values), _WHERE, known)
        if given["kind"] != "body-parts":
            raise EdgeposeError(f"{_WHERE}: expected the kind body-parts, found {given['kind']!r}")
        parts = BodyParts(skeleton_named(as_text(given["skeleton"], _WHERE)), _read_limbs(given["limbs"]))
        parts.limb_rows  # noqa: B018  an unknown joint is an error here, not later
        return cls(
            as_size(given["input_wh"], _WHERE),
            as_size(given["map_wh"], _WHERE),
            parts,
            as_number(given["keypoint_sigma_px"], _WHERE),
            as_number(given["limb_sigma_px"], _WHERE),
            _read_rule(given["rule"]),
        )

    @property
    def stride(self) -> float:
        """Crop pixels per map cell."""
        return self.input_wh[0] / self.map_wh[0]

    def encode(self, keypoints_crop: Array, mask: FloatArray | None = None) -> FloatArray:
        """Return target maps float32 (C, H, W) of people (P, K, 2) in crop pixels, unlabelled keypoints being NaN.

        `mask` (H, W), 0 to 1, is where people are. Raises `EdgeposeError` for arrays of other shapes.
        """
        width, height = self.map_wh
        joints = len(self.parts.skeleton)
        if np.ndim(keypoints_crop) != 3 or np.shape(keypoints_crop)[1:] != (joints, 2):
            raise EdgeposeError(f"expected keypoints (P, {joints}, 2), found {np.shape(keypoints_crop)}")
        if mask is not None and mask.shape != (height, width):
            raise EdgeposeError(f"expected a mask of the maps' size, {(height, width)}, found {mask.shape}")
        maps = np.zeros((self.parts.maps, height, width), np.float32)
        places = pixels_to_cells(np.asarray(keypoints_crop, np.float32), self.stride)
        of_keypoints = maps[self.parts.keypoint_maps]
        self._draw_keypoints(of_keypoints, places)
        for limb_map, (a, b) in zip(maps, self.parts.limb_rows, strict=False):
            self._draw_limb(limb_map, places[:, a], places[:, b])
        if mask is not None:
            maps[self.parts.mask_map] = mask
        maps[self.parts.any_keypoint_map] = of_keypoints.max(axis=0)
        return maps

    def _draw_keypoints(self, maps: FloatArray, places: FloatArray) -> None:
        """Draw each keypoint (P, K, 2) into its map (K, H, W), the nearest person's where they overlap."""
        sigma = self.keypoint_sigma_px / self.stride
        for person in places:
            for keypoint_map, place in zip(maps, person, strict=True):
                rows, columns = _window(place, place, _REACH * sigma, keypoint_map.shape)
                if rows.size and columns.size:
                    square = (columns - place[0]) ** 2 + (rows - place[1])[:, None] ** 2
                    value = np.exp(-square / (2 * sigma**2))
                    window = keypoint_map[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
                    np.maximum(window, np.where(value >= CUT, value, 0), out=window)

    def _draw_limb(self, limb_map: FloatArray, begins: FloatArray, ends: FloatArray) -> None:
        """Draw one kind of limb of all people (P, 2) into its map (H, W), the mean where they overlap."""
        sigma = self.limb_sigma_px / self.stride
        count = np.zeros_like(limb_map)
        for begin, end in zip(begins, ends, strict=True):
            rows, columns = _window(begin, end, _REACH * sigma, limb_map.shape)
            length = float(np.hypot(*(end - begin)))
            if not (rows.size and columns.size and length > 0):
                continue
            along, across = (end - begin) / length, np.array([begin[1] - end[1], end[0] - begin[0]]) / length
            dx, dy = columns - begin[0], (rows - begin[1])[:, None]
            beside, onward = dx * across[0] + dy * across[1], dx * along[0] + dy * along[1]
            # the round ends keep limbs that are shorter than a cell on the map
            inside = (np.abs(beside) <= _REACH * sigma) & (onward >= -0.5) & (onward <= length + 0.5)
            place = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
            limb_map[place] += np.where(inside, np.exp(-(beside**2) / (2 * sigma**2)), 0)
            count[place] += inside
        limb_map /= np.maximum(count, 1)

    def decode(self, maps: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return everybody in maps (C, H, W): keypoints (P, K, 2) in crop pixels and scores (P, K), the best first.

        A keypoint that was not found is NaN and has the score 0. Raises `EdgeposeError` for maps of another size.
        """
        if maps.shape[1:] != (self.map_wh[1], self.map_wh[0]):
            raise EdgeposeError(f"expected maps of {self.map_wh[0]}x{self.map_wh[1]}, found shape {maps.shape}")
        people = group_people(maps, self.parts, self.rule)
        return cells_to_pixels(people.keypoints_map, self.stride), people.keypoint_scores

    def decode_batch(self, maps: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return everybody in each of N maps (N, C, H, W): keypoints (N, P, K, 2) and scores (N, P, K), as `decode`.

        P is as many as there are in the fullest; whoever is missing in another is NaN and scores 0.
        """
        keypoints, scores = zip(*map(self.decode, maps), strict=True)
        most = max(len(people) for people in keypoints)
        return _padded(keypoints, most, np.nan), _padded(scores, most, 0.0)


def _padded(values: Sequence[FloatArray], most: int, filling: float) -> FloatArray:
    """Stack arrays (P, ...) of different P, filled up to `most`."""
    stacked = np.full((len(values), most, *values[0].shape[1:]), filling, np.float32)
    for row, value in zip(stacked, values, strict=True):
        row[: len(value)] = value
    return stacked


def _read_limbs(value: object) -> tuple[tuple[str, str], ...]:
    pairs = [as_list(pair, _WHERE, 2) for pair in as_list(value, _WHERE)]
    return tuple((as_text(a, _WHERE), as_text(b, _WHERE)) for a, b in pairs)


def _read_rule(value: object) -> GroupingRule:
    given = as_object(value, _WHERE, [field.name for field in fields(GroupingRule)])
    readers: dict[Any, Any] = {int: as_int, float: as_number}
    return GroupingRule(**{f.name: readers[f.type](given[f.name], _WHERE) for f in fields(GroupingRule)})


def _window(one: FloatArray, other: FloatArray, reach: float, shape: tuple[int, ...]) -> tuple[Array, Array]:
    """Return the rows and columns of a map that lie within reach of two places; none where a place is NaN."""
    if np.isnan(one).any() or np.isnan(other).any():
        return np.empty(0, int), np.empty(0, int)
    low = np.floor(np.minimum(one, other) - reach).astype(int)
    high = np.ceil(np.maximum(one, other) + reach).astype(int)
    rows = np.arange(max(low[1], 0), min(high[1] + 1, shape[0]))
    columns = np.arange(max(low[0], 0), min(high[0] + 1, shape[1]))
    return rows, columns
