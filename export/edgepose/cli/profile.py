"""`edgepose profile`: what every millisecond goes to."""

import json
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgepose.cli.options import Camera, Device, MinScore
from edgepose.cli.run_options import Paced, Source, Turn
from edgepose.runtime.profiling import DEFAULT_SOURCE

if TYPE_CHECKING:
    from rich.console import Console

    from edgepose.profiles import DeviceProfile
    from edgepose.runtime.profiling.sustained import Interval

_Runs = Annotated[int, typer.Option(min=1, help="Runs of the network alone, after 20 of warm-up.")]
_MaxFrames = Annotated[int | None, typer.Option(min=3, help="Frames to take; 300 of a live source.")]
_Layers = Annotated[bool, typer.Option("--layers", help="Show the slowest layers, where the engine tells.")]
_Sustained = Annotated[
    float, typer.Option(min=0, help="Run the network so many minutes without a pause: does warmth slow it down?")
]
_MaxPeople = Annotated[
    int, typer.Option(min=1, help="Follow so many people; budgets are for one, and `run` follows 5.")
]
_Draw = Annotated[
    bool, typer.Option("--draw/--no-draw", help="Draw every result; leave it out where poses alone are wanted.")
]


def profile(
    model: Annotated[str, typer.Argument(help="An exported file, or the name of a model that ships.")],
    *,
    source: Source = DEFAULT_SOURCE,
    device: Device = "auto",
    camera: Camera = None,
    json_path: Annotated[
        Path | None, typer.Option("--json", help="Write the report here too; - prints it alone.")
    ] = None,
    runs: _Runs = 200,
    max_frames: _MaxFrames = None,
    layers: _Layers = False,
    sustained: _Sustained = 0.0,
    max_people: _MaxPeople = 1,
    min_score: MinScore = None,
    paced: Paced = False,
    turn: Turn = 0,
    draw: _Draw = True,
) -> None:
    """Measure a model alone and in the whole camera path; exit code 1 when the device's budget is missed."""
    from rich.console import Console  # noqa: PLC0415  heavy imports wait until the command is called

    from edgepose.profiles import load_profile  # noqa: PLC0415
    from edgepose.runtime.inputs import input_files  # noqa: PLC0415
    from edgepose.runtime.plumbing.files import open_text_whole, refuse_overwriting  # noqa: PLC0415
    from edgepose.runtime.profiling.measure import Effort, measure_layers, measure_model  # noqa: PLC0415
    from edgepose.runtime.profiling.table import layers_table, report_tables  # noqa: PLC0415
    from edgepose.runtime.sources import CameraMode  # noqa: PLC0415

    refuse_overwriting({"--json": json_path}, input_files(model, source, device))
    mode = CameraMode.of_text(camera) if camera is not None else None
    effort = Effort(
        runs=runs,
        max_frames=max_frames,
        most_people=max_people,
        min_score=min_score,
        draws=draw,
        sustained_minutes=sustained,
    )
    alone = str(json_path) == "-"
    console = Console(stderr=alone, emoji=False)
    profile = load_profile(device)
    _warn(profile, console)
    report = None
    try:
        # a file that cannot be written is told before minutes of measuring
        with nullcontext(sys.stdout) if alone or json_path is None else open_text_whole(json_path) as file:
            report = measure_model(
                model, device, source, effort, paced=paced, camera=mode, clockwise_deg=turn, on_interval=_tell
            )
            if json_path is not None:
                file.write(json.dumps(report.to_dict(), indent=1) + "\n")
    finally:  # shown if the file fails after them, and no reader who went away costs the file
        if report is not None:
            console.print(report_tables(report))
    if layers:
        times = measure_layers(model, device)
        console.print(layers_table(times) if times else "this engine tells no times of single layers")
    if not report.kept:
        raise typer.Exit(1)


def _warn(profile: "DeviceProfile", console: "Console") -> None:
    """Say that times taken here are not those of a device of another architecture."""
    if not profile.is_like_this_machine:
        warning = f"warning: {profile.name} is {profile.architecture}: times taken here are not its own"
        console.print(warning, style="yellow")


def _tell(interval: "Interval") -> None:
    """Say on the error stream how a part of a sustained run went."""
    typer.echo(f"from {interval.start_s:.0f} s on: p50 {interval.network_ms.p50:.2f} ms", err=True)
