"""What a run tells into a log file."""

import io

import torch
from rich.console import Console

from edgepose.train.observers import ProgressLines
from edgepose.train.progress import EpochResult


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
