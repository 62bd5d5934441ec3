"""What `edgepose run` says at its end."""

from pathlib import Path

import pytest

from edgepose.runtime.clock import StageClock
from edgepose.runtime.pipeline import Pipeline
from edgepose.runtime.poses import Frame, Poses
from edgepose.runtime.sinks import JsonLinesSink
from edgepose.runtime.sources import open_source
from edgepose.runtime.tally import run_to_end, summary
from support.clips import DotEstimator, write_clip


class _Impatient(DotEstimator):
    """Presses Ctrl-C at the fourth frame."""

    def estimate(self, frame: Frame, clock: StageClock) -> Poses:
        if frame.index == 3:
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
    pipeline = Pipeline(source, _Impatient(), [JsonLinesSink(poses)])
    tally = run_to_end(pipeline)
    assert (tally.frames, tally.interrupted) == (3, True)
    assert len(poses.read_text().splitlines()) == 3
    line = summary(tally, source, pipeline, [poses, tmp_path / "never.mp4"])
    assert line.endswith(f"stopped early; wrote {poses}")


def test_a_file_that_promises_more_frames_is_told(tmp_path: Path) -> None:
    source = open_source(str(write_clip(tmp_path / "clip.avi", frames=8)))
    pipeline = Pipeline(source, DotEstimator())
    tally = run_to_end(pipeline)
    assert "may be damaged" not in summary(tally, source, pipeline, [])
    source.declared_frames = 80
    assert "the file promises 80 frames, so it may be damaged; nothing written" in summary(tally, source, pipeline, [])
