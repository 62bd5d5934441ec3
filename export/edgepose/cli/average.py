"""`edgepose average`: several trainings of one network in one file."""

from pathlib import Path
from typing import Annotated

import typer


def average(
    checkpoints: Annotated[list[str], typer.Argument(help="Checkpoints of one network, or names that ship.")],
    *,
    out: Annotated[Path, typer.Option(help="The checkpoint to write; what is known of the last one goes into it.")],
    shares: Annotated[str | None, typer.Option(help="How much of each, as 3,1; else all alike.")] = None,
) -> None:
    """Average the weights of trainings that began alike: often better than each, at no cost on a device."""
    from edgepose.profiles.errors import EdgeposeError  # noqa: PLC0415  heavy imports wait until the command is called
    from edgepose.runtime.plumbing.files import refuse_overwriting  # noqa: PLC0415
    from edgepose.train.checkpoints.checkpoint import resolve_checkpoint, save_checkpoint  # noqa: PLC0415
    from edgepose.train.checkpoints.model_soup import average_checkpoints  # noqa: PLC0415

    paths = [resolve_checkpoint(each) for each in checkpoints]
    refuse_overwriting({"--out": out}, {"a checkpoint": paths})
    if out.suffix != ".safetensors":
        raise EdgeposeError(f"a checkpoint is a .safetensors file; found --out {out}")
    try:
        parts = [float(share) for share in shares.split(",")] if shares else [1.0] * len(paths)
    except ValueError as error:
        raise EdgeposeError(f"--shares takes numbers with commas between them, as 3,1; found {shares!r}") from error
    if len(parts) != len(paths) or len(set(paths)) != len(paths):
        raise EdgeposeError(f"expected different checkpoints and a share for each; found {len(paths)} and {len(parts)}")
    save_checkpoint(out, average_checkpoints(dict(zip(paths, parts, strict=True))))
    typer.echo(f"wrote {out}")
