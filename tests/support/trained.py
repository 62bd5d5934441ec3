"""Networks that learned a few people of dots by heart, and these people on disk: an export of them has an accuracy."""

from pathlib import Path

import cv2
import numpy as np
import torch
from scipy.io import savemat

from edgepose.runtime.skeleton import LSP_14
from edgepose.train.checkpoints.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from edgepose.train.data import PoseDataset
from edgepose.train.data.augment import plain_crop
from edgepose.train.networks import DeployNetwork, NetworkSpec
from edgepose.train.objectives.losses import partial_mse
from support.dot_dataset import DotDataset

PADDING = 1.25
PEOPLE = 24
EVERYTHING = [(name, precision) for name in ("openvino", "onnx") for precision in ("fp32", "fp16", "int8")]
PPNET = NetworkSpec.of_paper("ppnet-m1-d1-w8", {"stem": "8", "depth_ratio": "1"}, LSP_14, (64, 64))
REPOSE = NetworkSpec.of_paper("repose", {"width": "8", "blocks": "1"}, LSP_14, (64, 64))
WORST = "pyramid.0.regressor.heatmaps.1.0"
"""The layer that hurts the spoiled network most."""


def write_dots_as_lsp(root: Path, people: int) -> str:
    """Write people of dots in the layout of LSP and return the data's name."""
    dataset = DotDataset(people)
    (root / "images").mkdir(parents=True)
    joints = np.zeros((3, 14, people))
    for i in range(people):
        sample = dataset.sample(i)
        joints[:2, :, i] = sample.keypoints.T + 1
        # PNG bytes: a decoder goes by the content, and the colours stay what they are
        (root / "images" / f"im{i + 1:04d}.jpg").write_bytes(cv2.imencode(".png", sample.image_bgr)[1].tobytes())
    savemat(root / "joints.mat", {"joints": joints})
    return f"lsp:{root}:all"


def train_briefly(spec: NetworkSpec, dataset: PoseDataset, steps: int) -> Checkpoint:
    """Return a network that knows the people of a data set."""
    torch.manual_seed(0)
    network, codec = spec.build(), spec.codec()
    crops = [plain_crop(dataset.sample(i), spec.input_wh, PADDING)[0] for i in range(len(dataset))]
    images = torch.from_numpy(np.stack([crop.image_rgb for crop in crops]))
    targets = torch.from_numpy(codec.encode(np.stack([crop.keypoints_crop for crop in crops])))
    deployed = DeployNetwork(network).train()
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-2)
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = 1e-2 * (1 - step / steps)
        loss = partial_mse(deployed.all_heatmaps(images), targets, torch.ones(targets.shape[:2]))
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    training = {"data": ["dots"], "licence": "Apache-2.0"}
    return Checkpoint(spec, codec, PADDING, network.state_dict(), training, [], {})


def save_trained(path: Path, spec: NetworkSpec, people: int, steps: int) -> Path:
    """Write the checkpoint of a briefly trained network and return its path."""
    save_checkpoint(path, train_briefly(spec, DotDataset(people), steps))
    return path


@torch.no_grad()
def save_spoiled(path: Path, trained: Path) -> Path:
    """Write a trained PPNet with a few channels 2000 times as large between two layers, and return its path.

    It computes the same, but no 8 bits hold both kinds of channels: int8 fails by the layer `WORST`.
    """
    checkpoint = load_checkpoint(trained)
    weights, layer = checkpoint.weights, "pyramid.0.regressor.heatmaps"
    for name in (f"{layer}.0.1.weight", f"{layer}.0.1.bias"):
        weights[name][:8] *= 2000
    weights[f"{layer}.1.0.weight"][:, :8] /= 2000
    save_checkpoint(path, checkpoint)
    return path
