"""Reports as a page for a browser."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from edgepose.runtime.profiling.comparison import comparisons
from edgepose.runtime.profiling.distribution import Distribution
from edgepose.runtime.profiling.page import report_page
from edgepose.runtime.profiling.sustained import Interval
from support.reports import REPORT, REPORTS


class Page(HTMLParser):
    """The texts of a page, its tags and what it would fetch."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.style = ""
        self.tags: list[str] = []
        self.fetched: list[str] = []
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.fetched += [f"{tag} {name}" for name, _ in attrs if name in ("src", "href", "xlink:href", "data")]

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] == ["style"]:
            self.style += data
        else:
            self.texts.append(data)


def test_a_page_shows_every_machine_and_fetches_nothing() -> None:
    page = Page(report_page(REPORTS))
    text = " ".join(page.texts)
    for expected in (
        "a <board> & more (x), 4 cores",
        "10.00 / 12.00",
        "2.50x",
        "missed",
        "fps 30.00, 60 wanted",
        "abc",
    ):
        assert expected in text
    assert page.tags.count("svg") == 4
    assert page.tags.count("details") == len(REPORTS)
    assert page.fetched == []
    assert "script" not in page.tags
    assert ".missed" in page.style
    assert "url(" not in page.style
    assert "missed" not in " ".join(Page(report_page({"net": REPORT})).texts)


def test_the_bars_of_the_stages_are_as_long_as_they_took() -> None:
    document = report_page({"net": REPORT})
    widths = [float(width) for width in re.findall(r'<rect [^>]*width="([0-9.]+)"[^>]*class="stage', document)]
    # five stages of 1 ms, where p95 of the path, 22 ms, is the whole width
    assert widths == pytest.approx([510 / 22] * 5, abs=0.02)


def test_a_sustained_run_is_drawn_minute_by_minute() -> None:
    warm = tuple(Interval(60.0 * i, Distribution(4 + i, 5, 6 + i, 7, 8, 9), None, None, 90.0) for i in range(3))
    document = report_page({"net": replace(REPORT, sustained=warm)})
    assert "p50 at the end 1.50 times that at the start" in document
    (points,) = re.findall(r'points="([^"]+)" class="line p50"', document)
    assert [float(point.split(",")[1]) for point in points.split()] == [80, 65, 50]
    heights = [float(y) for y in re.findall(r'<text x="756" y="([0-9.]+)">p', document)]
    assert heights[1] - heights[0] >= 12, "labels lie upon each other"
    cold = (Interval(0.0, Distribution(0, 0, 0, 0, 0, 0), None, None, 90.0), *warm)
    assert "nan times" in report_page({"net": replace(REPORT, sustained=cold)})


def test_a_report_without_times_is_drawn_too() -> None:
    nothing = Distribution(0, 0, 0, 0, 0, 0)
    empty = replace(REPORT, network_ms=nothing, pipeline_ms=nothing, stages_ms=dict.fromkeys(REPORT.stages_ms, nothing))
    assert "<svg" in report_page({"empty": empty})
    assert comparisons({"empty": empty})[0].rows()[0][3] == "-"
