"""`edgepose models`: what ships."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

HEADLINE = "PCK@0.2"


def models(*, as_json: Annotated[bool, typer.Option("--json", help="Print a JSON document.")] = False) -> None:
    """List the models that ship, the default first."""
    from rich.console import Console  # noqa: PLC0415  waits until the command is called
    from rich.table import Table  # noqa: PLC0415

    from edgepose.runtime.shipped import shipped_models  # noqa: PLC0415

    shipped = shipped_models()
    if as_json:
        rows = [{**asdict(model), "path": str(model.path), "checkpoint": str(model.checkpoint)} for model in shipped]
        typer.echo(json.dumps(rows, indent=1))
        return
    if not shipped:
        typer.echo("no model ships with this installation; export one with edgepose export")
        return
    table = Table("name", "MB", "accuracy")
    table.add_column("file", overflow="fold")
    for model in shipped:
        told = [f for f in model.accuracy if f.metric == HEADLINE]
        figures = "\n".join(f"{f.metric} {f.value:.1f} on {f.data} ({f.precision})" for f in told)
        name = f"{model.name} (default)" if model.default else model.name
        table.add_row(name, f"{model.size_mb:.1f}", figures, str(model.path))
    Console().print(table)
