"""A run takes no more memory at the end of an epoch than early in it."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import psutil
import pytest
from torch import nn

from edgepose.runtime.skeleton import LSP_14
from edgepose.train.data import WeightedDataset
from edgepose.train.loop.progress import EpochResult
from edgepose.train.loop.trainer import Trainer
from edgepose.train.networks import NetworkSpec
from edgepose.train.recipe import Recipe
from support.dot_dataset import DotDataset

STEPS = 600


class Memory:
    """Keeps what this process and its loaders hold after each step, in MB."""

    def __init__(self) -> None:
        self.held_mb: list[float] = []
        self._process = psutil.Process()

    def on_step(self, _step: int, _total_steps: int, _loss: float) -> None:
        everybody: Iterable[psutil.Process] = [self._process, *self._process.children(recursive=True)]
        self.held_mb.append(sum(each.memory_info().rss for each in everybody) / 1e6)

    def on_epoch(self, _result: EpochResult, _network: nn.Module) -> None:
        pass


@pytest.mark.slow
@pytest.mark.parametrize("workers", [pytest.param(0, marks=pytest.mark.long), 1])
def test_memory_stays_flat_over_an_epoch(tmp_path: Path, workers: int) -> None:
    spec = NetworkSpec.of_paper("ppnet-m1-d1-w8", {"stem": "8"}, LSP_14, (32, 32))
    recipe = Recipe(epochs=1, batch=4, warmup_steps=0, precision="fp32")
    memory, mix = Memory(), [WeightedDataset(DotDataset(16), STEPS * 4 / 16)]
    Trainer(spec, recipe, mix, tmp_path, workers=workers, observers=(memory,)).run()
    assert len(memory.held_mb) == STEPS
    early, late = np.median(memory.held_mb[STEPS // 4 : STEPS // 2]), np.median(memory.held_mb[-STEPS // 4 :])
    assert late - early < 8, memory.held_mb[:: STEPS // 20]
