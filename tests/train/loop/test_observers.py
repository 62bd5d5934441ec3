"""What a run tells: into a log file, in a terminal, in TensorBoard."""

import io
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from rich.console import Console
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from edgepose.runtime.skeleton import LSP_14
from edgepose.train.loop.observers import ProgressBar, ProgressLines, TensorBoardLog
from edgepose.train.loop.progress import EpochResult
from edgepose.train.networks import NetworkSpec
from edgepose.train.objectives import objective_of
from edgepose.train.recipe import Recipe
from support.dot_dataset import DotDataset

SPEC = NetworkSpec.of_paper("ppnet-m1-d1-w8", {"stem": "8"}, LSP_14, (32, 32))


class Clock:
    """Tells the time that it is given."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_a_log_file_gets_a_line_a_minute_with_the_time_left() -> None:
    clock, out = Clock(), io.StringIO()
    lines = ProgressLines(Console(file=out, width=20), every_s=60, now=clock)
    for step in range(1, 32):
        # a slow start, which says nothing of the rest
        clock.seconds = 50 + 4 * step
        lines.on_step(step, 100, 0.25)
    told = out.getvalue().splitlines()
    assert told == ["step 3 of 100: loss 0.25000, 0:06:28 left", "step 18 of 100: loss 0.25000, 0:05:28 left"]


def test_every_epoch_has_its_line() -> None:
    out = io.StringIO()
    lines = ProgressLines(Console(file=out, width=20), now=Clock())
    lines.on_epoch(EpochResult(2, 0.125, "PCK@0.2", 56.25, 31.4), torch.nn.Identity())
    lines.on_epoch(EpochResult(3, 0.125, "PCK@0.2", None, 31.4), torch.nn.Identity())
    assert out.getvalue().splitlines() == [
        "epoch 2: loss 0.12500, PCK@0.2 56.2, 31 images/s",
        "epoch 3: loss 0.12500, 31 images/s",
    ]


def test_a_terminal_has_a_bar_of_all_steps_and_a_line_an_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, color_system=None, width=120, height=25)
    with ProgressBar(console) as bar:
        bar.on_step(3, 12, 0.25)
        bar.on_epoch(EpochResult(1, 0.125, "PCK@0.2", 56.25, 31.4), torch.nn.Identity())
        bar.on_step(4, 12, 0.5)
    told = out.getvalue()
    assert "epoch 1: loss 0.12500, PCK@0.2 56.2, 31 images/s\n" in told
    last = next(line for line in reversed(told.splitlines()) if "training" in line)
    assert " 4/12 " in last
    assert "loss 0.50000" in last


def test_tensorboard_finds_every_20th_loss_every_epoch_and_the_pictures(tmp_path: Path) -> None:
    objective, people, network = objective_of(SPEC, Recipe(precision="fp32")), DotDataset(2), SPEC.build().eval()
    log = TensorBoardLog(tmp_path, people, objective, Console(file=io.StringIO()))
    for step in range(1, 42):
        log.on_step(step, 41, step / 64)
    log.on_epoch(EpochResult(1, 0.125, "PCK@0.2", 56.25, 32.0), network)
    log.on_epoch(EpochResult(2, 0.0625, "PCK@0.2", None, 16.0), network)
    log.close()
    found = EventAccumulator(str(tmp_path)).Reload()
    told = {tag: [(event.step, event.value) for event in found.Scalars(tag)] for tag in found.Tags()["scalars"]}
    assert told == {
        "loss/step": [(20, 20 / 64), (40, 40 / 64)],
        "loss/epoch": [(1, 0.125), (2, 0.0625)],
        "speed/images_per_second": [(1, 32.0), (2, 16.0)],
        "accuracy/PCK@0.2": [(1, 56.25)],
    }
    pictures = found.Images("predictions")
    assert [picture.step for picture in pictures] == [1, 2]
    shown_bgr = cv2.imdecode(np.frombuffer(pictures[0].encoded_image_string, np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(shown_bgr[..., ::-1], objective.draw(network, people))


@pytest.mark.skipif(os.name != "posix", reason="limits file sizes as POSIX does")
def test_a_full_disk_ends_the_log_with_one_line_and_not_the_training(tmp_path: Path) -> None:
    script = (
        "import resource, sys, torch; from pathlib import Path; from rich.console import Console\n"
        "from edgepose.train.loop.observers import TensorBoardLog\n"
        "from edgepose.train.loop.progress import EpochResult\n"
        "class Objective:\n"
        "    def draw(self, network, people): return torch.zeros(8, 8, 3).numpy()\n"
        "log = TensorBoardLog(Path(sys.argv[1]), None, Objective(), Console())\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))\n"
        "for epoch in range(1, 4):\n"
        "    for step in range(20 * epoch, 20 * epoch + 100): log.on_step(step, 500, 0.5)\n"
        "    log.on_epoch(EpochResult(epoch, 0.125, 'PCK@0.2', 56.0, 31.0), torch.nn.Identity())\n"
        "log.close()\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=100).stdout
    assert told.splitlines() == [f"the log in {tmp_path} ends here: File too large; training goes on"]


def test_a_folder_that_takes_no_log_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("no folder")
    out = io.StringIO()
    log = TensorBoardLog(tmp_path / "log", None, None, Console(file=out, width=20))  # type: ignore[arg-type]
    log.on_step(20, 100, 0.5)
    log.close()
    assert out.getvalue().splitlines() == [f"the log in {tmp_path / 'log'} ends here: File exists; training goes on"]
