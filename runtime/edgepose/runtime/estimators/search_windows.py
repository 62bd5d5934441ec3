"""Where to look for somebody when nobody is being followed: windows over the picture at a few scales."""

import numpy as np

from edgepose.runtime.arrays import FloatArray
from edgepose.runtime.geometry import image_box_xyxy

SCALES = (1.0, 0.75, 0.5)
"""Heights of the windows as shares of the picture's height."""
_OVERLAP = 0.5


def search_windows_xyxy(size_wh: tuple[int, int], aspect: float) -> list[FloatArray]:
    """Return boxes (4,) of `aspect` that cover a picture of `size_wh` at every scale, the whole picture first.

    Windows at a scale overlap by half. The order runs from large to small and from the middle outwards, because that
    is where people stand.
    """
    width, height = size_wh
    windows = [image_box_xyxy(width, height)]
    for scale in SCALES:
        # a window may be wider than the picture, but then it is as high as it needs to be to see all of a person
        side = np.array([scale * height * aspect, scale * height])
        if side[0] > width:
            side *= max(width / side[0], scale)
        grid = [
            np.array([x, y, x + side[0], y + side[1]], np.float32)
            for y in _starts(height, side[1])
            for x in _starts(width, side[0])
        ]
        middle = np.array([width, height]) / 2
        windows += sorted(grid, key=lambda box: float(np.hypot(*((box[:2] + box[2:]) / 2 - middle))))
    return windows


def _starts(length: int, side: float) -> FloatArray:
    """Return where windows of `side` begin to cover a line of `length` pixels; a larger one is centred."""
    if side >= length:
        return np.array([(length - side) / 2 - 0.5], np.float32)
    count = 1 + int(np.ceil((length - side) / (side * (1 - _OVERLAP))))
    return np.linspace(-0.5, length - side - 0.5, count, dtype=np.float32)
