"""Grouping written down plainly: one peak, one pair, one sample after another. Slow, and easy to check by reading."""

import math
from dataclasses import dataclass
from typing import Any

from edgepose.runtime.body_parts import BodyParts
from edgepose.runtime.grouping import GroupingRule

Person = dict[int, tuple[float, float]]
"""Keypoint row -> place in cells."""


@dataclass(frozen=True)
class _Peak:
    row: int
    place: tuple[float, float]
    score: float


def slow_group(maps: Any, parts: BodyParts, rule: GroupingRule = GroupingRule()) -> list[Person]:
    """Return everybody in maps (C, H, W), the best first."""
    peaks = [p for row in range(len(parts.skeleton)) for p in _peaks(maps[len(parts.limbs) + row], row, rule)]
    people: list[dict[str, Any]] = []
    for kind, (a, b) in enumerate(parts.limb_rows):
        for one, other, score, length in _limbs(maps[kind], peaks, a, b, rule):
            _add(people, peaks, one, other, score, length, rule)
    scored = [(_score(person, peaks), person) for person in people if len(person["parts"]) >= rule.least_parts]
    good = sorted([pair for pair in scored if pair[0] >= rule.least_score], key=lambda pair: -pair[0])
    return [{row: peaks[peak].place for row, peak in person["parts"].items()} for _, person in good[: rule.most_people]]


def _score(person: dict[str, Any], peaks: list[_Peak]) -> float:
    parts = person["parts"]
    return (sum(peaks[p].score for p in parts.values()) + sum(person["support"].values())) / len(parts)


def _peaks(field: Any, row: int, rule: GroupingRule) -> list[_Peak]:
    height, width = field.shape

    def at(x: int, y: int) -> float:
        return float(field[y, x]) if 0 <= x < width and 0 <= y < height else 0.0

    found = []
    for y in range(height):
        for x in range(width):
            value = at(x, y)
            around = [at(x + dx, y + dy) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
            if value > rule.peak and value > max(around[:4]) and value >= max(around[5:]):
                left, right = (_log(at(i, y)) if 0 <= i < width else None for i in (x - 1, x + 1))
                above, below = (_log(at(x, j)) if 0 <= j < height else None for j in (y - 1, y + 1))
                dx = _top(left, _log(value), right, _bend(above, _log(value), below))
                dy = _top(above, _log(value), below, _bend(left, _log(value), right))
                found.append(_Peak(row, (x + dx, y + dy), value))
    highest = sorted(found, key=lambda peak: -peak.score)[: rule.most_peaks]
    return [peak for peak in found if peak in highest]


def _log(value: float) -> float:
    return math.log(max(value, 1e-6))


def _bend(before: float | None, middle: float, after: float | None) -> float | None:
    return None if before is None or after is None else 2 * middle - before - after


def _top(before: float | None, middle: float, after: float | None, other_bend: float | None) -> float:
    """Return where the top lies; beside the map's edge, the curve is as bent as that of the other axis."""
    if before is None or after is None:
        known = after if before is None else before
        assert known is not None
        if other_bend is None:
            return 0.0
        unknown = 2 * middle - known - other_bend
        before, after = (unknown, known) if before is None else (known, unknown)
    offset = (after - before) / (2 * max(2 * middle - before - after, 1e-6))
    return min(max(offset, -0.499), 0.499)


def _limbs(field: Any, peaks: list[_Peak], a: int, b: int, rule: GroupingRule) -> list[tuple[int, int, float, float]]:
    """Return the chosen limbs of one kind, the best first: two peaks, score, length."""
    candidates = []
    of_a, of_b = ([pair for pair in enumerate(peaks) if pair[1].row == row] for row in (a, b))
    for i, one in of_a:
        for j, other in of_b:
            (x0, y0), (x1, y1) = one.place, other.place
            steps = [n / (rule.samples - 1) for n in range(rule.samples)]
            values = [float(field[round(y0 + (y1 - y0) * t), round(x0 + (x1 - x0) * t)]) for t in steps]
            length = math.hypot(x1 - x0, y1 - y0)
            score = sum(values) / len(values) + min(0.5 * field.shape[0] / max(length, 1e-3) - 1, 0)
            if sum(value > rule.response for value in values) >= rule.support * rule.samples and score > 0:
                candidates.append((0.5 * score + 0.25 * (one.score + other.score), i, j, score, length))
    chosen: list[tuple[int, int, float, float]] = []
    for _, i, j, score, length in sorted(candidates, key=lambda c: -c[0]):
        if all(i != k and j != m for k, m, _, _ in chosen):
            chosen.append((i, j, score, length))
    return chosen


def _add(
    people: list[dict[str, Any]],
    peaks: list[_Peak],
    one: int,
    other: int,
    score: float,
    length: float,
    rule: GroupingRule,
) -> None:
    owners = [person for person in people if {one, other} & set(person["parts"].values())]
    rows = peaks[one].row, peaks[other].row
    if not owners:
        parts = {rows[0]: one, rows[1]: other}
        people.append({"parts": parts, "support": dict.fromkeys(rows, score), "longest": length})
    elif len(owners) == 1 and {one, other} <= set(owners[0]["parts"].values()):
        for row in rows:
            owners[0]["support"][row] = max(owners[0]["support"][row], score)
    elif len(owners) == 1:
        person = owners[0]
        new = other if one in person["parts"].values() else one
        row = peaks[new].row
        if length < rule.longest_ratio * person["longest"] and score > person["support"].get(row, 0.0):
            person["parts"][row], person["support"][row] = new, score
            person["longest"] = max(person["longest"], length)
    else:
        first, second = (next(p for p in owners if peak in p["parts"].values()) for peak in (one, other))
        weakest = min(*first["support"].values(), *second["support"].values())
        fits = length < rule.longest_ratio * max(first["longest"], second["longest"])
        if fits and score >= rule.merge * weakest and not set(first["parts"]) & set(second["parts"]):
            first["parts"].update(second["parts"])
            first["support"].update(second["support"])
            first["longest"] = max(first["longest"], second["longest"], length)
            people.remove(second)
