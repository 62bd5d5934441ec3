"""`python -m edgepose.train` is `edgepose train`, for `torchrun -m edgepose.train` to start in every process."""

import typer

from edgepose.runtime.command_line import run_app
from edgepose.train.command import train

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
app.command()(train)

if __name__ == "__main__":
    run_app(app)
