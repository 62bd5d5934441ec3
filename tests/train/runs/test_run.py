"""What a training run tells whoever started it."""

import re
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from edgepose.runtime.skeleton import LSP_14
from edgepose.train.data import WeightedDataset
from edgepose.train.loop.interruption import SavedAndStopped
from edgepose.train.loop.trainer import Trainer
from edgepose.train.networks import NetworkSpec
from edgepose.train.runs.recipe import Recipe
from edgepose.train.runs.run import _train
from support.dot_dataset import DotDataset

SPEC = NetworkSpec.of_paper("ppnet-m1-d1-w8", {"stem": "8"}, LSP_14, (32, 32))


@pytest.mark.parametrize(
    ("saves", "has_file", "told"),
    [
        (True, True, "saved .*last.safetensors; the same command with --resume goes on"),
        (False, True, "stopped without saving; .* --resume goes on from what .*last.safetensors has"),
        (False, False, "stopped without saving, before there was a checkpoint"),
    ],
)
def test_after_control_c_the_truth_is_told_about_what_was_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, saves: bool, has_file: bool, told: str
) -> None:
    mix = [WeightedDataset(DotDataset(12), 1.0)]
    training, console = Trainer(SPEC, Recipe(batch=4), mix, tmp_path, workers=0), Console(file=StringIO(), width=200)
    if has_file:
        training.save("last")

    def stop() -> None:
        raise SavedAndStopped if saves else KeyboardInterrupt

    monkeypatch.setattr(training, "run", stop)
    with pytest.raises(KeyboardInterrupt):
        _train(training, console)
    assert re.search(told, console.file.getvalue().replace("\n", ""))  # type: ignore[attr-defined]
