"""Whoever waits for a run sees how far it is; a log gets a line now and then, standard output nothing."""

import io
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from edgepose.cli.run_progress import RunLines, run_progress
from edgepose.runtime.pipeline import Pipeline
from edgepose.runtime.poses import Frame, Poses
from edgepose.runtime.results import FrameResult
from edgepose.runtime.skeleton import LSP_14
from edgepose.runtime.sources import open_source
from support.clips import DotEstimator, dot_image, write_clip

NOBODY = FrameResult(Frame(dot_image(1, 1), 0, 0), Poses.empty(LSP_14), {}, 0)


def test_a_log_gets_a_line_after_so_many_seconds_with_the_rate_since_the_last() -> None:
    log, now_s = io.StringIO(), [0.0]
    lines = RunLines(SimpleNamespace(dropped=7), "camera 0", Console(file=log), 10.0, lambda: now_s[0])  # type: ignore[arg-type]
    for step_s in [1.0] * 10 + [0.5] * 20 + [1.0] * 5:
        now_s[0] += step_s
        lines.tell(NOBODY)
    assert log.getvalue().splitlines() == [
        "camera 0: 10 frames, 1.0 fps, 7 dropped, 0 people",
        "camera 0: 30 frames, 2.0 fps, 7 dropped, 0 people",
    ]


def test_a_terminal_shows_a_bar_until_the_run_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # what rich takes for a terminal
    monkeypatch.setenv("TERM", "xterm")
    source = open_source(str(write_clip(tmp_path / "clip.avi", frames=12)))
    with Pipeline(source, DotEstimator()) as pipeline, run_progress(pipeline, source, 9, prints=False) as told:
        for result in pipeline.run(9):
            told(result)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "9/9" in shown.err
    assert "0 dropped, 1 person" in shown.err


def test_results_that_are_printed_into_the_same_terminal_need_no_bar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    source = open_source(str(write_clip(tmp_path / "clip.avi", frames=3)))
    with Pipeline(source, DotEstimator()) as pipeline, run_progress(pipeline, source, None, prints=True) as told:
        for result in pipeline.run():
            told(result)
    assert capsys.readouterr().err == ""
