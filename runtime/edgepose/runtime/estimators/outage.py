"""When a camera or a stream was away for so long that whoever stands there may be somebody else."""

from edgepose.runtime.poses import Frame

_MOST_MISSED = 90


class Outages:
    """Tells of each frame, one after another, whether too many before it never came.

    Frames that a slow device had no time for do not count: it still follows who moves slowly.
    """

    def __init__(self) -> None:
        self._missed = 0

    def end_at(self, frame: Frame) -> bool:
        """Return whether a long outage ends at a frame."""
        gone, self._missed = frame.missed - self._missed, frame.missed
        return gone > _MOST_MISSED
