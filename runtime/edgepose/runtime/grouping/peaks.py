"""Where keypoint maps peak."""

from dataclasses import dataclass

import numpy as np

from edgepose.runtime.arrays import Array, FloatArray

_TINY = 1e-6
_DOWN, _ACROSS = np.array([(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)]).T[:, :, None]
"""From a cell to the nine around it."""
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
    values = np.ascontiguousarray(maps, np.float32).reshape(-1)
    at = _candidates(values, maps.shape, threshold)
    keypoint, row, column, around = _neighbourhoods(values, maps.shape, at)
    peak = np.flatnonzero(around[:, 4] >= around.max(axis=1, initial=0))
    keypoint, row, column, around = keypoint[peak], row[peak], column[peak], around[peak]
    logarithms = np.log(np.maximum(around, _TINY))
    x, y = column + _top(*logarithms[:, 3:6].T), row + _top(*logarithms[:, 1::3].T)
    starts = np.searchsorted(keypoint, np.arange(len(maps) + 1))
    return Peaks(np.stack([x, y], axis=1).astype(np.float32), around[:, 4], tuple(starts.tolist()))


def _candidates(values: FloatArray, shape: tuple[int, ...], threshold: float) -> Array:
    """Return the few cells above the threshold that may be peaks: none beside, above or below them is higher."""
    _, height, width = shape
    at = np.flatnonzero(values > np.float32(threshold))
    value, row = values.take(at, mode="clip"), at // width
    # of a row's cells above the threshold, neighbours stand next to each other; the others are lower
    beside = (at[1:] - at[:-1] == 1) & (row[1:] == row[:-1])
    peak = np.ones(len(at), bool)
    peak[:-1] = ~(beside & (value[1:] > value[:-1]))
    peak[1:] &= ~(beside & (value[1:] < value[:-1]))
    left = np.flatnonzero(peak)
    at, value, row = at[left], value[left], row[left] % height
    peak = (value >= values.take(at - width, mode="clip")) | (row == 0)
    peak &= (value >= values.take(at + width, mode="clip")) | (row == height - 1)
    found: Array = at[peak]
    return found


def _neighbourhoods(values: FloatArray, shape: tuple[int, ...], at: Array) -> tuple[Array, Array, Array, FloatArray]:
    """Return the map, row and column of cells (M,) and the 3x3 cells around each, (M, 9), 0 outside the map."""
    _, height, width = shape
    rows, column = np.divmod(at, width)
    keypoint, row = np.divmod(rows, height)
    inside_y = (row + _DOWN >= 0) & (row + _DOWN < height)
    inside_x = (column + _ACROSS >= 0) & (column + _ACROSS < width)
    cells = values.take(at + (_DOWN * width + _ACROSS), mode="clip")
    around: FloatArray = np.where(inside_x & inside_y, cells, np.float32(0)).T
    return keypoint, row, column, around


def _top(left: Array, middle: Array, right: Array) -> Array:
    """Return how far the top of a parabola through three logarithms lies from the middle one, less than half a cell."""
    bend = 2 * middle - left - right
    offset: Array = np.clip((right - left) / (2 * np.maximum(bend, _TINY)), -_HALF, _HALF)
    return offset
