"""`edgepose demo`: the main job once through, with what ships."""

from pathlib import Path
from typing import Annotated

import typer

from edgepose.cli.options import Device


def demo(
    *,
    source: Annotated[
        str, typer.Option(help="Camera index, video, folder, stream or synthetic[:SEED[:FRAMES]].")
    ] = "synthetic:0:150",
    out: Annotated[Path, typer.Option(help="Folder of the models and the annotated video.")] = Path("demo-out"),
    model: Annotated[
        str | None, typer.Option(help="A checkpoint, or a shipped name; the default one if not given.")
    ] = None,
    device: Device = "auto",
    max_frames: Annotated[int, typer.Option(min=1, help="Stop after so many frames; Ctrl-C stops before.")] = 600,
) -> None:
    """Export the shipped network, check every file, run the recommended one and write an annotated video."""
    # heavy imports wait until the command is called
    from edgepose.cli.export import require_export_tools, wide_console  # noqa: PLC0415

    require_export_tools()
    from edgepose.export.demonstration import run_demonstration  # noqa: PLC0415

    report = run_demonstration(source, out, model, device, max_frames, wide_console())
    report.raise_failures()
