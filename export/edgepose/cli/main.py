"""The `edgepose` command: one subcommand a file, each importing what it needs when it runs."""

import sys
from typing import NoReturn

import typer

from edgepose.cli.demo import demo
from edgepose.cli.devices import devices
from edgepose.cli.evaluate import evaluate
from edgepose.cli.export import export
from edgepose.cli.info import info
from edgepose.cli.models import models
from edgepose.cli.pack import pack
from edgepose.cli.parts import parts
from edgepose.cli.profile import profile
from edgepose.cli.run import run
from edgepose.cli.train import train
from edgepose.profiles.errors import EdgeposeError

COMMANDS = (run, profile, models, devices, info, parts, pack, train, evaluate, export, demo)

app = typer.Typer(
    help="Human pose estimation on edge devices: train, export, run and measure.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for _command in COMMANDS:
    app.command()(_command)


# typer brings its own copy of click in some versions and click itself in others: this is UsageError in both
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]


def main() -> None:
    """Run the command line: what the user can mend is one line on the error stream and exit code 2."""
    try:
        code = app(sys.argv[1:] or ["--help"], standalone_mode=False)
    except _UsageError as error:
        _fail(_usage(error))
    except EdgeposeError as error:
        _fail(str(error))
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)
    sys.exit(code or 0)


def _usage(error: BaseException) -> str:
    """Return what is wrong with the words of a command, and where to look them up."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "edgepose"
    message = " ".join(error.format_message().split())  # type: ignore[attr-defined]
    return f"{message.rstrip('.')}; see {command} --help"


def _fail(text: str) -> NoReturn:
    sys.stderr.write(f"error: {text}\n")
    sys.exit(2)
