import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.clock import StageClock
from edgepose.runtime.poses import Frame, Poses
from edgepose.runtime.results import FrameResult
from edgepose.runtime.sinks import JsonLinesSink
from edgepose.runtime.skeleton import LSP_14
from support.clips import DotEstimator, dot_image


def _result(index: int = 0) -> FrameResult:
    frame = Frame(dot_image(40, 30), index, 1_000 + index)
    return FrameResult(frame, DotEstimator().estimate(frame, StageClock()), {"capture": 1_500_000}, 3_000)


def test_a_line_has_exactly_the_promised_keys(tmp_path: Path) -> None:
    path = tmp_path / "poses.jsonl"
    with JsonLinesSink(path) as sink:
        sink.write(_result(0))
        sink.write(_result(7))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["frame"] for line in lines] == [0, 7]
    assert set(lines[1]) == {"frame", "t_ns", "people", "stage_ms"}
    assert (lines[1]["t_ns"], lines[1]["stage_ms"]) == (1007, {"capture": 1.5})
    (person,) = lines[0]["people"]
    assert set(person) == {"id", "score", "box_xyxy", "keypoints"}
    assert tuple(person["keypoints"]) == LSP_14.joints
    x, y, score = person["keypoints"]["r_ankle"]
    assert (x, y, score) == (pytest.approx(48, abs=0.1), pytest.approx(30, abs=0.1), 0.9)


def test_a_time_that_is_known_is_written(tmp_path: Path) -> None:
    path = tmp_path / "poses.jsonl"
    with JsonLinesSink(path) as sink:
        sink.write(replace(_result(), time_s=1 / 3))
        sink.write(replace(_result(), unix_s=1.8e9 + 0.00004))
    recorded, live = (json.loads(line) for line in path.read_text().splitlines())
    assert (recorded["time_s"], "unix_s" in recorded) == (0.3333, False)
    assert (live["unix_s"], "time_s" in live) == (1.8e9, False)


def test_nobody_is_an_empty_list_and_no_joint_is_nan(tmp_path: Path) -> None:
    keypoints = np.full((1, len(LSP_14), 2), 5, np.float32)
    keypoints[0, 0, 0] = np.nan
    ones = np.ones((1, len(LSP_14)), np.float32)
    someone = Poses(LSP_14, keypoints, ones, ones[:, 0], np.zeros((1, 4), np.float32))
    path = tmp_path / "poses.jsonl"
    with JsonLinesSink(path) as sink:
        for poses in (Poses.empty(LSP_14), someone):
            sink.write(FrameResult(Frame(dot_image(1, 1), 0, 0), poses, {}, 0))
    nobody, person = (json.loads(line)["people"] for line in path.read_text().splitlines())
    assert nobody == []
    assert person[0]["id"] == 0
    assert "r_ankle" not in person[0]["keypoints"]


def test_the_file_appears_at_close_and_replaces_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "new" / "poses.jsonl"
    path.parent.mkdir()
    path.write_text("old")
    sink = JsonLinesSink(path)
    sink.write(_result())
    assert path.read_text() == "old"
    sink.close()
    sink.close()
    assert json.loads(path.read_text())["frame"] == 0
    assert list(path.parent.iterdir()) == [path]


def test_without_a_result_the_old_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "poses.jsonl"
    path.write_text("old")
    for _ in range(2):
        JsonLinesSink(path).close()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_dash_prints_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    sink = JsonLinesSink(Path("-"))
    sink.write(_result(3))
    assert json.loads(capsys.readouterr().out)["frame"] == 3
    sink.close()
    print("still open")


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EdgeposeError, match="is a folder"):
        JsonLinesSink(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(EdgeposeError, match=r"cannot write .*poses\.jsonl"):
        JsonLinesSink(tmp_path / "file" / "poses.jsonl")


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    full = tmp_path / ".poses.jsonl"
    full.symlink_to("/dev/full")
    monkeypatch.setattr("tempfile.mkstemp", lambda **_: (os.open(os.devnull, os.O_RDONLY), str(full)))
    sink = JsonLinesSink(tmp_path / "poses.jsonl")
    with pytest.raises(EdgeposeError, match=r"cannot write .*poses\.jsonl: No space left"):  # noqa: PT012  it is buffered
        for index in range(1000):
            sink.write(_result(index))
    sink.close()
    assert list(tmp_path.iterdir()) == []


def test_a_full_device_is_one_clear_error() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with (
        pytest.raises(EdgeposeError, match="cannot write /dev/full: No space left"),
        JsonLinesSink(Path("/dev/full")) as sink,
    ):
        sink.write(_result())
    assert Path("/dev/full").is_char_device()
