"""The numbers that grouping goes by."""

import math
from dataclasses import dataclass

from edgepose.runtime.plumbing.field_checks import check_values

_LEAST_PEAK = 1e-6


@dataclass(frozen=True)
class GroupingRule:
    """Thresholds of the paper (Simple Pose, section 3.4, and its released settings).

    A peak is above `peak`; of one map the `most_peaks` highest count, so that noise costs little. A limb is sampled at
    `samples` places, of which a share of `support` is above `response`. A limb longer than `longest_ratio` times a
    person's longest so far is not theirs. Two people become one by a limb that scores at least `merge` times their
    weakest. Whoever has fewer than `least_parts` keypoints or a mean score below `least_score` is nobody; at most
    `most_people` are returned.
    """

    peak: float = 0.1
    most_peaks: int = 100
    samples: int = 20
    response: float = 0.1
    support: float = 0.8
    longest_ratio: float = 16.0
    merge: float = 0.7
    least_parts: int = 2
    least_score: float = 0.45
    most_people: int = 20

    def __post_init__(self) -> None:
        numbers = dict.fromkeys(("most_peaks", "samples", "least_parts", "most_people"), (1, math.inf))
        check_values(self, {"peak": (_LEAST_PEAK, math.inf), **numbers})
