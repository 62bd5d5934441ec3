"""What every command line here does: one line on the error stream for what the user can mend, and exit code 2."""

import io
import os
import sys
from contextlib import suppress
from typing import NoReturn

import typer

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.errors import MissingExtraError

# typer brings its own copy of click in some versions and click itself in others: this is UsageError in both
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]

_EXTRA_OF = {
    "PIL": "evaluate",
    "pycocotools": "evaluate",
    "safetensors": "train",
    "sklearn": "train",
    "tensorboard": "train",
    "torch": "train",
}
"""Which extra brings a module that a command imports without a check of its own."""


def run_app(app: typer.Typer) -> NoReturn:
    """Run the words of the command line through an app and end the process with its exit code; Ctrl-C's is 130."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # of a file, on Windows, not every name can be written
            stream.reconfigure(errors="backslashreplace")
    try:
        code = app(sys.argv[1:] or ["--help"], standalone_mode=False)
        sys.stdout.flush()
    except _UsageError as error:
        _fail(_usage(error))
    except ModuleNotFoundError as error:
        module = (error.name or "").partition(".")[0]
        if module not in _EXTRA_OF:
            raise
        _fail(str(MissingExtraError(module, _EXTRA_OF[module])))
    except EdgeposeError as error:
        _fail(str(error))
    except BrokenPipeError:  # as of `| head`
        _drop_output()
        sys.exit(1)
    except OSError as error:
        _drop_output()
        _fail(f"the system refuses: {error.strerror or error}{f' ({error.filename})' if error.filename else ''}")
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)
    sys.exit(code or 0)


def _usage(error: BaseException) -> str:
    """Return what is wrong with the words of a command, and where to look them up."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "edgepose"
    message = " ".join(error.format_message().split())  # type: ignore[attr-defined]
    return f"{message.rstrip('.')}; see {command} --help"


def _drop_output() -> None:
    """Let what is still to be printed vanish: the interpreter's end would try again, and complain."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(text: str) -> NoReturn:
    sys.stderr.write(f"error: {text}\n")
    sys.exit(2)
