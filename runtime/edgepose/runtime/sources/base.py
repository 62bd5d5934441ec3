"""What every frame source is."""

import time
from abc import abstractmethod
from collections.abc import Iterator

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.plumbing.closing import Closing
from edgepose.runtime.poses import Frame

_UNTOLD_FPS = 30.0
_LOOSE_IMAGES_FPS = 2.0
_COMPLETE = 0.95


class FrameSource(Closing):
    """Pictures one after another: iterate over it, inside a `with`.

    `name` is for people; `size_wh` the pictures' size, the first one's where they differ; `fps` their rate, None where
    nobody tells. `is_sequence` says that one picture follows from the one before it; loose images do not. `live`
    sources do not wait: what is not taken in time is gone, and counted in `dropped`. `missed` counts the frames that
    never came, while a camera or a stream was away: they have their indices; `reconnects` how often it came back.
    `declared_frames` is what a recording promises, or a folder holds, 0 where it does not say.
    """

    name: str
    size_wh: tuple[int, int]
    fps: float | None
    is_sequence: bool = True
    live: bool = False
    dropped: int = 0
    missed: int = 0
    reconnects: int = 0
    declared_frames: int = 0

    @property
    def is_recording(self) -> bool:
        """Whether its frames are the same each time: a file's, however it is played."""
        return not self.live

    @abstractmethod
    def images(self) -> Iterator[ImageArray]:
        """Yield each picture, BGR uint8 (H, W, 3), as soon as it is there.

        Raises `SourceError` when the next one cannot be read.
        """

    def __iter__(self) -> Iterator[Frame]:
        for index, image_bgr in enumerate(self.images()):
            now_ns, missed = time.perf_counter_ns(), self.missed
            yield Frame(image_bgr, index + missed, now_ns, self.file_of(index), missed)

    def file_of(self, index: int) -> str | None:  # noqa: ARG002  the seam
        """Return the name of the file that is the picture of an index, where each is one."""
        return None

    def time_ns(self, frame: Frame) -> int:
        """Return when a frame happened, for filters over time.

        That is when it was captured, or its place in a recording that is read faster or slower than it was
        made.
        """
        return frame.t_ns if self.live else round(frame.index * 1e9 / self.playback_fps)

    @property
    def playback_fps(self) -> float:
        """At which rate a video of what was seen plays: loose images slowly enough to look at each."""
        return (self.fps or _UNTOLD_FPS) if self.is_sequence else _LOOSE_IMAGES_FPS

    def lacks_frames(self, count: int) -> bool:
        """Tell whether `count` frames are fewer than it promises; containers promise a few more than they hold."""
        return count < _COMPLETE * self.declared_frames

    def stop(self) -> None:
        """Tell it, from any thread, that no more pictures are wanted: what would wait for one need not."""

    def close(self) -> None:
        """Release the device or file; a second call does nothing."""
