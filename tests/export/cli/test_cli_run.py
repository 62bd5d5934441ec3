"""The command on a real model and real files; `main` turns its errors into one line and exit code 2."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from edgepose.cli.run import run
from edgepose.profiles.errors import EdgeposeError
from support.clips import dot_image, read_clip, write_clip
from support.command_line import edgepose
from support.tiny_model import save_tiny_onnx

TESTS = Path(__file__).parents[2]
APP = typer.Typer()
APP.command()(run)
BOX = "0,8,44,52"


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a model and a clip, on a machine without a display."""
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.chdir(tmp_path)
    save_tiny_onnx(tmp_path)
    write_clip(tmp_path / "clip.avi", frames=12)
    return tmp_path


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(APP, ["tiny.onnx", *arguments])


def _error(*arguments: str) -> str:
    result = _run(*arguments)
    assert isinstance(result.exception, EdgeposeError), (result.output, result.exception)
    assert "\n" not in str(result.exception)
    return str(result.exception)


def test_a_video_becomes_a_video_and_lines_and_one_line_of_summary(files: Path) -> None:
    result = _run("--source", "clip.avi", "--out", "out.mp4", "--json", "poses.jsonl", "--box", BOX)
    assert result.exit_code == 0, result.exception
    assert result.output.count("\n") == 1
    assert "clip.avi: 12 frames, people in 12, " in result.output
    assert "0 dropped; wrote out.mp4, poses.jsonl" in result.output
    assert len(read_clip(files / "out.mp4")) == 12
    lines = [json.loads(line) for line in (files / "poses.jsonl").read_text().splitlines()]
    assert [line["frame"] for line in lines] == list(range(12))
    assert set(lines[0]["stage_ms"]) == {"capture", "crop", "infer", "decode", "smooth", "draw"}
    x, y, _ = lines[0]["people"][0]["keypoints"]["head"]
    assert abs(x - 10) < 3
    assert abs(y - 30) < 3


def test_a_dash_prints_only_lines_to_standard_output(files: Path) -> None:
    result = _run("--source", "clip.avi", "--json", "-", "--box", BOX, "--max-frames", "3", "--no-smooth")
    assert [json.loads(line)["frame"] for line in result.stdout.splitlines()] == [0, 1, 2]
    assert "3 frames" in result.stderr


def test_a_paced_clip_counts_what_it_drops(files: Path) -> None:
    result = _run("--source", "clip.avi", "--json", "poses.jsonl", "--paced", "--box", BOX)
    assert result.exit_code == 0
    lines = (files / "poses.jsonl").read_text().splitlines()
    assert f"{len(lines)} frames" in result.output
    assert f"{12 - len(lines)} dropped" in result.output


