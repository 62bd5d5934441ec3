"""What every exporter makes of a network, whatever its weights."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from edgepose.export.formats import TARGETS, ExportSource
from edgepose.export.proof.tolerances import TOLERANCES, tolerance_of
from edgepose.runtime.backends import load_card
from edgepose.runtime.model_files.card import FORMATS, PRECISIONS, ModelCard
from edgepose.runtime.model_files.sidecar import model_files
from edgepose.train.checkpoints.card import card_of_checkpoint
from edgepose.train.checkpoints.checkpoint import Checkpoint
from edgepose.train.networks import NetworkSpec
from support.maps import check_maps
from support.settled import CROPS
from support.trained import PPNET, REPOSE


@dataclass(frozen=True)
class Original:
    source: ExportSource
    card: ModelCard
    images_rgb: np.ndarray[Any, Any]


def with_card(spec: NetworkSpec, source: ExportSource) -> Original:
    weights = dict(source.deployed.network.state_dict())
    card = card_of_checkpoint(Checkpoint(spec, spec.codec(), 1.25, weights, {}, [], {}), "random")
    return Original(source, card, CROPS)


@pytest.fixture(scope="module")
def repose(settled_repose: ExportSource) -> Original:
    return with_card(REPOSE, settled_repose)


@pytest.fixture(scope="module")
def ppnet(settled_ppnet: ExportSource) -> Original:
    return with_card(PPNET, settled_ppnet)


def test_the_table_of_tolerances_and_the_cards_know_every_target() -> None:
    assert set(TARGETS) <= set(FORMATS)
    for name, exporter in TARGETS.items():
        assert exporter.format == name
        assert set(exporter.precisions) <= set(PRECISIONS)
        assert all(tolerance_of(name, precision).drop <= 1 for precision in exporter.precisions)
    assert all(tolerance.reason for tolerance in TOLERANCES.values())


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name == "tflite" else ()) for name in sorted(TARGETS)]
)
def test_repose_gives_the_maps_of_torch(repose: Original, name: str, precision: str, tmp_path: Path) -> None:
    exporter = TARGETS[name]
    card = exporter.card(repose.card, precision)
    path = exporter.save(exporter.convert(repose.source, precision, repose.images_rgb), tmp_path, card)
    assert path.name == f"random-{precision}{exporter.suffix}"
    image = repose.images_rgb[:1]
    with torch.no_grad():
        expected = repose.source.deployed(torch.from_numpy(image)).numpy()
    with exporter.open_exact(path) as session:
        assert session.card == card
        found = session.run({"image": image})["heatmaps"]
    check_maps(found, expected, name, precision)


def test_convolutions_are_called_by_their_modules(repose: Original) -> None:
    names = {node.name for node in repose.source.graph.graph.node if node.op_type == "Conv"}
    assert "stacks.0.entry.0.0" in names
    modules = {name for name, m in repose.source.deployed.network.named_modules() if isinstance(m, torch.nn.Conv2d)}
    assert names <= modules


def test_supervision_heads_are_gone(repose: Original) -> None:
    names = {node.name for node in repose.source.graph.graph.node}
    assert "stacks.0.up.1.heatmaps" in names
    assert not names & {"stacks.0.core.pre_head.heatmaps", "stacks.0.core.post_head.heatmaps", "stacks.0.up.0.heatmaps"}


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_an_excluded_layer_stays_in_floating_point(ppnet: Original, name: str, tmp_path: Path) -> None:
    exporter, layer = TARGETS[name], "pyramid.0.regressor.heatmaps.1.0"
    sizes = []
    for excluded in ((), (layer,)):
        model = exporter.convert(ppnet.source, "int8", ppnet.images_rgb, excluded)
        path = exporter.save(model, tmp_path, exporter.card(ppnet.card, "int8"))
        sizes.append(model_files(path)[-1].stat().st_size)  # of the weights, where they are apart
    assert sizes[0] < sizes[1]


def test_saving_again_replaces_the_card(ppnet: Original, tmp_path: Path) -> None:
    for exporter in TARGETS.values():
        model, card = exporter.convert(ppnet.source, "fp32", ppnet.images_rgb), exporter.card(ppnet.card, "fp32")
        exporter.save(model, tmp_path, card)
        path = exporter.save(model, tmp_path, replace(card, licence="another"))
        assert load_card(path).licence == "another"
