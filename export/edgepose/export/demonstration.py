"""The main job once through: export, check, choose, run, with everything shown."""

from pathlib import Path

from rich.console import Console

from edgepose.export.errors import ExportError
from edgepose.export.export_run import ExportRequest, run_export
from edgepose.export.summary.report import ExportReport
from edgepose.export.summary.table import print_report
from edgepose.profiles import load_profile
from edgepose.runtime.backends import open_model
from edgepose.runtime.clock import work_ns
from edgepose.runtime.drawing import Painter
from edgepose.runtime.estimators import open_estimator
from edgepose.runtime.model_files.shipped import shipped_names
from edgepose.runtime.people.smoothing import PoseSmoother
from edgepose.runtime.pipeline import Pipeline
from edgepose.runtime.plumbing.files import refuse_overwriting
from edgepose.runtime.profiling.distribution import Distribution
from edgepose.runtime.sinks import VideoSink
from edgepose.runtime.sources import open_source, source_files
from edgepose.runtime.sources.stream import without_password
from edgepose.runtime.tally import Tally, run_to_end
from edgepose.train.checkpoints.checkpoint import resolve_checkpoint

TARGETS = (("openvino", "fp32"), ("openvino", "fp16"), ("openvino", "int8"), ("onnx", "fp32"))
CALIBRATE, VALIDATE = "synthetic:200:1", "synthetic:200:2"


def run_demonstration(
    source: str, out: Path, model: str | None, device: str, max_frames: int, console: Console
) -> ExportReport:
    """Export a checkpoint into `out`/models, run the recommended file, write `out`/poses.mp4, print the table.

    `model` None is the default of those that ship. Raises `EdgeposeError` when nothing ships, no file passes or
    runs here, or the source or the video cannot be opened.
    """
    checkpoint, video = resolve_checkpoint(model or _default_name()), out / "poses.mp4"
    refuse_overwriting({"the video": video}, {"the source": source_files(source)})
    console.print(f"export {checkpoint.stem}, checked on rendered people")
    with open_source(source):
        pass  # a wrong source is told before minutes of work
    request = ExportRequest(
        checkpoint, TARGETS, out / "models", calibrate=CALIBRATE, validate=VALIDATE, limit=200, device=device
    )
    report = run_export(request, lambda step: console.print(f"  {step}", style="dim", highlight=False))
    if not report.rows:
        report.raise_failures()
    chosen = file_to_run(report)
    console.print(f"run {chosen} on {without_password(source)}")
    tally, work = _run(out / "models" / chosen, source, device, video, max_frames)
    print_report(report, console)
    console.print(
        f"{chosen} on {without_password(source)}: {tally.frames} frames, somebody in {tally.with_people}; "
        f"crop to drawn p50 {work.p50:.1f} ms, p95 {work.p95:.1f}, p99 {work.p99:.1f}; {tally.fps:.0f} frames/s; "
        f"wrote {video}",
        highlight=False,
        soft_wrap=True,
    )
    return report


def file_to_run(report: ExportReport) -> str:
    """Return the recommended file, or where that cannot run here the fastest that can."""
    times = {row.path: row.p50_ms for row in report.rows if row.p50_ms is not None}
    if report.recommended and report.recommended.path in times:
        return report.recommended.path
    if not times:
        raise ExportError(f"no file runs here as {report.device} asks; choose another --device")
    return min(times, key=times.__getitem__)


def _default_name() -> str:
    names = shipped_names()
    if not names:
        raise ExportError("no model ships with this installation; give --model CHECKPOINT")
    return names[0]


def _run(model: Path, source: str, device: str, video: Path, max_frames: int) -> tuple[Tally, Distribution]:
    """Follow everybody through the source and write what was seen; Ctrl-C ends it early.

    Returns the work on each frame besides, in ms, without waiting for it.
    """
    stages_ns: list[dict[str, int]] = []  # not the results: their pictures would fill the memory
    with open_source(source) as frames, open_model(model, load_profile(device)) as session:
        sink = VideoSink(video, frames.playback_fps, real_time=frames.live)
        painter = Painter(title=session.card.name)
        estimator = open_estimator(session, follow=frames.is_sequence)
        pipeline = Pipeline(frames, estimator, [sink], smoother=PoseSmoother(), painter=painter)
        tally = run_to_end(pipeline, max_frames, lambda result: stages_ns.append(result.stage_ns))
    if tally.broken_off is not None:
        raise tally.broken_off
    if not stages_ns:
        raise ExportError(f"{without_password(source)} gave no frames; choose another --source")
    return tally, Distribution.of_ns([work_ns(stage_ns) for stage_ns in stages_ns])
