"""From limbs to people, limb by limb."""

from dataclasses import dataclass

from edgepose.runtime.grouping.limbs import Limbs
from edgepose.runtime.grouping.rule import GroupingRule


@dataclass(eq=False, slots=True)
class Assembled:
    """One person so far: `parts` keypoint row -> peak, and the length of the longest limb."""

    parts: dict[int, int]
    longest: float


class Assembly:
    """Takes limbs one after another; of one kind, a peak has one limb at most, and it belongs to one person at most."""

    def __init__(self, limb_rows: tuple[tuple[int, int], ...], peaks: int, rule: GroupingRule) -> None:
        self._limb_rows, self._rule = limb_rows, rule
        self._owner: list[Assembled | None] = [None] * peaks
        self._support = [0.0] * peaks
        self._people: dict[Assembled, None] = {}

    def people(self, limbs: Limbs) -> list[Assembled]:
        """Return everybody whom the limbs make, in the order of their first limb."""
        columns = (*limbs.pairs.tolist(), limbs.scores.tolist(), limbs.lengths.tolist())
        owner, support = self._owner, self._support
        last_kind = [-1] * len(owner)
        for kind, a, b, score, length in zip(*columns, strict=True):
            if last_kind[a] == kind or last_kind[b] == kind:
                continue
            last_kind[a] = last_kind[b] = kind
            one, other = owner[a], owner[b]
            if one is not None and one is other:
                if score > support[a]:  # noqa: PLR1730  max takes three times as long, here and below
                    support[a] = score
                if score > support[b]:  # noqa: PLR1730
                    support[b] = score
            elif one is not None and other is not None:
                self._merge(one, other, score, length)
            elif one is not None:
                self._extend(one, self._limb_rows[kind][1], b, score, length)
            elif other is not None:
                self._extend(other, self._limb_rows[kind][0], a, score, length)
            else:
                self._begin(self._limb_rows[kind], (a, b), score, length)
        return list(self._people)

    def score(self, person: Assembled, peak_scores: list[float]) -> float:
        """Return the mean over the parts of what their peak and their best limb score together, 0 to 2."""
        peaks = person.parts.values()
        return (sum([peak_scores[peak] for peak in peaks]) + sum([self._support[peak] for peak in peaks])) / len(peaks)

    def _begin(self, rows: tuple[int, int], ends: tuple[int, int], score: float, length: float) -> None:
        person = Assembled(dict(zip(rows, ends, strict=True)), length)
        self._people[person] = None
        for end in ends:
            self._owner[end], self._support[end] = person, score

    def _extend(self, person: Assembled, row: int, peak: int, score: float, length: float) -> None:
        """Give a person a peak; one that is there already stays, unless this limb is the better one."""
        if length >= self._rule.longest_ratio * person.longest:
            return
        if row in person.parts:
            there = person.parts[row]
            if score <= self._support[there]:
                return
            self._owner[there] = None
        person.parts[row] = peak
        if length > person.longest:  # noqa: PLR1730
            person.longest = length
        self._owner[peak], self._support[peak] = person, score

    def _merge(self, one: Assembled, other: Assembled, score: float, length: float) -> None:
        """Make one of two people that have no joint twice, if the limb is good enough."""
        if not one.parts.keys().isdisjoint(other.parts):
            return
        weakest = min(self._support[peak] for person in (one, other) for peak in person.parts.values())
        fits = length < self._rule.longest_ratio * max(one.longest, other.longest)
        if not fits or score < self._rule.merge * weakest:
            return
        one.parts |= other.parts
        one.longest = max(one.longest, other.longest, length)
        del self._people[other]
        for peak in other.parts.values():
            self._owner[peak] = one
