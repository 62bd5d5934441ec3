"""Where keypoint maps peak."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from edgepose.runtime.arrays import Array, FloatArray

_TINY = 1e-6
_DOWN, _ACROSS = np.array([(-1, -1), (-1, 1), (0, -1), (-1, 0), (0, 0), (1, 0), (0, 1), (1, -1), (1, 1)]).T[:, :, None]
"""From a cell to the nine around it; those before the cell itself come earlier on the map."""
_MIDDLE, _CROSS = 4, slice(2, 7)
"""Of the nine: the cell itself; left, above, the cell, below, right."""
_ACROSS_IT = np.array([1, 0, 2, 0, 1])
"""Of the cross: for each of its cells one on the other axis."""
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
    inside = _inside(height, width).take(cell, axis=1)
    around *= inside
    earlier, later = np.maximum.reduce(around[:_MIDDLE]), np.maximum.reduce(around[_MIDDLE + 1 :])
    (peak,) = ((around[_MIDDLE] > earlier) & (around[_MIDDLE] >= later)).nonzero()
    ends = np.arange(0, values.size + 1, height * width)
    starts = at.take(peak).searchsorted(ends)
    if len(peak) > most and (starts[1:] - starts[:-1]).max() > most:
        peak = _highest(peak, around[_MIDDLE, peak], starts, most)
        starts = at.take(peak).searchsorted(ends)
    cell, scores = cell.take(peak), around[_MIDDLE].take(peak)
    logarithms = np.log(np.maximum(around[_CROSS].take(peak, axis=1), _TINY))
    outside = inside[_CROSS].take(peak, axis=1) == 0
    places_xy = _tops(_continued(logarithms, outside) if outside.any() else logarithms)
    row = cell // width
    places_xy[0] += cell - row * width
    places_xy[1] += row
    return Peaks(places_xy, scores, starts)


def _candidates(values: FloatArray, height: int, width: int, threshold: float) -> Array:
    """Return the few cells above the threshold that may be peaks, by the cells left, right, above and below.

    Few cells are above it, so rows are first looked through in blocks, whose cells are the bytes of one number.
    """
    size = math.gcd(width, 8)
    above = (values > np.float32(threshold)).view(f"u{size}")
    (blocks,) = (above != 0).nonzero()
    value = values.reshape(-1, size).take(blocks, axis=0, mode="wrap").reshape(-1)
    peak = above.take(blocks, mode="wrap").view(bool)
    peak[1:] &= (higher := value[1:] > value[:-1]) | (apart := _apart(blocks, width // size, size))
    peak[:-1] &= ~higher | apart
    (left,) = peak.nonzero()
    block = left // size
    at = left + size * (blocks.take(block) - block)
    value, cell = value.take(left), _remainder(at, height * width)
    peak = (value > values.take(at - width, mode="wrap")) | (cell < width)
    peak &= (value >= values.take(at + width, mode="wrap")) | (cell >= (height - 1) * width)
    found: Array = at[peak]
    return found


def _apart(blocks: Array, blocks_in_row: int, size: int) -> Array:
    """Return of the cells of blocks in a row which are no neighbour of the next: those between are not above."""
    apart = np.zeros(max(size * len(blocks) - 1, 0), bool)
    place = blocks + blocks // blocks_in_row
    apart[size - 1 :: size] = place[1:] - place[:-1] != 1
    return apart


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
    opposite, lacking = logarithms[::-1], outside | outside[::-1]
    bends = 2 * logarithms[2] - logarithms - opposite
    told = 2 * logarithms[2] - opposite - bends.take(_ACROSS_IT, axis=0)
    as_opposite = lacking.take(_ACROSS_IT, axis=0)
    continued: FloatArray = np.where(outside, np.where(as_opposite, opposite, told), logarithms)
    return continued


def _tops(logarithms: FloatArray) -> FloatArray:
    """Return how far the tops (2, M), x and y, of parabolas through the logarithms (5, M) of a cross lie from it.

    They are less than half a cell away.
    """
    before, middle, after = logarithms[:2], logarithms[2], logarithms[:2:-1]
    bend = np.maximum(2 * middle - before - after, _TINY)
    offsets: FloatArray = (after - before) / (2 * bend)
    # numpy's clip takes as long as all of the above
    return np.minimum(np.maximum(offsets, -_HALF, out=offsets), _HALF, out=offsets)
