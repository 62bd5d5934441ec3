"""What every sink is."""

from abc import abstractmethod

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.plumbing.closing import Closing
from edgepose.runtime.results import FrameResult


class Sink(Closing):
    """Takes the results of a pipeline, one after another, on the pipeline's sink thread.

    A sink with `shows_pictures` gets each picture with the poses drawn on it, and may miss some of a live
    source; the others get every result, for a live source without the frame's picture where time is short.
    One that `is_watched` by somebody misses none of a source of loose images.
    """

    shows_pictures: bool = False
    is_watched: bool = False

    @abstractmethod
    def write(self, result: FrameResult, drawn_bgr: ImageArray | None) -> None:
        """Take one result; `drawn_bgr` is None where the sink shows no pictures.

        Raises `SinkError` when it cannot be written.
        """

    def poll(self) -> bool:
        """Do what only the main thread may; return False when the user wants to stop."""
        return True

    def hold(self) -> None:
        """Wait, on the main thread, until the user has seen the last of a source of loose images."""

    @abstractmethod
    def close(self) -> None:
        """Finish what was written; a second call does nothing."""
