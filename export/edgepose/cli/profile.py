"""`edgepose profile`: what every millisecond goes to."""

import json
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from edgepose.cli.options import Device
from edgepose.runtime.profiling import DEFAULT_SOURCE


def profile(
    model: Annotated[str, typer.Argument(help="An exported file, or the name of a model that ships.")],
    *,
    source: Annotated[
        str, typer.Option(help="Camera index, video, folder, stream or synthetic[:SEED[:FRAMES]].")
    ] = DEFAULT_SOURCE,
    device: Device = "auto",
    json_path: Annotated[
        Path | None, typer.Option("--json", help="Write the report here too; - prints it alone.")
    ] = None,
    runs: Annotated[int, typer.Option(min=1, help="Runs of the network alone, after 20 of warm-up.")] = 200,
    max_frames: Annotated[int | None, typer.Option(min=3, help="Frames to take; 300 of a live source.")] = None,
    layers: Annotated[bool, typer.Option("--layers", help="Show the slowest layers, where the engine tells.")] = False,
    sustained: Annotated[
        float, typer.Option(min=0, help="Run the network so many minutes without a pause: does warmth slow it down?")
    ] = 0.0,
    max_people: Annotated[
        int, typer.Option(min=1, help="Follow so many people; budgets are for one, and `run` follows 5.")
    ] = 1,
    paced: Annotated[
        bool, typer.Option("--paced", help="Play a recording at its own rate, as a camera would.")
    ] = False,
) -> None:
    """Measure a model alone and in the whole camera path; exit code 1 when the device's budget is missed."""
    from rich.console import Console  # noqa: PLC0415  heavy imports wait until the command is called

    from edgepose.profiles import load_profile  # noqa: PLC0415
    from edgepose.runtime.files import open_text_whole, refuse_overwriting  # noqa: PLC0415
    from edgepose.runtime.inputs import input_files  # noqa: PLC0415
    from edgepose.runtime.profiling.measure import Effort, measure_layers, measure_model  # noqa: PLC0415
    from edgepose.runtime.profiling.table import layers_table, report_tables  # noqa: PLC0415

    refuse_overwriting({"--json": json_path}, input_files(model, source, device))
    effort = Effort(runs=runs, max_frames=max_frames, most_people=max_people, sustained_minutes=sustained)
    alone = str(json_path) == "-"
    console = Console(stderr=alone, emoji=False)
    profile = load_profile(device)
    if not profile.is_like_this_machine:
        told = f"warning: {profile.name} is {profile.architecture}: times taken here are not its own"
        console.print(told, style="yellow")
    report = None
    try:
        # a file that cannot be written is told before minutes of measuring
        with nullcontext(sys.stdout) if alone or json_path is None else open_text_whole(json_path) as file:
            report = measure_model(model, device, source, effort, paced=paced)
            if json_path is not None:
                file.write(json.dumps(report.to_dict(), indent=1) + "\n")
    finally:  # shown if the file fails after them, and no reader who went away costs the file
        if report is not None:
            console.print(report_tables(report))
    if layers:
        console.print(layers_table(measure_layers(model, device)))
    if not report.kept:
        raise typer.Exit(1)
