"""What a pipeline yields for one frame."""

from dataclasses import dataclass

from edgepose.runtime.poses import Frame, Poses


@dataclass(frozen=True)
class FrameResult:
    """A frame, who is in it, and what that took.

    `stage_ns` is keyed by `edgepose.profiles.result.FRAME_STAGES`, and `detect` where boxes are given; `draw` is added
    by the sinks' thread, later and only where a sink shows pictures. `age_ns` is the time from capture to the smoothed
    poses. `time_s` is the frame's place in a recording that tells its rate, `unix_s` when a live one was captured, in
    seconds since 1970; of the two at most one is known.
    """

    frame: Frame
    poses: Poses
    stage_ns: dict[str, int]
    age_ns: int
    time_s: float | None = None
    unix_s: float | None = None
