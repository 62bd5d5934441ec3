"""A tiny training run on people of dots."""

import signal
from pathlib import Path

from torch import nn

from edgepose.runtime.skeleton import LSP_14
from edgepose.train.data import WeightedDataset
from edgepose.train.data.pose_dataset import PoseDataset
from edgepose.train.loop.progress import EpochResult
from edgepose.train.loop.trainer import Trainer
from edgepose.train.networks import NetworkSpec
from edgepose.train.recipe import Recipe
from support.dot_dataset import DotDataset

SPEC = NetworkSpec.of_paper("ppnet-m1-d1-w8", {"stem": "8"}, LSP_14, (32, 32))
RECIPE = Recipe(epochs=2, batch=4, warmup_steps=0, precision="fp32")


def trainer(
    out: Path,
    recipe: Recipe = RECIPE,
    *observers: "Record",
    people: int = 12,
    validate_on: PoseDataset | None = None,
    workers: int = 0,
) -> Trainer:
    mix = [WeightedDataset(DotDataset(people), 1.0)]
    return Trainer(SPEC, recipe, mix, out, workers=workers, observers=observers, validate_on=validate_on)


class Record:
    """Keeps the losses, and on request presses Ctrl-C after a step."""

    def __init__(self, interrupt_at: int | None = None) -> None:
        self.losses: list[float] = []
        self.epochs: list[EpochResult] = []
        self._interrupt_at = interrupt_at

    def on_step(self, step: int, _total_steps: int, loss: float) -> None:
        self.losses.append(loss)
        if step == self._interrupt_at:
            signal.raise_signal(signal.SIGINT)

    def on_epoch(self, result: EpochResult, _network: nn.Module) -> None:
        self.epochs.append(result)
