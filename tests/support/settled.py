"""Networks of random weights that conversions have to keep, whatever they compute."""

import numpy as np
import torch

from edgepose.export.formats import ExportSource
from edgepose.export.graphs.graph import to_onnx
from edgepose.runtime.arrays import ImageArray
from edgepose.train.networks import DeployNetwork, NetworkSpec

SIDE = 64
CROPS = np.random.default_rng(1).integers(0, 256, (16, SIDE, SIDE, 3), np.uint8)


def settled(spec: NetworkSpec, images_rgb: ImageArray = CROPS) -> DeployNetwork:
    """Return a network of random weights whose normalisation layers have seen pictures."""
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(1)
        deployed = DeployNetwork(spec.build()).train()
        for _ in range(20):
            deployed(torch.from_numpy(images_rgb))
    return deployed.eval()


def settled_source(spec: NetworkSpec) -> ExportSource:
    """Return such a network with its graph; formats keep in it what they made once."""
    deployed = settled(spec)
    return ExportSource(deployed, to_onnx(deployed, spec.input_wh))
