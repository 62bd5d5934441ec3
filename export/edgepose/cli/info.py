"""`edgepose info`: how large a network is, as its paper counts."""

import json
from typing import Annotated

import typer

from edgepose.cli.options import AsJson


def info(
    net: Annotated[
        str,
        typer.Argument(
            help="repose, pbn, pil, simplepose, simplepose-edge, or a PPNet's name such as ppnet-m2-d2-w32."
        ),
    ],
    *,
    settings: Annotated[list[str] | None, typer.Option("--set", help="key=value of the network; repeatable.")] = None,
    input_size: Annotated[str | None, typer.Option("--input", help="WxH in pixels; the paper's by default.")] = None,
    skeleton: Annotated[
        str | None, typer.Option(help="lsp-14, mpii-16, coco-17 or simplepose-18; the paper's by default.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print a network's parameters and multiply-accumulates, as its own paper counts and as the others do."""
    from edgepose.runtime.skeleton import skeleton_named  # noqa: PLC0415  heavy imports wait until it is called
    from edgepose.train.networks import NetworkSpec  # noqa: PLC0415
    from edgepose.train.networks.describe import describe  # noqa: PLC0415
    from edgepose.train.runs.options import parse_settings, parse_size  # noqa: PLC0415

    joints = skeleton_named(skeleton) if skeleton else None
    figures = describe(NetworkSpec.of_paper(net, parse_settings(settings), joints, parse_size(input_size)))
    if as_json:
        typer.echo(json.dumps(figures.to_dict(), indent=1))
        return
    spec = figures.spec
    chosen = "".join(f" {key.replace('_', '-')}={value}" for key, value in spec.settings.items())
    typer.echo(f"network     {spec.name}{chosen}")
    typer.echo(f"input       {spec.input_wh[0]}x{spec.input_wh[1]} pixels, {len(spec.skeleton)} joints")
    typer.echo(f"parameters  {figures.params / 1e6:.2f}M ({figures.params})")
    typer.echo(f"MACs        {figures.macs / 1e9:.3f}G ({figures.macs})")
    typer.echo(f"FLOPs       {figures.convention.printed(figures.flops_paper)}G ({figures.convention.text})")
    others = (f"{title} {each.printed(flops)}G" for title, (each, flops) in figures.by_paper.items())
    typer.echo(f"by paper    {', '.join(others)}: as each counts")
