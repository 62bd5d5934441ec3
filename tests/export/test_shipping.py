"""What ships: fp16 weights with measured accuracy, an ONNX file that agrees, a list in order."""

import json
from pathlib import Path

import pytest
import torch

from edgepose.export.shipping import ship
from edgepose.runtime.backends import open_model
from edgepose.runtime.model_files.shipped import shipped_models
from edgepose.runtime.skeleton import LSP_14
from edgepose.train.checkpoints.checkpoint import load_checkpoint
from edgepose.train.data import WeightedDataset, open_dataset
from edgepose.train.evaluation.evaluate import Evaluation
from edgepose.train.loop.trainer import Trainer
from edgepose.train.networks import NetworkSpec
from edgepose.train.recipe import Recipe
from support.dot_dataset import DotDataset


@pytest.fixture(scope="module")
def run_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    spec = NetworkSpec.of_paper("ppnet-m1-d1-w8", {"stem": "8"}, LSP_14, (64, 64))
    recipe = Recipe(epochs=1, batch=4, precision="fp32")
    out = tmp_path_factory.mktemp("run")
    data = {"data": [f"lsp:{out}:train@2"], "validate": f"lsp:{out}:holdout"}
    record = {
        "hardware": {"cpu": "a small one"},
        "config": {"teacher": [str(out / "large.safetensors")], **data},
        "data_sha256": {f"lsp:{out}:train": "1"},
    }
    Trainer(spec, recipe, [WeightedDataset(DotDataset(8), 1.0)], out, workers=0, record=record).run()
    return out / "last.safetensors"


@pytest.fixture(scope="module")
def shipped(run_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Evaluation, Path]:
    """What `ship` measured of the first model, and the folder of two."""
    folder = tmp_path_factory.mktemp("models")
    measured = [
        ship(run_checkpoint, name, DotDataset(6), presence_threshold=0.25, commit="abc", folder=folder)
        for name in ("first", "second")
    ]
    return measured[0], folder


def test_what_ships_is_listed_measured_and_opens_by_its_card(shipped: tuple[Evaluation, Path]) -> None:
    measured, folder = shipped
    models = shipped_models(folder)
    assert [(model.name, model.default) for model in models] == [("first", True), ("second", False)]
    told = {figure.metric: figure.value for figure in models[0].accuracy if figure.images == 6}
    assert told["PCK@0.2"] == pytest.approx(measured.metrics["PCK@0.2"], abs=0.01)
    with open_model(str(models[0].path)) as session:
        assert session.card.presence_threshold == 0.25
        assert session.card.provenance["commit"] == "abc"
    assert json.loads((folder / "index.json").read_text()) == ["first", "second"]
    assert not list(folder.glob("*fp32*"))


def test_a_model_of_everybody_is_measured_on_whole_pictures(tmp_path: Path) -> None:
    spec = NetworkSpec.of_paper("simplepose", {"stages": "1", "width": "16", "step": "4"}, None, (64, 64))
    recipe = Recipe(epochs=1, batch=4, precision="fp32", loss="focal")
    crowd = open_dataset("synthetic:4:1")
    record = {"data": ["synthetic:4:1"]}
    Trainer(spec, recipe, [WeightedDataset(crowd, 1.0)], tmp_path / "run", workers=0, record=record).run()
    folder = tmp_path / "models"
    folder.mkdir()
    measured = ship(
        tmp_path / "run" / "last.safetensors", "crowd", crowd, presence_threshold=0.1, commit="abc", folder=folder
    )
    [model] = shipped_models(folder)
    assert model.everybody
    told = {figure.metric: (figure.data, figure.value) for figure in model.accuracy}
    assert told["OKS AP"] == ("synthetic:4:1, whole pictures", round(measured.metrics["OKS AP"], 2))


def test_the_checkpoint_that_ships_has_no_training_state_and_half_the_size(
    run_checkpoint: Path, shipped: tuple[Evaluation, Path]
) -> None:
    path = shipped[1] / "first.safetensors"
    checkpoint = load_checkpoint(path, with_state=True)
    assert checkpoint.state == {}
    assert path.stat().st_size < 0.3 * run_checkpoint.stat().st_size
    assert {tensor.dtype for tensor in checkpoint.weights.values() if tensor.ndim > 1} == {torch.float16}
    running = [tensor for name, tensor in checkpoint.weights.items() if name.endswith("running_var")]
    assert {tensor.dtype for tensor in running} == {torch.float32}
    assert str(run_checkpoint.parent) not in json.dumps(checkpoint.training)
    assert checkpoint.training["config"] == {"teacher": ["large"], "data": ["lsp:train@2"], "validate": "lsp:holdout"}
    assert checkpoint.training["data_sha256"] == {"lsp:train": "1"}
    accuracy = checkpoint.training["accuracy"]
    assert accuracy["PCK@0.2"] == shipped[0].metrics["PCK@0.2"]
    assert accuracy["per_joint"] == shipped[0].per_joint
    assert checkpoint.training["hardware"] == {"cpu": "a small one"}
