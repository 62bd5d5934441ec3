"""From limbs to people, limb by limb."""

from dataclasses import dataclass

from edgepose.runtime.grouping.limbs import Limbs
from edgepose.runtime.grouping.rule import GroupingRule


@dataclass(eq=False)
class Assembled:
    """One person so far: `parts` keypoint row -> peak, and for each the score of the best limb that ends there."""

    parts: dict[int, int]
    support: dict[int, float]
    longest: float

    def score(self, peak_scores: list[float]) -> float:
        """Return the mean over the parts of what their peak and limb score together, 0 to 2."""
        of_peaks = sum(peak_scores[peak] for peak in self.parts.values())
        return (of_peaks + sum(self.support.values())) / len(self.parts)


class Assembly:
    """Takes limbs one after another; a peak belongs to one person at most."""

    def __init__(self, limb_rows: tuple[tuple[int, int], ...], rule: GroupingRule) -> None:
        self._limb_rows, self._rule = limb_rows, rule
        self._owner: dict[int, Assembled] = {}
        self._people: dict[Assembled, None] = {}

    def people(self, limbs: Limbs) -> list[Assembled]:
        """Return everybody whom the limbs make, in the order of their first limb."""
        columns = (limbs.kinds, limbs.peaks[:, 0], limbs.peaks[:, 1], limbs.scores, limbs.lengths)
        for kind, a, b, score, length in zip(*(column.tolist() for column in columns), strict=True):
            self._add(kind, (a, b), score, length)
        return list(self._people)

    def _add(self, kind: int, ends: tuple[int, int], score: float, length: float) -> None:
        owners = self._owner.get(ends[0]), self._owner.get(ends[1])
        rows = self._limb_rows[kind]
        if owners[0] is None and owners[1] is None:
            self._begin(rows, ends, score, length)
        elif owners[0] is None or owners[1] is None:
            new = 0 if owners[0] is None else 1
            person = owners[1 - new]
            assert person is not None
            self._extend(person, rows[new], ends[new], score, length)
        elif owners[0] is not owners[1]:
            self._merge(owners[0], owners[1], score, length)
        else:
            for row in rows:
                owners[0].support[row] = max(owners[0].support[row], score)

    def _begin(self, rows: tuple[int, int], ends: tuple[int, int], score: float, length: float) -> None:
        person = Assembled(dict(zip(rows, ends, strict=True)), dict.fromkeys(rows, score), length)
        self._people[person] = None
        for end in ends:
            self._owner[end] = person

    def _extend(self, person: Assembled, row: int, peak: int, score: float, length: float) -> None:
        """Give a person a peak; one that is there already stays, unless this limb is the better one."""
        if length >= self._rule.longest_ratio * person.longest or score <= person.support.get(row, 0.0):
            return
        if row in person.parts:
            del self._owner[person.parts[row]]
        person.parts[row], person.support[row] = peak, score
        person.longest = max(person.longest, length)
        self._owner[peak] = person

    def _merge(self, one: Assembled, other: Assembled, score: float, length: float) -> None:
        """Make one of two people that have no joint twice, if the limb is good enough."""
        weakest = min(*one.support.values(), *other.support.values())
        fits = length < self._rule.longest_ratio * max(one.longest, other.longest)
        if not fits or score < self._rule.merge * weakest or not one.parts.keys().isdisjoint(other.parts):
            return
        one.parts |= other.parts
        one.support |= other.support
        one.longest = max(one.longest, other.longest, length)
        del self._people[other]
        for peak in other.parts.values():
            self._owner[peak] = one
