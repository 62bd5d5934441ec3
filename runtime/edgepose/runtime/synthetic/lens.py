"""What a camera adds: exposure, contrast, blur, grain and compression."""

import cv2
import numpy as np

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.synthetic.noise import grain


def photograph(image_rgb: ImageArray, rng: np.random.Generator) -> ImageArray:
    """Return the picture (H, W, 3) as some camera would have stored it."""
    gamma, gain, lift = rng.uniform(0.75, 1.3), rng.uniform(0.85, 1.15), rng.normal(0.0, 8.0)
    levels = np.clip((np.linspace(0, 1, 256) ** gamma) * 255 * gain + lift, 0, 255).astype(np.uint8)
    image: ImageArray = cv2.LUT(image_rgb, levels)
    if rng.random() < 0.3:
        image = _blurred(image, rng)
    if rng.random() < 0.7:
        image = add_grain(image, rng, float(rng.uniform(0.02, 0.3)))
    if rng.random() < 0.25:
        image = _compressed(image, int(rng.integers(35, 90)))
    return image


def add_grain(image_rgb: ImageArray, rng: np.random.Generator, strength: float) -> ImageArray:
    """Return the picture with sensor noise; strength 1 is a standard deviation of 32 levels."""
    height, width = image_rgb.shape[:2]
    noise = cv2.cvtColor(grain(rng, (width, height)), cv2.COLOR_GRAY2RGB)
    return cv2.addWeighted(image_rgb, 1.0, noise, strength, -128.0 * strength)  # type: ignore[no-any-return]


def _blurred(image_rgb: ImageArray, rng: np.random.Generator) -> ImageArray:
    if rng.random() < 0.6:
        return cv2.GaussianBlur(image_rgb, (5, 5), float(rng.uniform(0.4, 1.4)))  # type: ignore[no-any-return]
    length = 2 * int(rng.integers(1, 4)) + 1  # the camera moved; an even one would move the picture off its labels
    return cv2.blur(image_rgb, (length, 1) if rng.random() < 0.5 else (1, length))  # type: ignore[no-any-return]


def _compressed(image_rgb: ImageArray, quality: int) -> ImageArray:
    _, data = cv2.imencode(".jpg", image_rgb, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
