"""An export as a table for people."""

from rich import box
from rich.markup import escape
from rich.table import Table

from edgepose.export.report import ExportReport, Row, Timing

_COLUMNS = ("format", "precision", "runs in", "MB", "error px", "PCK", "drop", "p50 ms", "p95", "p99", "frames/s")


def export_table(report: ExportReport) -> Table:
    """Return a row for every file; times are of the network alone, and `runs in` is the engine's own word."""
    title = (
        f"{report.model}: {report.metric} {report.original:.2f} in torch, on {report.people} people of "
        f"{report.validation}; times on {report.device}"
    )
    table = Table(title=escape(title), title_justify="left", box=box.SIMPLE_HEAD, collapse_padding=True, pad_edge=False)
    for number, name in enumerate(_COLUMNS):
        table.add_column(name, justify="right" if number > 2 else "left", no_wrap=True)
    for row, timing in zip(report.rows, report.timings, strict=True):
        table.add_row(*_cells(row, timing))
    return table


def _cells(row: Row, timing: Timing) -> list[str]:
    arithmetic = timing.engine.precision
    times = timing.network_ms
    return [
        row.format,
        row.precision,
        f"int8+{arithmetic}" if row.precision == "int8" else arithmetic,
        f"{row.size / 1e6:.2f}",
        f"{row.px:.3f}",
        f"{row.metric:.2f}",
        f"{row.drop:+.2f}",
        f"{times.p50:.2f}",
        f"{times.p95:.2f}",
        f"{times.p99:.2f}",
        f"{timing.fps:.0f}",
    ]
