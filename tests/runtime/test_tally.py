"""What `edgepose run` says at its end."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgepose.runtime.clock import StageClock
from edgepose.runtime.pipeline import Pipeline
from edgepose.runtime.poses import Frame, Poses
from edgepose.runtime.sinks import DiscardSink, JsonLinesSink, VideoSink
from edgepose.runtime.sources import open_source
from edgepose.runtime.tally import run_to_end, summary
from support.clips import DotEstimator, write_clip


class _Impatient(DotEstimator):
    """Presses Ctrl-C at one frame."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self._at = at

    def estimate(self, frame: Frame, clock: StageClock) -> Poses:
        if frame.index == self._at:
            raise KeyboardInterrupt
        return super().estimate(frame, clock)


@pytest.mark.parametrize(("most", "frames", "ran_out"), [(None, 8, True), (5, 5, False), (20, 8, True)])
def test_frames_are_counted_and_who_ended_it(tmp_path: Path, most: int | None, frames: int, *, ran_out: bool) -> None:
    source = open_source(str(write_clip(tmp_path / "clip.avi", frames=8)))
    tally = run_to_end(Pipeline(source, DotEstimator()), most)
    assert (tally.frames, tally.with_people, tally.ran_out, tally.interrupted) == (frames, frames, ran_out, False)
    assert tally.fps > 0


def test_control_c_keeps_what_was_written_and_says_so(tmp_path: Path) -> None:
    source = open_source(str(write_clip(tmp_path / "clip.avi", frames=8)))
    poses = tmp_path / "poses.jsonl"
    pipeline = Pipeline(source, _Impatient(3), [JsonLinesSink(poses)])
    tally = run_to_end(pipeline)
    assert (tally.frames, tally.interrupted) == (3, True)
    assert len(poses.read_text().splitlines()) == 3
    assert summary(tally, source, pipeline, [poses]).endswith(f"stopped early; wrote {poses}")


def test_control_c_before_the_first_result_keeps_the_old_files_and_says_so(tmp_path: Path) -> None:
    source = open_source(str(write_clip(tmp_path / "clip.avi", frames=8)))
    old = [tmp_path / "poses.jsonl", tmp_path / "out.mp4"]
    for path in old:
        path.write_text("old")
    pipeline = Pipeline(source, _Impatient(0), [JsonLinesSink(old[0]), VideoSink(old[1], 30)])
    line = summary(run_to_end(pipeline), source, pipeline, old)
    assert line.endswith("0 dropped; stopped early; nothing written")
    assert [path.read_text() for path in old] == ["old", "old"]
    assert len(list(tmp_path.iterdir())) == 3


def test_what_is_printed_or_goes_to_a_device_was_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = open_source(str(write_clip(tmp_path / "clip.avi", frames=3)))
    outputs = [Path("-"), Path(os.devnull)]
    pipeline = Pipeline(source, DotEstimator(), [JsonLinesSink(path) for path in outputs])
    assert summary(run_to_end(pipeline), source, pipeline, outputs).endswith(f"wrote standard output, {os.devnull}")
    assert len(capsys.readouterr().out.splitlines()) == 3


class _Quitter(DiscardSink):
    """Presses q in the window at the third look."""

    looks = 0

    def poll(self) -> bool:
        self.looks += 1
        return self.looks < 3


def test_leaving_the_window_is_no_damage_of_the_file(tmp_path: Path) -> None:
    source = open_source(str(write_clip(tmp_path / "clip.avi", frames=8)))
    pipeline = Pipeline(source, DotEstimator(), [_Quitter()])
    tally = run_to_end(pipeline)
    assert (tally.frames, tally.ran_out, tally.interrupted) == (3, False, False)
    assert summary(tally, source, pipeline, []).endswith("0 dropped; stopped early; nothing written")


def test_a_file_that_promises_more_frames_is_told(tmp_path: Path) -> None:
    source = open_source(str(write_clip(tmp_path / "clip.avi", frames=8)))
    pipeline = Pipeline(source, DotEstimator())
    tally = run_to_end(pipeline)
    assert "may be damaged" not in summary(tally, source, pipeline, [])
    source.declared_frames = 80
    assert "the file promises 80 frames, so it may be damaged; nothing written" in summary(tally, source, pipeline, [])


def test_what_was_written_before_a_source_broke_off_is_named(tmp_path: Path) -> None:
    folder, poses = tmp_path / "pictures", tmp_path / "poses.jsonl"
    folder.mkdir()
    for name in ("1.png", "2.png"):
        cv2.imwrite(str(folder / name), np.zeros((32, 32, 3), np.uint8))
    source = open_source(str(folder))
    (folder / "2.png").write_bytes((folder / "2.png").read_bytes()[:40])
    pipeline = Pipeline(source, DotEstimator(), [JsonLinesSink(poses)])
    tally = run_to_end(pipeline)
    assert "2.png is no image" in str(tally.broken_off)
    assert summary(tally, source, pipeline, [poses]).endswith(f"broken off; wrote {poses}")
    assert len(poses.read_text().splitlines()) == 1


def test_frames_that_no_sink_got_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, poses = open_source(str(write_clip(tmp_path / "clip.avi", frames=3))), tmp_path / "poses.jsonl"
    pipeline = Pipeline(source, DotEstimator(), [JsonLinesSink(poses)])
    tally = run_to_end(pipeline)
    monkeypatch.setattr(Pipeline, "not_written", 7)  # it takes ten thousand frames
    told = f"0 dropped; 7 frames are missing, their reader was minutes behind; wrote {poses}"
    assert summary(tally, source, pipeline, [poses]).endswith(told)
