"""The heatmap codec: keypoints to Gaussian maps and back, in numpy, for training, export and runtime alike.

A map cell (x, y) stands for crop pixel (R x + R/2 - 0.5, R y + R/2 - 0.5), R being the stride, so mirroring the crop
mirrors the map exactly and a flip test needs no shift.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import Array, FloatArray
from edgepose.runtime.geometry import cells_to_pixels, pixels_to_cells
from edgepose.runtime.plumbing.strict_json import as_number, as_object, as_size, as_text
from edgepose.runtime.skeleton import Skeleton

REFINEMENTS = ("none", "quarter", "dark")
LEAST_RESPONSE = 1e-4
"""What a logarithm is taken of at least: less is noise, and no number in half precision (the paper has 1e-10)."""
LEAST_DETERMINANT = 1e-10
"""How curved a peak is at least, in both directions together."""
_WHERE = "a heatmap codec"


@dataclass(frozen=True)
class HeatmapCodec:
    """Gaussian heatmaps of one crop size.

    `sigma_px` is in crop pixels. `refine` is how a decoded peak goes below the cell: `none`, `quarter` of a cell
    toward the larger neighbour, or `dark` (Zhang et al., "Distribution-Aware Coordinate Representation", section 3.2:
    smooth, logarithm, Newton step).
    """

    input_wh: tuple[int, int]
    map_wh: tuple[int, int]
    sigma_px: float
    refine: str = "dark"

    def __post_init__(self) -> None:
        if self.refine not in REFINEMENTS:
            raise EdgeposeError(f"unknown refinement {self.refine!r}; known: {', '.join(REFINEMENTS)}")
        (width, height), (map_width, map_height) = self.input_wh, self.map_wh
        positive = min(*self.input_wh, *self.map_wh) > 0 and self.sigma_px > 0
        if not positive or width * map_height != height * map_width:
            raise EdgeposeError(
                f"{_WHERE} needs one stride for both axes and sigma > 0; found input {self.input_wh}, "
                f"maps {self.map_wh}, sigma {self.sigma_px}"
            )

    @property
    def sees_everybody(self) -> bool:
        """Whether the maps are of all people in a picture."""
        return False

    @property
    def output(self) -> str:
        """What a model calls its maps."""
        return "heatmaps"

    @property
    def stride(self) -> float:
        """Crop pixels per map cell."""
        return self.input_wh[0] / self.map_wh[0]

    def maps_of(self, skeleton: Skeleton) -> int:
        """Return how many maps a skeleton has: one a joint."""
        return len(skeleton)

    def flip_order(self, skeleton: Skeleton) -> Sequence[int]:
        """Return the map of each map's mirror image: that of the joint on the other side."""
        return skeleton.flip_order

    @property
    def sigma_cells(self) -> float:
        """The Gaussian's standard deviation in map cells."""
        return self.sigma_px / self.stride

    @property
    def max_error_px(self) -> float:
        """Bound on |decode(encode(p)) - p| in crop pixels, for p at least `margin_px` inside the crop."""
        cells_per_axis = {"none": 0.5, "quarter": 0.25, "dark": 0.05}[self.refine]
        return cells_per_axis * math.sqrt(2.0) * self.stride + 1e-3

    @property
    def margin_px(self) -> float:
        """Distance from the crop's border below which the peak's neighbours are missing (error: half a cell)."""
        return self.stride * (1.5 if self.refine != "dark" else 1.5 + self.blur_radius)

    @property
    def blur_radius(self) -> int:
        """Cells to either side of a cell that `dark` smooths over."""
        return max(1, round(1.5 * self.sigma_cells))

    @property
    def blur_sigma_cells(self) -> float:
        """The standard deviation of the Gaussian that `dark` smooths with, in map cells."""
        return 0.75 * self.sigma_cells

    def to_dict(self) -> dict[str, Any]:
        """Return the codec as JSON values; `from_dict` undoes it."""
        return {"kind": "heatmap", **asdict(self), "input_wh": list(self.input_wh), "map_wh": list(self.map_wh)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "HeatmapCodec":
        """Build the codec a card describes.

        Raises `EdgeposeError` when a key is missing, unknown or of another kind.
        """
        given = as_object(dict(values), _WHERE, ["kind", "input_wh", "map_wh", "sigma_px", "refine"])
        if given["kind"] != "heatmap":
            raise EdgeposeError(f"{_WHERE}: expected the kind heatmap, found {given['kind']!r}")
        sizes = as_size(given["input_wh"], _WHERE), as_size(given["map_wh"], _WHERE)
        return cls(*sizes, as_number(given["sigma_px"], _WHERE), as_text(given["refine"], _WHERE))

    def inside(self, keypoints_crop: Array) -> Array:
        """Return a boolean (..., K): which keypoints (..., K, 2) lie in the crop. NaN lies outside."""
        limit = np.array(self.input_wh) - 0.5
        inside: Array = np.all((keypoints_crop >= -0.5) & (keypoints_crop < limit), axis=-1)
        return inside

    def encode(self, keypoints_crop: Array) -> FloatArray:
        """Return target maps float32 (N, K, H, W), peak 1, for keypoints (N, K, 2) in crop pixels.

        A keypoint outside the crop, or NaN, has an empty map. Raises `EdgeposeError` for another shape.
        """
        if keypoints_crop.ndim != 3 or keypoints_crop.shape[2] != 2:
            raise EdgeposeError(f"expected keypoints (N, K, 2), found {keypoints_crop.shape}")
        inside = self.inside(keypoints_crop)
        centres = pixels_to_cells(np.where(inside[..., None], keypoints_crop, 0.0), self.stride)
        across = self._gaussian(centres[..., 0], self.map_wh[0]) * inside[..., None]
        down = self._gaussian(centres[..., 1], self.map_wh[1])
        return (down[..., :, None] * across[..., None, :]).astype(np.float32)

    def _gaussian(self, centre_cells: Array, length: int) -> FloatArray:
        distance = np.arange(length, dtype=np.float32) - centre_cells[..., None].astype(np.float32)
        return np.exp(-(distance**2) / (2 * self.sigma_cells**2))  # type: ignore[no-any-return]

    def decode_batch(self, maps: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return what `decode` does, by the name that all codecs have."""
        return self.decode(maps)

    def decode(self, heatmaps: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return keypoints (N, K, 2) in crop pixels and scores (N, K) in [0, 1] of maps (N, K, H, W).

        A score is the peak's height. Raises `EdgeposeError` when the maps are not of the codec's size.
        """
        width, height = self.map_wh
        if heatmaps.ndim != 4 or heatmaps.shape[2:] != (height, width):
            raise EdgeposeError(f"expected heatmaps (N, K, {height}, {width}), found {heatmaps.shape}")
        n, k = heatmaps.shape[:2]
        maps = heatmaps.reshape(n * k, height, width)
        peak = maps.reshape(n * k, height * width).argmax(axis=1)
        y, x = np.divmod(peak, width)
        scores = np.clip(maps[np.arange(n * k), y, x], 0.0, 1.0).astype(np.float32)
        cells = np.stack([x, y], axis=1).astype(np.float32) + self._offset(maps, x, y)
        pixels = cells_to_pixels(cells, self.stride)
        return pixels.reshape(n, k, 2).astype(np.float32), scores.reshape(n, k)

    def _offset(self, maps: FloatArray, x: Array, y: Array) -> FloatArray:
        if self.refine == "none":
            return np.zeros((len(maps), 2), np.float32)
        step = self._dark_step if self.refine == "dark" else _quarter_step
        at_border = (x == 0) | (y == 0) | (x == self.map_wh[0] - 1) | (y == self.map_wh[1] - 1)
        return np.where(at_border[:, None], 0.0, step(maps, x, y)).astype(np.float32)

    def _dark_step(self, maps: FloatArray, x: Array, y: Array) -> FloatArray:
        radius = self.blur_radius
        patches = _patches(maps, x, y, radius + 1)
        blur = _blur_rows(radius, self.blur_sigma_cells)
        log = np.log(np.maximum(blur @ patches @ blur.T, LEAST_RESPONSE))
        gradient = np.stack([log[:, 1, 2] - log[:, 1, 0], log[:, 2, 1] - log[:, 0, 1]], axis=1) / 2
        xx = log[:, 1, 2] - 2 * log[:, 1, 1] + log[:, 1, 0]
        yy = log[:, 2, 1] - 2 * log[:, 1, 1] + log[:, 0, 1]
        xy = (log[:, 2, 2] - log[:, 2, 0] - log[:, 0, 2] + log[:, 0, 0]) / 4
        determinant = xx * yy - xy**2
        is_peak = (determinant > LEAST_DETERMINANT) & (xx < 0)
        safe = np.where(is_peak, determinant, 1.0)
        newton = np.stack(
            [xy * gradient[:, 1] - yy * gradient[:, 0], xy * gradient[:, 0] - xx * gradient[:, 1]], axis=1
        )
        return np.clip(np.where(is_peak[:, None], newton / safe[:, None], 0.0), -1.0, 1.0).astype(np.float32)


def _quarter_step(maps: FloatArray, x: Array, y: Array) -> FloatArray:
    patches = _patches(maps, x, y, 1)
    across, down = patches[:, 1, 2] - patches[:, 1, 0], patches[:, 2, 1] - patches[:, 0, 1]
    return (0.25 * np.sign(np.stack([across, down], axis=1))).astype(np.float32)


def _patches(maps: FloatArray, x: Array, y: Array, radius: int) -> FloatArray:
    """Return windows (M, 2r + 1, 2r + 1) about the cells (x, y) of maps (M, H, W), zero outside."""
    reach = np.arange(-radius, radius + 1)
    rows, columns = y[:, None] + reach, x[:, None] + reach
    inside = ((rows >= 0) & (rows < maps.shape[1]))[:, :, None] & ((columns >= 0) & (columns < maps.shape[2]))[
        :, None, :
    ]
    rows, columns = rows.clip(0, maps.shape[1] - 1), columns.clip(0, maps.shape[2] - 1)
    picked = maps[np.arange(len(maps))[:, None, None], rows[:, :, None], columns[:, None, :]]
    return np.where(inside, picked, 0.0).astype(np.float32)


def _blur_rows(radius: int, blur_sigma_cells: float) -> FloatArray:
    """Return the (3, 2r + 3) matrix that blurs a line of 2r + 3 cells to its middle three."""
    reach = np.arange(-radius, radius + 1)
    kernel = np.exp(-(reach**2) / (2 * blur_sigma_cells**2))
    rows = np.zeros((3, 2 * radius + 3), np.float32)
    for i in range(3):
        rows[i, i : i + 2 * radius + 1] = kernel / kernel.sum()
    return rows


def merge_flip(heatmaps: FloatArray, heatmaps_of_mirror: FloatArray, flip_order: Sequence[int]) -> FloatArray:
    """Average maps (N, K, H, W) with those of the mirrored crop; `flip_order` is the skeleton's."""
    return (heatmaps + heatmaps_of_mirror[:, list(flip_order), :, ::-1]) * np.float32(0.5)
