"""PIL's other half: what part of a body each pixel is."""

from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import interpolate

from edgepose.runtime.arrays import ImageArray
from edgepose.train.checkpoints.checkpoint import load_checkpoint
from edgepose.train.data.part_labels import PART_CLASSES
from edgepose.train.evaluation.part_accuracy import PartPredictor
from edgepose.train.networks import DeployNetwork
from edgepose.train.networks.pil import PIL


def part_predictor(path: Path) -> PartPredictor | None:
    """Return what a checkpoint makes of crops, on the CPU; None for a network that does not parse.

    Raises `CheckpointError` when the file is no checkpoint.
    """
    network = load_checkpoint(path).build()
    if not isinstance(network, PIL) or network.config.fusion == "none":
        return None
    return network_part_predictor(network)


def network_part_predictor(network: PIL) -> PartPredictor:
    """Return what a network that parses makes of crops; it is put into inference mode."""
    deployed = DeployNetwork(network).to(next(network.parameters()).device).eval()

    @torch.no_grad()
    def predict(images_rgb: ImageArray) -> ImageArray:
        images = torch.from_numpy(np.require(images_rgb, requirements=["C", "W"])).to(deployed.mean.device)
        scores = network.forward_both(deployed.normalised(images))[1][-1][:, : len(PART_CLASSES)]
        large = interpolate(scores.float(), size=images.shape[1:3], mode="bilinear", align_corners=False)
        return large.argmax(dim=1).to(torch.uint8).cpu().numpy()

    return predict
