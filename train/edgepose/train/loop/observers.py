"""What a training run shows: how far it is and the time left, TensorBoard scalars and pictures."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import nn
from torch.utils.tensorboard.writer import SummaryWriter

from edgepose.train.data import PoseDataset
from edgepose.train.loop.progress import EpochResult
from edgepose.train.objectives import Objective


class ProgressBar:
    """A bar over all steps, and a line an epoch, in a terminal. Use it in a `with`."""

    def __init__(self, console: Console) -> None:
        self._bar = Progress(
            TextColumn("training"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("loss {task.fields[loss]:.5f}"),
            console=console,
        )
        self._task = self._bar.add_task("steps", total=None, loss=float("nan"))

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def on_step(self, step: int, total_steps: int, loss: float) -> None:
        """Move the bar."""
        self._bar.update(self._task, completed=step, total=total_steps, loss=loss)

    def on_epoch(self, result: EpochResult, _network: nn.Module) -> None:
        """Print the epoch's figures."""
        self._bar.console.print(_epoch_line(result))


class ProgressLines:
    """A line every `every_s` seconds and every epoch, for a log file, where a bar shows nothing until it ends."""

    def __init__(self, console: Console, every_s: float = 60.0, now: Callable[[], float] = time.monotonic) -> None:
        self._console, self._every_s, self._now = console, every_s, now
        self._begin: tuple[int, float] | None = None
        self._told_s = now()

    def on_step(self, step: int, total_steps: int, loss: float) -> None:
        """Tell of the step, if the last line is old enough."""
        now_s = self._now()
        # the first step tells nothing of the rate: whatever is compiled or read first is part of it
        if self._begin is None:
            self._begin = step, now_s
            return
        if now_s - self._told_s < self._every_s:
            return
        self._told_s = now_s
        first_step, first_s = self._begin
        left_s = (now_s - first_s) / (step - first_step) * (total_steps - step)
        left = timedelta(seconds=round(left_s))
        self._console.print(f"step {step} of {total_steps}: loss {loss:.5f}, {left} left", soft_wrap=True)

    def on_epoch(self, result: EpochResult, _network: nn.Module) -> None:
        """Print the epoch's figures."""
        self._console.print(_epoch_line(result), soft_wrap=True)


def _epoch_line(result: EpochResult) -> str:
    accuracy = "" if result.accuracy is None else f", {result.metric} {result.accuracy:.1f}"
    return f"epoch {result.epoch}: loss {result.loss:.5f}{accuracy}, {result.images_per_second:.0f} images/s"


class TensorBoardLog:
    """Scalars of every 20th step and every epoch, and predictions on the same few people.

    A log that cannot be written ends with a line on the console: it is worth no training.
    """

    def __init__(self, folder: Path, pictures_of: PoseDataset, objective: Objective, console: Console) -> None:
        self._folder, self._console = folder, console
        self._pictures_of, self._objective = pictures_of, objective
        self._writer: SummaryWriter | None = None
        with self._ends_where_it_fails():
            self._writer = SummaryWriter(str(folder))

    def on_step(self, step: int, _total_steps: int, loss: float) -> None:
        """Note the loss."""
        if self._writer is not None and step % 20 == 0:
            with self._ends_where_it_fails():
                self._writer.add_scalar("loss/step", loss, step)

    def on_epoch(self, result: EpochResult, network: nn.Module) -> None:
        """Note the epoch's figures and draw what the network sees now."""
        if self._writer is None:
            return
        picture = self._objective.draw(network, self._pictures_of)
        with self._ends_where_it_fails():
            self._writer.add_scalar("loss/epoch", result.loss, result.epoch)
            self._writer.add_scalar("speed/images_per_second", result.images_per_second, result.epoch)
            if result.accuracy is not None:
                self._writer.add_scalar(f"accuracy/{result.metric}", result.accuracy, result.epoch)
            self._writer.add_image("predictions", picture, result.epoch, dataformats="HWC")
            self._writer.flush()

    def close(self) -> None:
        """Write what is pending."""
        if self._writer is not None:
            with self._ends_where_it_fails():
                self._writer.close()

    @contextmanager
    def _ends_where_it_fails(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._writer = None
            reason = error.strerror or error
            self._console.print(f"the log in {self._folder} ends here: {reason}; training goes on", soft_wrap=True)
