"""Several reports side by side, those of one machine together."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from edgepose.runtime.profiling.distribution import Distribution
from edgepose.runtime.profiling.report import Report, read_report

BUSY_PERCENT = 10.0
"""Where others took more of the CPU than this, figures are not to be compared."""

COLUMNS = (
    "report",
    "engine and device, precision, threads",
    "network, p50 / p95 ms",
    "of the fastest",
    "camera path, p50 / p95 ms",
    "frames / s",
    "first pose, ms",
    "memory, MB",
    "size, MB",
    "budget",
)
_ALIKE = {
    "system": "the system",
    "source": "the source",
    "frame_wh": "the frames' size",
    "most_people": "people followed",
    "min_score": "the score from which somebody counts",
    "draws": "whether results are drawn",
}
"""What should be the same where times are compared."""
_IN_A_TERMINAL = (COLUMNS[2], COLUMNS[3], COLUMNS[4], "frames / s", "memory, MB", "budget")


@dataclass(frozen=True)
class Comparison:
    """The reports of one machine by their names, in the order in which they were given."""

    machine: str
    reports: Mapping[str, Report]

    def rows(self) -> list[tuple[str, ...]]:
        """Return a row a report, as texts for `COLUMNS`."""
        medians_ms = [report.network_ms.p50 for report in self.reports.values() if report.network_ms.n]
        fastest_ms = min(medians_ms, default=0.0)
        return [_row(name, report, fastest_ms) for name, report in self.reports.items()]

    def remarks(self) -> list[str]:
        """Return what has to be known of the figures before they are compared, and which budgets are missed by what."""
        told = {name: _remarks(report) for name, report in self.reports.items()}
        found = [f"{name}: {'; '.join(remarks)}" for name, remarks in told.items() if remarks]
        differing = [what for key, what in _ALIKE.items() if len(self._values(key)) > 1]
        return found + ([f"not the same in all of them: {', '.join(differing)}"] if differing else [])

    def _values(self, key: str) -> set[str]:
        return {str(report.environment[key]) for report in self.reports.values()}

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
            table.add_row(Text(f"{name}\n{engine}"), *figures)
        return Group(table, *(Text(remark, style="yellow") for remark in self.remarks()))


def named_reports(paths: Sequence[Path]) -> dict[str, Report]:
    """Return the reports in files, each once, by the files' names, or by their paths where two have one name.

    Raises `ResultError` for a file that is none.
    """
    different = list(dict.fromkeys(paths))
    stems = [path.stem for path in different]
    names = stems if len(set(stems)) == len(stems) else [str(path) for path in different]
    # a name that is no text, as file systems allow, is shown with its bytes
    shown = [os.fsencode(name).decode(errors="backslashreplace") for name in names]
    return {name: read_report(path) for name, path in zip(shown, different, strict=True)}


def comparisons(reports: Mapping[str, Report]) -> list[Comparison]:
    """Return reports by their names, machine by machine, in the order in which they were given."""
    by_machine: dict[str, dict[str, Report]] = {}
    for name, report in reports.items():
        by_machine.setdefault(report.machine, {})[name] = report
    return [Comparison(machine, named) for machine, named in by_machine.items()]


def _row(name: str, report: Report, fastest_ms: float) -> tuple[str, ...]:
    found = report.environment
    threads = found["threads"] or "unknown"
    return (
        name,
        f"{found['engine']} {found['engine_version']} on {found['device']}, {found['precision']}, {threads}",
        _times(report.network_ms),
        f"{report.network_ms.p50 / fastest_ms:.2f}x" if report.network_ms.n and fastest_ms > 0 else "-",
        _times(report.pipeline_ms),
        f"{report.fps:.1f}",
        report.first_pose,
        f"{report.rss_mb:.0f}",
        f"{report.size_mb:.2f}",
        "none" if not report.budget else "met" if report.kept else "missed",
    )


def _times(times: Distribution) -> str:
    return f"{times.p50:.2f} / {times.p95:.2f}" if times.n else "-"


def _remarks(report: Report) -> list[str]:
    busy = max(float(report.environment[load]["others_percent"]) for load in ("load_before", "load_during"))
    remarks = [f"others kept {busy:.0f} % of the CPU busy, measure again"] if busy > BUSY_PERCENT else []
    missed = [f"{check.name} {check.figure}, {check.limit:g} wanted" for check in report.budget if not check.met]
    return [*remarks, *filter(None, [report.warning]), *(f"misses its budget: {each}" for each in missed)]
