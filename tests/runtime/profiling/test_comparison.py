"""Several reports beside each other."""

import json
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from edgepose.runtime.profiling.comparison import comparisons, named_reports
from edgepose.runtime.profiling.report import Report
from support.reports import ENVIRONMENT, REPORT, REPORTS


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
    (searching,) = comparisons({"a": replace(REPORT, environment={**ENVIRONMENT, "frames_with_people": 10})})
    assert searching.remarks() == ["a: the camera path is that of searching, give a --source in which somebody is seen"]


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
    assert list(named_reports(paths)) == [str(paths[0]), str(paths[1]), "other"]
