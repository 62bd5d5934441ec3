"""Grouping from end to end."""

from dataclasses import dataclass

import numpy as np

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import FloatArray
from edgepose.runtime.body_parts import BodyParts
from edgepose.runtime.grouping.assembly import Assembled, Assembly
from edgepose.runtime.grouping.limbs import find_limbs
from edgepose.runtime.grouping.peaks import Peaks, find_peaks
from edgepose.runtime.grouping.rule import GroupingRule


@dataclass(frozen=True)
class GroupedPeople:
    """Everybody, the best first: `keypoints_map` (P, K, 2) in map cells and `keypoint_scores` (P, K), 0 to 1.

    A keypoint that was not found is NaN and has the score 0.
    """

    keypoints_map: FloatArray
    keypoint_scores: FloatArray

    def __len__(self) -> int:
        return len(self.keypoints_map)


def group_people(maps: FloatArray, parts: BodyParts, rule: GroupingRule = GroupingRule()) -> GroupedPeople:
    """Return the people in maps (C, H, W), at least the limbs and keypoints of `parts`.

    Raises `EdgeposeError` for maps of another number.
    """
    needed = parts.keypoint_maps.stop
    if maps.ndim != 3 or len(maps) < needed:
        raise EdgeposeError(f"grouping takes maps (C, H, W) with C >= {needed}; found {maps.shape}")
    peaks = find_peaks(maps[parts.keypoint_maps], rule.peak, rule.most_peaks)
    limbs = find_limbs(maps[: len(parts.limbs)], peaks, parts.limb_rows, rule)
    peak_scores = peaks.scores.tolist()
    assembly = Assembly(parts.limb_rows, len(peak_scores), rule)
    people = [person for person in assembly.people(limbs) if len(person.parts) >= rule.least_parts]
    scored = [(assembly.score(person, peak_scores), person) for person in people]
    kept = sorted((pair for pair in scored if pair[0] >= rule.least_score), key=lambda pair: -pair[0])
    return _people([person for _, person in kept[: rule.most_people]], peaks, len(parts.skeleton))


def _people(people: list[Assembled], peaks: Peaks, keypoints: int) -> GroupedPeople:
    # after all peaks one more, for what was not found
    table = np.empty((len(peaks.scores) + 1, 3), np.float32)
    table[:-1, :2], table[:-1, 2] = peaks.places_xy.T, np.minimum(peaks.scores, 1)
    table[-1] = np.nan, np.nan, 0
    rows = [-1] * (len(people) * keypoints)
    for number, person in enumerate(people):
        for row, peak in person.parts.items():
            rows[keypoints * number + row] = peak
    found = table[np.array(rows, np.intp).reshape(-1, keypoints)]
    return GroupedPeople(found[..., :2], found[..., 2])
