"""Whether there are people enough to fit int8 to."""

from edgepose.export.errors import ExportError
from edgepose.runtime.arrays import ImageArray

_LEAST_PEOPLE = 16
"""Ranges seen over fewer people are chance."""


def require_people(images_rgb: ImageArray) -> None:
    """Raise `ExportError` when there are too few crops (N, H, W, 3) to calibrate with."""
    if len(images_rgb) < _LEAST_PEOPLE:
        raise ExportError(
            f"int8 needs at least {_LEAST_PEOPLE} people, or whole pictures, to calibrate with, found "
            f"{len(images_rgb)}; give more data, or a larger --limit"
        )
