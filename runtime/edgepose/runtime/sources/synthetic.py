"""A clip of rendered people: a source that needs no camera and no file."""

from collections.abc import Iterator

import cv2

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.errors import SourceError
from edgepose.runtime.sources.base import FrameSource
from edgepose.runtime.synthetic import render_clip


class SyntheticSource(FrameSource):
    """`frames` pictures of moving people; the same seed gives the same pixels."""

    def __init__(
        self, seed: int = 0, frames: int = 150, size_wh: tuple[int, int] = (640, 480), fps: float = 30.0
    ) -> None:
        if frames < 1 or seed < 0:
            raise SourceError(f"a synthetic clip needs a seed >= 0 and at least 1 frame; found {seed} and {frames}")
        self.name = f"synthetic:{seed}"
        self.size_wh, self.fps, self._clip_fps = size_wh, fps, fps
        self._seed, self.declared_frames = seed, frames

    def images(self) -> Iterator[ImageArray]:
        """Render one picture after another."""
        for scene in render_clip(self._seed, self.declared_frames, self.size_wh, self._clip_fps):
            yield cv2.cvtColor(scene.image_rgb, cv2.COLOR_RGB2BGR)


def synthetic_source(text: str) -> SyntheticSource:
    """Open `synthetic[:SEED[:FRAMES]]`.

    Raises `SourceError` when a part is no whole number.
    """
    _, *numbers = text.split(":")
    if len(numbers) > 2 or not all(number.isdecimal() for number in numbers):
        raise SourceError(f"expected synthetic, synthetic:SEED or synthetic:SEED:FRAMES, found {text}")
    seed, frames = (*map(int, numbers), *(0, 150)[len(numbers) :])
    return SyntheticSource(seed, frames)
