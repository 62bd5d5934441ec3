"""A run without a pause, minute by minute."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from edgepose.profiles.result import validate_result
from edgepose.runtime.backends import open_model
from edgepose.runtime.profiling.distribution import Distribution
from edgepose.runtime.profiling.measure import Effort, measure_model
from edgepose.runtime.profiling.sustained import Interval, measure_sustained, slowdown
from edgepose.runtime.profiling.table import report_tables
from support.tiny_model import save_tiny_onnx


def test_a_run_is_split_into_intervals_that_fill_its_time(tmp_path: Path) -> None:
    with open_model(save_tiny_onnx(tmp_path)) as session:
        intervals = measure_sustained(session, minutes=0.5 / 60)
    assert intervals[0].start_s < 0.25 <= intervals[1].start_s + 0.05
    assert all(interval.network_ms.n > 1 and interval.network_ms.p50 > 0 for interval in intervals)
    assert all(10 < interval.rss_mb < 1e5 for interval in intervals)
    assert all(interval.clock_mhz is None or interval.clock_mhz > 0 for interval in intervals)


def test_a_run_has_at_least_one_inference_an_interval(tmp_path: Path) -> None:
    with open_model(save_tiny_onnx(tmp_path)) as session:
        assert [each.network_ms.n for each in measure_sustained(session, minutes=1e-9)] == [1, 1]


def test_a_system_that_does_not_tell_its_clock_costs_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def incomplete() -> None:
        raise FileNotFoundError("scaling_cur_freq")

    monkeypatch.setattr(psutil, "cpu_freq", incomplete, raising=False)
    with open_model(save_tiny_onnx(tmp_path)) as session:
        assert [each.clock_mhz for each in measure_sustained(session, minutes=1e-9)] == [None, None]


def test_slowdown_compares_the_last_minute_with_the_first() -> None:
    minutes = [
        Interval(60.0 * i, Distribution(p50, 9, 9, 9, 9, 9), None, 71.0, 90.0) for i, p50 in enumerate((2.0, 9.0, 3.0))
    ]
    assert slowdown(tuple(minutes)) == 1.5


@pytest.mark.usefixtures("no_fresh_process")
def test_the_report_holds_it_on_request_and_shows_it(clip: str, tmp_path: Path) -> None:
    path = str(save_tiny_onnx(tmp_path))
    effort = Effort(runs=3, warmup_runs=1, max_frames=4, sustained_minutes=0.005)
    report = measure_model(path, source=clip, effort=effort)
    document = json.loads(json.dumps(report.to_dict()))
    validate_result(document)
    assert [set(each) for each in document["sustained"]] == [
        {"start_s", "network_ms", "clock_mhz", "hottest_c", "rss_mb"}
    ] * 2
    console = Console(width=200, record=True)
    console.print(report_tables(report), report_tables(replace(report, sustained=())))
    text = " ".join(console.export_text().split())
    assert text.count("network without a pause") == 1
    assert f"{slowdown(report.sustained):.2f} times that at the start" in text


def test_control_c_keeps_the_minutes_that_are_over(tmp_path: Path) -> None:
    told: list[Interval] = []

    def stop_after(last: int, interval: Interval) -> None:
        told.append(interval)
        if len(told) == last:
            raise KeyboardInterrupt

    with open_model(save_tiny_onnx(tmp_path)) as session:
        with pytest.raises(KeyboardInterrupt):
            measure_sustained(session, 1e-9, partial(stop_after, 1))
        told.clear()
        assert len(measure_sustained(session, 1e-9, partial(stop_after, 2))) == 2
    assert len(told) == 2
