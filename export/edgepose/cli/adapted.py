"""`edgepose adapted`: what PIL's parsing does to its pose."""

from pathlib import Path
from typing import Annotated

import typer

from edgepose.cli.options import Data


def adapted(
    model: Annotated[Path, typer.Argument(help="A checkpoint of pil with fusion=adaptive.")],
    *,
    data: Data,
    plot: Annotated[Path, typer.Option(help="Draw into this picture.")],
    person: Annotated[
        list[int] | None, typer.Option(min=0, help="Who, counted from 0; repeatable. The first by default.")
    ] = None,
) -> None:
    """Draw PIL's maps and features before and after the kernels that the parsing of a picture makes for it."""
    from edgepose.profiles.errors import EdgeposeError  # noqa: PLC0415  heavy imports wait until the command is called
    from edgepose.train.checkpoints.checkpoint import load_checkpoint  # noqa: PLC0415
    from edgepose.train.data import open_dataset  # noqa: PLC0415
    from edgepose.train.data.augment import plain_crop  # noqa: PLC0415
    from edgepose.train.pictures.adaptation import adaptation_of, draw_adaptations  # noqa: PLC0415
    from edgepose.train.pictures.file import check_picture, save_picture  # noqa: PLC0415

    check_picture(plot, [data])
    checkpoint, dataset = load_checkpoint(model), open_dataset(data)
    people = [0] if person is None else person
    if max(people) >= len(dataset):
        raise EdgeposeError(f"{data} has people 0 to {len(dataset) - 1}; found --person {max(people)}")
    samples = [dataset.sample(i) for i in people]
    images = [plain_crop(s, checkpoint.spec.input_wh, checkpoint.crop_padding)[0].image_rgb for s in samples]
    network = checkpoint.build()
    save_picture(plot, draw_adaptations(images, [adaptation_of(network, image) for image in images]))
    typer.echo(f"wrote {plot}")
