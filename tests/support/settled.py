"""Networks of random weights that conversions have to keep, whatever they compute."""

import numpy as np
import torch
from torch import nn

from edgepose.export.formats import ExportSource
from edgepose.export.graphs.graph import to_onnx
from edgepose.runtime.arrays import ImageArray
from edgepose.train.networks import DeployNetwork, NetworkSpec

SIDE = 64
_NEARLY_EMPTY = 0.01
CROPS = np.random.default_rng(1).integers(0, 256, (16, SIDE, SIDE, 3), np.uint8)


def with_full_maps(network: nn.Module) -> nn.Module:
    """Return a fresh network whose maps are not nearly empty, as if it had been trained."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d) and layer.bias is not None and layer.weight.std() < _NEARLY_EMPTY:
            layer.reset_parameters()
    return network


def settled(spec: NetworkSpec, images_rgb: ImageArray = CROPS) -> DeployNetwork:
    """Return a network of random weights whose normalisation layers have seen pictures."""
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(1)
        network = spec.build()
        deployed = DeployNetwork(with_full_maps(network) if spec.name == "pil" else network).train()
        for _ in range(20):
            deployed(torch.from_numpy(images_rgb))
    return deployed.eval()


def settled_source(spec: NetworkSpec) -> ExportSource:
    """Return such a network with its graph; formats keep in it what they made once."""
    deployed = settled(spec)
    return ExportSource(deployed, to_onnx(deployed, spec.input_wh))
