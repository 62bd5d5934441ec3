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
_MOST = 255
"""So many samples that a pair lacks can be counted in a byte."""


@dataclass(frozen=True)
class Limbs:
    """Limbs that may be, in the order of their kinds and best first in each.

    `pairs` (3, M) are their kinds, and their first and second ends' places among all peaks, `scores` (M,) the mean
    response along each less what it is too long, `lengths` (M,) in cells.
    """

    pairs: Array
    scores: FloatArray
    lengths: FloatArray


def find_limbs(
    limb_maps: FloatArray, peaks: Peaks, limb_rows: tuple[tuple[int, int], ...], rule: GroupingRule
) -> Limbs:
    """Return limbs between peaks that are supported by `limb_maps` (L, H, W), one for each pair of keypoint rows."""
    pairs = _pairs(peaks.starts, limb_rows)
    lines = peaks.places_xy.take(pairs[1:], axis=1)
    lines[:, 1] -= lines[:, 0]
    pairs, lines, totals = _supported(limb_maps, pairs, lines, rule)
    lengths = np.hypot(*lines[:, 1])
    # a limb longer than half the picture is unlikely
    scores = totals / np.float32(rule.samples) + np.minimum(0.5 * limb_maps.shape[1] / np.maximum(lengths, 1e-3) - 1, 0)
    (good,) = (scores > 0).nonzero()
    if len(good) < len(scores):
        pairs, scores, lengths = pairs.take(good, axis=1), scores.take(good), lengths.take(good)
    ends = peaks.scores.take(pairs[1:])
    order = _best_first(pairs[0], 0.5 * scores + 0.25 * (ends[0] + ends[1]))
    return Limbs(pairs.take(order, axis=1), scores.take(order), lengths.take(order))


def _best_first(kinds: Array, rank: FloatArray) -> Array:
    """Return the order of kinds (M,), and in each of positive ranks (M,) from the highest.

    One key of both is exact in twice the digits, and sorted in a third of the time that numpy's lexsort takes.
    """
    key = kinds * (1 + np.float64(rank.max(initial=0))) - rank
    order: Array = key.argsort(kind="stable")
    return order


def _pairs(starts: Array, limb_rows: tuple[tuple[int, int], ...]) -> Array:
    """Return every pair of peaks of every kind of limb (3, M): kind, first and second peak."""
    of_first, of_second = _columns(limb_rows)
    counts = starts[1:] - starts[:-1]
    begun = _ranges([np.arange(len(of_first))], starts.take(of_first), counts.take(of_first))
    rows = of_second.take(begun[0])
    return _ranges([*begun], starts.take(rows), counts.take(rows))


def _ranges(columns: list[Array], starts: Array, counts: Array) -> Array:
    """Return the numbers of ranges one after another, and above them the columns of the range that each is of."""
    ranges: Array = np.array([*columns, starts - counts.cumsum() + counts]).repeat(counts, axis=1)
    ranges[-1] += np.arange(ranges.shape[1])
    return ranges


@cache
def _columns(limb_rows: tuple[tuple[int, int], ...]) -> Array:
    return np.array(limb_rows, np.intp).T.copy()


@cache
def _from_the_middle(samples: int) -> FloatArray:
    """Return the samples' places along a limb, 0 to 1, first those in the middle, where different people's part."""
    along = np.linspace(0, 1, samples, dtype=np.float32)
    return along[np.argsort(np.abs(along - 0.5), kind="stable")]


def _supported(
    limb_maps: FloatArray, pairs: Array, lines: FloatArray, rule: GroupingRule
) -> tuple[Array, FloatArray, FloatArray]:
    """Return the pairs (3, M) that have enough samples that respond, their lines, and the sum of each one's responses.

    Of the lines (2, 2, M) the first axis is x and y, the second where each begins, and the way from there.
    """
    if pairs.shape[1] <= _PAIRS_AT_ONCE:
        return _supported_of(limb_maps, pairs, lines, rule)
    some = [slice(start, start + _PAIRS_AT_ONCE) for start in range(0, pairs.shape[1], _PAIRS_AT_ONCE)]
    supported = [_supported_of(limb_maps, pairs[:, of], lines[..., of], rule) for of in some]
    pairs, lines, totals = (np.concatenate(arrays, axis=-1) for arrays in zip(*supported, strict=True))
    return pairs, lines, totals


def _supported_of(
    limb_maps: FloatArray, pairs: Array, lines: FloatArray, rule: GroupingRule
) -> tuple[Array, FloatArray, FloatArray]:
    """Return those pairs that lack no more samples than they may, their lines, and the sum of each one's responses.

    The samples are taken a few at a time; of pairs that lack too many, no more are.
    """
    may_lack = rule.samples - math.ceil(rule.support * rule.samples)
    along = _from_the_middle(rule.samples)
    lacking, totals = np.zeros(pairs.shape[1], np.int32), np.zeros(pairs.shape[1], np.float32)
    while len(along):
        few = min(len(along), _MOST) if len(along) * len(totals) <= _SAMPLES_AT_ONCE else _FEW
        responses = _responses(limb_maps, pairs[0], lines, along[:few])
        along = along[few:]
        # bytes are summed as they are; to sum bools as numbers, numpy converts each
        lacking += np.add.reduce((responses <= rule.response).view(np.uint8), dtype=np.uint8)
        totals += np.add.reduce(responses)
        (left,) = (lacking <= may_lack).nonzero()
        pairs, lines = pairs.take(left, axis=1), lines.take(left, axis=2)
        lacking, totals = lacking.take(left), totals.take(left)
    return pairs, lines, totals


def _responses(limb_maps: FloatArray, kinds: Array, lines: FloatArray, along: FloatArray) -> FloatArray:
    """Return the values (S, M) at fractions `along` (S,) of lines (2, 2, M), in the limb maps of their kinds (M,)."""
    # every place lies between two peaks, hence on the map; long rows are what numpy is fast at
    places = lines[:, 1, None] * along[:, None]
    places += lines[:, 0, None]
    x, y = np.rint(places, out=places)
    y *= limb_maps.shape[2]
    y += x
    at = y.astype(np.int64)
    at += kinds * limb_maps[0].size
    # numpy takes twice as long to check each place
    responses: FloatArray = limb_maps.reshape(-1).take(at, mode="wrap")
    return responses
