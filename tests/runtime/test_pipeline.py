import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgepose.profiles.result import FRAME_STAGES
from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.clock import StageClock
from edgepose.runtime.errors import SinkError, SourceError
from edgepose.runtime.people.smoothing import PoseSmoother
from edgepose.runtime.pipeline import FrameResult, Pipeline
from edgepose.runtime.poses import Frame, Poses
from edgepose.runtime.sinks import DiscardSink, JsonLinesSink, Sink, VideoSink
from edgepose.runtime.sources import open_source
from edgepose.runtime.sources.base import FrameSource
from edgepose.runtime.sources.paced import PacedSource
from edgepose.runtime.sources.video import VideoSource
from support.clips import DotEstimator, dot_image, dot_place, read_clip, write_clip

TESTS = Path(__file__).parents[1]


class _SlowEstimator(DotEstimator):
    def estimate(self, frame: Frame, clock: StageClock) -> Poses:
        time.sleep(0.03)
        return super().estimate(frame, clock)


def _lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_file_is_followed_frame_by_frame_into_both_outputs(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.avi", frames=25)
    sinks = [VideoSink(tmp_path / "out.avi", 30), JsonLinesSink(tmp_path / "poses.jsonl")]
    with Pipeline(open_source(str(clip)), DotEstimator(), sinks, smoother=PoseSmoother()) as pipeline:
        results = list(pipeline.run())
        assert (pipeline.dropped, pipeline.not_shown) == (0, 0)
    lines = _lines(tmp_path / "poses.jsonl")
    assert [line["frame"] for line in lines] == list(range(25))
    assert [line["time_s"] for line in lines] == [round(index / 30, 4) for index in range(25)]
    assert len(read_clip(tmp_path / "out.avi")) == 25
    for result in results:
        assert set(result.stage_ns) == set(FRAME_STAGES)
        assert result.age_ns > sum(result.stage_ns[stage] for stage in ("crop", "infer", "decode", "smooth"))
        centre = result.poses.keypoints_frame[0].mean(axis=0)
        assert np.hypot(*(centre - dot_place(result.frame.index))) < 3


def test_the_stages_of_a_line_are_those_of_the_issue(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.avi", frames=2)
    sinks: list[Sink] = [DiscardSink(), JsonLinesSink(tmp_path / "poses.jsonl")]
    list(Pipeline(open_source(str(clip)), DotEstimator(), sinks, smoother=PoseSmoother()).run())
    assert list(_lines(tmp_path / "poses.jsonl")[0]["stage_ms"]) == list(FRAME_STAGES)


class _Clip(VideoSource):
    """Tells when its last picture was taken."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.is_over = threading.Event()

    def images(self) -> Iterator[ImageArray]:
        yield from super().images()
        self.is_over.set()


class _Absorbed(DotEstimator):
    """Looks at its first frame until the clip is over."""

    def __init__(self, clip: _Clip) -> None:
        super().__init__()
        self._clip, self.is_looking = clip, threading.Event()

    def estimate(self, frame: Frame, clock: StageClock) -> Poses:
        self.is_looking.set()
        assert self._clip.is_over.wait(20)
        return super().estimate(frame, clock)


def test_a_paced_file_drops_frames_and_keeps_their_indexes(tmp_path: Path) -> None:
    clip = _Clip(write_clip(tmp_path / "clip.avi", frames=30))
    estimator, sinks = _Absorbed(clip), [JsonLinesSink(tmp_path / "poses.jsonl")]
    paced = PacedSource(clip, now_ns=lambda: 0, wait=lambda _: not estimator.is_looking.wait(20))
    with Pipeline(paced, estimator, sinks) as pipeline:
        results = list(pipeline.run())
    assert [result.frame.index for result in results] == [0, 29]
    assert pipeline.dropped == 28
    assert [line["frame"] for line in _lines(tmp_path / "poses.jsonl")] == [0, 29]
    for result in results:
        centre = result.poses.keypoints_frame[0].mean(axis=0)
        assert np.hypot(*(centre - dot_place(result.frame.index))) < 3


def test_smoothing_a_file_does_not_hang_on_the_machines_speed(tmp_path: Path) -> None:
    clip = str(write_clip(tmp_path / "clip.avi", frames=12))
    fast, slow = (
        [r.poses.keypoints_frame for r in Pipeline(open_source(clip), estimator, smoother=PoseSmoother()).run()]
        for estimator in (DotEstimator(), _SlowEstimator())
    )
    assert np.array_equal(fast, slow)


def test_loose_images_are_not_smoothed_into_one_another(tmp_path: Path) -> None:
    for index, x in enumerate((20, 70)):
        cv2.imwrite(str(tmp_path / f"{index}.png"), dot_image(x, 30))
    results = list(Pipeline(open_source(str(tmp_path)), DotEstimator(), smoother=PoseSmoother()).run())
    assert results[1].poses.keypoints_frame[0, :, 0].mean() == pytest.approx(70, abs=0.5)
    assert "smooth" not in results[1].stage_ns


def test_max_frames_ends_the_run_and_closes_everything(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.avi", frames=300, fps=100)
    threads_before = threading.active_count()
    for paced in (False, True):
        path = tmp_path / f"poses-{paced}.jsonl"
        pipeline = Pipeline(open_source(str(clip), paced=paced), DotEstimator(), [JsonLinesSink(path)])
        assert len(list(pipeline.run(max_frames=4))) == 4
        assert len(_lines(path)) == 4
    assert threading.active_count() <= threads_before


def _interrupt(pipeline: Pipeline, at: int) -> None:
    with pipeline:
        for result in pipeline.run():
            if result.frame.index == at:
                raise KeyboardInterrupt


def test_leaving_early_keeps_what_was_done(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.avi", frames=30)
    sinks = [VideoSink(tmp_path / "out.mp4", 30), JsonLinesSink(tmp_path / "poses.jsonl")]
    with pytest.raises(KeyboardInterrupt):
        _interrupt(Pipeline(open_source(str(clip)), DotEstimator(), sinks), at=9)
    assert len(read_clip(tmp_path / "out.mp4")) == 10
    assert len(_lines(tmp_path / "poses.jsonl")) == 10


def test_a_source_that_breaks_off_is_an_error_after_the_outputs_are_written(tmp_path: Path) -> None:
    for index in range(3):
        cv2.imwrite(str(tmp_path / f"{index}.png"), dot_image(20, 20))
    (tmp_path / "2.png").write_bytes((tmp_path / "2.png").read_bytes()[:40])
    path = tmp_path / "poses.jsonl"
    pipeline = Pipeline(open_source(str(tmp_path)), DotEstimator(), [JsonLinesSink(path)])
    with pytest.raises(SourceError, match=r"2\.png"):
        list(pipeline.run())
    assert len(_lines(path)) == 2


class _Stopper(Sink):
    """Wants to stop after three polls; fails on frame `fails_at`."""

    shows_pictures = True

    def __init__(self, fails_at: int = -1) -> None:
        self._polls, self._fails_at = 0, fails_at
        self.closed = False

    def write(self, result: FrameResult, drawn_bgr: ImageArray | None) -> None:
        if result.frame.index == self._fails_at:
            raise SinkError("the disk is full")

    def poll(self) -> bool:
        assert threading.current_thread() is threading.main_thread()
        self._polls += 1
        return self._polls < 3

    def close(self) -> None:
        self.closed = True


def test_a_sink_can_end_the_run(tmp_path: Path) -> None:
    stopper = _Stopper()
    clip = str(write_clip(tmp_path / "clip.avi", frames=30))
    assert len(list(Pipeline(open_source(clip), DotEstimator(), [stopper]).run())) == 3
    assert stopper.closed


class _SilentCamera(FrameSource):
    """Gives no picture until it is told to stop."""

    name, size_wh, fps, live = "silent camera", (96, 64), 30.0, True

    def __init__(self) -> None:
        self._stopped = threading.Event()

    def images(self) -> Iterator[ImageArray]:
        self._stopped.wait(20)
        yield from ()

    def stop(self) -> None:
        self._stopped.set()


def test_a_sink_can_end_the_run_while_the_camera_is_silent() -> None:
    begin_s = time.perf_counter()
    pipeline = Pipeline(_SilentCamera(), DotEstimator(), [_Stopper()])
    assert list(pipeline.run()) == []
    assert pipeline.ended_by_user
    assert time.perf_counter() - begin_s < 5


def test_a_sink_that_fails_ends_the_run_and_the_others_are_closed(tmp_path: Path) -> None:
    clip = str(write_clip(tmp_path / "clip.avi", frames=30))
    path = tmp_path / "poses.jsonl"
    stopper = _Stopper(fails_at=1)
    with pytest.raises(SinkError, match="full"):
        list(Pipeline(open_source(clip), _SlowEstimator(), [JsonLinesSink(path), stopper]).run())
    assert stopper.closed
    assert len(_lines(path)) == 2


class _Slow(Sink):
    """Presses Ctrl-C while it writes, as soon as everything was handed to it; says when it is closed too early."""

    def __init__(self) -> None:
        self.is_last, self.log = threading.Event(), list[str]()

    def write(self, result: FrameResult, drawn_bgr: ImageArray | None) -> None:
        self.is_last.wait(5)
        self.log.append(f"begin {result.frame.index}")
        time.sleep(0.05)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        time.sleep(0.05)
        self.log.append(f"end {result.frame.index}")

    def close(self) -> None:
        self.log.append("close")


def _finish(pipeline: Pipeline, sink: _Slow) -> None:
    for result in pipeline.run():
        if result.frame.index == 2:
            sink.is_last.set()


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_control_c_while_outputs_are_finished_waits_for_them(tmp_path: Path) -> None:
    sink, path = _Slow(), tmp_path / "poses.jsonl"
    clip = str(write_clip(tmp_path / "clip.avi", frames=3))
    with pytest.raises(KeyboardInterrupt):
        _finish(Pipeline(open_source(clip), DotEstimator(), [sink, JsonLinesSink(path)]), sink)
    assert sink.log == [*(f"{what} {i}" for i in range(3) for what in ("begin", "end")), "close"]
    assert len(_lines(path)) == 3


_ENDLESS = """
import sys
from pathlib import Path
from support.clips import DotEstimator
from edgepose.runtime.pipeline import Pipeline
from edgepose.runtime.sinks import JsonLinesSink, VideoSink
from edgepose.runtime.sources import open_source

folder = Path(sys.argv[1])
sinks = [VideoSink(folder / "out.mp4", 30), JsonLinesSink(folder / "poses.jsonl")]
with Pipeline(open_source(str(folder / "clip.avi"), paced=True), DotEstimator(), sinks) as pipeline:
    for result in pipeline.run():
        print(result.frame.index, flush=True)
"""


def _until_it_runs(process: "subprocess.Popen[str]") -> Iterator[str]:
    assert process.stdout is not None
    for count, line in enumerate(process.stdout):
        yield line
        if count >= 5:
            return


_CARELESS = """
import sys
from pathlib import Path
from support.clips import DotEstimator
from edgepose.runtime.pipeline import Pipeline
from edgepose.runtime.sinks import VideoSink
from edgepose.runtime.sources import open_source

folder = Path(sys.argv[1])
sinks = [VideoSink(folder / "out.mp4", 30)]
results = Pipeline(open_source(str(folder / "clip.avi"), paced=True), DotEstimator(), sinks).run()
next(results)
"""


def test_a_program_that_closes_nothing_still_ends_well(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.avi", frames=600, fps=30)
    subprocess.run([sys.executable, "-c", _CARELESS, str(tmp_path)], cwd=TESTS, timeout=20, check=True)
    assert len(read_clip(tmp_path / "out.mp4")) >= 1


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_control_c_leaves_a_playable_video_and_whole_lines(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.avi", frames=600, fps=30)
    process = subprocess.Popen(
        [sys.executable, "-c", _ENDLESS, str(tmp_path)],
        cwd=TESTS,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert list(_until_it_runs(process))
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert "KeyboardInterrupt" in errors
    assert len(read_clip(tmp_path / "out.mp4")) >= 5
    assert len(_lines(tmp_path / "poses.jsonl")) >= 5
    assert {path.name for path in tmp_path.iterdir()} == {"clip.avi", "out.mp4", "poses.jsonl"}
