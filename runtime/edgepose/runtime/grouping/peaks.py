"""Where keypoint maps peak."""

from dataclasses import dataclass

import numpy as np

from edgepose.runtime.arrays import Array, FloatArray

_TINY = 1e-6
_HALF = 0.499
"""Less than half a cell, so that a peak rounds to its own cell."""


@dataclass(frozen=True)
class Peaks:
    """All peaks of all maps, map by map: `places` (M, 2) x and y in cells, `scores` (M,).

    Those of map k are at `starts[k]` to `starts[k + 1]`.
    """

    places: FloatArray
    scores: FloatArray
    starts: tuple[int, ...]

    def of(self, keypoint: int) -> slice:
        """Return where the peaks of one keypoint lie."""
        return slice(self.starts[keypoint], self.starts[keypoint + 1])


def find_peaks(maps: FloatArray, threshold: float) -> Peaks:
    """Return the cells of maps (K, H, W) that are above the threshold and above none of their eight neighbours.

    A place is where a parabola through the logarithms of a peak and its neighbours has its top, which is exact for a
    Gaussian. (The paper takes the centroid of the neighbourhood, which is drawn toward the middle of the cell.)
    """
    keypoints, height, width = maps.shape
    values = np.zeros((keypoints, height + 2, width + 2), np.float32)
    values[:, 1:-1, 1:-1] = maps
    values, row_step = values.ravel(), width + 2
    at = np.flatnonzero(values > threshold)
    for step in (1, -1, row_step, -row_step, row_step + 1, -row_step - 1, row_step - 1, -row_step + 1):
        at = at[values[at] >= values[at + step]]  # most are gone after the first two
    row, column = np.divmod(at, row_step)
    keypoint, row = np.divmod(row, height + 2)
    centre = values[at]
    x = column - 1 + _top(values[at - 1], centre, values[at + 1])
    y = row - 1 + _top(values[at - row_step], centre, values[at + row_step])
    starts = np.searchsorted(keypoint, np.arange(keypoints + 1))
    return Peaks(np.stack([x, y], axis=1).astype(np.float32), centre, tuple(starts.tolist()))


def _top(before: Array, centre: Array, after: Array) -> Array:
    """Return how far the top of a parabola through three logarithms lies from the middle one, less than half a cell."""
    left, middle, right = (np.log(np.maximum(values, _TINY)) for values in (before, centre, after))
    bend = 2 * middle - left - right
    offset: Array = np.clip((right - left) / (2 * np.maximum(bend, _TINY)), -_HALF, _HALF)
    return offset