def test_a_video_that_breaks_off_is_told(files: Path) -> None:
    write_clip(files / "clip.avi", frames=40)
    os.truncate("clip.avi", (files / "clip.avi").stat().st_size // 2)
    assert "the file promises 40 frames" in _run("--source", "clip.avi", "--json", "p", "--box", BOX).output
    assert "promises" not in _run("--source", "clip.avi", "--json", "p", "--max-frames", "2").output


def test_a_folder_becomes_a_slow_video(files: Path) -> None:
    (files / "images").mkdir()
    for index in range(3):
        cv2.imwrite(str(files / "images" / f"{index}.png"), dot_image(30, 30))
    assert _run("--source", "images", "--out", "out.mp4", "--box", BOX).exit_code == 0
    assert cv2.VideoCapture(str(files / "out.mp4")).get(cv2.CAP_PROP_FPS) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--source", "absent.mp4", "--json", "p"], "no such source: absent.mp4"),
        (["--source", "tiny.onnx", "--json", "p"], "holds no video"),
        (["--source", "98", "--json", "p"], "camera 98"),
        (["--source", "clip.avi"], "nowhere to show the poses: there is no display"),
        (["--source", "clip.avi", "--show", "--json", "p"], "there is no display"),
        (["--source", "clip.avi", "--no-show"], "give --out FILE, --json FILE or --show"),
        (["--source", "clip.avi", "--out", "out.foo"], "unknown video container .foo"),
        (["--source", "clip.avi", "--out", "tiny.onnx/out.mp4"], "cannot write tiny.onnx/out.mp4"),
        (["--source", "clip.avi", "--out", "out.mp4", "--json", "tiny.onnx/p"], "cannot write tiny.onnx/p"),
        (["--source", "clip.avi", "--json", "p", "--box", "1,2,3"], "expected --box X0,Y0,X1,Y1"),
        (["--source", "clip.avi", "--json", "p", "--box", "9,2,3,4"], "expected --box X0,Y0,X1,Y1"),
        (["--source", "clip.avi", "--json", "p", "--device", "toaster"], "toaster"),
        (["--source", "clip.avi", "--out", "./clip.avi"], "--out clip.avi would overwrite the source"),
        (["--source", "clip.avi", "--json", "clip.avi"], "--json clip.avi would overwrite the source"),
        (["--source", "clip.avi", "--json", "tiny.onnx"], "--json tiny.onnx would overwrite the model"),
        (["--source", "clip.avi", "--json", "tiny.onnx.card.json"], "would overwrite the model"),
        (["--source", "clip.avi", "--out", "a.mp4", "--json", "a.mp4"], "--json a.mp4 would overwrite --out"),
    ],
)
def test_wrong_use_is_one_line_and_leaves_nothing(files: Path, arguments: list[str], words: str) -> None:
    before = sorted(files.rglob("*"))
    assert words in _error(*arguments)
    assert sorted(files.rglob("*")) == before


def test_a_corrupt_model_leaves_no_output(files: Path) -> None:
    (files / "tiny.onnx").write_bytes(b"not a model")
    _error("--source", "clip.avi", "--json", "poses.jsonl")
    assert not (files / "poses.jsonl").exists()


_COMMAND = "from edgepose.cli.main import main; main()"


def _stop_with(files: Path, *signal_names: str, command: str = _COMMAND, paced: bool = True) -> None:
    """Run the command, send signals once there are poses, and expect everything that was seen until then."""
    write_clip(files / "long.avi", frames=900)
    source = ["long.avi", "--paced"] if paced else ["synthetic:0:5000"]  # the clip alone is over in no time
    arguments = ["tiny.onnx", "--source", *source, "--out", "out.mp4", "--json", "poses.jsonl"]
    words = [sys.executable, "-c", command, "run", *arguments, "--box", BOX]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        deadline_s = time.monotonic() + 30
        while not any(path.stat().st_size > 0 for path in files.glob(".poses-*")) and time.monotonic() < deadline_s:
            time.sleep(0.05)
        for name in signal_names:
            process.send_signal(getattr(signal, name))
            time.sleep(0.2)
        output, errors = process.communicate(timeout=20)
    assert errors == ""
    assert "stopped early; wrote out.mp4, poses.jsonl" in output
    assert process.returncode == (0 if paced else 130)
    assert len(read_clip(files / "out.mp4")) > 0
    assert len((files / "poses.jsonl").read_text().splitlines()) > 0
    assert not list(files.glob(".*"))


def test_a_reader_who_has_seen_enough_is_one_line(files: Path) -> None:
    write_clip(files / "long.avi", frames=900)
    words = [sys.executable, "-c", _COMMAND, "run", "tiny.onnx", "--source", "long.avi", "--json", "-", "--box", BOX]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["frame"] == 0
        process.stdout.close()
        assert process.stderr.read() == "error: standard output was closed; give a file's name instead of -\n"
        assert process.wait(20) == 2


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("signal_name", ["SIGTERM", "SIGHUP"])
def test_stopping_it_keeps_what_was_written(files: Path, signal_name: str) -> None:
    # whoever runs the tests under nohup hands on that SIGHUP is ignored
    heard = "import signal; signal.signal(signal.SIGHUP, signal.SIG_DFL)"
    _stop_with(files, signal_name, command=f"{heard}; {_COMMAND}")


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_what_nohup_ignores_does_not_stop_it_but_control_c_does(files: Path) -> None:
    nohup = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)"
    _stop_with(files, "SIGHUP", "SIGINT", command=f"{nohup}; {_COMMAND}")
    times_ns = [json.loads(line)["t_ns"] for line in (files / "poses.jsonl").read_text().splitlines()]
    assert times_ns[-1] - times_ns[0] > 0.15e9


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_recording_that_is_left_half_way_is_code_130(files: Path) -> None:
    _stop_with(files, "SIGINT", paced=False)


