"""The whole camera path: the real pipeline on a real source, stage by stage."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from edgepose.profiles.errors import EdgeposeError
from edgepose.profiles.result import FRAME_STAGES
from edgepose.runtime.clock import work_ns
from edgepose.runtime.people.smoothing import PoseSmoother
from edgepose.runtime.pipeline import Estimator, Pipeline
from edgepose.runtime.profiling.distribution import Distribution
from edgepose.runtime.sinks import DiscardSink
from edgepose.runtime.sources import FrameSource


@dataclass(frozen=True)
class CameraPath:
    """The times of a pipeline over the frames after its warm-up.

    `pipeline_ms` is the work on one frame once it is there: every stage but `capture`. A stage's `n` counts
    the frames that went through it. `age` is no work but the time from capture to poses, waiting included.
    `fps` is by the wall clock, `dropped` counts the frames that were captured and never estimated, `warmup`
    those not counted, `with_people` those of the counted in which somebody was found: a frame without a person
    is searched, at another price than following one.
    """

    pipeline_ms: Distribution
    stages_ms: dict[str, Distribution]
    fps: float
    dropped: int
    warmup: int
    with_people: int


@dataclass
class _Times:
    """What is kept of every frame: not its picture, which would count as memory in use."""

    ends_ns: list[int] = field(default_factory=list)
    stages_ns: list[Mapping[str, int]] = field(default_factory=list)
    ages_ns: list[int] = field(default_factory=list)
    found: list[bool] = field(default_factory=list)


def measure_camera_path(
    source: FrameSource, estimator: Estimator, max_frames: int | None = None, warmup: int = 10, *, draws: bool = True
) -> CameraPath:
    """Run the pipeline over a source, where it `draws` drawing every result, and summarise its times.

    The first `warmup` frames are run and not counted, nor are those until somebody is found: searching has another
    price than following. They are a third of the frames at most. Raises `EdgeposeError`
    when the source has fewer than three frames, and whatever the source raises.
    """
    times = _Times()
    pipeline = Pipeline(source, estimator, [DiscardSink(draws=draws)], smoother=PoseSmoother())
    for result in pipeline.run(max_frames):
        times.ends_ns.append(time.perf_counter_ns())
        # drawing is timed on its own thread and joins the same dictionary later
        times.stages_ns.append(result.stage_ns)
        times.ages_ns.append(result.age_ns)
        times.found.append(len(result.poses) > 0)
    frames = len(times.ends_ns)
    if frames < 3:
        raise EdgeposeError(f"{source.name} gave {frames} frames; at least 3 are needed to measure")
    first_found = times.found.index(True) if any(times.found) else frames
    return _summary(times, min(max(warmup, first_found + 1), frames // 3), pipeline.dropped)


def _summary(times: _Times, warmup: int, dropped: int) -> CameraPath:
    stages_ns, ages_ns = times.stages_ns[warmup:], times.ages_ns[warmup:]
    stages_ms = {stage: Distribution.of_ns(_of_stage(stages_ns, stage)) for stage in FRAME_STAGES}
    ends_ns = times.ends_ns[max(warmup - 1, 0) :]
    return CameraPath(
        pipeline_ms=Distribution.of_ns([work_ns(stages) for stages in stages_ns]),
        stages_ms={**stages_ms, "age": Distribution.of_ns(ages_ns)},
        fps=round((len(ends_ns) - 1) * 1e9 / (ends_ns[-1] - ends_ns[0]), 2),
        dropped=dropped,
        warmup=warmup,
        with_people=sum(times.found[warmup:]),
    )


def _of_stage(stages_ns: Sequence[Mapping[str, int]], stage: str) -> list[int]:
    return [stages[stage] for stages in stages_ns if stage in stages]
