"""`edgepose run`: poses drawn on a video, a camera or a folder, and written as JSON lines."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgepose.cli import run_options as options
from edgepose.cli.options import Camera, Device, MinScore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgepose.runtime.arrays import FloatArray
    from edgepose.runtime.pipeline import Estimator, Pipeline
    from edgepose.runtime.sinks import Sink
    from edgepose.runtime.sources import FrameSource


def run(
    model: Annotated[
        str, typer.Argument(help="A model file that `edgepose export` wrote, or the name of one that ships.")
    ],
    *,
    source: options.Source,
    out: options.Out = None,
    json_path: options.JsonLines = None,
    device: Device = "auto",
    camera: Camera = None,
    reconnect: options.Reconnect = 10.0,
    turn: options.Turn = 0,
    paced: options.Paced = False,
    show: options.Show = None,
    max_frames: options.MaxFrames = None,
    box: options.Box = None,
    boxes: options.BoxesFile = None,
    max_people: options.MaxPeople = None,
    scales: options.Scales = None,
    min_score: MinScore = None,
    flip: options.Flip = False,
    smooth: options.Smooth = True,
) -> None:
    """Follow everybody through a source; Ctrl-C ends the run and keeps what was written."""
    # heavy imports wait until the command is called
    from edgepose.profiles import load_profile  # noqa: PLC0415
    from edgepose.runtime.backends import open_model  # noqa: PLC0415
    from edgepose.runtime.estimators import open_estimator  # noqa: PLC0415
    from edgepose.runtime.estimators.bottom_up_model import Views  # noqa: PLC0415
    from edgepose.runtime.inputs import input_files  # noqa: PLC0415
    from edgepose.runtime.people.boxes import read_boxes, require_boxes_of  # noqa: PLC0415
    from edgepose.runtime.sources import CameraMode, open_source  # noqa: PLC0415

    views = Views.of_text(scales, flip=flip) if scales else Views(flip=flip)
    box_xyxy, given = _parse_box(box), read_boxes(boxes) if boxes is not None else None
    mode = CameraMode.of_text(camera) if camera is not None else None
    files = [path for path in (out, json_path) if path is not None]
    show = _wants_window(show, files=files)
    inputs = {**input_files(model, source, device), "the boxes": [boxes] if boxes is not None else []}
    _refuse_overwriting(inputs, out, json_path)
    with (
        open_source(source, paced=paced, camera=mode, away_s=reconnect, clockwise_deg=turn) as frames,
        open_model(model, load_profile(device)) as session,
    ):
        estimator = open_estimator(
            session,
            max_people,
            box_xyxy=box_xyxy,
            boxes=given,
            views=views,
            follow=frames.is_sequence,
            min_score=min_score,
        )
        if given is not None:
            require_boxes_of(given, frames)
        sinks = _open_sinks(frames, out, json_path, show=show, max_frames=max_frames)
        pipeline = _pipeline(frames, estimator, sinks, session.card.name, smooth=smooth)
        _run(pipeline, frames, max_frames, files, alone=str(json_path) == "-")


def _run(
    pipeline: "Pipeline", frames: "FrameSource", max_frames: int | None, files: list[Path], *, alone: bool
) -> None:
    """Run to the end and say what was done; `alone`, standard output is for the poses."""
    from edgepose.cli.run_progress import run_progress  # noqa: PLC0415
    from edgepose.runtime.tally import run_to_end, summary  # noqa: PLC0415

    with run_progress(pipeline, frames, max_frames, prints=alone) as on_result:
        tally = run_to_end(pipeline, max_frames, on_result)
    typer.echo(summary(tally, frames, pipeline, files), err=alone)
    if tally.broken_off is not None:
        raise tally.broken_off
    if tally.interrupted and not frames.live:
        raise typer.Exit(130)


def _refuse_overwriting(inputs: "Mapping[str, list[Path]]", out: Path | None, json_path: Path | None) -> None:
    """Raise `EdgeposeError` where an output is an input, or another one; of a folder of pictures, each of them."""
    from edgepose.profiles.errors import EdgeposeError  # noqa: PLC0415
    from edgepose.runtime.plumbing.files import refuse_overwriting  # noqa: PLC0415
    from edgepose.runtime.sinks import is_picture  # noqa: PLC0415

    if out is not None and str(out) == "-":
        raise EdgeposeError("pictures are not printed; give --out the name of a file or a folder")
    outputs = {"--out": out, "--json": json_path}
    if out is not None and _is_folder(out):
        pictures = [file for file in inputs["the source"] if is_picture(file)]
        outputs |= {f"--out, as {file.name}": out / file.name for file in pictures}
    refuse_overwriting(outputs, inputs)


def _is_folder(out: Path) -> bool:
    """Tell whether an output is a folder of pictures: one that is there, or a name without a suffix."""
    return out.is_dir() or not out.suffix


def _pipeline(
    frames: "FrameSource", estimator: "Estimator", sinks: "list[Sink]", title: str, *, smooth: bool
) -> "Pipeline":
    from edgepose.runtime.drawing import Painter  # noqa: PLC0415
    from edgepose.runtime.people.smoothing import PoseSmoother  # noqa: PLC0415
    from edgepose.runtime.pipeline import Pipeline  # noqa: PLC0415

    smoother = PoseSmoother() if smooth else None
    return Pipeline(frames, estimator, sinks, smoother=smoother, painter=Painter(title=title))


def _open_sinks(
    source: "FrameSource", out: Path | None, json_path: Path | None, *, show: bool, max_frames: int | None
) -> "list[Sink]":
    from edgepose.runtime.errors import SinkError  # noqa: PLC0415
    from edgepose.runtime.sinks import JsonLinesSink, PictureSink, VideoSink, WindowSink, is_picture  # noqa: PLC0415

    is_one = source.declared_frames == 1 or max_frames == 1
    if out is not None and is_picture(out) and not out.is_dir() and not is_one:
        raise SinkError(f"{out} is one picture, and the source has more; give a folder or a video")
    sinks: list[Sink] = []
    with ExitStack() as opened:  # when a later one cannot be opened, the earlier ones leave nothing behind
        if show:
            stay_ms = 1 if source.is_sequence else round(1000 / source.playback_fps)
            sinks.append(opened.enter_context(WindowSink(stay_ms=stay_ms)))
        if out is not None and (_is_folder(out) or is_picture(out)):
            sinks.append(opened.enter_context(PictureSink(out)))
        elif out is not None:
            sinks.append(opened.enter_context(VideoSink(out, source.playback_fps, real_time=source.live)))
        if json_path is not None:
            sinks.append(opened.enter_context(JsonLinesSink(json_path)))
        opened.pop_all()
    return sinks


def _wants_window(show: bool | None, files: list[Path]) -> bool:
    """Decide whether a window opens.

    Raises `EdgeposeError` when there would be no output at all.
    """
    from edgepose.profiles.errors import EdgeposeError  # noqa: PLC0415
    from edgepose.runtime.sinks.window import window_problem  # noqa: PLC0415

    if show is None:
        show = not files
    problem = window_problem() if show else None
    if problem is not None:
        raise EdgeposeError(f"nowhere to show the poses: {problem}")
    if not show and not files:
        raise EdgeposeError("nothing would be written or shown; give --out FILE, --json FILE or --show")
    return show


def _parse_box(text: str | None) -> "FloatArray | None":
    import numpy as np  # noqa: PLC0415

    from edgepose.profiles.errors import EdgeposeError  # noqa: PLC0415

    if text is None:
        return None
    try:
        x0, y0, x1, y1 = (float(part) for part in text.split(","))
    except ValueError:
        x0 = y0 = x1 = y1 = 0.0
    if not (x0 < x1 and y0 < y1 and np.isfinite([x0, y0, x1, y1]).all()):
        raise EdgeposeError(f"expected --box X0,Y0,X1,Y1 in pixels with X0 < X1 and Y0 < Y1, found {text}")
    return np.array([x0, y0, x1, y1], np.float32)
