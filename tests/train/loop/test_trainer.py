"""A training run learns, resumes to the same numbers, and loses nothing when it is cut short."""

import json
import math
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from edgepose.runtime.arrays import FloatArray
from edgepose.runtime.skeleton import LSP_14, MPII_16
from edgepose.train.checkpoints.checkpoint import Checkpoint, CheckpointError, load_checkpoint, save_checkpoint
from edgepose.train.data import WeightedDataset
from edgepose.train.data.images import UnlabelledDataset
from edgepose.train.data.pose_dataset import DataError, Sample
from edgepose.train.errors import TrainingError
from edgepose.train.loop import trainer as loop
from edgepose.train.loop.state import Progress
from edgepose.train.loop.trainer import Trainer
from edgepose.train.networks import NetworkSpec
from edgepose.train.recipe import Recipe
from edgepose.train.runs.named_recipes import modern_recipe
from support.dot_dataset import DotDataset
from support.still import STILL
from support.tiny_training import RECIPE, SPEC, Record, trainer


@pytest.mark.parametrize(
    ("changes", "cut_at"),
    [
        ({"optimiser": "adamw"}, 2),  # within an epoch
        ({"optimiser": "adamw"}, 3),  # at its end
        ({"optimiser": "adam"}, 4),  # in the next one
        ({"optimiser": "rmsprop"}, 2),
        ({"optimiser": "sgd"}, 4),
        ({"label_doubt": 0.9, "relabel_swapped": True}, 4),
    ],
)
def test_resuming_gives_the_numbers_of_an_uninterrupted_run(
    tmp_path: Path, changes: dict[str, Any], cut_at: int
) -> None:
    recipe = replace(RECIPE, **changes)
    whole, first, second = Record(), Record(interrupt_at=cut_at), Record()
    expected = trainer(tmp_path / "whole", recipe, whole).run()
    with pytest.raises(KeyboardInterrupt):
        trainer(tmp_path / "cut", recipe, first).run()
    resumed = trainer(tmp_path / "cut", recipe, second)
    resumed.resume()
    weights = resumed.run().weights
    assert first.losses + second.losses == whole.losses
    assert all(torch.equal(weights[name], tensor) for name, tensor in expected.weights.items())


class HeldOut(DotDataset):
    """Four people; joints that nobody labelled, and pictures that cannot be read."""

    def __init__(self, *unlabelled: str, spoilt: tuple[int, ...] = ()) -> None:
        super().__init__(4)
        self.spoilt = spoilt
        self._unlabelled = [LSP_14.index(joint) for joint in unlabelled]

    def keypoints(self, index: int) -> FloatArray:
        keypoints = super().sample(index).keypoints
        keypoints[self._unlabelled] = np.nan
        return keypoints

    def sample(self, index: int) -> Sample:
        if index in self.spoilt:
            raise DataError(f"image {index} cannot be decoded; replace the file")
        return replace(super().sample(index), keypoints=self.keypoints(index))


