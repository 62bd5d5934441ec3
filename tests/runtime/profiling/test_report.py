import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from edgepose.profiles import Budget
from edgepose.profiles.result import ResultError
from edgepose.runtime.backends.base import LayerTime
from edgepose.runtime.profiling.report import Report, read_report
from edgepose.runtime.profiling.sustained import Interval
from edgepose.runtime.profiling.table import layers_table, report_tables
from support.reports import ENVIRONMENT, REPORT


def test_a_report_is_json_of_the_closed_schema() -> None:
    document = json.loads(json.dumps(REPORT.to_dict()))
    assert set(document) == {
        *("model", "environment", "network_ms", "pipeline_ms", "stages_ms", "fps", "dropped"),
        *("rss_mb", "size_mb", "first_pose_ms", "sustained", "budget"),
    }
    assert document["budget"] == []


def test_a_report_that_was_written_is_read_again(tmp_path: Path) -> None:
    warm = (Interval(0.0, REPORT.network_ms, 2000.0, None, 90.0), Interval(60.0, REPORT.pipeline_ms, None, 71.5, 91.5))
    report = replace(REPORT, sustained=warm, budget=REPORT.checks(Budget(fps=60.0, size_mb=5.0)))
    path = tmp_path / "here.json"
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        path.write_text(json.dumps(report.to_dict()), encoding=encoding)
        assert read_report(path) == report


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("\x00", "is not JSON"),
        ("[]", "is no file of edgepose profile --json: result: expected an object"),
        ('{"model": "net"}', "missing ['budget'"),
    ],
)
def test_anything_else_is_told_in_a_line(tmp_path: Path, content: str, told: str) -> None:
    path = tmp_path / "here.json"
    path.write_text(content)
    with pytest.raises(ResultError) as error:
        read_report(path)
    assert told in str(error.value)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)
    with pytest.raises(ResultError, match=r"cannot read .*absent\.json: No such file"):
        read_report(tmp_path / "absent.json")


def test_every_limit_of_a_budget_has_a_measurement() -> None:
    names = Budget.__dataclass_fields__
    assert {check.name for check in REPORT.checks(Budget(**dict.fromkeys(names, 1.0)))} == set(names)


@pytest.mark.parametrize(
    ("budget", "measured", "met"),
    [
        (Budget(network_p95_ms=12.0), 12, True),
        (Budget(network_p95_ms=11.9), 12, False),
        (Budget(pipeline_p50_ms=19.0), 20, False),
        (Budget(age_p95_ms=3.5), 3, True),
        (Budget(fps=30.0), 30, True),
        (Budget(fps=30.1), 30, False),
        (Budget(first_pose_ms=399.0), 400, False),
        (Budget(size_mb=3.0), 3, True),
    ],
)
def test_a_missed_limit_says_so(budget: Budget, measured: float, met: bool) -> None:
    checks = REPORT.checks(budget)
    assert [(check.measured, check.met) for check in checks] == [(measured, met)]
    assert replace(REPORT, budget=checks).kept is met


def test_a_result_from_before_a_key_was_added_is_read() -> None:
    document = json.loads(json.dumps(REPORT.to_dict()))
    for key in ("everybody", "min_score"):
        del document["environment"][key]
    assert Report.from_dict(document) == REPORT


def test_a_first_pose_that_never_came_meets_no_limit() -> None:
    nobody = replace(REPORT, first_pose_ms=None)
    nobody = replace(nobody, budget=nobody.checks(Budget(first_pose_ms=500.0)))
    assert not nobody.kept
    assert Report.from_dict(json.loads(json.dumps(nobody.to_dict()))) == nobody
    console = Console(record=True, width=120)
    console.print(report_tables(nobody))
    text = console.export_text()
    assert "nobody found" in text
    assert "nothing" in text


@given(limit=st.floats(0.1, 100), measured=st.floats(0.1, 100))
def test_ceilings_and_the_floor_point_the_other_way(limit: float, measured: float) -> None:
    report = replace(REPORT, fps=measured, rss_mb=measured)
    fps, rss = report.checks(Budget(fps=limit, rss_mb=limit))
    assert fps.met is (measured >= limit)
    assert rss.met is (measured <= limit)


def test_tables_show_the_figures_and_the_verdict() -> None:
    report = replace(REPORT, budget=REPORT.checks(Budget(fps=60.0, size_mb=5.0)))
    console = Console(record=True, width=120)
    console.print(report_tables(report))
    text = console.export_text()
    for expected in (
        "[net].onnx",
        "network alone",
        "capture to result",
        "400 ms",
        "missed",
        "met",
        "unknown",
    ):
        assert expected in text


def test_a_budget_missed_while_searching_says_so() -> None:
    budget = REPORT.checks(Budget(fps=60.0, network_p95_ms=1.0, pipeline_p95_ms=1.0))
    shown = []
    for with_people in (95, 94):
        console = Console(record=True, width=200)
        report = replace(REPORT, environment={**ENVIRONMENT, "frames_with_people": with_people}, budget=budget)
        console.print(report_tables(report))
        shown.append(console.export_text())
    following, searching = shown
    assert "searching" not in following
    assert "warning: nobody was found in 6 of 100 frames: the times of the camera path are those of sear" in searching
    lines = [line for line in searching.splitlines() if "missed" in line]
    assert ["searching" in line for line in lines] == ["network" not in line for line in lines]
    assert len(lines) == 3


def test_pictures_that_do_not_follow_from_each_other_are_all_searched() -> None:
    report = replace(REPORT, environment={**ENVIRONMENT, "is_sequence": False})
    assert report.searched == 100
    console = Console(record=True, width=200)
    console.print(report_tables(report))
    assert "warning: every picture was searched: the times of the camera path are those of" in console.export_text()


def test_the_slowest_layers_come_first() -> None:
    console = Console(record=True, width=120)
    console.print(layers_table([LayerTime("fast", "Relu", 1.0), LayerTime("slow", "Conv", 3.0)]))
    text = console.export_text()
    assert text.index("slow") < text.index("fast")
    assert "75.0 %" in text


def test_a_model_of_everybody_searches_nothing() -> None:
    environment = {**ENVIRONMENT, "everybody": True, "frames_with_people": 0}
    for is_sequence in (True, False):
        report = replace(REPORT, environment={**environment, "is_sequence": is_sequence})
        assert report.warning is None
