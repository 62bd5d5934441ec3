"""Reports as one page for a browser: a file of its own that fetches nothing and runs nothing."""

from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from edgepose.runtime.profiling.charts import DRAWN_STAGES, legend, network_chart, stage_chart, sustained_chart
from edgepose.runtime.profiling.comparison import COLUMNS, Comparison, comparisons
from edgepose.runtime.profiling.report import Report
from edgepose.runtime.profiling.sustained import slowdown
from edgepose.runtime.profiling.table import environment_rows

_STYLE = """
:root { color-scheme: light dark; --ink: light-dark(#1b1f24, #e6e8eb); --faint: light-dark(#656d76, #9aa3ad);
  --line: light-dark(#d9dee3, #3a414a); --paper: light-dark(#fff, #16191d);
  --crop: #7aa6c2; --infer: #2f6f9f; --decode: #d98e3a; --smooth: #8c9a57; --draw: #b6bcc4; --bad: #c23b3b; }
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 1080px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; } h3 { font-size: 1rem; margin: 1.6rem 0 .4rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .88rem; }
th, td { padding: .3rem .7rem .3rem 0; border-bottom: 1px solid var(--line); text-align: right; vertical-align: top; }
th { color: var(--faint); font-weight: 500; }
.text { text-align: left; overflow-wrap: anywhere; white-space: pre-line; }
.missed, .remark { color: var(--bad); } .legend { color: var(--faint); font-size: .85rem; margin: .2rem 0; }
.key { display: inline-block; width: .8em; height: .8em; margin: 0 .4em 0 1.1em; background: currentColor; }
svg { width: 100%; max-width: 820px; display: block; } svg text { font-size: 12px; fill: var(--ink); }
svg .end { text-anchor: end; } svg .figure { font-variant-numeric: tabular-nums; }
.mark { stroke: var(--ink); stroke-width: 1.5; } .line { fill: none; stroke-width: 2; }
.p50 { stroke: var(--infer); } .p95 { stroke: var(--decode); }
.crop { fill: var(--crop); color: var(--crop); } .infer { fill: var(--infer); color: var(--infer); }
.decode { fill: var(--decode); color: var(--decode); } .smooth { fill: var(--smooth); color: var(--smooth); }
.draw { fill: var(--draw); color: var(--draw); } .median { fill: var(--infer); color: var(--infer); }
.spread { fill: var(--crop); color: var(--crop); } summary { cursor: pointer; margin-top: .5rem; }
"""


def report_page(reports: Mapping[str, Report]) -> str:
    """Return an HTML document of reports by their names."""
    page = Element("html", {"lang": "en"})
    head, body = SubElement(page, "head"), SubElement(page, "body")
    SubElement(head, "meta", {"charset": "utf-8"})
    SubElement(head, "meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"})
    SubElement(head, "title").text = "edgepose: latency"
    SubElement(head, "style").text = _STYLE
    SubElement(body, "h1").text = "Latency"
    for comparison in comparisons(reports):
        body.extend(_of_a_machine(comparison))
    SubElement(body, "h2").text = "How it was measured"
    body.extend(_details(name, report) for name, report in reports.items())
    return "<!doctype html>\n" + tostring(page, encoding="unicode", method="html") + "\n"


def _of_a_machine(comparison: Comparison) -> list[Element]:
    reports = comparison.reports
    parts = [_titled("h2", comparison.machine), _table(COLUMNS, comparison.rows(), texts=2)]
    for remark in comparison.remarks():
        parts.append(_titled("p", remark))
        parts[-1].set("class", "remark")
    stages = [(f"stage {stage}", stage) for stage in DRAWN_STAGES]
    parts += [_titled("h3", "Camera path: the median of each stage; the line is p95 of the whole"), legend(stages)]
    parts += [stage_chart(reports), _titled("h3", "The network alone; the line is p95")]
    parts += [legend([("median", "to p50"), ("spread", "p50 to p99")]), network_chart(reports)]
    for name, report in reports.items():
        if report.sustained:
            ratio = f"p50 at the end {slowdown(report.sustained):.2f} times that at the start"
            parts += [_titled("h3", f"{name} without a pause: {ratio}"), sustained_chart(report)]
    return parts


def _details(name: str, report: Report) -> Element:
    details = Element("details")
    SubElement(details, "summary").text = name
    rows = [("model", report.model), *environment_rows(report).items()]
    details.append(_table((), rows, texts=2))
    if report.budget:
        checks = [
            (check.name, f"{check.limit:g}", check.figure, "met" if check.met else "missed") for check in report.budget
        ]
        details.append(_table(("budget", "limit", "measured", ""), checks, texts=1))
    return details


def _titled(tag: str, text: str) -> Element:
    element = Element(tag)
    element.text = text
    return element


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]], texts: int) -> Element:
    """Return a table whose first `texts` columns are words, the others figures."""
    frame = Element("div", {"class": "wide"})
    table = SubElement(frame, "table")
    for tag, cells in ([("th", columns)] if columns else []) + [("td", row) for row in rows]:
        line = SubElement(table, "tr")
        for number, text in enumerate(cells):
            kinds = (["text"] if number < texts else []) + (["missed"] if text == "missed" else [])
            cell = SubElement(line, tag, {"class": " ".join(kinds)} if kinds else {})
            cell.text = text
    return frame
