"""`edgepose pack`: a data set in one small file."""

from pathlib import Path
from typing import Annotated

import typer

from edgepose.cli.options import Data
from edgepose.cli.progress import progress_bar


def pack(
    *,
    data: Data,
    out: Annotated[Path, typer.Option(help="The file to write, as in lspet.zip.")],
    around: Annotated[float, typer.Option(help="Keep of each picture so many times the person's box.")] = 2.0,
    side: Annotated[int, typer.Option(help="Longest side of a kept picture, in pixels.")] = 224,
    quality: Annotated[int, typer.Option(help="Of the WebP pictures, 1-100.")] = 85,
    backgrounds: Annotated[int, typer.Option(help="Pictures without anybody to add, where the data has some.")] = 200,
) -> None:
    """Pack the people of a data set into one file, to train elsewhere: --data packed:FILE."""
    from edgepose.runtime.plumbing.files import refuse_overwriting  # noqa: PLC0415  heavy imports wait until it is called
    from edgepose.train.data import DataSpec, open_dataset  # noqa: PLC0415
    from edgepose.train.data.packed import PackSettings, write_packed  # noqa: PLC0415

    refuse_overwriting({"--out": out}, {"the data": [Path(DataSpec.parse(data).path)]})
    settings = PackSettings(around, side, quality, backgrounds)
    dataset = open_dataset(data)
    with progress_bar("packing") as on_progress:
        write_packed(dataset, out, settings, on_progress)
    typer.echo(
        f"packed {len(dataset)} people of {data} into {out}, {out.stat().st_size / 1e6:.1f} MB; use packed:{out}"
    )
