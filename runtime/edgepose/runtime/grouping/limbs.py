"""Which peaks a limb's map connects."""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np

from edgepose.runtime.arrays import Array, FloatArray
from edgepose.runtime.grouping.peaks import Peaks
from edgepose.runtime.grouping.rule import GroupingRule

_PAIRS_AT_ONCE = 16384
"""So many fit the cache."""
_SAMPLES_AT_ONCE = 6000
_FEW = 5
"""Samples taken of each pair at a time, while there are more to take of all pairs than are taken at once."""


@dataclass(frozen=True)
class Limbs:
    """Limbs that may be, in the order of their kinds and best first in each.

    `first` and `second` (M,) are their ends' places among all peaks, `scores` (M,) the mean response along each less
    what it is too long, `lengths` (M,) in cells.
    """

    kinds: Array
    first: Array
    second: Array
    scores: FloatArray
    lengths: FloatArray


def find_limbs(
    limb_maps: FloatArray, peaks: Peaks, limb_rows: tuple[tuple[int, int], ...], rule: GroupingRule
) -> Limbs:
    """Return limbs between peaks that are supported by `limb_maps` (L, H, W), one for each pair of keypoint rows."""
    kinds, first, second = _pairs(peaks.starts, limb_rows)
    begin_xy = peaks.places_xy.take(first, axis=1)
    way_xy = peaks.places_xy.take(second, axis=1) - begin_xy
    supported, totals = _supported(limb_maps, kinds, np.concatenate([begin_xy, way_xy]), rule)
    kinds, first, second = kinds[supported], first[supported], second[supported]
    lengths = np.hypot(*way_xy.take(supported, axis=1))
    # a limb longer than half the picture is unlikely
    scores = totals / np.float32(rule.samples) + np.minimum(0.5 * limb_maps.shape[1] / np.maximum(lengths, 1e-3) - 1, 0)
    (good,) = (scores > 0).nonzero()
    rank = 0.5 * scores[good] + 0.25 * (peaks.scores[first[good]] + peaks.scores[second[good]])
    order = good[_best_first(kinds[good], rank)]
    return Limbs(kinds[order], first[order], second[order], scores[order], lengths[order])


def _best_first(kinds: Array, rank: FloatArray) -> Array:
    """Return the order of kinds (M,), and in each of positive ranks (M,) from the highest.

    One key of both is exact in twice the digits, and sorted in a third of the time that numpy's lexsort takes.
    """
    key = kinds * (1 + np.float64(rank.max(initial=0))) - rank
    order: Array = key.argsort(kind="stable")
    return order


def _pairs(starts: Array, limb_rows: tuple[tuple[int, int], ...]) -> tuple[Array, Array, Array]:
    """Return every pair of peaks of every kind of limb: kind, first and second peak."""
    of_first, of_second = _columns(limb_rows)
    counts = starts[1:] - starts[:-1]
    kinds, first = _ranges(starts[of_first], counts[of_first])
    beginning, second = _ranges(starts[of_second[kinds]], counts[of_second[kinds]])
    return kinds[beginning], first[beginning], second


def _ranges(starts: Array, counts: Array) -> tuple[Array, Array]:
    """Return the numbers of ranges one after another, and before them the range that each is of."""
    ends = counts.cumsum()
    which = np.arange(len(counts)).repeat(counts)
    return which, np.arange(len(which)) + (starts - ends + counts)[which]


@cache
def _columns(limb_rows: tuple[tuple[int, int], ...]) -> Array:
    return np.array(limb_rows).T


@cache
def _from_the_middle(samples: int) -> FloatArray:
    """Return the samples' places along a limb, 0 to 1, first those in the middle, where different people's part."""
    along = np.linspace(0, 1, samples, dtype=np.float32)
    return along[np.argsort(np.abs(along - 0.5), kind="stable")]


def _supported(limb_maps: FloatArray, kinds: Array, lines: FloatArray, rule: GroupingRule) -> tuple[Array, FloatArray]:
    """Return which pairs have enough samples that respond, and the sum of the responses of each of these."""
    pairs = np.arange(len(kinds))
    some = [slice(start, start + _PAIRS_AT_ONCE) for start in range(0, max(len(kinds), 1), _PAIRS_AT_ONCE)]
    supported = [_supported_of(limb_maps, pairs[of], kinds[of], lines[:, of], rule) for of in some]
    left, totals = (np.concatenate(arrays) for arrays in zip(*supported, strict=True))
    return left, totals


def _supported_of(
    limb_maps: FloatArray, pairs: Array, kinds: Array, lines: FloatArray, rule: GroupingRule
) -> tuple[Array, FloatArray]:
    """Return those pairs that lack no more samples than they may, and the sum of the responses of each.

    The samples are taken a few at a time; of pairs that lack too many, no more are.
    """
    may_lack = rule.samples - math.ceil(rule.support * rule.samples)
    along = _from_the_middle(rule.samples)
    origins = kinds * limb_maps[0].size
    lacking, totals = np.zeros(len(pairs), np.int32), np.zeros(len(pairs), np.float32)
    while len(along):
        few = len(along) if len(along) * len(pairs) <= _SAMPLES_AT_ONCE else _FEW
        responses = _responses(limb_maps, origins, lines, along[:few])
        along = along[few:]
        lacking += (responses <= rule.response).sum(axis=0, dtype=np.int32)
        totals += responses.sum(axis=0)
        (left,) = (lacking <= may_lack).nonzero()
        pairs, origins, lacking, totals = pairs[left], origins[left], lacking[left], totals[left]
        lines = lines.take(left, axis=1)
    return pairs, totals


def _responses(limb_maps: FloatArray, origins: Array, lines: FloatArray, along: FloatArray) -> FloatArray:
    """Return the limb maps' values (S, M) at fractions `along` (S,) of `lines` (4, M): begin x, y, way x, y.

    `origins` (M,) is where the map of each begins.
    """
    # every place lies between two peaks, hence on the map; long rows are what numpy is fast at
    places = lines[2:, None] * along[:, None]
    places += lines[:2, None]
    x, y = np.rint(places, out=places)
    y *= limb_maps.shape[2]
    y += x
    at = y.astype(np.int64)
    at += origins
    # numpy takes twice as long to check each place
    responses: FloatArray = limb_maps.reshape(-1).take(at, mode="wrap")
    return responses
