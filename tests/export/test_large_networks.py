"""PIL, whose kernels each image makes for itself, and PBN: every format and precision gives the maps of torch."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from edgepose.export.formats import TARGETS, ExportSource
from edgepose.export.graphs.graph import to_onnx
from edgepose.export.proof.tolerances import tolerance_of
from edgepose.runtime.arrays import FloatArray, ImageArray
from edgepose.runtime.model_files.card import ModelCard
from edgepose.runtime.skeleton import LSP_14
from edgepose.train.checkpoints.card import card_of_checkpoint
from edgepose.train.checkpoints.checkpoint import Checkpoint
from edgepose.train.networks import DeployNetwork, NetworkSpec

SPECS = {
    "pil": NetworkSpec("pil", LSP_14, (128, 128)),
    "pbn": NetworkSpec("pbn", LSP_14, (64, 64), {"stacks": 1, "width": 8, "groups": "overlap"}),
}
IN_MINUTES = (("pil", "onnx", "int8"), ("pil", "openvino", "fp32"), ("pbn", "onnx", "int8"))
EVERYTHING = [
    pytest.param(network, name, precision, marks=() if (network, name, precision) in IN_MINUTES else pytest.mark.long)
    for network in SPECS
    for name in sorted(TARGETS)
    for precision in TARGETS[name].precisions
]
pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Original:
    source: ExportSource
    card: ModelCard
    images_rgb: ImageArray
    maps: FloatArray


@pytest.fixture(scope="module")
def original_of() -> Callable[[str], Original]:
    """What makes the original of a network's name, once."""
    return cache(make_original)


def make_original(network: str) -> Original:
    """Return a network of random weights whose normalisation layers have seen pictures, and its maps of two of them."""
    spec = SPECS[network]
    side = spec.input_wh[0] // 8
    # smooth, as pictures are
    blocks = np.random.default_rng(1).integers(0, 256, (16, side, side, 3), np.uint8)
    images = blocks.repeat(8, axis=1).repeat(8, axis=2)
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(1)
        deployed = DeployNetwork(spec.build()).train()
        for module in deployed.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
        for part in np.split(images, 4):
            deployed(torch.from_numpy(part))
        maps = deployed.eval()(torch.from_numpy(images[:2])).numpy()
    weights = dict(deployed.network.state_dict())
    card = card_of_checkpoint(Checkpoint(spec, spec.codec(), 1.25, weights, {}, [], {}), spec.name)
    return Original(ExportSource(deployed, to_onnx(deployed, spec.input_wh)), card, images, maps)


@pytest.mark.parametrize(("network", "name", "precision"), EVERYTHING)
def test_every_file_gives_the_maps_of_torch(
    original_of: Callable[[str], Original], network: str, name: str, precision: str, tmp_path: Path
) -> None:
    original, exporter = original_of(network), TARGETS[name]
    model = exporter.convert(original.source, precision, original.images_rgb)
    path = exporter.save(model, tmp_path, exporter.card(original.card, precision))
    tolerance = min(tolerance_of(name, precision).raw, 0.2)
    with exporter.open_exact(path) as session:
        for image, expected in zip(original.images_rgb, original.maps, strict=False):
            found = session.run({"image": image[None]})["heatmaps"][0]
            assert np.abs(found - expected).max() <= tolerance * np.abs(expected).max()
            assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.995
