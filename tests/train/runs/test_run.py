"""What a training run tells whoever started it."""

import re
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from edgepose.runtime.skeleton import LSP_14
from edgepose.train.data import WeightedDataset
from edgepose.train.errors import SavedAndStopped, TrainingError
from edgepose.train.loop.trainer import Trainer
from edgepose.train.networks import NetworkSpec
from edgepose.train.processes.world import World
from edgepose.train.recipe import Recipe
from edgepose.train.runs.config import RunConfig
from edgepose.train.runs.run import _train, run_training
from support.dot_dataset import DotDataset
from support.tiny_checkpoint import save_tiny_checkpoint

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


def refused(run: RunConfig, out: Path, start_from: Path | None = None) -> str:
    """What is said of a run that does not begin, and leaves no folder."""
    with pytest.raises(TrainingError) as told:
        run_training(
            run,
            out,
            data_root=Path(),
            start_from=start_from,
            workers=0,
            resume=False,
            save_minutes=10,
            world=World(),
            console=Console(file=StringIO()),
        )
    assert not out.exists()
    return str(told.value)


def test_unlabelled_data_without_a_teacher_is_told_before_it_is_read(tmp_path: Path) -> None:
    run = RunConfig(net="ppnet-m1-d1-w8", unlabelled=("images:nowhere",))
    told = "unlabelled data needs somebody to label it; say who with --teacher CHECKPOINT"
    assert refused(run, tmp_path / "out") == told


@pytest.mark.parametrize(("size", "padding"), [("32x32", 1.25), ("48x64", 1.5)])
def test_weights_of_another_network_or_padding_are_not_averaged(tmp_path: Path, size: str, padding: float) -> None:
    began_with = save_tiny_checkpoint(tmp_path)
    run = RunConfig(
        net="ppnet-m1-d1-w8",
        settings={"stem": 8},
        input=size,
        skeleton="lsp-14",
        data=("synthetic:4",),
        start_from=str(began_with),
        start_share=0.5,
        augment={"padding": padding},
    )
    assert refused(run, tmp_path / "out", began_with) == (
        f"start_share averages weights of one network and padding; this run is ppnet-m1-d1-w8 at {size} with "
        f"{padding:g}, and begins with ppnet-m1-d1-w8 at 48x64 with 1.25; leave start_share out"
    )
