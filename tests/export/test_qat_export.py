"""A network that quantisation after training harms: quantisation-aware training makes it fit for int8 everywhere."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from onnx import numpy_helper

from edgepose.export.export_run import ExportRequest, run_export
from edgepose.export.formats import TARGETS, ExportSource
from edgepose.export.graphs.graph import to_onnx
from edgepose.export.proof.crops import PoseCrops, load_crops
from edgepose.export.proof.parity import measure_parity, reference_of
from edgepose.train.checkpoints.card import card_of_checkpoint
from edgepose.train.checkpoints.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from edgepose.train.checkpoints.session import network_predictor
from edgepose.train.data import WeightedDataset, open_dataset
from edgepose.train.evaluation.prediction import predictor_of
from edgepose.train.loop.trainer import Trainer
from edgepose.train.networks import DeployNetwork
from edgepose.train.recipe import Recipe
from support.dot_dataset import DotDataset
from support.still import STILL
from support.trained import PEOPLE

RECIPE = Recipe(
    qat=True,
    loss="partial",
    precision="fp32",
    learning_rate=5e-4,
    weight_decay=0,
    warmup_steps=5,
    ema_decay=0.9,
    batch=12,
    epochs=40,
    augment=replace(STILL, colour=0.05),
)


def harmed(checkpoint: Checkpoint) -> Checkpoint:
    """Return the same function with a quarter of the channels between two layers 100 times as small as the others.

    A ReLU lets the factor through, so only rounding tells the difference.
    """
    weights = {name: tensor.clone() for name, tensor in checkpoint.weights.items()}
    for name in checkpoint.weights:
        if found := re.fullmatch(r"(.*(?:layers|heatmaps))\.0\.1\.weight", name):
            first, second = f"{found[1]}.0.1", weights[f"{found[1]}.1.0.weight"]
            small = len(second[0]) // 4
            weights[f"{first}.weight"][:small] /= 100
            weights[f"{first}.bias"][:small] /= 100
            second[:, :small] *= 100
    return replace(checkpoint, weights=weights)


def pck_in_int8(checkpoint: Checkpoint, name: str, crops: PoseCrops, folder: Path) -> tuple[float, float]:
    """Return PCK in torch and in a format's int8."""
    network, card, exporter = checkpoint.build(), card_of_checkpoint(checkpoint, "x"), TARGETS[name]
    deployed = DeployNetwork(network).eval()
    reference = reference_of(network_predictor(network), crops, checkpoint.codec)
    model = exporter.convert(ExportSource(deployed, to_onnx(deployed, card.input_wh)), "int8", crops.images_rgb)
    with exporter.open_exact(exporter.save(model, folder, exporter.card(card, "int8"))) as session:
        return reference.metric, measure_parity(predictor_of(session), reference).metric


@pytest.fixture(scope="module")
def before(ppnet: Path) -> Checkpoint:
    return harmed(load_checkpoint(ppnet))


@pytest.fixture(scope="module")
def after(before: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """What the harmed network becomes by training."""
    data, out = [WeightedDataset(DotDataset(PEOPLE), 1.0)], tmp_path_factory.mktemp("qat")
    return replace(Trainer(before.spec, RECIPE, data, out, start_from=before, workers=0).run(), state={})


@pytest.mark.slow
def test_regains_what_quantisation_after_training_loses(
    before: Checkpoint, after: Checkpoint, dots: str, tmp_path: Path
) -> None:
    crops = load_crops(open_dataset(dots), card_of_checkpoint(before, "x"), PEOPLE)
    for name in ("openvino", "onnx"):
        in_torch, lost = pck_in_int8(before, name, crops, tmp_path)
        _, regained = pck_in_int8(after, name, crops, tmp_path)
        assert lost < in_torch - 4
        assert regained > (in_torch + lost) / 2, name


@pytest.mark.slow
def test_its_export_is_proven_like_any_other(after: Checkpoint, dots: str, tmp_path: Path) -> None:
    path = tmp_path / "fit.safetensors"
    save_checkpoint(path, after)
    targets = [("openvino", "fp32"), ("openvino", "int8"), ("onnx", "int8")]
    report = run_export(ExportRequest(path, targets, tmp_path / "out", calibrate=dots, runs=3, search=False))
    assert report.failures == ()
    assert [row.precision for row in report.rows] == ["fp32", "int8", "int8"]


def test_rounded_weights_reach_the_graph_as_they_are(ppnet: Path) -> None:
    start = load_checkpoint(ppnet)
    trained = replace(start, weights={**start.weights, "stem.0.0.input_range": torch.tensor([-2.0, 2.0])})
    deployed = DeployNetwork(trained.build()).eval()
    graph = to_onnx(deployed, start.spec.input_wh).graph
    folded = next(numpy_helper.to_array(w) for w in graph.initializer if w.name.endswith("stem.0.0.weight"))
    steps = folded / (abs(folded).max(axis=(1, 2, 3), keepdims=True) / 127)
    assert abs(steps - steps.round()).max() < 1e-3
