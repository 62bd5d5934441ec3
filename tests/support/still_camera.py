"""A camera that looks at something that does not move: the same picture, with a sensor's noise in every frame."""

from collections.abc import Iterator

import cv2
import numpy as np

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.sources.base import FrameSource


class StillCamera(FrameSource):
    """`frames` of one picture at 30 a second, brightness and pixels noisy, compressed as webcams do."""

    name = "still"
    fps = 30.0

    def __init__(self, image_bgr: ImageArray, frames: int) -> None:
        self._image_bgr = image_bgr
        self._frames = frames
        self.size_wh = image_bgr.shape[1], image_bgr.shape[0]

    def images(self) -> Iterator[ImageArray]:
        rng = np.random.default_rng(0)
        for _ in range(self._frames):
            noisy = self._image_bgr * rng.normal(1, 0.01) + rng.normal(0, 4, self._image_bgr.shape)
            _, jpeg = cv2.imencode(".jpg", noisy.clip(0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 80])
            decoded = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
            assert decoded is not None
            yield decoded
