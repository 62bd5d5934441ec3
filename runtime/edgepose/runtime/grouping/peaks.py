"""Where keypoint maps peak."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from edgepose.runtime.arrays import Array, FloatArray

_TINY = 1e-6
_DOWN, _ACROSS = np.array([(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)]).T[:, :, None]
"""From a cell to the nine around it."""
_MIDDLE, _CROSS = 4, np.array([3, 1, 4, 5, 7])
"""Of the nine: the cell itself; left and above, the cell, right and below. Those before it come earlier on the map."""
_HALF = 0.499
"""Less than half a cell, so that a peak rounds to its own cell."""


@dataclass(frozen=True)
class Peaks:
    """All peaks of all maps, map by map: `places_xy` (2, M) in cells, `scores` (M,).

    Those of map k are at `starts[k]` to `starts[k + 1]`.
    """

    places_xy: FloatArray
    scores: FloatArray
    starts: Array


def find_peaks(maps: FloatArray, threshold: float, most: int) -> Peaks:
    """Return the cells of maps (K, H, W) that are above the threshold and no lower than any of their eight neighbours.

    Of equals side by side, which the few values of int8 make, the first is the peak: two would be two people. Of each
    map they are the `most` highest. A place is where a parabola through the logarithms of a peak and its neighbours has
    its top, which is exact for a Gaussian. (The paper takes the centroid of the neighbourhood, which is drawn toward
    the middle of the cell.)
    """
    _, height, width = maps.shape
    values = np.ascontiguousarray(maps, np.float32).reshape(-1)
    at = _candidates(values, height, width, threshold)
    around = values.take(at + (_DOWN * width + _ACROSS), mode="wrap")
    cell = _remainder(at, height * width)
    around *= _inside(height, width).take(cell, axis=1)
    earlier, later = around[:_MIDDLE].max(axis=0), around[_MIDDLE + 1 :].max(axis=0)
    (peak,) = ((around[_MIDDLE] > earlier) & (around[_MIDDLE] >= later)).nonzero()
    ends = np.arange(0, values.size + 1, height * width)
    starts = at[peak].searchsorted(ends)
    if (starts[1:] - starts[:-1]).max(initial=0) > most:
        peak = _highest(peak, around[_MIDDLE, peak], starts, most)
        starts = at[peak].searchsorted(ends)
    cell, scores = cell[peak], around[_MIDDLE, peak]
    logarithms = np.log(np.maximum(around.take(_CROSS, axis=0).take(peak, axis=1), _TINY))
    outside = _inside(height, width).take(_CROSS, axis=0).take(cell, axis=1) == 0
    places_xy = _tops(_continued(logarithms, outside) if outside.any() else logarithms)
    row = cell // width
    places_xy[0] += cell - row * width
    places_xy[1] += row
    return Peaks(places_xy, scores, starts)


def _candidates(values: FloatArray, height: int, width: int, threshold: float) -> Array:
    """Return the few cells above the threshold that may be peaks, by the cells left, right, above and below."""
    (at,) = (values > np.float32(threshold)).nonzero()
    value, row = values.take(at, mode="wrap"), at // width
    # of a row's cells above the threshold, neighbours stand next to each other; the others are lower
    beside = (at[1:] - at[:-1] == 1) & (row[1:] == row[:-1])
    peak = np.ones(len(at), bool)
    peak[:-1] = ~(beside & (value[1:] > value[:-1]))
    peak[1:] &= ~(beside & (value[1:] <= value[:-1]))
    (left,) = peak.nonzero()
    at, value, row = at[left], value[left], _remainder(row[left], height)
    peak = (value > values.take(at - width, mode="wrap")) | (row == 0)
    peak &= (value >= values.take(at + width, mode="wrap")) | (row == height - 1)
    found: Array = at[peak]
    return found


def _highest(peaks: Array, scores: FloatArray, starts: Array, most: int) -> Array:
    """Return the peaks, in their order, without those of a map that has more than `most` higher ones.

    Those of map k are at `starts[k]` to `starts[k + 1]`.
    """
    counts = starts[1:] - starts[:-1]
    of_map = np.arange(len(counts)).repeat(counts)
    best_first = np.lexsort((-scores, of_map))
    rank = np.arange(len(peaks)) - starts[of_map]
    kept: Array = peaks[np.sort(best_first[rank < most])]
    return kept


def _remainder(numbers: Array, size: int) -> Array:
    # numpy takes four times as long for the operator
    remainder: Array = numbers - numbers // size * size
    return remainder


@lru_cache(maxsize=8)
def _inside(height: int, width: int) -> FloatArray:
    """Return 1 for those of the nine cells around each cell of a map that are on the map too, else 0: (9, H * W)."""
    y, x = np.divmod(np.arange(height * width), width)
    y, x = y + _DOWN, x + _ACROSS
    inside: Array = (y >= 0) & (y < height) & (x >= 0) & (x < width)
    return inside.astype(np.float32)


def _continued(logarithms: FloatArray, outside: Array) -> FloatArray:
    """Return the logarithms (5, M) of crosses with those `outside` of the map as the same Gaussian would have them.

    It is as wide down as across, so what a cell lacks beside it follows from the cells above and below. In a corner,
    where these lack too, the top is taken to be in the cell.
    """
    continued, middle = logarithms.copy(), logarithms[2]
    for here, other in (((0, 3), (1, 4)), ((1, 4), (0, 3))):
        bend = 2 * middle - logarithms[other[0]] - logarithms[other[1]]
        unknown = outside[other[0]] | outside[other[1]]
        for beyond, opposite in (here, here[::-1]):
            told = np.where(unknown, logarithms[opposite], 2 * middle - logarithms[opposite] - bend)
            continued[beyond] = np.where(outside[beyond], told, continued[beyond])
    return continued


def _tops(logarithms: FloatArray) -> FloatArray:
    """Return how far the tops (2, M), x and y, of parabolas through the logarithms (5, M) of a cross lie from it.

    They are less than half a cell away.
    """
    before, middle, after = logarithms[:2], logarithms[2], logarithms[3:]
    bend = np.maximum(2 * middle - before - after, _TINY)
    offsets: FloatArray = (after - before) / (2 * bend)
    # numpy's clip takes as long as all of the above
    return np.minimum(np.maximum(offsets, -_HALF, out=offsets), _HALF, out=offsets)
