"""What a network is to whoever measures it: pictures in, maps out."""

from collections.abc import Callable

from edgepose.runtime.arrays import FloatArray, ImageArray

MapPredictor = Callable[[ImageArray], FloatArray]
"""Crops uint8 RGB (N, h, w, 3) -> heatmaps (N, K, H, W)."""
