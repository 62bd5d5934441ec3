"""The numbers that grouping goes by."""

from dataclasses import dataclass


@dataclass(frozen=True)
class GroupingRule:
    """Thresholds of the paper (Simple Pose, section 3.4, and its released settings).

    A peak is above `peak`. A limb is sampled at `samples` places, of which a share of `support` is above `response`.
    A limb longer than `longest_ratio` times a person's longest so far is not theirs. Two people become one by a limb
    that scores at least `merge` times their weakest. Whoever has fewer than `least_parts` keypoints or a mean score
    below `least_score` is nobody; at most `most_people` are returned.
    """

    peak: float = 0.1
    samples: int = 20
    response: float = 0.1
    support: float = 0.8
    longest_ratio: float = 16.0
    merge: float = 0.7
    least_parts: int = 2
    least_score: float = 0.45
    most_people: int = 20
