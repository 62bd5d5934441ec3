"""A sink that keeps nothing, for measuring what drawing costs."""

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.results import FrameResult
from edgepose.runtime.sinks.base import Sink


class DiscardSink(Sink):
    """Has every picture drawn and drops it."""

    shows_pictures = True

    def write(self, result: FrameResult, drawn_bgr: ImageArray | None) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""
