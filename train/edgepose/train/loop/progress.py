"""What a training run tells while it runs."""

from dataclasses import dataclass
from typing import Protocol

from torch import nn


@dataclass(frozen=True)
class EpochResult:
    """One finished epoch: mean loss, `accuracy` by `metric` in percent where it is validated, images a second."""

    epoch: int
    loss: float
    metric: str
    accuracy: float | None
    images_per_second: float


class Observer(Protocol):
    """Is told of every step and every epoch."""

    def on_step(self, step: int, total_steps: int, loss: float) -> None:
        """Take note of a finished step."""

    def on_epoch(self, result: EpochResult, network: nn.Module) -> None:
        """Take note of a finished epoch; `network` has the averaged weights."""
