"""A short training run of one process or of several, as torchrun starts them: writes each step's loss as JSON."""

import json
import os
import sys
from pathlib import Path

from torch import nn

from edgepose.runtime.skeleton import LSP_14
from edgepose.train.data import WeightedDataset, open_dataset
from edgepose.train.loop.progress import EpochResult
from edgepose.train.loop.trainer import Trainer
from edgepose.train.networks import NetworkSpec
from edgepose.train.processes.world import joined_world
from edgepose.train.recipe import Recipe

SPEC = NetworkSpec.of_paper("ppnet-m1-d1-w8", {"stem": "8"}, LSP_14, (64, 64))
RECIPE = Recipe(epochs=5, batch=8, warmup_steps=300, precision="fp32", sync_bn=True)


class Losses:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.values: list[float] = []

    def on_step(self, _step: int, _total_steps: int, loss: float) -> None:
        self.values.append(loss)

    def on_epoch(self, _result: EpochResult, _network: nn.Module) -> None:
        pass


def losses_of_a_run(out: Path) -> list[float]:
    """Train 20 steps on a batch of 8 in all; return the losses that this process is told of."""
    record = Losses()
    with joined_world() as world:
        mix = [WeightedDataset(open_dataset("synthetic:33"), 1.0)]
        Trainer(SPEC, RECIPE, mix, out, workers=0, observers=(record,), world=world).run()
    return record.values


if __name__ == "__main__":
    found = losses_of_a_run(Path(sys.argv[1]))
    Path(sys.argv[1], f"losses-{os.environ['RANK']}.json").write_text(json.dumps(found))