class LooksAtTheFile(Record):
    """Keeps of which step the saved state is whenever it is told of one, 0 where there is none."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.saved: list[int] = []
        self._last = folder / "last.safetensors"

    def on_step(self, _step: int, _total_steps: int, _loss: float) -> None:
        self.saved.append(load_checkpoint(self._last).training["progress"]["step"] if self._last.exists() else 0)


@pytest.mark.parametrize(("save_minutes", "saved"), [(0, [0, 1, 2]), (600, [0, 0, 0])])
def test_the_state_is_saved_within_an_epoch_after_so_many_minutes(
    tmp_path: Path, save_minutes: float, saved: list[int]
) -> None:
    mix, looks = [WeightedDataset(DotDataset(12), 1.0)], LooksAtTheFile(tmp_path)
    recipe = replace(RECIPE, epochs=1)
    Trainer(SPEC, recipe, mix, tmp_path, workers=0, observers=(looks,), save_minutes=save_minutes).run()
    assert looks.saved == saved


def test_a_validation_that_fails_costs_no_step(tmp_path: Path) -> None:
    whole, first, second = Record(), Record(), Record()
    expected = trainer(tmp_path / "whole", RECIPE, whole, validate_on=HeldOut()).run()
    with pytest.raises(DataError, match="image 1"):
        trainer(tmp_path / "cut", RECIPE, first, validate_on=HeldOut(spoilt=(1,))).run()
    assert (len(first.losses), first.epochs) == (3, [])
    resumed = trainer(tmp_path / "cut", RECIPE, second, validate_on=HeldOut())
    resumed.resume()
    weights = resumed.run().weights
    assert first.losses + second.losses == whole.losses
    assert [(each.epoch, each.accuracy) for each in second.epochs] == [(e.epoch, e.accuracy) for e in whole.epochs]
    assert all(torch.equal(weights[name], tensor) for name, tensor in expected.weights.items())


def test_a_cut_after_the_best_checkpoint_costs_a_validation_and_not_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_at_the_end_of_the_epoch(path: Path, checkpoint: Checkpoint) -> None:
        if path.stem == "last" and checkpoint.training["progress"]["epoch"] == 1:
            raise OSError("the power is gone")
        save_checkpoint(path, checkpoint)

    monkeypatch.setattr(loop, "save_checkpoint", cut_at_the_end_of_the_epoch)
    with pytest.raises(OSError, match="power"):
        trainer(tmp_path, validate_on=HeldOut()).run()
    monkeypatch.undo()
    best, record = load_checkpoint(tmp_path / "best.safetensors"), Record()
    resumed = trainer(tmp_path, RECIPE, record, validate_on=HeldOut())
    resumed.resume()
    resumed.run()
    assert best.training["progress"]["best"] == record.epochs[0].accuracy
    assert len(record.losses) == resumed.steps_per_epoch


def test_data_may_have_moved(tmp_path: Path) -> None:
    def at(place: str, sha256: str | None, *, hidden: bool = False) -> Trainer:
        data = DotDataset(12)
        data.name = f"lsp:{place}:train"
        mix = [WeightedDataset(DotDataset(4), 1.0), WeightedDataset(UnlabelledDataset(data) if hidden else data, 1.0)]
        record = {"data_sha256": {data.name: sha256}} if sha256 else {}
        return Trainer(SPEC, RECIPE, mix, tmp_path, workers=0, record=record)

    at("/here", "1").save("last")
    at("/there", "1").resume()
    at("/here", None).resume()  # nobody knows the files' hash, and the words are the same
    with pytest.raises(CheckpointError, match="another data"):
        at("/there", "2").resume()
    with pytest.raises(CheckpointError, match="another data"):
        at("/there", "1", hidden=True).resume()
    at("/here", "1", hidden=True).save("last")
    at("/there", "1", hidden=True).resume()


@pytest.mark.parametrize("workers", [0, 1])
def test_a_picture_that_cannot_be_read_is_told_in_one_line(tmp_path: Path, workers: int) -> None:
    mix = [WeightedDataset(HeldOut(spoilt=(2,)), 1.0)]
    with pytest.raises(DataError) as caught:
        Trainer(SPEC, RECIPE, mix, tmp_path, workers=workers).run()
    assert str(caught.value) == "image 2 cannot be decoded; replace the file"


def test_what_cannot_be_validated_on_is_told_before_the_first_step(tmp_path: Path) -> None:
    trainer(tmp_path, validate_on=HeldOut("head", spoilt=(1,)))
    with pytest.raises(DataError, match=r"PCK@0.2 cannot be told on dots:0: nobody in it has l_shoulder and r_hip"):
        trainer(tmp_path, validate_on=HeldOut("l_hip", "r_hip"))
    with pytest.raises(DataError, match="image 0"):
        trainer(tmp_path, validate_on=HeldOut(spoilt=(0,)))


def test_a_checkpoint_of_weights_alone_is_not_resumed(tmp_path: Path) -> None:
    trainer(tmp_path).run()
    (tmp_path / "best.safetensors").rename(tmp_path / "last.safetensors")
    with pytest.raises(CheckpointError, match=r"last.safetensors keeps nothing to go on with; --start-from it"):
        trainer(tmp_path).resume()


def test_an_accuracy_that_is_no_number_counts_as_none() -> None:
    progress = Progress(step=3, loss_sum=3.0)
    assert progress.finish_epoch(math.nan)
    assert progress.curve[0].accuracy is None
    json.dumps(progress.to_dict(), allow_nan=False)
    progress.step = 3
    assert progress.finish_epoch(50.0)
    progress.step = 3
    assert not progress.finish_epoch(math.nan)
    assert progress.best == 50.0


def test_another_number_of_workers_gives_the_same_numbers(tmp_path: Path) -> None:
    here, elsewhere = Record(), Record()
    trainer(tmp_path / "a", RECIPE, here).run()
    trainer(tmp_path / "b", RECIPE, elsewhere, workers=2).run()
    assert here.losses == elsewhere.losses


def test_a_loss_that_is_no_number_stops_and_keeps_the_last_good_checkpoint(tmp_path: Path) -> None:
    trainer(tmp_path, replace(RECIPE, epochs=1)).run()
    good = (tmp_path / "last.safetensors").read_bytes()
    broken = trainer(tmp_path, replace(RECIPE, epochs=1))
    with torch.no_grad():
        next(broken.network.parameters()).fill_(math.nan)
    with pytest.raises(TrainingError, match=rf"the loss is nan.*last good .* --start-from {tmp_path}/last.safetensors"):
        broken.run()
    assert (tmp_path / "last.safetensors").read_bytes() == good


def test_a_run_that_diverges_at_once_does_not_speak_of_a_checkpoint(tmp_path: Path) -> None:
    broken = trainer(tmp_path)
    with torch.no_grad():
        next(broken.network.parameters()).fill_(math.nan)
    with pytest.raises(TrainingError, match=r"step 1, before there was a checkpoint; give a lower --learning-rate$"):
        broken.run()
    assert not list(tmp_path.iterdir())


def test_weights_that_are_no_numbers_are_not_saved(tmp_path: Path) -> None:
    run = trainer(tmp_path)
    good = run.save("last").read_bytes()
    with torch.no_grad():
        next(run.network.parameters()).fill_(math.inf)
    with pytest.raises(TrainingError, match=r"a weight is no number after step 0; the last good checkpoint is kept"):
        run.save("last")
    assert (tmp_path / "last.safetensors").read_bytes() == good


def test_another_recipe_or_network_is_not_resumed(tmp_path: Path) -> None:
    trainer(tmp_path, replace(RECIPE, epochs=1)).run()
    with pytest.raises(CheckpointError, match="another recipe"):
        trainer(tmp_path, replace(RECIPE, learning_rate=1e-4, epochs=1)).resume()
    other = Trainer(SPEC, replace(RECIPE, epochs=1), [WeightedDataset(DotDataset(12), 2.0)], tmp_path, workers=0)
    with pytest.raises(CheckpointError, match="another data"):
        other.resume()


@pytest.mark.parametrize(
    ("record", "told"),
    [
        ({"data_sha256": {"lsp:a": "1"}}, None),
        ({"config": {"validate": "lsp:v"}, "data_sha256": {"lsp:a": "1", "lsp:v": "2", "lsp:more": "3"}}, None),
        ({"config": {}}, "was validated on lsp:v, this on nothing; give the same --validate"),
        ({"config": {"validate": "lsp:w"}, "data_sha256": {"lsp:w": "3"}}, "was validated on lsp:v, this on lsp:w"),
        ({"data_sha256": {"lsp:a": "9", "lsp:v": "2"}}, "the files of lsp:a are others than those that"),
        ({"config": {"validate": "lsp:moved"}, "data_sha256": {"lsp:moved": "2"}}, None),
        ({"config": {"validate": "lsp:v:test"}, "data_sha256": {"lsp:v:test": "2"}}, "on lsp:v, this on lsp:v:test"),
    ],
)
def test_what_has_changed_of_the_data_is_named(tmp_path: Path, record: dict[str, Any], told: str | None) -> None:
    before = {"config": {"validate": "lsp:v"}, "data_sha256": {"lsp:a": "1", "lsp:v": "2"}}
    mix = [WeightedDataset(DotDataset(12), 1.0)]
    Trainer(SPEC, RECIPE, mix, tmp_path, workers=0, record=before).save("last")
    with nullcontext() if told is None else pytest.raises(CheckpointError, match=told):
        Trainer(SPEC, RECIPE, mix, tmp_path, workers=0, record=record).resume()


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        (replace(SPEC, input_wh=(64, 64)), "ppnet-m1-d1-w8, stem=8 of lsp-14 at 64x64"),
        (replace(SPEC, skeleton=MPII_16), "ppnet-m1-d1-w8, stem=8 of mpii-16 at 32x32"),
        (replace(SPEC, settings={"stem": 16}), "ppnet-m1-d1-w8, stem=16 of lsp-14 at 32x32"),
    ],
)
def test_a_network_of_another_size_or_joints_is_not_resumed(tmp_path: Path, spec: NetworkSpec, told: str) -> None:
    trainer(tmp_path).save("last")
    with pytest.raises(CheckpointError, match=f"holds ppnet-m1-d1-w8, stem=8 of lsp-14 at 32x32, this is {told};"):
        Trainer(spec, RECIPE, [WeightedDataset(DotDataset(12), 1.0)], tmp_path, workers=0).resume()


def test_starts_from_the_weights_of_a_checkpoint_and_says_so(tmp_path: Path) -> None:
    first = trainer(tmp_path / "first").run()
    mix = [WeightedDataset(DotDataset(12), 1.0)]
    second = Trainer(SPEC, RECIPE, mix, tmp_path / "second", start_from=first, workers=0)
    started = second.checkpoint()
    assert all(torch.equal(started.weights[name], tensor) for name, tensor in first.weights.items())
    assert started.training["start_from"] == first.training
    second.save("last")
    resumed = Trainer(SPEC, RECIPE, mix, tmp_path / "second", workers=0)
    resumed.resume()
    assert resumed.checkpoint().training["start_from"] == json.loads(json.dumps(first.training))
    with pytest.raises(CheckpointError, match="of another architecture"):
        Trainer(
            NetworkSpec.of_paper("repose", {"width": "8"}, LSP_14, (32, 32)), RECIPE, mix, tmp_path, start_from=first
        )


def test_nothing_to_resume_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no checkpoint at"):
        trainer(tmp_path).resume()


def test_data_without_a_label_is_an_error(tmp_path: Path) -> None:
    nobody, some = WeightedDataset(UnlabelledDataset(DotDataset(8)), 1.0), WeightedDataset(DotDataset(8), 1.0)
    Trainer(SPEC, RECIPE, [nobody, some], tmp_path, workers=0)
    for mix in ([nobody], [nobody, replace(some, weight=0.01)]):
        with pytest.raises(DataError, match=r"nobody in unlabelled dots:0.* has a labelled joint of lsp-14"):
            Trainer(SPEC, RECIPE, mix, tmp_path, workers=0)


def test_fewer_people_than_a_batch_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="fewer than a batch"):
        trainer(tmp_path, people=3)


def test_the_checkpoint_says_how_it_was_trained(tmp_path: Path) -> None:
    trainer(tmp_path).run()
    saved = load_checkpoint(tmp_path / "best.safetensors")
    assert saved.training["data"] == ["dots:0@1"]
    assert Recipe.from_dict(saved.training["recipe"]) == RECIPE
    assert saved.training["progress"]["epoch"] == RECIPE.epochs


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "settings", "side"),
    [
        ("ppnet-m1-d1-w16", {"stem": "16"}, 64),
        ("repose", {"width": "16", "blocks": "1", "coarsest": "8"}, 32),
        pytest.param("pbn", {"stacks": "1", "width": "16"}, 64, marks=pytest.mark.long),
    ],
)
def test_overfits_a_handful_of_people(tmp_path: Path, name: str, settings: dict[str, str], side: int) -> None:
    spec = NetworkSpec.of_paper(name, settings, LSP_14, (side, side))
    short = {"batch": 8, "warmup_steps": 20, "ema_decay": 0.9, "augment": STILL, "precision": "fp32"}
    recipe = replace(modern_recipe(spec), epochs=15, **short)
    data, record = DotDataset(16), Record()
    mix = [WeightedDataset(data, 10.0)]
    Trainer(spec, recipe, mix, tmp_path, validate_on=data, workers=0, observers=(record,)).run()
    accuracy = record.epochs[-1].accuracy
    assert accuracy is not None
    assert accuracy == 100
