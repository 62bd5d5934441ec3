"""How far an export may be from its checkpoint: the one table."""

from dataclasses import dataclass, replace

from edgepose.export.request import QUANTISED


@dataclass(frozen=True)
class Tolerance:
    """Limits at f32 arithmetic between layers.

    `raw` is the largest difference of any map cell as a share of the highest peak, `keypoint_sigmas` the mean distance
    of keypoints in standard deviations of the codec's Gaussian, `score` that of people's scores (0 to 1), `drop` the
    lost PCK@0.2 in points.
    """

    raw: float
    keypoint_sigmas: float
    score: float
    drop: float
    reason: str


_ANY = "any format"

TOLERANCES: dict[tuple[str, str], Tolerance] = {
    (_ANY, "fp32"): Tolerance(
        raw=1e-3,
        keypoint_sigmas=0.01,
        score=1e-3,
        drop=0.05,
        reason="only the order of sums differs (1e-6 measured); one joint of a tied peak may flip",
    ),
    (_ANY, "fp16"): Tolerance(
        raw=0.05,
        keypoint_sigmas=0.05,
        score=5e-3,
        drop=0.1,
        reason="11 bits a number, summed over a hundred layers (1e-3 measured); the drop is the project's budget",
    ),
    (_ANY, "int8"): Tolerance(
        raw=0.5,
        keypoint_sigmas=0.25,
        score=0.03,
        drop=0.5,
        reason="steps of 1/256 of each layer's range (0.1 and 0.04 sigma measured); a collapsed output has raw 1; "
        "the drop is the project's budget",
    ),
    ("tensorrt", "int8"): Tolerance(
        raw=0.5,
        keypoint_sigmas=0.25,
        score=0.03,
        drop=1.0,
        reason="TensorRT takes symmetric activations only, so what a layer never goes below zero for costs it half of "
        "its steps; the drop is the project's budget for such a file",
    ),
    (_ANY, "dynamic-int8"): Tolerance(
        raw=0.5,
        keypoint_sigmas=0.25,
        score=0.03,
        drop=0.5,
        reason="weights as in int8, activations in the range of each picture, so no worse than int8 may be",
    ),
}


def tolerance_of(name: str, precision: str, points_of_one: float = 0.0) -> Tolerance:
    """Return the limits of a format at a precision: its own row, else that of any format.

    `points_of_one` is what one keypoint is in points: without quantisation one may be lost however few there are, since
    of two peaks of a height either may come out higher.
    """
    limits = TOLERANCES.get((name, precision)) or TOLERANCES[_ANY, precision]
    if precision in QUANTISED or points_of_one <= limits.drop:
        return limits
    # two rounded percentages may differ by a little more than the points of one
    return replace(limits, drop=points_of_one * (1 + 1e-9))
