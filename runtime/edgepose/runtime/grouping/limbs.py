"""Which peaks a limb's map connects."""

from dataclasses import dataclass

import numpy as np

from edgepose.runtime.arrays import Array, FloatArray
from edgepose.runtime.grouping.peaks import Peaks
from edgepose.runtime.grouping.rule import GroupingRule

_AT_FIRST = 5
"""Samples taken of all pairs, most of which are given up after these."""
_AT_ONCE = 4096
"""Pairs worked on at once: so many fit the cache."""


@dataclass(frozen=True)
class Limbs:
    """Limbs that were chosen, in the order of their kinds and best first in each.

    `peaks` (M, 2) are the rows of their ends among all peaks, `kinds` (M,), `scores` (M,) the mean response along
    each, `lengths` (M,) in cells.
    """

    peaks: Array
    kinds: Array
    scores: FloatArray
    lengths: FloatArray


def find_limbs(
    limb_maps: FloatArray, peaks: Peaks, limb_rows: tuple[tuple[int, int], ...], rule: GroupingRule
) -> Limbs:
    """Return limbs between peaks; of one kind, each peak has one limb at most.

    `limb_maps` (L, H, W), one for each pair of keypoint rows.
    """
    kinds, first, second = _pairs(peaks, limb_rows)
    places_xy = np.ascontiguousarray(peaks.places.T)
    begin_xy, end_xy = places_xy.take(first, axis=1), places_xy.take(second, axis=1)
    supported, means = _supported(limb_maps, kinds, begin_xy, end_xy, rule)
    kinds, first, second = kinds[supported], first[supported], second[supported]
    lengths = np.hypot(*(end_xy[:, supported] - begin_xy[:, supported]))
    # a limb longer than half the picture is unlikely
    scores = means + np.minimum(0.5 * limb_maps.shape[1] / np.maximum(lengths, 1e-3) - 1, 0)
    rank = 0.5 * scores + 0.25 * (peaks.scores[first] + peaks.scores[second])
    keep = np.flatnonzero(scores > 0)
    order = keep[np.lexsort((-rank[keep], kinds[keep]))]
    chosen = order[_first_come(kinds[order], first[order], second[order], len(peaks.scores))]
    ends = np.stack([first[chosen], second[chosen]], axis=1)
    return Limbs(ends, kinds[chosen], scores[chosen].astype(np.float32), lengths[chosen].astype(np.float32))


def _pairs(peaks: Peaks, limb_rows: tuple[tuple[int, int], ...]) -> tuple[Array, Array, Array]:
    """Return every pair of peaks of every kind of limb: kind, first and second peak."""
    starts = np.array(peaks.starts)
    a, b = np.array(limb_rows).T
    counts_b = starts[b + 1] - starts[b]
    pairs = (starts[a + 1] - starts[a]) * counts_b
    kinds = np.repeat(np.arange(len(limb_rows)), pairs)
    within = np.arange(pairs.sum()) - np.repeat(np.cumsum(pairs) - pairs, pairs)
    first, second = np.divmod(within, counts_b[kinds])
    return kinds, first + starts[a][kinds], second + starts[b][kinds]


def _supported(
    limb_maps: FloatArray, kinds: Array, begin_xy: FloatArray, end_xy: FloatArray, rule: GroupingRule
) -> tuple[Array, FloatArray]:
    """Return which pairs have enough samples that respond, and the mean response of each of these.

    The first few samples are those in the middle, where limbs of different people part; of pairs that lack too many
    there, no more are taken.
    """
    may_lack = rule.samples - int(np.ceil(rule.support * rule.samples))
    along = np.linspace(0, 1, rule.samples, dtype=np.float32)
    along = along[np.argsort(np.abs(along - 0.5), kind="stable")]
    some = [slice(start, start + _AT_ONCE) for start in range(0, len(kinds), _AT_ONCE)]
    counted = [
        _supported_of(limb_maps, kinds[of], begin_xy[:, of], end_xy[:, of], along, rule.response, may_lack)
        for of in some
    ]
    left = [of.start + rows for of, (rows, _) in zip(some, counted, strict=True)]
    totals = [total for _, total in counted]
    means = np.concatenate([np.empty(0, np.float32), *totals]) / np.float32(rule.samples)
    return np.concatenate([np.empty(0, np.int64), *left]), means.astype(np.float32)


def _supported_of(
    limb_maps: FloatArray,
    kinds: Array,
    begin_xy: FloatArray,
    end_xy: FloatArray,
    along: FloatArray,
    response: float,
    may_lack: int,
) -> tuple[Array, FloatArray]:
    """Return which pairs lack no more samples than they may, and the sum of the responses of each of these."""
    responses = _responses(limb_maps, kinds, begin_xy, end_xy, along[:_AT_FIRST])
    lacking, total = (responses <= response).sum(axis=0), responses.sum(axis=0)
    left = np.flatnonzero(lacking <= may_lack)
    responses = _responses(limb_maps, kinds[left], begin_xy[:, left], end_xy[:, left], along[_AT_FIRST:])
    enough = lacking[left] + (responses <= response).sum(axis=0) <= may_lack
    return left[enough], (total[left] + responses.sum(axis=0))[enough]


def _responses(
    limb_maps: FloatArray, kinds: Array, begin_xy: FloatArray, end_xy: FloatArray, along: FloatArray
) -> FloatArray:
    """Return the limb maps' values (S, M) at fractions `along` (S,) of the way from `begin_xy` to `end_xy` (2, M)."""
    # every place lies between two peaks, hence on the map; long rows are what numpy is fast at
    height, width = limb_maps.shape[1:]
    places = (end_xy - begin_xy)[:, None] * along[:, None]
    places += begin_xy[:, None]
    x, y = np.rint(places, out=places)
    y *= width
    y += x
    at = y.astype(np.int64) + kinds * (height * width)
    # numpy takes twice as long to check each place
    responses: FloatArray = limb_maps.reshape(-1).take(at, mode="clip")
    return responses


def _first_come(kinds: Array, first: Array, second: Array, peaks: int) -> list[int]:
    """Return which of the ordered limbs find both their ends free, among those of their kind."""
    begins, ends = ((kinds * peaks + end).tolist() for end in (first, second))
    taken: set[int] = set()
    chosen = []
    for i, (begin, end) in enumerate(zip(begins, ends, strict=True)):
        if begin not in taken and end not in taken:
            taken.add(begin)
            taken.add(end)
            chosen.append(i)
    return chosen
