"""Everything `edgepose profile` measures, in order, as one report."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from edgepose.profiles import load_profile
from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.backends import open_model
from edgepose.runtime.backends.base import LayerTime
from edgepose.runtime.estimators import open_estimator
from edgepose.runtime.model_files.shipped import resolve_model
from edgepose.runtime.profiling import DEFAULT_SOURCE
from edgepose.runtime.profiling.camera_path import CameraPath, measure_camera_path
from edgepose.runtime.profiling.environment import describe_environment
from edgepose.runtime.profiling.first_pose import measure_first_pose_ms
from edgepose.runtime.profiling.load import LoadMeter, load_now
from edgepose.runtime.profiling.memory import peak_rss_mb, size_mb
from edgepose.runtime.profiling.network import measure_network, random_feeds
from edgepose.runtime.profiling.report import Report
from edgepose.runtime.profiling.sustained import Interval, measure_sustained
from edgepose.runtime.sources import CameraMode, FrameSource, open_source
from edgepose.runtime.sources.stream import without_password

_LIVE_FRAMES = 300


@dataclass(frozen=True)
class Effort:
    """How often things are measured; warm-up comes on top, and is not counted.

    `max_frames` None takes the whole source, of a live one 300 frames. `warmup_frames` are the least: see
    `measure_camera_path`. `most_people` are followed; budgets are for one. `min_score` is what `open_estimator` takes.
    Without `draws` no result is drawn, as of `edgepose run --json`. `sustained_minutes` 0 leaves that run out.
    """

    runs: int = 200
    warmup_runs: int = 20
    max_frames: int | None = None
    warmup_frames: int = 10
    most_people: int = 1
    min_score: float | None = None
    draws: bool = True
    sustained_minutes: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.sustained_minutes < math.inf:
            raise EdgeposeError(f"a sustained run takes minutes, 0 or more; found {self.sustained_minutes}")
        if self.min_score is not None and not 0 <= self.min_score <= 1:
            raise EdgeposeError(f"a score is from 0 to 1, found {self.min_score}")


def measure_model(
    model: str,
    device: str = "auto",
    source: str = DEFAULT_SOURCE,
    effort: Effort = Effort(),
    *,
    paced: bool = False,
    camera: CameraMode | None = None,
    clockwise_deg: int = 0,
    on_interval: Callable[[Interval], None] = lambda _interval: None,
) -> Report:
    """Return the report of a model (a path, or the name of one that ships) on a device's profile.

    One after another: the load before, a fresh process to its first pose, the network alone, the camera path
    from `source` (as `open_source` takes it), on request the network without a pause for minutes, of which
    `on_interval` hears as they pass, the peak memory of this process, the profile's budget. Raises `EdgeposeError` when
    one of the three cannot be opened or the source is too short.
    """
    profile, path = load_profile(device), resolve_model(model)
    open_frames = partial(open_source, source, paced=paced, camera=camera, clockwise_deg=clockwise_deg)
    with open_frames():
        pass  # a wrong one is told before the rest is measured
    before = load_now()
    with open_model(path, profile) as session:
        first_pose_ms = measure_first_pose_ms(path, device, effort.min_score)
        during = LoadMeter()
        network_ms = measure_network(session, effort.runs, effort.warmup_runs)
        # only now: what a stream sends while nobody reads would come all at once
        with open_frames() as frames:
            estimator = open_estimator(
                session, effort.most_people, follow=frames.is_sequence, min_score=effort.min_score
            )
            most = _max_frames(frames, effort)
            path_times = measure_camera_path(frames, estimator, most, effort.warmup_frames, draws=effort.draws)
        minutes = effort.sustained_minutes
        sustained = measure_sustained(session, minutes, on_interval) if minutes else ()
        environment = {
            **describe_environment(session, path, profile.name).to_dict(),
            "source": without_password(source),
            **_of_the_path(frames, effort, path_times),
            "everybody": session.card.sees_everybody,
            "load_before": asdict(before),
            "load_during": asdict(during.read()),
        }
    report = Report(
        model=model,
        environment=environment,
        network_ms=network_ms,
        pipeline_ms=path_times.pipeline_ms,
        stages_ms=path_times.stages_ms,
        fps=path_times.fps,
        dropped=path_times.dropped,
        rss_mb=round(peak_rss_mb(), 1),
        size_mb=round(size_mb(path), 3),
        first_pose_ms=None if first_pose_ms is None else round(first_pose_ms, 1),
        sustained=sustained,
    )
    return replace(report, budget=report.checks(profile.budget) if profile.budget else ())


def measure_layers(model: str, device: str = "auto") -> list[LayerTime]:
    """Return the time of every layer of a model in one warm run, in order; empty where the engine has none.

    Raises `EdgeposeError` when the model cannot be opened.
    """
    with open_model(model, load_profile(device)) as session:
        return session.layer_times(random_feeds(session))


def _of_the_path(source: FrameSource, effort: Effort, path_times: CameraPath) -> dict[str, Any]:
    """Return what the environment tells of the camera path."""
    return {
        "is_sequence": source.is_sequence,
        "draws": effort.draws,
        "frame_wh": list(source.size_wh),
        "most_people": effort.most_people,
        "min_score": effort.min_score,
        "frames_with_people": path_times.with_people,
        "warmup": {"network": effort.warmup_runs, "frames": path_times.warmup},
    }


def _max_frames(source: FrameSource, effort: Effort) -> int | None:
    return effort.max_frames or (_LIVE_FRAMES if source.live else None)
