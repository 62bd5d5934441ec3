"""The `edgepose` command: one subcommand a file, each importing what it needs when it runs."""

import sys

import typer

from edgepose.cli.demo import demo
from edgepose.cli.devices import devices
from edgepose.cli.evaluate import evaluate
from edgepose.cli.export import export
from edgepose.cli.info import info
from edgepose.cli.models import models
from edgepose.cli.profile import profile
from edgepose.cli.run import run
from edgepose.cli.train import train
from edgepose.profiles.errors import EdgeposeError

COMMANDS = (run, profile, models, devices, info, train, evaluate, export, demo)

app = typer.Typer(
    help="Human pose estimation on edge devices: train, export, run and measure.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for _command in COMMANDS:
    app.command()(_command)


def main() -> None:
    """Run the command line: what the user can mend is one line and exit code 2."""
    try:
        app()
    except EdgeposeError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
