"""Which peaks a limb's map connects."""

from dataclasses import dataclass

import numpy as np

from edgepose.runtime.arrays import Array, FloatArray
from edgepose.runtime.grouping.peaks import Peaks
from edgepose.runtime.grouping.rule import GroupingRule

_AT_ONCE = 5
"""Samples taken before a pair may be given up."""


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
    supported, means = _supported(limb_maps, kinds, peaks.places[first], peaks.places[second], rule)
    kinds, first, second = kinds[supported], first[supported], second[supported]
    lengths = np.hypot(*(peaks.places[second] - peaks.places[first]).T)
    # a limb longer than half the picture is unlikely
    scores = means + np.minimum(0.5 * limb_maps.shape[1] / np.maximum(lengths, 1e-3) - 1, 0)
    rank = 0.5 * scores + 0.25 * (peaks.scores[first] + peaks.scores[second])
    keep = np.flatnonzero(scores > 0)
    order = keep[np.lexsort((-rank[keep], kinds[keep]))]
    chosen = order[_first_come(kinds[order], first[order], second[order])]
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
    limb_maps: FloatArray, kinds: Array, begin: FloatArray, end: FloatArray, rule: GroupingRule
) -> tuple[Array, FloatArray]:
    """Return which pairs have enough samples that respond, and the mean response of each of these.

    Samples are taken a few at a time from the middle outward, where limbs of different people part, and a pair is
    given up as soon as it lacks too many.
    """
    may_lack = rule.samples - int(np.ceil(rule.support * rule.samples))
    along = np.linspace(0, 1, rule.samples, dtype=np.float32)
    along = along[np.argsort(np.abs(along - 0.5), kind="stable")]
    left = np.arange(len(kinds))
    lacking, total = np.zeros(len(kinds), np.int64), np.zeros(len(kinds), np.float32)
    for start in range(0, rule.samples, _AT_ONCE):
        responses = _responses(limb_maps, kinds[left], begin[left], end[left], along[start : start + _AT_ONCE])
        lacking[left] += (responses <= rule.response).sum(axis=1)
        total[left] += responses.sum(axis=1)
        left = left[lacking[left] <= may_lack]
    return left, total[left] / np.float32(rule.samples)


def _responses(
    limb_maps: FloatArray, kinds: Array, begin: FloatArray, end: FloatArray, along: FloatArray
) -> FloatArray:
    """Return the limb maps' values (M, S) at fractions `along` (S,) of the way from `begin` to `end` (M, 2)."""
    # every place lies between two peaks, hence on the map
    x, y = (np.rint(begin[:, i, None] + (end[:, i] - begin[:, i])[:, None] * along) for i in (0, 1))
    height, width = limb_maps.shape[1:]
    at = (y * width + x).astype(np.int64) + (kinds * (height * width))[:, None]
    responses: FloatArray = limb_maps.reshape(-1)[at]
    return responses


def _first_come(kinds: Array, first: Array, second: Array) -> list[int]:
    """Return which of the ordered limbs find both their ends free, among those of their kind."""
    taken: set[tuple[int, int]] = set()
    chosen = []
    for i, (kind, a, b) in enumerate(zip(kinds.tolist(), first.tolist(), second.tolist(), strict=True)):
        if (kind, a) not in taken and (kind, b) not in taken:
            taken.update(((kind, a), (kind, b)))
            chosen.append(i)
    return chosen
