"""Charts of reports as SVG: what each stage takes, how the network's times are spread, and how they change in time."""

from collections.abc import Iterable, Mapping
from xml.etree.ElementTree import Element, SubElement

from edgepose.profiles.result import FRAME_STAGES
from edgepose.runtime.profiling.report import Report

DRAWN_STAGES = tuple(stage for stage in FRAME_STAGES if stage != "capture")
"""What `pipeline_ms` adds up."""

_WIDTH, _LEFT, _RIGHT = 820, 240, 70
_ROW, _BAR, _LINE = 26, 14, 13


def stage_chart(reports: Mapping[str, Report]) -> Element:
    """Return a bar a report: the medians of the stages one after another; a mark is p95 of the whole path."""
    longest_ms = max(max(_stages_ms(report)[-1][1], report.pipeline_ms.p95) for report in reports.values())
    svg = _svg(len(reports), "median time of each stage of the camera path")
    for row, (name, report) in enumerate(reports.items()):
        y = row * _ROW
        _label(svg, y, name, f"{report.pipeline_ms.p50:.2f} ms")
        for stage, end_ms, took_ms in _stages_ms(report):
            bar = _bar(svg, y, end_ms - took_ms, end_ms, longest_ms, f"stage {stage}")
            SubElement(bar, "title").text = f"{name}: {stage} {took_ms:.2f} ms"
        _mark(svg, y, report.pipeline_ms.p95, longest_ms, f"{name}: p95 {report.pipeline_ms.p95:.2f} ms")
    return svg


def network_chart(reports: Mapping[str, Report]) -> Element:
    """Return a line a report, from p50 to p99 of the network alone; a mark is p95."""
    longest_ms = max(report.network_ms.p99 for report in reports.values())
    svg = _svg(len(reports), "times of the network alone")
    for row, (name, report) in enumerate(reports.items()):
        y, times = row * _ROW, report.network_ms
        _label(svg, y, name, f"{times.p50:.2f} ms")
        _bar(svg, y, 0, times.p50, longest_ms, "median")
        spread = _bar(svg, y, times.p50, times.p99, longest_ms, "spread")
        SubElement(spread, "title").text = f"{name}: p50 {times.p50:.2f}, p95 {times.p95:.2f}, p99 {times.p99:.2f} ms"
        _mark(svg, y, times.p95, longest_ms, f"{name}: p95 {times.p95:.2f} ms")
    return svg


def sustained_chart(report: Report) -> Element:
    """Return the network's median over the minutes of a sustained run, with p95 above it."""
    height, bottom = 160, 140
    svg = Element("svg", {"viewBox": f"0 0 {_WIDTH} {height}", "role": "img"})
    SubElement(svg, "title").text = "the network without a pause: p50 and p95 over time"
    longest_ms = max(each.network_ms.p95 for each in report.sustained) or 1.0
    last_s = max(report.sustained[-1].start_s, 1e-3)
    above = 0.0
    for percentile in ("p95", "p50"):
        points = (
            (each.start_s / last_s, getattr(each.network_ms, percentile) / longest_ms) for each in report.sustained
        )
        places = " ".join(f"{_LEFT + x * (_WIDTH - _LEFT - _RIGHT):.1f},{bottom - y * 120:.1f}" for x, y in points)
        SubElement(svg, "polyline", {"points": places, "class": f"line {percentile}"})
        final_ms = getattr(report.sustained[-1].network_ms, percentile)
        above = max(bottom - final_ms / longest_ms * 120 + 4, above + _LINE)
        where = {"x": str(_WIDTH - _RIGHT + 6), "y": f"{above:.1f}"}
        SubElement(svg, "text", where).text = f"{percentile} {final_ms:.2f}"
    SubElement(svg, "text", {"x": str(_LEFT), "y": str(height - 4)}).text = "0 s"
    SubElement(svg, "text", {"x": str(_WIDTH - _RIGHT), "y": str(height - 4), "class": "end"}).text = f"{last_s:.0f} s"
    return svg


def _stages_ms(report: Report) -> list[tuple[str, float, float]]:
    """Return each stage with where its bar ends and how long it is."""
    found, end_ms = [], 0.0
    for stage in DRAWN_STAGES:
        took_ms = report.stages_ms[stage].p50
        end_ms += took_ms
        found.append((stage, end_ms, took_ms))
    return found


def _svg(rows: int, title: str) -> Element:
    svg = Element("svg", {"viewBox": f"0 0 {_WIDTH} {rows * _ROW}", "role": "img"})
    SubElement(svg, "title").text = title
    return svg


def _label(svg: Element, y: float, name: str, figure: str) -> None:
    middle = str(y + _ROW / 2 + 4)
    SubElement(svg, "text", {"x": str(_LEFT - 8), "y": middle, "class": "end"}).text = _short(name)
    SubElement(svg, "text", {"x": str(_WIDTH), "y": middle, "class": "end figure"}).text = figure


def _short(name: str, most: int = 34) -> str:
    # paths and the names of variants differ at their ends
    return name if len(name) <= most else "\N{HORIZONTAL ELLIPSIS}" + name[1 - most :]


def _bar(svg: Element, y: float, begin_ms: float, end_ms: float, longest_ms: float, kind: str) -> Element:
    begin, end = _x(begin_ms, longest_ms), _x(end_ms, longest_ms)
    place = {"x": f"{begin:.2f}", "width": f"{max(end - begin, 0):.2f}", "y": str(y + (_ROW - _BAR) / 2)}
    return SubElement(svg, "rect", {**place, "height": str(_BAR), "class": kind})


def _mark(svg: Element, y: float, at_ms: float, longest_ms: float, title: str) -> None:
    x = f"{_x(at_ms, longest_ms):.2f}"
    low, high = str(y + (_ROW - _BAR) / 2 - 3), str(y + (_ROW + _BAR) / 2 + 3)
    SubElement(
        SubElement(svg, "line", {"x1": x, "x2": x, "y1": low, "y2": high, "class": "mark"}), "title"
    ).text = title


def _x(ms: float, longest_ms: float) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * ms / (longest_ms or 1.0)


def legend(kinds: Iterable[tuple[str, str]]) -> Element:
    """Return what the colours stand for: pairs of a class and its words."""
    line = Element("p", {"class": "legend"})
    for kind, words in kinds:
        SubElement(line, "span", {"class": f"key {kind}"}).tail = words
    return line
