"""Textures and grain, cut at random from banks that are made once, always the same."""

from functools import cache

import cv2
import numpy as np

from edgepose.runtime.arrays import ImageArray

_BANK = 1024


@cache
def _grain_bank() -> ImageArray:
    return np.random.default_rng(7).normal(128.0, 32.0, (_BANK, _BANK)).clip(0, 255).astype(np.uint8)


@cache
def _cloud_bank(cells: int) -> ImageArray:
    small = np.random.default_rng(cells).integers(0, 256, (cells, cells), np.uint8)
    return cv2.resize(small, (_BANK, _BANK), interpolation=cv2.INTER_CUBIC)  # type: ignore[no-any-return]


def _cut(bank: ImageArray, rng: np.random.Generator, size_wh: tuple[int, int]) -> ImageArray:
    """Return a random piece (H, W), as a view; a picture larger than the bank takes the bank stretched."""
    width, height = size_wh
    if max(width, height) > _BANK:
        return cv2.resize(bank, size_wh, interpolation=cv2.INTER_LINEAR)  # type: ignore[no-any-return]
    x, y = int(rng.integers(_BANK - width + 1)), int(rng.integers(_BANK - height + 1))
    return bank[y : y + height, x : x + width]


def cloud(rng: np.random.Generator, size_wh: tuple[int, int]) -> ImageArray:
    """Return soft blotches uint8 (H, W) of one random size."""
    return _cut(_cloud_bank(int(rng.choice([12, 40, 120, 300]))), rng, size_wh)


def grain(rng: np.random.Generator, size_wh: tuple[int, int]) -> ImageArray:
    """Return normal noise of mean 128 and deviation 32, uint8 (H, W)."""
    return _cut(_grain_bank(), rng, size_wh)


def mottle(image_rgb: ImageArray, rng: np.random.Generator, strength: float) -> None:
    """Lighten and darken a picture (H, W, 3), or a part of one, in soft blotches, in place."""
    height, width = image_rgb.shape[:2]
    blotches = cv2.cvtColor(cloud(rng, (width, height)), cv2.COLOR_GRAY2RGB)
    cv2.addWeighted(image_rgb, 1.0, blotches, strength, -128.0 * strength, dst=image_rgb)
