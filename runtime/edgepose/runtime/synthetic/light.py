"""Light: one lamp or sun, a sky and the ground's glow, and the shadows that fall on the ground."""

from dataclasses import dataclass

import cv2
import numpy as np

from edgepose.runtime.arrays import Array, ImageArray
from edgepose.runtime.synthetic.camera import Camera


@dataclass(frozen=True)
class Light:
    """`towards` (3,) points at the lamp; `lamp_rgb`, `sky_rgb` and `ground_rgb` (3,) are strengths."""

    towards: Array
    lamp_rgb: Array
    sky_rgb: Array
    ground_rgb: Array

    def shade(self, corners: Array, rgb: Array, side: Array) -> ImageArray:
        """Return the lit colours uint8 (Q, 3) of quads with corners (Q, 4, 3) and own colours (Q, 3).

        `side` (Q,) is 1 where the outside is seen, -1 where the inside is.
        """
        a, b = corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1]
        normal = np.stack(
            [
                a[:, 1] * b[:, 2] - a[:, 2] * b[:, 1],
                a[:, 2] * b[:, 0] - a[:, 0] * b[:, 2],
                a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0],
            ],
            axis=1,
        )
        normal *= (side / np.maximum(np.sqrt((normal * normal).sum(axis=1)), 1e-12))[:, None]
        lamp = np.maximum(normal @ self.towards, 0.0)[:, None] * self.lamp_rgb
        up = (0.5 + 0.5 * normal[:, 1])[:, None]
        glow = self.ground_rgb + up * (self.sky_rgb - self.ground_rgb)
        return (np.minimum(rgb * (lamp + glow), 1.0) * 255.0).astype(np.uint8)  # type: ignore[no-any-return]


def sample_light(rng: np.random.Generator) -> Light:
    """Draw a light: from dim to bright, from warm to cold, mostly from above and the front."""
    azimuth, height = rng.normal(0.0, 1.1), rng.uniform(0.15, 1.4)
    towards = np.array([np.sin(azimuth) * np.cos(height), np.sin(height), np.cos(azimuth) * np.cos(height)])
    warmth = rng.normal(0.0, 0.07)
    colour = np.array([1.0 + warmth, 1.0, 1.0 - warmth])
    lamp, ambient = rng.uniform(0.2, 0.95), rng.uniform(0.4, 0.9)
    return Light(towards, lamp * colour, ambient * (2.0 - colour), ambient * rng.uniform(0.4, 0.8) * np.ones(3))


def cast_shadows(image_rgb: ImageArray, spines: Array, camera: Camera, light: Light, strength: float) -> None:
    """Darken the ground in place where segments (S, 2, 3) of bodies stand between it and the lamp."""
    if light.towards[1] < 0.2 or strength <= 0.0:
        return
    ground = spines - light.towards * (spines[..., 1:2] / light.towards[1])
    ground[..., 1] = 0.0
    pixels, depth = camera.project(ground)
    near = depth.min(axis=1) > 0.5
    if not near.any():
        return
    small = cv2.resize(np.zeros(1, np.uint8), (camera.size_wh[0] // 2, camera.size_wh[1] // 2))
    for (start, end), far in zip(
        (pixels[near] / 2).round().astype(int).clip(-4000, 4000).tolist(), depth[near].mean(axis=1), strict=True
    ):
        cv2.line(small, start, end, round(255 * strength), max(1, round(0.13 * camera.focal_px / 2 / far)))
    soft = cv2.resize(cv2.blur(small, (5, 5)), camera.size_wh)
    cv2.multiply(image_rgb, cv2.cvtColor(255 - soft, cv2.COLOR_GRAY2RGB), dst=image_rgb, scale=1 / 255)
