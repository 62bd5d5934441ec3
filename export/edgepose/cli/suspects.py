"""`edgepose suspects`: whose labels look wrong."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgepose.cli.options import AsJson, Data, Device
from edgepose.cli.progress import progress_bar

if TYPE_CHECKING:
    from rich.table import Table

    from edgepose.train.label_study.suspects import Suspect


def suspects(
    model: Annotated[str, typer.Argument(help="An exported file, a checkpoint, or a name that ships.")],
    *,
    data: Data,
    device: Device = "auto",
    flip: Annotated[bool, typer.Option("--flip", help="Average with the mirrored crop: fewer mistakes.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Look at the first so many people.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the most doubtful into this picture.")] = None,
    shown: Annotated[int, typer.Option(min=1, help="How many of them.")] = 10,
    as_json: AsJson = False,
) -> None:
    """List people of a data set whose labels a model firmly contradicts: left and right swapped, or joints off.

    The model may be wrong as well: look at the pictures before you change a label.
    """
    from rich.console import Console  # noqa: PLC0415  heavy imports wait until the command is called

    from edgepose.profiles import load_profile  # noqa: PLC0415
    from edgepose.train.data import open_dataset  # noqa: PLC0415
    from edgepose.train.evaluation.opening import open_any  # noqa: PLC0415
    from edgepose.train.label_study.suspects import draw_suspects, find_suspects  # noqa: PLC0415
    from edgepose.train.pictures.file import check_picture, save_picture  # noqa: PLC0415

    if plot is not None:
        check_picture(plot, [data])
    dataset = open_dataset(data)
    with open_any(model, load_profile(device)) as session, progress_bar("looking") as on_progress:
        found = find_suspects(session, dataset, flip_test=flip, limit=limit, on_progress=on_progress)
        card = session.card
    people = len(dataset) if limit is None else min(limit, len(dataset))
    if as_json:
        rows = [suspect.to_dict() for suspect in found]
        typer.echo(json.dumps({"model": model, "data": data, "people": people, "suspects": rows}, indent=1))
    else:
        Console(emoji=False).print(_table(found))
        typer.echo(f"{len({suspect.person for suspect in found})} of {people} people look mislabelled to {model}")
    if plot is not None and found:
        save_picture(plot, draw_suspects(found[:shown], dataset, card.skeleton_object(), card.crop.padding))
    if plot is not None:
        typer.echo(f"wrote {plot}" if found else f"nobody to draw: {plot} was not written", err=as_json)


def _table(found: "list[Suspect]") -> "Table":
    from rich.markup import escape  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table("person", "image", "kind", "doubt", "px", "joints")
    for suspect in found:
        figures = (f"{suspect.doubt:.2f}", f"{suspect.distance_px:.0f}")
        table.add_row(str(suspect.person), escape(suspect.image), suspect.kind, *figures, " ".join(suspect.joints))
    return table
