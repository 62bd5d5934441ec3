"""People of fixed build at random places, for what finds several of them."""

import numpy as np

from edgepose.runtime.arrays import Array

BUILD = np.array(
    [
        *([0, -40], [0, -28]),  # nose, neck
        *([-10, -27], [-13, -14], [-14, -2], [10, -27], [13, -14], [14, -2]),  # the arms
        *([-6, 0], [-7, 18], [-7, 36], [6, 0], [7, 18], [7, 36]),  # the legs
        *([-2, -42], [2, -42], [-4, -41], [4, -41]),  # eyes, ears
    ],
    np.float32,
)
"""Joints of `SIMPLE_POSE_18`; the person is 78 high."""


def random_crowd(rng: np.random.Generator, people: int, size_px: int, *, unlabelled: float = 0.0) -> Array:
    """Return keypoints (P, 18, 2) in a square crop, some of them NaN."""
    scale = rng.uniform(0.4, 2.5, (people, 1, 1)) * size_px / 512
    centre = rng.uniform(0.1, 0.9, (people, 1, 2)) * size_px
    keypoints = BUILD * scale + centre + rng.normal(0, 2.0, (people, *BUILD.shape)) * scale
    keypoints[rng.random(keypoints.shape[:2]) < unlabelled] = np.nan
    return keypoints.astype(np.float32)


def crowd_in_a_row(people: int, size_px: int) -> Array:
    """Return keypoints (P, 18, 2) of people side by side who do not touch."""
    width = size_px / people
    scale = min(width / 40, size_px / 100)
    centres = np.stack([(np.arange(people) + 0.5) * width, np.full(people, 0.52 * size_px)], axis=1)
    return (BUILD * scale + centres[:, None]).astype(np.float32)
