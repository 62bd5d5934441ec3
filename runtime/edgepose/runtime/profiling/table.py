"""A report for people: tables on a terminal."""

from collections.abc import Sequence

from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from edgepose.runtime.backends.base import LayerTime
from edgepose.runtime.profiling.distribution import Distribution
from edgepose.runtime.profiling.report import Report
from edgepose.runtime.profiling.sustained import slowdown

_OF_THE_CAMERA_PATH = ("pipeline_", "age_", "fps")
"""How the limits begin that depend on whether somebody is there."""


def report_tables(report: Report) -> Group:
    """Return a report as tables for rich: environment, times, sums, and if there are any sustained run and budget."""
    tables: list[Table | Text] = [_environment(report), _times(report), _figures(report)]
    if report.sustained:
        tables.append(_sustained(report))
    if report.budget:
        tables.append(_budget(report))
    if report.warning:
        tables.append(Text(f"warning: {report.warning}", style="yellow"))
    return Group(*tables)


def layers_table(layers: Sequence[LayerTime], most: int = 30) -> Table:
    """Return the layers that take the longest, with their share of the sum of all."""
    total_ms = sum(layer.ms for layer in layers) or 1.0
    table = Table("layer", "kind", "ms", "share", title=f"the slowest layers of {len(layers)}", title_justify="left")
    for layer in sorted(layers, key=lambda layer: layer.ms, reverse=True)[:most]:
        table.add_row(escape(layer.name), escape(layer.kind), f"{layer.ms:.3f}", f"{100 * layer.ms / total_ms:.1f} %")
    return table


def environment_rows(report: Report) -> dict[str, str]:
    """Return what the figures hold for, by what it is called, in words."""
    found = report.environment
    before, during = found["load_before"]["others_percent"], found["load_during"]["others_percent"]
    return {
        "machine": f"{report.machine}, {found['system']}",
        "engine": f"{found['engine']} {found['engine_version']} on {found['device']}",
        "threads, precision": f"{found['threads'] or 'unknown'}, {found['precision']}",
        "profile, source": f"{found['profile']}, {found['source']}",
        "somebody found in": f"{found['frames_with_people']} of {report.pipeline_ms.n} frames",
        "followed": f"{found['most_people']} at most" + _from_score(found["min_score"]),
        **({} if found["draws"] else {"drawn": "nothing"}),
        "busy with others": f"{before:.0f} % of the CPU before, {during:.0f} % during",
        "sha256": "\n".join(f"{digest}  {name}" for name, digest in found["sha256"].items()),
    }


def _from_score(min_score: float | None) -> str:
    return "" if min_score is None else f", who score {min_score:g} or more"


def _environment(report: Report) -> Table:
    table = Table(show_header=False, title=escape(report.model), title_justify="left")
    for name, text in environment_rows(report).items():
        table.add_row(name, escape(text))
    return table


def _times(report: Report) -> Table:
    table = Table("ms", "p50", "p90", "p95", "p99", "max", "n")
    table.add_row("network alone", *_cells(report.network_ms))
    table.add_row("camera path", *_cells(report.pipeline_ms), end_section=True)
    for stage, times in report.stages_ms.items():
        table.add_row("capture to result" if stage == "age" else stage, *_cells(times))
    for column in table.columns[1:]:
        column.justify = "right"
    return table


def _cells(times: Distribution) -> list[str]:
    if times.n == 0:
        return ["-"] * 5 + ["0"]
    return [f"{ms:.2f}" for ms in (times.p50, times.p90, times.p95, times.p99, times.max)] + [str(times.n)]


def _figures(report: Report) -> Table:
    table = Table("frames/s", "dropped", "first pose", "peak memory", "model size")
    table.add_row(
        f"{report.fps:.1f}",
        str(report.dropped),
        report.first_pose if report.first_pose_ms is None else f"{report.first_pose} ms",
        f"{report.rss_mb:.0f} MB",
        f"{report.size_mb:.2f} MB",
    )
    return table


def _sustained(report: Report) -> Table:
    title = f"network without a pause: p50 at the end {slowdown(report.sustained):.2f} times that at the start"
    table = Table("from s", "p50", "p95", "max", "runs", "MHz", "hottest", "memory", title=title, title_justify="left")
    for column in table.columns:
        column.justify = "right"
    for each in report.sustained:
        times = each.network_ms
        table.add_row(
            f"{each.start_s:.0f}",
            *(f"{ms:.2f}" for ms in (times.p50, times.p95, times.max)),
            str(times.n),
            "unknown" if each.clock_mhz is None else f"{each.clock_mhz:.0f}",
            "unknown" if each.hottest_c is None else f"{each.hottest_c:.0f} C",
            "unknown" if each.rss_mb is None else f"{each.rss_mb:.0f} MB",
        )
    return table


def _budget(report: Report) -> Table:
    table = Table("budget", "limit", "measured", "")
    for check in report.budget:
        verdict = "[green]met[/green]" if check.met else "[red]missed[/red]"
        if report.searched and check.name.startswith(_OF_THE_CAMERA_PATH):
            verdict += ", searching"
        table.add_row(check.name, f"{check.limit:g}", check.figure, verdict)
    return table
