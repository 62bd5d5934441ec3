"""Several reports beside each other."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from edgepose.runtime.profiling.comparison import comparisons, named_reports
from edgepose.runtime.profiling.distribution import Distribution
from edgepose.runtime.profiling.page import report_page
from edgepose.runtime.profiling.report import Report
from support.reports import ENVIRONMENT, FAST, REPORT, REPORTS


def shown(reports: dict[str, Report], width: int = 80) -> str:
    console = Console(record=True, width=width)
    for comparison in comparisons(reports):
        console.print(comparison.table())
    return console.export_text()


def test_each_machine_has_a_table_and_its_own_fastest() -> None:
    here, there = comparisons(REPORTS)
    assert [list(each.reports) for each in (here, there)] == [["slow", "fast", "busy"], ["board"]]
    assert [row[3] for row in here.rows()] == ["2.50x", "1.00x", "2.50x"]
    assert [row[3] for row in there.rows()] == ["1.00x"]
    assert [row[-1] for row in here.rows()] == ["none", "met", "missed"]


def test_what_spoils_a_comparison_is_told() -> None:
    here, there = comparisons(REPORTS)
    assert here.remarks() == [
        "busy: others kept 40 % of the CPU busy, measure again; misses its budget: fps 30.00, 60 wanted"
    ]
    assert there.remarks() == []


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"frames_with_people": 10}, "a: nobody was found in 90 of 100 frames: the times of the camera path are"),
        ({"is_sequence": False}, "a: every picture was searched: the times of the camera path are those of searching"),
        ({"most_people": 5, "source": "0"}, "not the same in all of them: the source, people followed"),
        ({"system": "newer", "frame_wh": [64, 48]}, "not the same in all of them: the system, the frames' size"),
    ],
)
def test_times_of_something_else_are_told(changed: dict[str, Any], told: str) -> None:
    (together,) = comparisons({"a": replace(REPORT, environment={**ENVIRONMENT, **changed}), "b": REPORT})
    (remark,) = together.remarks()
    assert remark.startswith(told)


def test_what_was_not_measured_is_no_fastest() -> None:
    nothing = replace(REPORT, network_ms=Distribution(0, 0, 0, 0, 0, 0))
    (together,) = comparisons({"nothing": nothing, "slow": REPORT, "fast": FAST})
    assert [row[2:4] for row in together.rows()] == [("-", "-"), ("10.00 / 12.00", "2.50x"), ("4.00 / 6.00", "1.00x")]


def test_a_narrow_terminal_shows_every_figure() -> None:
    text = shown(REPORTS)
    assert max(map(len, text.splitlines())) <= 80
    for figure in ("10.00", "4.00", "20.00", "22.00", "30.0", "200", "2.50x", "missed", "[x]"):
        assert figure in text
    assert "\N{HORIZONTAL ELLIPSIS}" not in text


def test_files_of_one_name_are_told_apart_by_their_paths(tmp_path: Path) -> None:
    paths = [tmp_path / "old" / "net.json", tmp_path / "new" / "net.json", tmp_path / "other.json"]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(REPORT.to_dict()))
    assert list(named_reports(paths)) == [str(path) for path in paths]
    assert list(named_reports(paths[1:])) == ["net", "other"]
    assert list(named_reports([paths[2], paths[2]])) == ["other"]


def test_a_name_that_is_no_text_can_be_shown(tmp_path: Path) -> None:
    path = tmp_path / "caf\udce9.json"
    try:
        path.write_text(json.dumps(REPORT.to_dict()))
    except OSError:
        pytest.skip("this file system has no such names")
    (name,) = named_reports([path])
    assert name == "caf\\xe9"
    assert name.encode() in report_page({name: REPORT}).encode()
