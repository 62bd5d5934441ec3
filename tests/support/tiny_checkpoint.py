"""A checkpoint whose PPNet has weights set by hand: a white dot is every joint to it, as to the tiny model.

Its first two convolutions average 4x4 pixels, so that a cell stands exactly for the pixels that the codec says; a
binomial blur makes the dot a peak; everything else hands on.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from edgepose.runtime.codecs.heatmap import HeatmapCodec
from edgepose.runtime.skeleton import LSP_14
from edgepose.train.checkpoints.checkpoint import Checkpoint, save_checkpoint
from edgepose.train.networks import NetworkSpec
from edgepose.train.networks.ppnet import PPNet

_BINOMIAL = torch.tensor([[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]) / 16


def tiny_spec(**changes: Any) -> NetworkSpec:
    """Return a small PPNet on 48x64 pixels, 14 joints."""
    return replace(NetworkSpec("ppnet-m1-d1-w8", LSP_14, (48, 64), {"stem": 8}), **changes)


def _convolution(module: nn.Module) -> nn.Conv2d:
    return next(m for m in module.modules() if isinstance(m, nn.Conv2d))


@torch.no_grad()
def dot_finder(spec: NetworkSpec) -> PPNet:
    """Return a PPNet of one module that finds dots."""
    network = spec.build()
    assert isinstance(network, PPNet)
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.weight.zero_()
    heatmaps = network.pyramid[0].regressor.heatmaps
    _convolution(network.stem[0]).weight[0, :, 1:, 1:] = 1 / 12
    _convolution(network.stem[1]).weight[0, 0, 1:, 1:] = 1 / 4
    for passed_on in (network.stem[2].shortcut, network.transition[0], network.pyramid[0].regressor.features):
        kernel = _convolution(passed_on).weight
        kernel[0, 0, kernel.shape[2] // 2, kernel.shape[3] // 2] = 1
    for blurred in heatmaps[:2]:
        _convolution(blurred).weight[0, 0] = _BINOMIAL
    heatmaps[2].weight[:, 0] = 1
    return network.eval()


def tiny_checkpoint(**changes: Any) -> Checkpoint:
    """Return the checkpoint of a dot finder; every field can be another."""
    spec = changes.pop("spec", tiny_spec())
    width, height = spec.input_wh
    fields = {
        "spec": spec,
        "codec": HeatmapCodec(spec.input_wh, (width // 4, height // 4), sigma_px=5.0),
        "crop_padding": 1.25,
        "weights": dot_finder(spec).state_dict(),
        "training": {"data": ["none"], "seed": 0, "presence_threshold": 0.25},
        "accuracy": [],
        "state": {},
    }
    return Checkpoint(**{**fields, **changes})


def save_tiny_checkpoint(folder: Path, **changes: Any) -> Path:
    """Write `tiny.safetensors` and return its path."""
    path = folder / "tiny.safetensors"
    save_checkpoint(path, tiny_checkpoint(**changes))
    return path
