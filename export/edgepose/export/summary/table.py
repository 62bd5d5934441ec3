"""An export as a table for people, and the lines under it."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from edgepose.export.proof.timing import Timing
from edgepose.export.summary.report import ExportReport, Row
from edgepose.runtime.profiling.distribution import Distribution

_COLUMNS = ("format", "precision", "runs in", "MB", "px off", "PCK", "drop", "p50 ms", "p95", "p99", "fps")
_WORDS = 3
_WIDE = 100
"""A terminal of fewer columns shows no fps, and why a file was not run only under the table."""
_LONGEST_REASON = 11
"""As long as "needs a GPU"; the lines under the table have every reason whole."""


def print_report(report: ExportReport, console: Console) -> None:
    """Print the table and the lines under it, each line whole."""
    console.print(export_table(report, wide=console.width >= _WIDE))
    for line in lines_under(report):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def export_table(report: ExportReport, *, wide: bool) -> Table:
    """Return a row for every file; times and frames a second are of the network alone, `runs in` as told."""
    columns = _COLUMNS if wide else _COLUMNS[:-1]
    title = (
        f"{report.model}: {report.metric} {report.original:.2f} in torch, on {report.people} people of "
        f"{report.validation}; times on this machine, as {report.device} asks"
    )
    table = Table(
        title=escape(title),
        title_justify="left",
        box=None,
        header_style="underline",
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    for number, name in enumerate(columns):
        table.add_column(name, justify="right" if number >= _WORDS else "left", no_wrap=True)
    for row in report.rows:
        table.add_row(*_cells(row, report.timings.get(row.path), wide=wide)[: len(columns)])
    return table


def lines_under(report: ExportReport) -> list[str]:
    """Return what the table has no room for: the recommendation, then what is worth knowing of single files."""
    if report.recommended:
        first = f"recommended for {report.device}: {report.recommended.path}, {report.recommended.why}"
    else:
        first = f"nothing here to recommend for {report.device}: no file is for it and known to run"
    return [first, *report.notes]


def _cells(row: Row, timing: Timing | None, *, wide: bool) -> list[str]:
    not_run = f"not run: {_short(row.not_run or '')}" if wide else "not run"
    return [
        row.format,
        row.precision,
        row.runs_in or "",
        f"{row.size_bytes / 1e6:.2f}",
        f"{row.keypoint_error_px:.3f}",
        f"{row.metric:.2f}",
        f"{row.drop:+.2f}",
        *(_times(timing.network_ms) if timing else [not_run]),
    ]


def _times(network_ms: Distribution) -> list[str]:
    percentiles = [f"{ms:.2f}" for ms in (network_ms.p50, network_ms.p95, network_ms.p99)]
    return [*percentiles, f"{1000 / network_ms.p50:.0f}"]


def _short(reason: str) -> str:
    return reason if len(reason) <= _LONGEST_REASON else "see below"
