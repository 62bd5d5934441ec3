"""`edgepose curve`: how a training went."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgepose.cli.options import AsJson

if TYPE_CHECKING:
    from rich.table import Table

    from edgepose.train.checkpoints.curve import TrainingCurve


def curve(
    model: Annotated[
        list[str], typer.Argument(help="A checkpoint, an exported file, or a name that ships; several to compare.")
    ],
    *,
    plot: Annotated[Path | None, typer.Option(help="Draw loss, accuracy and learning rate into this picture.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show mean loss, validated accuracy, learning rate and time of every epoch that a model was trained for."""
    from rich.console import Console  # noqa: PLC0415  heavy imports wait until the command is called

    from edgepose.train.checkpoints.curve import training_curve  # noqa: PLC0415
    from edgepose.train.evaluation.opening import load_any_card  # noqa: PLC0415
    from edgepose.train.pictures.curves import draw_curves  # noqa: PLC0415
    from edgepose.train.pictures.file import check_picture, save_picture  # noqa: PLC0415

    if plot is not None:
        check_picture(plot)
    curves = [replace(training_curve(load_any_card(name)), model=name) for name in model]
    if as_json:
        typer.echo(json.dumps([each.to_dict() for each in curves], indent=1, allow_nan=False))
    else:
        for each in curves:
            Console(emoji=False).print(_table(each))
    if plot is not None:
        save_picture(plot, draw_curves(curves))
        typer.echo(f"wrote {plot}", err=as_json)


def _table(trained: "TrainingCurve") -> "Table":
    from rich.markup import escape  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    on = f" on {trained.validated_on}" if trained.validated_on else ""
    table = Table(title=escape(f"{trained.model}{on}"), title_justify="left")
    for heading in ("epoch", "run", "mean loss", trained.metric, "learning rate", "minutes"):
        table.add_column(heading, justify="right")
    for each in trained.epochs:
        accuracy = "" if each.accuracy is None else f"{each.accuracy:.2f}"
        rate = "" if each.learning_rate is None else f"{each.learning_rate:.2g}"
        figures = (f"{each.loss:.5f}", accuracy, rate, f"{each.seconds / 60:.1f}")
        table.add_row(str(each.epoch), str(each.run), *figures)
    return table
