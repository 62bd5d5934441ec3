"""The `edgepose` command: one subcommand a file, each importing what it needs when it runs."""

from importlib.metadata import version
from typing import Annotated

import typer

from edgepose.cli.adapted import adapted
from edgepose.cli.average import average
from edgepose.cli.card import card
from edgepose.cli.curve import curve
from edgepose.cli.demo import demo
from edgepose.cli.devices import devices
from edgepose.cli.evaluate import evaluate
from edgepose.cli.export import export
from edgepose.cli.grouped import grouped
from edgepose.cli.info import info
from edgepose.cli.models import models
from edgepose.cli.pack import pack
from edgepose.cli.parts import parts
from edgepose.cli.profile import profile
from edgepose.cli.report import report
from edgepose.cli.run import run
from edgepose.cli.suspects import suspects
from edgepose.runtime.plumbing.command_line import run_app
from edgepose.runtime.plumbing.deferred_interrupt import terminate_like_control_c
from edgepose.train.runs.command import train

COMMANDS = (
    run,
    profile,
    report,
    models,
    card,
    devices,
    info,
    parts,
    adapted,
    grouped,
    pack,
    train,
    average,
    curve,
    evaluate,
    suspects,
    export,
    demo,
)

app = typer.Typer(
    help="Human pose estimation on edge devices: train, export, run and measure.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"edgepose {version('edgepose')}")
        raise typer.Exit


@app.callback()
def edgepose(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=lambda wanted: _print_version(wanted=wanted), is_eager=True
        ),
    ] = False,
) -> None:
    """Human pose estimation on edge devices: train, export, run and measure."""


for _command in COMMANDS:
    app.command()(_command)


def main() -> None:
    """Run the command line."""
    terminate_like_control_c()
    run_app(app)