def test_a_picture_that_is_cut_off_is_code_2_and_keeps_what_was_written(files: Path) -> None:
    (files / "in").mkdir()
    for name in ("1.png", "2.png"):
        cv2.imwrite(str(files / "in" / name), dot_image(20, 30))
    os.truncate(files / "in" / "2.png", 40)
    code, printed, told = edgepose("run", "tiny.onnx", "--source", "in", "--json", "p.jsonl", "--box", BOX)
    assert code == 2, told
    assert "broken off; wrote p.jsonl" in printed
    assert told.splitlines()[-1].startswith(f"error: {Path('in', '2.png')} is no image")
    assert [json.loads(line)["file"] for line in (files / "p.jsonl").read_text().splitlines()] == ["1.png"]


def test_pictures_become_pictures_and_never_take_the_place_of_their_own(files: Path) -> None:
    (files / "in").mkdir()
    for name in ("1.png", "2.jpg"):
        cv2.imwrite(str(files / "in" / name), dot_image(20, 30, (44, 52)))
    result = _run("--source", "in", "--out", "drawn", "--json", "p.jsonl", "--box", BOX)
    assert result.exit_code == 0, result.exception
    assert sorted(path.name for path in (files / "drawn").iterdir()) == ["1.png", "2.jpg"]
    assert [json.loads(line)["file"] for line in (files / "p.jsonl").read_text().splitlines()] == ["1.png", "2.jpg"]
    assert _run("--source", "in/1.png", "--out", "one.jpg", "--box", BOX).exit_code == 0
    assert cv2.imread("one.jpg") is not None
    before = (files / "in" / "1.png").read_bytes()
    (files / "b.jsonl").write_text('{"file": "1.png", "boxes": [[0, 8, 44, 52]]}')
    assert _run("--source", "in", "--out", "boxed", "--boxes", "b.jsonl").exit_code == 0
    assert "would overwrite the boxes" in _error("--source", "in", "--json", "b.jsonl", "--boxes", "b.jsonl")
    assert "--json drawn would overwrite --out" in _error("--source", "in", "--out", "drawn", "--json", "drawn")
    assert "pictures are not printed" in _error("--source", "in", "--out", "-")
    assert _run("--source", "clip.avi", "--out", ".", "--max-frames", "1", "--box", BOX).exit_code == 0
    assert _run("--source", "clip.avi", "--out", "snap.png", "--max-frames", "1", "--box", BOX).exit_code == 0
    assert "--out, as 1.png in/1.png would overwrite the source" in _error("--source", "in", "--out", "in")
    assert "--out, as 1.png" in _error("--source", "in/1.png", "--out", "in")
    assert "is one picture, and the source has more" in _error("--source", "in", "--out", "two.png", "--box", BOX)
    assert not (files / "two.png").exists()
    assert "is one picture" in _error("--source", "clip.avi", "--out", "two.png", "--box", BOX)
    assert (files / "in" / "1.png").read_bytes() == before


def test_a_mode_and_a_score_that_make_no_sense_are_told(files: Path) -> None:
    assert "expected a camera's mode" in _error("--source", "0", "--out", "o.mp4", "--camera", "full")
    assert "a mode is for a camera, and clip.avi is none" in _error(
        "--source", "clip.avi", "--out", "o.mp4", "--camera", "640x480"
    )
    assert "a score is from 0 to 1" in _error("--source", "clip.avi", "--out", "o.mp4", "--min-score", "2")
    assert not (files / "o.mp4").exists()
