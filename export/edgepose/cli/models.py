"""`edgepose models`: what ships."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgepose.cli.options import AsJson

if TYPE_CHECKING:
    from rich.table import Table

    from edgepose.runtime.model_files.shipped import ShippedModel

_OF_EVERYBODY, _OF_ONE_PERSON = "OKS AP", "PCK@0.2"
_RUNS = 30


def models(
    *,
    time: Annotated[bool, typer.Option(help="Run each network on this machine for its p50.")] = True,
    as_json: AsJson = False,
) -> None:
    """List the models that ship, the default first: size, accuracy, and the time of the network alone here."""
    from rich.console import Console  # noqa: PLC0415  waits until the command is called

    from edgepose.runtime.model_files.shipped import shipped_models  # noqa: PLC0415

    shipped = shipped_models()
    p50s_ms = [_p50_ms(model.path) if time else None for model in shipped]
    if as_json:
        rows = [_row(model, p50_ms) for model, p50_ms in zip(shipped, p50s_ms, strict=True)]
        typer.echo(json.dumps(rows, indent=1))
    elif shipped:
        Console(emoji=False).print(_table(shipped, p50s_ms))
        typer.echo(f"in {shipped[0].path.parent}; any command takes a name for the file")
    else:
        typer.echo("no model ships with this installation; export one with edgepose export")


def _p50_ms(path: Path) -> float | None:
    """Return the median time of the network alone, None where no engine of this installation takes it."""
    from edgepose.runtime.backends import open_model  # noqa: PLC0415  loads an engine
    from edgepose.runtime.errors import MissingExtraError, NotHereError  # noqa: PLC0415
    from edgepose.runtime.profiling.network import measure_network  # noqa: PLC0415

    try:
        with open_model(path) as session:
            return measure_network(session, _RUNS, warmup=_RUNS // 3).p50
    except (MissingExtraError, NotHereError):
        return None


def _row(model: "ShippedModel", p50_ms: float | None) -> dict[str, object]:
    return {**asdict(model), "path": str(model.path), "checkpoint": str(model.checkpoint), "p50_ms": p50_ms}


def _table(shipped: "list[ShippedModel]", p50s_ms: list[float | None]) -> "Table":
    from rich.table import Column, Table  # noqa: PLC0415

    # a name is there to be copied
    table = Table(Column("name", no_wrap=True), "sees", "MB", "accuracy")
    table.add_column("p50 here, ms", justify="right")
    for model, p50_ms in zip(shipped, p50s_ms, strict=True):
        headline = _OF_EVERYBODY if model.everybody else _OF_ONE_PERSON
        told = [f for f in model.accuracy if f.metric == headline]
        figures = "\n".join(f"{f.metric} {f.value:.1f} on {f.data} ({f.precision})" for f in told)
        name = f"{model.name}\n(default)" if model.default else model.name
        spent = "not run" if p50_ms is None else f"{p50_ms:.2f}"
        sees = "everybody" if model.everybody else "a person"
        table.add_row(name, sees, f"{model.size_mb:.1f}", figures, spent)
    return table
