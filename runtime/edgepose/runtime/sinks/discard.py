"""A sink that keeps nothing, for measuring what drawing costs, or a run without it."""

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.results import FrameResult
from edgepose.runtime.sinks.base import Sink


class DiscardSink(Sink):
    """Has every picture drawn and drops it; without `draws` it is given none."""

    def __init__(self, *, draws: bool = True) -> None:
        self.shows_pictures = draws

    def write(self, result: FrameResult, drawn_bgr: ImageArray | None = None) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""
