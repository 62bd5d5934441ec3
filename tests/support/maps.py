"""Whether a file gives the maps of its network."""

import numpy as np

from edgepose.export.proof.tolerances import tolerance_of
from edgepose.runtime.arrays import FloatArray

_ALIKE = 0.97


def check_maps(found: FloatArray, expected: FloatArray, name: str, precision: str) -> None:
    """Expect maps (N, K, h, w) within the tolerance of a format at a precision, and every joint's in its own place.

    They are compared all at once: a single map of random weights may be next to constant, where rounding is all that
    differs. Joints in each other's place, or dead ones, correlate less.
    """
    assert np.abs(found - expected).max() <= tolerance_of(name, precision).raw * np.abs(expected).max()
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > _ALIKE
