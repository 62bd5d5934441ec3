"""An evaluation as tables for people."""

from rich.console import Group
from rich.markup import escape
from rich.table import Table

from edgepose.train.evaluation.evaluate import Evaluation


def evaluation_tables(evaluation: Evaluation) -> Group:
    """Return an evaluation as tables for rich, under one line that says of what."""
    title = f"{evaluation.model} on {evaluation.data}: {evaluation.people} people in {evaluation.images} images"
    tables = [("metric", evaluation.metrics), ("joint, PCK@0.2", evaluation.per_joint)]
    tables.append(("part, IoU", evaluation.per_part))
    return Group(escape(title), *(_table(heading, values) for heading, values in tables if values))


def _table(heading: str, values: dict[str, float]) -> Table:
    table = Table(heading, "%")
    table.columns[1].justify = "right"
    for name, value in values.items():
        table.add_row(name, f"{value:.2f}")
    return table
