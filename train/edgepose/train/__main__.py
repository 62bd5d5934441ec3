"""`python -m edgepose.train` is `edgepose train`, for `torchrun -m edgepose.train` to start in every process."""

import os

import typer

from edgepose.runtime.plumbing.command_line import run_app
from edgepose.runtime.plumbing.deferred_interrupt import terminate_like_control_c
from edgepose.train.runs.command import train

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
app.command()(train)

if __name__ == "__main__":
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:  # torchrun's processes end by a signal that it sends them itself
        terminate_like_control_c()
    run_app(app)
