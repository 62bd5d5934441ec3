"""`edgepose export`: from a checkpoint to files that are proven equal."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

_UNATTENDED_COLUMNS = 100
_TOOLS = ("torch", "onnx", "onnxscript", "onnxsim", "onnxruntime")
"""What every format is made with; a format's own tools are looked for once it is asked for."""

_Limit = Annotated[int, typer.Option(min=1, help="At most so many people, or whole pictures, of each.")]
_Exclude = Annotated[
    str, typer.Option(help="Layers that int8 leaves in floating point, with commas; * and ? as in a shell.")
]
_Search = Annotated[bool, typer.Option(help="Where int8 loses too much, leave out the layers that it hurts most.")]


def export(
    checkpoint: Annotated[
        str, typer.Argument(help="A .safetensors of `edgepose train`, or the name of a shipped one.")
    ],
    *,
    to: Annotated[
        str, typer.Option(help="Formats, with commas: onnx, openvino, tflite, tensorrt; or all.")
    ] = "onnx,openvino",
    precision: Annotated[
        str, typer.Option(help="Precisions, with commas: fp32, fp16, int8; dynamic-int8 for tflite.")
    ] = "fp32",
    out: Annotated[Path, typer.Option(help="Folder of the files, their cards and export.json.")],
    calibrate: Annotated[
        str | None, typer.Option(help="Data for int8, kind:path[:split]; synthetic:200 renders its own.")
    ] = None,
    validate: Annotated[
        str | None,
        typer.Option(help="Data to compare on; by default the calibration's people; if rendered, others."),
    ] = None,
    limit: _Limit = 1000,
    device: Annotated[
        str, typer.Option(help="Device profile to time and recommend for: a name of `edgepose devices`, or a .toml.")
    ] = "auto",
    exclude: _Exclude = "",
    search: _Search = True,
    clip: Annotated[
        str | None,
        typer.Option(help="A video on which each file's poses are compared with torch's too, frame by frame."),
    ] = None,
    decode: Annotated[
        bool, typer.Option("--decode", help="Put the decode inside: files give keypoints instead of heatmaps.")
    ] = False,
) -> None:
    """Convert, quantise and compare with torch; a file over its tolerance is an error and is not left behind."""
    from rich.console import Console  # noqa: PLC0415  heavy imports wait until the command is called

    require_export_tools()
    from edgepose.export.export_run import ExportRequest, run_export  # noqa: PLC0415
    from edgepose.export.request import targets_of  # noqa: PLC0415
    from edgepose.export.summary.table import print_report  # noqa: PLC0415
    from edgepose.train.checkpoints.checkpoint import resolve_checkpoint  # noqa: PLC0415

    request = ExportRequest(
        resolve_checkpoint(checkpoint),
        targets_of(_split_list(to, "--to"), _split_list(precision, "--precision")),
        out,
        calibrate,
        validate,
        limit,
        device,
        exclude=_split_list(exclude, "--exclude") if exclude else (),
        search=search,
        decode=decode,
        clip=clip,
    )
    progress = Console(stderr=True, highlight=False, emoji=False)
    report = run_export(request, lambda step: progress.print(f"  {step}", style="dim"))
    if report.rows:
        print_report(report, wide_console())
    report.raise_failures()


def require_export_tools() -> None:
    """Make sure that what every format is made with is installed.

    Raises `MissingExtraError` naming the pip command.
    """
    from edgepose.runtime.errors import require_modules  # noqa: PLC0415

    require_modules(_TOOLS, "export")


def _split_list(text: str, option: str) -> list[str]:
    """Return what stands between commas, each once.

    Raises `EdgeposeError` when that is nothing.
    """
    from edgepose.profiles.errors import EdgeposeError  # noqa: PLC0415

    parts = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not parts:
        raise EdgeposeError(f"{option} takes names with commas between them; found {text!r}")
    return parts


def wide_console() -> "Console":
    """Return the console of the results: where no terminal says how wide it is, the table is not cut at 80 columns."""
    from rich.console import Console  # noqa: PLC0415

    return Console(width=None if sys.stdout.isatty() else _UNATTENDED_COLUMNS, emoji=False)
