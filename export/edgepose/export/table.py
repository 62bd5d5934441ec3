"""An export as a table for people."""

from rich.markup import escape
from rich.table import Table

from edgepose.export.report import ExportReport, Row, Timing

_COLUMNS = (
    "format",
    "precision",
    "runs in",
    "MB",
    "error px",
    "PCK@0.2",
    "drop",
    "p50 ms",
    "p95 ms",
    "p99 ms",
    "frames/s",
)


def export_table(report: ExportReport) -> Table:
    """Return a row for every file; times are of the network alone, and `runs in` is the engine's own word."""
    title = (
        f"{report.model}: {report.metric} {report.original:.2f} in torch, on {report.people} people of "
        f"{report.validation}; times on {report.device}"
    )
    table = Table(*_COLUMNS, title=escape(title), title_justify="left")
    for column in table.columns[3:]:
        column.justify = "right"
    for row, timing in zip(report.rows, report.timings, strict=True):
        table.add_row(*_cells(row, timing))
    return table


def _cells(row: Row, timing: Timing) -> list[str]:
    arithmetic = timing.engine.precision
    times = timing.network_ms
    return [
        row.format,
        row.precision,
        f"int8, {arithmetic}" if row.precision == "int8" else arithmetic,
        f"{row.size / 1e6:.2f}",
        f"{row.px:.3f}",
        f"{row.metric:.2f}",
        f"{row.drop:+.2f}",
        f"{times.p50:.2f}",
        f"{times.p95:.2f}",
        f"{times.p99:.2f}",
        f"{timing.fps:.0f}",
    ]
