"""Several reports side by side, those of one machine together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from edgepose.runtime.profiling.report import Report, read_report

BUSY_PERCENT = 10.0
"""Where others took more of the CPU than this, figures are not to be compared."""

COLUMNS = (
    "report",
    "engine, precision, threads",
    "network, p50 / p95 ms",
    "of the fastest",
    "camera path, p50 / p95 ms",
    "frames / s",
    "first pose, ms",
    "memory, MB",
    "size, MB",
    "budget",
)
_IN_A_TERMINAL = (COLUMNS[2], COLUMNS[3], COLUMNS[4], "frames / s", "memory, MB", "budget")


@dataclass(frozen=True)
class Comparison:
    """The reports of one machine by their names, in the order in which they were given."""

    machine: str
    reports: Mapping[str, Report]

    def rows(self) -> list[tuple[str, ...]]:
        """Return a row a report, as texts for `COLUMNS`."""
        fastest_ms = min(report.network_ms.p50 for report in self.reports.values())
        return [_row(name, report, fastest_ms) for name, report in self.reports.items()]

    def remarks(self) -> list[str]:
        """Return what has to be known of the figures before they are compared, and which budgets are missed by what."""
        told = {name: _remarks(report) for name, report in self.reports.items()}
        return [f"{name}: {'; '.join(remarks)}" for name, remarks in told.items() if remarks]

    def table(self) -> Group:
        """Return what fits a narrow terminal, in two lines a report."""
        table = Table(title=escape(self.machine), title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
        table.add_column("report", overflow="fold", width=24)
        for column in _IN_A_TERMINAL:
            table.add_column(column.replace(", ", "\n"), justify="right", max_width=9)
        for row in self.rows():
            name, engine, *_ = row
            told = dict(zip(COLUMNS, row, strict=True))
            figures = [told[column].replace(" / ", "\n") for column in _IN_A_TERMINAL]
            table.add_row(escape(f"{name}\n{engine}"), *figures)
        return Group(table, *(Text(remark, style="yellow") for remark in self.remarks()))


def named_reports(paths: Sequence[Path]) -> dict[str, Report]:
    """Return the reports in files by the files' names, by their paths where two have one name.

    Raises `ResultError` for a file that is none.
    """
    stems = [path.stem for path in paths]
    names = (path.stem if stems.count(path.stem) == 1 else str(path) for path in paths)
    return {name: read_report(path) for name, path in zip(names, paths, strict=True)}


def comparisons(reports: Mapping[str, Report]) -> list[Comparison]:
    """Return reports by their names, machine by machine, in the order in which they were given."""
    by_machine: dict[str, dict[str, Report]] = {}
    for name, report in reports.items():
        by_machine.setdefault(report.machine, {})[name] = report
    return [Comparison(machine, named) for machine, named in by_machine.items()]


def _row(name: str, report: Report, fastest_ms: float) -> tuple[str, ...]:
    network, path, found = report.network_ms, report.pipeline_ms, report.environment
    return (
        name,
        f"{found['engine']} {found['engine_version']}, {found['precision']}, {found['threads'] or 'unknown'}",
        f"{network.p50:.2f} / {network.p95:.2f}",
        f"{network.p50 / fastest_ms:.2f}x" if fastest_ms > 0 else "-",
        f"{path.p50:.2f} / {path.p95:.2f}",
        f"{report.fps:.1f}",
        f"{report.first_pose_ms:.0f}",
        f"{report.rss_mb:.0f}",
        f"{report.size_mb:.2f}",
        "none" if not report.budget else "met" if report.kept else "missed",
    )


def _remarks(report: Report) -> list[str]:
    busy = max(float(report.environment[load]["others_percent"]) for load in ("load_before", "load_during"))
    remarks = [f"others kept {busy:.0f} % of the CPU busy, measure again"] if busy > BUSY_PERCENT else []
    if report.searched:
        remarks.append("the camera path is that of searching, give a --source in which somebody is seen")
    missed = [f"{check.name} {check.measured:.2f}, {check.limit:g} wanted" for check in report.budget if not check.met]
    return remarks + [f"misses its budget: {each}" for each in missed]
